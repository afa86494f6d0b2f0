"""What a threshold is chosen for: each goal puts a number on every cut of a sweep."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics import ThresholdSweep
from boostimb.typing import BoolArray, FloatArray
from boostimb.validation import check_number


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

    @property
    def takes_weight(self) -> bool:
        """Whether it can be computed where samples have weights."""
        return True

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """Constraints as (rate, sign) one of which must be given, for a goal that is highest at an extreme otherwise."""
        return ()

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
class Recall(Goal):
    """The share of positives that is found: as many as an alert budget or a wanted precision leaves room for."""

    @property
    def name(self) -> str:
        """``recall``."""
        return "recall"

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """Something that keeps it from flagging everybody."""
        return ("alerts", "<="), ("precision", ">="), ("specificity", ">=")

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """Recall of each cut."""
        return sweep.recall


@dataclass(frozen=True)
class Precision(Goal):
    """The share of alerts that is right: as high as a wanted recall leaves room for."""

    @property
    def name(self) -> str:
        """``precision``."""
        return "precision"

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """Something that keeps it from flagging a single sure case."""
        return ("recall", ">="), ("alerts", ">=")

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """Precision of each cut."""
        return sweep.precision


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
        rule = "cost_matrix must be [[true negative, false positive], [false negative, true positive]]"
        try:
            matrix = np.asarray(cost_matrix, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{rule}, got {cost_matrix!r:.80}") from error
        if matrix.shape != (2, 2):
            raise ValueError(f"{rule}, got shape {matrix.shape}")
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
