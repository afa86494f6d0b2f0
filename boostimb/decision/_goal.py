"""What a threshold is chosen for: each goal puts a number on every cut of a sweep."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics import ThresholdSweep
from boostimb.typing import BoolArray, FloatArray
from boostimb.validation import check_number

# A goal that is a function is tried at this many cuts at most: half of them spread evenly over the positives, half over all
# samples. With up to that many distinct scores the choice is exact.
MAX_CALLS = 400

CHOICES = "'f1', 'fbeta:2' (any beta > 0), 'mcc', 'balanced_accuracy', a callable(y_true, y_pred), or a number: the threshold"


class Sample(NamedTuple):
    """The checked rows behind a sweep, for goals that need more than its counts."""

    y: BoolArray
    score: NDArray[np.floating[Any]]
    weight: FloatArray | None


class Goal(ABC):
    """What makes one cut better than another; a frozen value."""

    @property
    @abstractmethod
    def name(self) -> str:
        """How the goal is written, for example ``fbeta:2``."""

    @property
    def greater_is_better(self) -> bool:
        """False for a cost."""
        return True

    @property
    def on_frontier(self) -> bool:
        """Whether a cut that gains no positive over the next higher one can never be better than that."""
        return True

    @abstractmethod
    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """Return the value of each cut, shape (n_cuts,); NaN for one that was not tried."""


@dataclass(frozen=True)
class FScore(Goal):
    """The F score, in which recall counts ``beta`` times as much as precision."""

    beta: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", check_number("beta", self.beta, above=0))

    @property
    def name(self) -> str:
        """``f1`` or ``fbeta:2``."""
        return "f1" if self.beta == 1 else f"fbeta:{self.beta:g}"

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """F score of each cut."""
        return sweep.f_score(self.beta)


@dataclass(frozen=True)
class MatthewsCorrelation(Goal):
    """Matthews correlation coefficient: the correlation of truth and decision."""

    @property
    def name(self) -> str:
        """``mcc``."""
        return "mcc"

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """Coefficient of each cut."""
        return sweep.mcc


@dataclass(frozen=True)
class BalancedAccuracy(Goal):
    """Mean of recall and specificity."""

    @property
    def name(self) -> str:
        """``balanced_accuracy``."""
        return "balanced_accuracy"

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """Balanced accuracy of each cut."""
        return sweep.balanced_accuracy


@dataclass(frozen=True)
class Custom(Goal):
    """A function ``(y_true, y_pred) -> float`` that is maximised, tried at `MAX_CALLS` cuts at most.

    Where samples have weights the function must take ``sample_weight`` as well.
    """

    function: Callable[..., float]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", repr(self.function)))

    @property
    def on_frontier(self) -> bool:
        """Nothing is known of the function."""
        return False

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """Value of the function at the cuts that are tried."""
        values = np.full(sweep.values.size, np.nan)
        y_true = sample.y.astype(np.intp)
        for cut in _spread(sweep):
            values[cut] = self.value(y_true, (sample.score >= sweep.values[cut]).astype(np.intp), sample.weight)
        return values

    def value(self, y_true: NDArray[np.intp], y_pred: NDArray[np.intp], weight: FloatArray | None) -> float:
        """Return the function's value, and raise if it is not a finite number or takes no weights where there are some."""
        if weight is None:
            result = self.function(y_true, y_pred)
        elif _takes_weight(self.function):
            result = self.function(y_true, y_pred, sample_weight=weight)
        else:
            raise ValueError(f"with sample_weight the goal {self.name} must take an argument sample_weight, and it does not")
        if not np.ndim(result) == 0 or not np.isfinite(result):
            raise ValueError(f"the goal {self.name} must return a finite number, got {result!r}")
        return float(result)


@dataclass(frozen=True)
class FixedThreshold(Goal):
    """No choice at all: the threshold is given. Its score is reported as F1."""

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", check_number("goal", self.value))

    @property
    def name(self) -> str:
        """For example ``0.5``."""
        return f"{self.value:g}"

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """F1 of each cut."""
        return sweep.f_score()


@dataclass(frozen=True)
class Cost(Goal):
    """The mean cost of a sample, which is minimised.

    Parameters
    ----------
    tn, fp, fn, tp : float
        Cost of each outcome in any unit; gains are negative.
    """

    tn: float
    fp: float
    fn: float
    tp: float

    def __post_init__(self) -> None:
        for field in ("tn", "fp", "fn", "tp"):
            object.__setattr__(self, field, check_number(f"the cost of {field}", getattr(self, field)))

    @classmethod
    def of_matrix(cls, cost_matrix: ArrayLike) -> "Cost":
        """Read [[tn, fp], [fn, tp]]: a row for each truth, a column for each decision."""
        matrix = np.asarray(cost_matrix, dtype=np.float64)
        if matrix.shape != (2, 2):
            raise ValueError(
                f"cost_matrix must be [[true negative, false positive], [false negative, true positive]], got shape {matrix.shape}"
            )
        return cls(*matrix.ravel().tolist())

    @property
    def name(self) -> str:
        """``cost``."""
        return "cost"

    @property
    def greater_is_better(self) -> bool:
        """A cost goes down."""
        return False

    @property
    def on_frontier(self) -> bool:
        """Where a false alarm does not cost less than none."""
        return self.fp >= self.tn

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """Mean cost of a sample at each cut."""
        return sweep.mean_cost(self.tn, self.fp, self.fn, self.tp)


def parse_goal(goal: object) -> Goal:
    """Return the goal that ``goal`` writes.

    Parameters
    ----------
    goal : str, callable, float or Goal
        'f1', 'fbeta:2' (any beta > 0), 'mcc', 'balanced_accuracy', a callable(y_true, y_pred) that is maximised, or a number,
        which is the threshold itself.

    Raises
    ------
    ValueError
        If it is none of these, or 'accuracy', which rewards predicting nobody where positives are rare.

    Examples
    --------
    >>> from boostimb.decision import parse_goal
    >>> parse_goal("fbeta:2")
    FScore(beta=2.0)
    """
    if isinstance(goal, Goal):
        return goal
    if isinstance(goal, str):
        return _parse_name(goal)
    if callable(goal):
        return Custom(goal)
    if isinstance(goal, int | float | np.integer | np.floating) and not isinstance(goal, bool):
        return FixedThreshold(float(goal))
    raise ValueError(f"goal must be one of {CHOICES}; got {goal!r}")


def _parse_name(goal: str) -> Goal:
    word, colon, beta = goal.strip().lower().replace(" ", "").partition(":")
    if word == "accuracy":
        raise ValueError(
            "goal must not be 'accuracy': where positives are rare it is highest when nobody is predicted positive "
            "(99% right at a rate of 1%). Take 'balanced_accuracy', 'f1' or 'mcc', or state the costs as cost_matrix"
        )
    if word == "fbeta" and colon:
        try:
            return FScore(float(beta))
        except ValueError:
            raise ValueError(f"goal 'fbeta:BETA' needs a number BETA > 0, got {goal!r}") from None
    goals: dict[str, Goal] = {
        "f1": FScore(),
        "f2": FScore(2.0),
        "mcc": MatthewsCorrelation(),
        "balanced_accuracy": BalancedAccuracy(),
    }
    if colon or word not in goals:
        raise ValueError(f"goal must be one of {CHOICES}; got {goal!r}")
    return goals[word]


def _spread(sweep: ThresholdSweep) -> NDArray[np.intp]:
    """Indices of at most `MAX_CALLS` cuts, all of them if there are no more."""
    n_cuts = sweep.values.size
    if n_cuts <= MAX_CALLS:
        return np.arange(n_cuts)
    by_positives, by_samples = (
        np.searchsorted(count, np.linspace(count[0], count[-1], MAX_CALLS // 2)) for count in (sweep.tp, sweep.tp + sweep.fp)
    )
    return np.unique(np.minimum(np.concatenate([by_positives, by_samples]), n_cuts - 1))


def _takes_weight(function: Callable[..., float]) -> bool:
    parameters = inspect.signature(function).parameters
    return "sample_weight" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
