"""What is asked of a threshold, read once, and the cut that answers it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from boostimb.decision._confidence import surest_cuts
from boostimb.decision._constraints import Constraint, allowed_cuts, parse_constraints
from boostimb.decision._goal import Cost, FixedThreshold, Goal, Sample
from boostimb.decision._parse_goal import parse_goal
from boostimb.decision._report import ConstraintReport, report
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import sweep_of, sweep_of_decision
from boostimb.validation import check_number

GoalLike = str | float | Callable[..., float] | Goal
ConstraintsLike = Mapping[str, str] | tuple[Constraint, ...]


@dataclass(frozen=True)
class Threshold:
    """A cut and what it was chosen for.

    Attributes
    ----------
    value : float
        Predict positive if and only if ``y_score >= value``.
    score : float
        The goal's value at this cut on the samples it was chosen on: optimistic, because it was chosen there. For a cost
        matrix the mean cost of a sample; for a given threshold F1.
    constraint_report : tuple of ConstraintReport
        For each constraint its rate on these samples, and the chance that the true rate misses the bound.

    Examples
    --------
    >>> from boostimb import best_threshold
    >>> found = best_threshold([0, 0, 1, 1], [0.0, 0.5, 0.25, 1.0])
    >>> found.value, found.score
    (0.125, 0.8)
    """

    value: float
    score: float
    constraint_report: tuple[ConstraintReport, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Decision:
    """What is asked of a threshold.

    Parameters
    ----------
    goal : Goal
        What it is the best for.
    constraints : tuple of Constraint
        The bounds among whose cuts it is the best.
    confidence : float or None
        The chance with which new rows must keep each bound; None asks for these rows only.
    """

    goal: Goal
    constraints: tuple[Constraint, ...] = ()
    confidence: float | None = None

    def __post_init__(self) -> None:
        if self.confidence is not None:
            check_number("confidence", self.confidence, above=0.5, below=1)
        if self.constraints and isinstance(self.goal, FixedThreshold):
            raise ValueError(
                f"a goal that is a number fixes the threshold and leaves no room for constraints; got goal={self.goal.name}"
            )
        needs = self.goal.needs
        if needs and not any((each.rate, each.sign) in needs for each in self.constraints):
            raise ValueError(
                f"the goal {self.goal.name!r} needs a bound {' or '.join(map(' '.join, needs))}: recall alone is highest where "
                "everybody is predicted positive, and precision alone where a single sure case is"
            )

    def choose(self, y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None = None) -> Threshold:
        """Return the best threshold, the highest of equals; where no cut reaches the confidence, the best of the surest."""
        labels = BoundLabels.of(y_true, sample_weight)
        sample = Sample(labels.y, labels.scores(y_score), labels.weight)
        if isinstance(self.goal, FixedThreshold):
            row = sweep_of_decision(sample.y, sample.score >= self.goal.value, sample.weight, self.goal.value)
            return Threshold(self.goal.value, float(self.goal.score_cuts(row, sample)[0]))
        sweep = sweep_of(labels, y_score, frontier=self.goal.on_frontier and not self.constraints)
        if self.constraints:
            sweep = sweep.take(allowed_cuts(self.constraints, sweep))
            if self.confidence is not None:
                sweep = sweep.take(surest_cuts(self.constraints, sweep, labels, self.confidence))
        values = self.goal.score_cuts(sweep, sample)
        # NaN marks a cut that was not tried.
        best = int(np.nanargmax(values) if self.goal.greater_is_better else np.nanargmin(values))
        records = report(self.constraints, sweep.take(np.array([best])), labels)
        return Threshold(sweep.threshold(best), float(values[best]), records)


def parse_decision(
    goal: GoalLike, constraints: ConstraintsLike | None, cost_matrix: ArrayLike | None, confidence: float | None = None
) -> Decision:
    """Read the ways in which a decision is asked for, and raise if they contradict each other."""
    chosen = parse_goal(goal)
    if cost_matrix is not None:
        if goal != "f1":
            raise ValueError(f"give either a goal or a cost_matrix, not both; got goal={goal!r}")
        chosen = Cost.of_matrix(cost_matrix)
    return Decision(chosen, parse_constraints(constraints), confidence)
