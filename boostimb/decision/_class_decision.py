"""Decisions among several classes: a multiplier for each probability, or the least expected cost."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boostimb.decision._report import ConstraintReport
from boostimb.typing import FloatArray, IntArray
from boostimb.validation import check_number

CHOICES = "'f1', 'fbeta:2' (any beta > 0), 'mcc' or 'balanced_accuracy'"
# Rounds over all classes; what is found changes nothing after a few.
_ROUNDS = 20
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True, eq=False)
class ClassThreshold:
    """What decides among several classes, and what it was chosen for.

    Attributes
    ----------
    value : ndarray of shape (n_classes,)
        Multipliers above 0, of geometric mean 1; all 1 with costs.
    costs : ndarray of shape (n_classes, n_classes) or None
        Cost of each truth (down) and decision (across).
    score : float
        The goal's value on the samples that it was chosen on; for costs the mean cost of a sample.
    """

    value: FloatArray
    costs: FloatArray | None
    score: float
    constraint_report: tuple[ConstraintReport, ...] = field(default=(), repr=False)


def decide(proba: FloatArray, multipliers: FloatArray, costs: FloatArray | None) -> IntArray:
    """Return the class with the largest probability times multiplier, or with costs that of the least expected cost."""
    weighed = proba * multipliers
    best: IntArray = weighed.argmax(axis=1) if costs is None else (weighed @ costs).argmin(axis=1)
    return best


class ClassGoal(ABC):
    """What makes one decision better than another."""

    @property
    @abstractmethod
    def name(self) -> str:
        """How it is written."""

    @abstractmethod
    def of_counts(self, hits: FloatArray, decided: FloatArray, truth: FloatArray) -> FloatArray:
        """Return the value for rows that are right, decided for, and truly of each class, each of shape (..., n_classes)."""


@dataclass(frozen=True)
class MacroFScore(ClassGoal):
    """The mean F score of the classes."""

    beta: float = 1.0

    @property
    def name(self) -> str:
        """``f1`` or ``fbeta:2``."""
        return "f1" if self.beta == 1 else f"fbeta:{self.beta:g}"

    def of_counts(self, hits: FloatArray, decided: FloatArray, truth: FloatArray) -> FloatArray:
        """Macro F score."""
        b = self.beta**2
        each: FloatArray = (1 + b) * hits / np.maximum(decided + b * truth, _TINY)
        return each.mean(axis=-1)


@dataclass(frozen=True)
class MeanRecall(ClassGoal):
    """Balanced accuracy: the mean recall of the classes."""

    @property
    def name(self) -> str:
        """``balanced_accuracy``."""
        return "balanced_accuracy"

    def of_counts(self, hits: FloatArray, decided: FloatArray, truth: FloatArray) -> FloatArray:
        """Mean recall."""
        each: FloatArray = hits / np.maximum(truth, _TINY)
        return each.mean(axis=-1)


@dataclass(frozen=True)
class ClassCorrelation(ClassGoal):
    """Matthews correlation of several classes (Gorodkin 2004, doi 10.1016/j.compbiolchem.2004.09.006)."""

    @property
    def name(self) -> str:
        """``mcc``."""
        return "mcc"

    def of_counts(self, hits: FloatArray, decided: FloatArray, truth: FloatArray) -> FloatArray:
        """Return the coefficient; 0 where all decisions are for one class."""
        n = truth.sum(axis=-1)
        above = n * hits.sum(axis=-1) - (decided * truth).sum(axis=-1)
        below = (n**2 - (decided**2).sum(axis=-1)) * (n**2 - (truth**2).sum(axis=-1))
        out: FloatArray = np.where(below > 0, above / np.sqrt(np.maximum(below, _TINY)), 0.0)
        return out


@dataclass(frozen=True, eq=False)
class ClassDecision:
    """What is asked of decisions among several classes.

    Parameters
    ----------
    goal : ClassGoal
        What the multipliers are the best for.
    costs : ndarray of shape (n_classes, n_classes) or None
        Costs, which take the place of the goal.
    """

    goal: ClassGoal
    costs: FloatArray | None = None

    @property
    def measure(self) -> str:
        """What decisions are judged by."""
        return self.goal.name if self.costs is None else "mean cost"

    def choose(self, y_true: IntArray, proba: FloatArray) -> ClassThreshold:
        """Return the multipliers that are best under the goal on these rows, labels of shape (n,) and (n, n_classes)."""
        if self.costs is not None:
            ones = np.ones(proba.shape[1])
            return ClassThreshold(ones, self.costs, self.score(y_true, decide(proba, ones, self.costs), proba.shape[1]))
        log_proba = np.log(np.maximum(proba, _TINY))
        truth = np.bincount(y_true, minlength=proba.shape[1]).astype(np.float64)
        # From the plain decision, and from the one that makes up for the rates of the classes.
        starts = (np.zeros(truth.size), -np.log(np.maximum(truth, 1.0)))
        found = [_ascend(self.goal, y_true, log_proba, truth, start) for start in starts]
        shifts, score = max(found, key=lambda each: each[1])
        return ClassThreshold(np.exp(shifts - shifts.mean()), None, score)

    def score(self, y_true: IntArray, decided: IntArray, n_classes: int) -> float:
        """Return the goal's value, or the mean cost, of decisions that are made."""
        if self.costs is not None:
            return float(self.costs[y_true, decided].mean())
        return _value(self.goal, y_true, decided, n_classes)


def _value(goal: ClassGoal, y: IntArray, decided: IntArray, n_classes: int) -> float:
    hits = np.bincount(y[y == decided], minlength=n_classes).astype(np.float64)
    counts = (np.bincount(each, minlength=n_classes).astype(np.float64) for each in (decided, y))
    return float(goal.of_counts(hits, *counts))


def _ascend(
    goal: ClassGoal, y: IntArray, log_proba: FloatArray, truth: FloatArray, start: FloatArray
) -> tuple[FloatArray, float]:
    """Move the shift of one class after the other to its best place, until none gains.

    For one class, with the others as they are, every cut that the rows allow is tried.
    """
    shifts, best = start.copy(), _value(goal, y, (log_proba + start).argmax(axis=1), truth.size)
    for _ in range(_ROUNDS):
        before = best
        for k in range(truth.size):
            shifts[k], best = _best_shift(goal, y, log_proba, truth, shifts, k, best)
        if best <= before + 1e-12:
            break
    return shifts, best


def _best_shift(
    goal: ClassGoal, y: IntArray, log_proba: FloatArray, truth: FloatArray, shifts: FloatArray, k: int, least: float
) -> tuple[float, float]:
    """Return the best shift of class k and its value; of equals the one nearest to where it is."""
    moved = log_proba + shifts
    moved[:, k] = -np.inf
    other = moved.argmax(axis=1)  # what a row is decided for until class k takes it
    takes = moved[np.arange(y.size), other] - log_proba[:, k]  # the shift from which on it does
    order = np.argsort(takes, kind="stable")
    sorted_takes, from_class, label = takes[order], other[order], y[order]
    n_classes = truth.size
    decided = np.bincount(other, minlength=n_classes).astype(np.float64)
    hits = np.bincount(other[other == y], minlength=n_classes).astype(np.float64)
    lost = np.zeros((y.size + 1, n_classes))  # decisions, cut by cut
    lost[np.arange(1, y.size + 1), from_class] = 1.0
    lost = lost.cumsum(axis=0)
    wrong = np.zeros((y.size + 1, n_classes))  # right ones among them
    wrong[np.arange(1, y.size + 1), from_class] = from_class == label
    wrong = wrong.cumsum(axis=0)
    all_decided, all_hits = decided - lost, hits - wrong
    all_decided[:, k] = np.arange(y.size + 1)
    all_hits[1:, k] = np.cumsum(label == k)
    # A cut lies between two different values only.
    cuts = np.concatenate([[True], sorted_takes[1:] > sorted_takes[:-1], [True]])
    at = np.flatnonzero(cuts)
    values = goal.of_counts(all_hits[at], all_decided[at], truth)
    padded = np.concatenate([[sorted_takes[0] - 2.0], sorted_takes, [sorted_takes[-1] + 2.0]])
    places = (padded[at] + padded[at + 1]) / 2
    equal = np.flatnonzero(values >= values.max() - 1e-12)
    best = equal[np.abs(places[equal] - shifts[k]).argmin()]
    if values[best] <= least + 1e-12:
        return float(shifts[k]), least
    return float(places[best]), float(values[best])


def parse_class_decision(
    goal: object, constraints: object, cost_matrix: ArrayLike | None, n_classes: int
) -> ClassDecision:
    """Read how decisions among several classes are asked for.

    Raises
    ------
    ValueError
        For a goal that several classes do not have, for constraints, or a cost matrix of another shape.
    """
    if constraints:
        raise ValueError(f"constraints are bounds on one positive class, and y holds {n_classes} classes: give a cost_matrix instead")
    costs = None
    if cost_matrix is not None:
        if goal != "f1":
            raise ValueError(f"give either a goal or a cost_matrix, not both; got goal={goal!r}")
        costs = np.asarray(cost_matrix, dtype=np.float64)
        if costs.shape != (n_classes, n_classes) or not np.isfinite(costs).all():
            raise ValueError(
                f"cost_matrix must hold a finite number for each truth (rows) and decision (columns) among {n_classes} classes, got "
                f"{'shape ' + str(costs.shape) if costs.shape != (n_classes, n_classes) else 'infinite or missing ones'}"
            )
    return ClassDecision(_parse_goal(goal), costs)


def _parse_goal(goal: object) -> ClassGoal:
    if isinstance(goal, ClassGoal):
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


def check_multipliers(values: Any, n_classes: int) -> FloatArray:
    """Return the multipliers of a saved model, checked."""
    if not isinstance(values, list) or len(values) != n_classes:
        raise ValueError(f"threshold must be a list of {n_classes} multipliers, one for each class, got {values!r:.200}")
    return np.array([check_number("threshold", each, above=0) for each in values])
