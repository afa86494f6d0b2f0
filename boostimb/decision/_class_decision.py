"""Decisions among several classes: a multiplier for each probability, or the least expected cost."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boostimb.decision._class_goal import ClassCosts, ClassGoal, parse_class_goal
from boostimb.decision._report import ConstraintReport
from boostimb.typing import FloatArray, IntArray, LabelArray
from boostimb.validation import check_number

# Rounds over all classes; what is found changes nothing after a few.
_ROUNDS = 20
_TINY = np.finfo(np.float64).tiny
# Values that differ by less are rounding.
_EQUAL = 1e-12


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
    constraint_report : tuple
        Empty: several classes have no constraints.
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


@dataclass(frozen=True, eq=False)
class ClassDecision:
    """What is asked of decisions among several classes.

    Parameters
    ----------
    goal : ClassGoal or ClassCosts
        What the multipliers are the best for, or what decisions cost.
    """

    goal: ClassGoal | ClassCosts

    def choose(
        self, y_true: LabelArray, proba: FloatArray, sample_weight: FloatArray | None = None, *, quick: bool = False
    ) -> ClassThreshold:
        """Return the multipliers that are best under the goal on these rows, labels of shape (n,) and (n, n_classes).

        ``quick`` moves the multiplier of each class once, from the plain decision.
        """
        if isinstance(self.goal, ClassCosts):
            ones, costs = np.ones(proba.shape[1]), self.goal.matrix
            return ClassThreshold(ones, costs, self.score(y_true, decide(proba, ones, costs), sample_weight))
        log_proba = np.log(np.maximum(proba, _TINY))
        weight = np.ones(y_true.size) if sample_weight is None else sample_weight
        y, truth = np.asarray(y_true, dtype=np.intp), _weighed_counts(y_true, weight, proba.shape[1])
        # From the plain decision, and from the one that makes up for the rates of the classes.
        starts = [np.zeros(truth.size), -np.log(np.maximum(truth / truth.sum(), 1e-9))]
        rounds = 1 if quick else _ROUNDS
        found = [_ascend(self.goal, y, log_proba, weight, truth, start, rounds) for start in starts[: 1 if quick else 2]]
        shifts, score = max(found, key=lambda each: each[1])
        return ClassThreshold(np.exp(shifts - shifts.mean()), None, score)

    def score(self, y_true: LabelArray, decided: IntArray, sample_weight: FloatArray | None = None) -> float:
        """Return the goal's value, or the mean cost, of decisions that are made; all classes are among the labels."""
        weight = np.ones(y_true.size) if sample_weight is None else sample_weight
        if isinstance(self.goal, ClassCosts):
            return float(np.average(self.goal.matrix[y_true, decided], weights=weight))
        return _value(self.goal, np.asarray(y_true, dtype=np.intp), decided, weight, int(y_true.max()) + 1)


def _weighed_counts(y: LabelArray, weight: FloatArray, n_classes: int) -> FloatArray:
    """Return the weight of each class, shape (n_classes,)."""
    return np.bincount(y, weight, minlength=n_classes).astype(np.float64)


def _value(goal: ClassGoal, y: IntArray, decided: IntArray, weight: FloatArray, n_classes: int) -> float:
    right = y == decided
    hits = _weighed_counts(y[right], weight[right], n_classes)
    counts, truth = (_weighed_counts(each, weight, n_classes) for each in (decided, y))
    return float(goal.combine(goal.parts(hits, counts, truth).sum(axis=1), truth))


def _ascend(
    goal: ClassGoal,
    y: IntArray,
    log_proba: FloatArray,
    weight: FloatArray,
    truth: FloatArray,
    start: FloatArray,
    rounds: int,
) -> tuple[FloatArray, float]:
    """Move the shift of one class after the other to its best place, until none gains.

    For one class, with the others as they are, every cut that the rows allow is tried.
    """
    shifts, best = start.copy(), _value(goal, y, (log_proba + start).argmax(axis=1), weight, truth.size)
    for _ in range(rounds):
        before = best
        for k in range(truth.size):
            shifts[k], best = _best_shift(goal, y, log_proba, weight, truth, shifts, k, best)
        if best <= before + _EQUAL:
            break
    return shifts, best


def _best_shift(
    goal: ClassGoal,
    y: IntArray,
    log_proba: FloatArray,
    weight: FloatArray,
    truth: FloatArray,
    shifts: FloatArray,
    k: int,
    least: float,
) -> tuple[float, float]:
    """Return the best shift of class k and its value; of equals the one nearest to where it is."""
    moved = log_proba + shifts
    moved[:, k] = -np.inf
    other = moved.argmax(axis=1)  # what a row is decided for until class k takes it
    takes = moved[np.arange(y.size), other] - log_proba[:, k]  # the shift from which on it does
    order = np.argsort(takes)
    takes, other, label, weight = takes[order], other[order], y[order], weight[order]
    # Sums over the classes after each row that class k has taken, from none to all.
    sums = goal.parts(_sums(weight * (label == k)), _sums(weight), truth[k])
    change = np.zeros((len(sums), y.size + 1))
    for j in range(truth.size):
        rows = np.flatnonzero(other == j)
        hit, taken = _sums(weight[rows] * (label[rows] == j)), _sums(weight[rows])
        part = goal.parts(hit[-1] - hit, taken[-1] - taken, truth[j])
        if j != k:
            change[:, 0] += part[:, 0]
            change[:, rows + 1] = np.diff(part)
    values = goal.combine(sums + change.cumsum(axis=1), truth)
    # A cut lies between two different values only.
    at = np.flatnonzero(np.concatenate([[True], takes[1:] > takes[:-1], [True]]))
    values, ends = values[at], np.concatenate([[takes[0] - 2.0], takes, [takes[-1] + 2.0]])
    places = (ends[at] + ends[at + 1]) / 2
    equal = np.flatnonzero(values >= values.max() - _EQUAL)
    best = equal[np.abs(places[equal] - shifts[k]).argmin()]
    if values[best] <= least + _EQUAL:
        return float(shifts[k]), least
    return float(places[best]), float(values[best])


def _sums(values: FloatArray) -> FloatArray:
    """Return the running sums, the empty one first."""
    return np.append(0.0, np.cumsum(values))


def parse_class_decision(goal: object, constraints: object, cost_matrix: ArrayLike | None, n_classes: int) -> ClassDecision:
    """Read how decisions among several classes are asked for.

    Raises
    ------
    ValueError
        For a goal that several classes do not have, for constraints, or a cost matrix of another shape.
    """
    if constraints:
        raise ValueError(
            f"constraints are bounds on one positive class, and y holds {n_classes} classes: give a cost_matrix instead"
        )
    if cost_matrix is not None:
        if goal != "f1":
            raise ValueError(f"give either a goal or a cost_matrix, not both; got goal={goal!r}")
        try:
            costs = np.asarray(cost_matrix, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"cost_matrix must be an array of numbers, got {cost_matrix!r:.200}") from None
        if costs.shape != (n_classes, n_classes) or not np.isfinite(costs).all():
            got = "infinite or missing ones" if costs.shape == (n_classes, n_classes) else f"shape {costs.shape}"
            raise ValueError(
                f"cost_matrix must hold a finite number for each truth (rows) and decision (columns) of {n_classes} classes, "
                f"got {got}"
            )
        return ClassDecision(ClassCosts(costs))
    return ClassDecision(parse_class_goal(goal))


def check_multipliers(values: Any, n_classes: int) -> FloatArray:
    """Return the multipliers of a saved model, checked."""
    if not isinstance(values, list) or len(values) != n_classes:
        raise ValueError(f"threshold must be a list of {n_classes} multipliers, one for each class, got {values!r:.200}")
    try:
        return np.array([check_number("threshold", each, above=0) for each in values])
    except TypeError as error:
        raise ValueError(str(error)) from None
