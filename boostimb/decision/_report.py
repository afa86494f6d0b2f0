"""What a user is told of the constraints at the threshold that was chosen."""

from dataclasses import dataclass

from boostimb.decision._confidence import CaseWeight, chance_of_missing
from boostimb.decision._constraints import Constraint
from boostimb.metrics import ThresholdSweep
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import SLACK
from boostimb.validation import warn


@dataclass(frozen=True)
class ConstraintReport:
    """How one constraint fares at a threshold.

    Attributes
    ----------
    rate : str
        What is bounded, such as 'recall'.
    sign : str
        '>=' or '<='.
    bound : float
        The bound.
    value : float
        The rate on the rows that the threshold was chosen on; out of fold in a `TuneResult`.
    chance_of_missing : float or None
        Chance that the true rate, to which many new rows of the same kind would come, breaks the bound. None for 'f1', 'mcc' and
        'balanced_accuracy', which are no proportions of independent cases.

    Examples
    --------
    >>> from boostimb import best_threshold
    >>> (recall,) = best_threshold([0, 0, 1, 1], [0.0, 0.5, 0.25, 1.0], constraints={"recall": ">=0.9"}).constraint_report
    >>> recall.value, round(recall.chance_of_missing, 2)
    (1.0, 0.49)
    """

    rate: str
    sign: str
    bound: float
    value: float
    chance_of_missing: float | None

    @property
    def bounded(self) -> str:
        """The constraint, for example ``recall >= 0.9``."""
        return f"{self.rate} {self.sign} {self.bound:g}"

    def __str__(self) -> str:
        chance = "" if self.chance_of_missing is None else f", chance of missing it {self.chance_of_missing:.2g}"
        return f"{self.bounded} (is {self.value:.4g}{chance})"


def report(constraints: tuple[Constraint, ...], sweep: ThresholdSweep, labels: BoundLabels) -> tuple[ConstraintReport, ...]:
    """Return a record for each constraint at the only cut of a sweep."""
    case = CaseWeight.of(labels)
    records = []
    for constraint in constraints:
        chance = chance_of_missing(constraint, sweep, case)
        value = float(constraint.values(sweep)[0])
        records.append(
            ConstraintReport(
                constraint.rate, constraint.sign, constraint.bound, value, None if chance is None else float(chance[0])
            )
        )
    return tuple(records)


def warn_of_doubt(records: tuple[ConstraintReport, ...], confidence: float | None) -> None:
    """Warn if a constraint is kept with less than the confidence, and name the chance that is reached."""
    if confidence is None:
        return
    chances = {each: 1 - each.chance_of_missing for each in records if each.chance_of_missing is not None}
    doubtful = [f"{each.bounded} is {chance:.3g}" for each, chance in chances.items() if chance < confidence - SLACK]
    if doubtful:
        warn(
            f"no threshold keeps the constraints on new rows with confidence {confidence:g}: at the surest the chance of "
            f"{' and of '.join(doubtful)}. More labelled positives or a weaker bound help; confidence=None asks of these rows only"
        )
