"""What decisions among several classes are chosen for: goals as sums over the classes, and costs."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from boostimb.typing import FloatArray
from boostimb.validation import check_number

CHOICES = "'f1', 'fbeta:2' (any beta > 0), 'mcc' or 'balanced_accuracy'"
_TINY = np.finfo(np.float64).tiny


class ClassGoal(ABC):
    """What makes one decision better than another: a function of sums over the classes.

    So a cut between two classes costs what changes in these two, whatever the number of the others.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """How it is written."""

    @property
    def measure(self) -> str:
        """What is raised, in words."""
        return self.name

    @abstractmethod
    def parts(self, hits: FloatArray, decided: FloatArray, truth: FloatArray) -> FloatArray:
        """Return what is summed, shape (n_parts, ...), of rows that are right, decided for, and truly of a class."""

    @abstractmethod
    def combine(self, sums: FloatArray, truth: FloatArray) -> FloatArray:
        """Return the value from sums over the classes, shape (n_parts, ...), and the rows of each class."""


@dataclass(frozen=True)
class MacroFScore(ClassGoal):
    """The mean F score of the classes."""

    beta: float = 1.0

    @property
    def name(self) -> str:
        """``f1`` or ``fbeta:2``."""
        return "f1" if self.beta == 1 else f"fbeta:{self.beta:g}"

    @property
    def measure(self) -> str:
        """``macro f1``."""
        return f"macro {self.name}"

    def parts(self, hits: FloatArray, decided: FloatArray, truth: FloatArray) -> FloatArray:
        """F score."""
        b = self.beta**2
        return np.stack([(1 + b) * hits / np.maximum(decided + b * truth, _TINY)])

    def combine(self, sums: FloatArray, truth: FloatArray) -> FloatArray:
        """Mean over the classes."""
        return sums[0] / truth.size


@dataclass(frozen=True)
class MeanRecall(ClassGoal):
    """Balanced accuracy: the mean recall of the classes."""

    @property
    def name(self) -> str:
        """``balanced_accuracy``."""
        return "balanced_accuracy"

    def parts(self, hits: FloatArray, decided: FloatArray, truth: FloatArray) -> FloatArray:
        """Recall."""
        return np.stack([hits / np.maximum(truth, _TINY)])

    def combine(self, sums: FloatArray, truth: FloatArray) -> FloatArray:
        """Mean over the classes."""
        return sums[0] / truth.size


@dataclass(frozen=True)
class ClassCorrelation(ClassGoal):
    """Matthews correlation of several classes (Gorodkin 2004, doi 10.1016/j.compbiolchem.2004.09.006)."""

    @property
    def name(self) -> str:
        """``mcc``."""
        return "mcc"

    def parts(self, hits: FloatArray, decided: FloatArray, truth: FloatArray) -> FloatArray:
        """Hits, and the two sums of products in the formula."""
        return np.stack(np.broadcast_arrays(hits, decided * truth, decided**2))

    def combine(self, sums: FloatArray, truth: FloatArray) -> FloatArray:
        """Return the coefficient; 0 where all decisions are for one class."""
        n = truth.sum()
        above = n * sums[0] - sums[1]
        below = (n**2 - sums[2]) * (n**2 - truth @ truth)
        out: FloatArray = np.where(below > 0, above / np.sqrt(np.maximum(below, _TINY)), 0.0)
        return out


@dataclass(frozen=True, eq=False)
class ClassCosts:
    """Costs of each truth (down) and decision (across), shape (n_classes, n_classes), in the place of a goal."""

    matrix: FloatArray

    @property
    def name(self) -> str:
        """``cost``."""
        return "cost"


def parse_class_goal(goal: object) -> ClassGoal | ClassCosts:
    """Return the goal that a text writes, or raise a ValueError that lists them."""
    if isinstance(goal, ClassGoal | ClassCosts):
        return goal
    known: dict[str, Callable[[], ClassGoal]] = {
        "f1": MacroFScore,
        "f2": lambda: MacroFScore(2.0),
        "mcc": ClassCorrelation,
        "balanced_accuracy": MeanRecall,
    }
    text = goal.strip().lower().replace(" ", "") if isinstance(goal, str) else ""
    if text in known:
        return known[text]()
    if text.startswith("fbeta:"):
        try:
            beta = float(text.removeprefix("fbeta:"))
        except ValueError:
            raise ValueError(f"goal 'fbeta:BETA' needs a number BETA > 0, got {goal!r}") from None
        return MacroFScore(check_number("beta", beta, above=0))
    raise ValueError(f"goal must be {CHOICES} with several classes, or a cost_matrix given instead; got {goal!r}")
