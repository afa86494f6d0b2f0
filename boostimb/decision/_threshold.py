"""The best cut under a goal, found exactly among all that the scores allow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from boostimb.decision._constraints import Constraint, allowed_cuts, parse_constraints
from boostimb.decision._goal import Cost, FixedThreshold, Goal, Sample
from boostimb.decision._parse_goal import parse_goal
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import sweep_of, sweep_of_decision

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

    Examples
    --------
    >>> from boostimb import best_threshold
    >>> found = best_threshold([0, 0, 1, 1], [0.0, 0.5, 0.25, 1.0])
    >>> found.value, found.score
    (0.125, 0.8)
    """

    value: float
    score: float


def best_threshold(
    y_true: ArrayLike,
    y_score: ArrayLike,
    goal: GoalLike = "f1",
    sample_weight: ArrayLike | None = None,
    *,
    constraints: ConstraintsLike | None = None,
    cost_matrix: ArrayLike | None = None,
) -> Threshold:
    """Find the threshold that is best under a goal, exactly: every cut that the scores allow is tried.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1.
    y_score : array-like of shape (n,)
        Finite scores, higher for the positive class: probabilities or margins.
    goal : str, callable or float
        'f1', 'fbeta:2' (any beta > 0), 'mcc', 'balanced_accuracy', a callable(y_true, y_pred) that is maximised, or a number,
        which is the threshold itself. A callable is tried at 400 cuts at most, half of them spread evenly over the positives
        and half over all samples; with fewer distinct scores it is exact too.
    sample_weight : array-like of shape (n,), optional
        Weights >= 0, not all zero. A callable goal must then take ``sample_weight``.
    constraints : dict of str to str, optional
        Such as ``{"recall": ">=0.9"}`` or ``{"precision": ">=0.8", "alerts": "<=1%"}``; see `parse_constraints`. The goal then
        chooses among the cuts that keep them all.
    cost_matrix : array-like of shape (2, 2), optional
        [[true negative, false positive], [false negative, true positive]], in any unit. It takes the place of the goal: the
        mean cost is minimised.

    Returns
    -------
    Threshold
        ``value`` and ``score``. Among cuts of equal score the highest is taken, which raises the fewest alerts. Predicting
        nobody is one of the cuts, and may be the cheapest: ``value`` is then the first float32 above the highest score.

    Raises
    ------
    ValueError
        If a goal or constraint cannot be read, no cut keeps the constraints (the text names what can be reached), lengths
        differ, a label is not 0 or 1, a score is not finite, or a weight is negative.

    Notes
    -----
    ``value`` lies midway between the cut and the next lower score, as a number that float32 holds, so that scores in either
    precision fall on the same sides; where the two scores are too close for that it is the cut's own score. With costs and
    calibrated probabilities the best threshold is (fp - tn) / (fp - tn + fn - tp) in expectation; what is found here is the
    best on these samples, calibrated or not (Elkan 2001, "The foundations of cost-sensitive learning").

    Examples
    --------
    >>> from boostimb import best_threshold
    >>> best_threshold([0, 0, 1, 1], [0.0, 0.5, 0.25, 1.0], goal="mcc")
    Threshold(value=0.75, score=0.5773502691896258)
    """
    chosen, bounds = parse_decision(goal, constraints, cost_matrix)
    return choose(chosen, bounds, BoundLabels.of(y_true, sample_weight), y_score)


def parse_decision(
    goal: GoalLike, constraints: ConstraintsLike | None, cost_matrix: ArrayLike | None
) -> tuple[Goal, tuple[Constraint, ...]]:
    """Read the three ways in which a decision is asked for, and raise if they contradict each other."""
    chosen, bounds = parse_goal(goal), parse_constraints(constraints)
    if cost_matrix is not None:
        if goal != "f1":
            raise ValueError(f"give either a goal or a cost_matrix, not both; got goal={goal!r}")
        chosen = Cost.of_matrix(cost_matrix)
    if bounds and isinstance(chosen, FixedThreshold):
        raise ValueError(f"a goal that is a number fixes the threshold and leaves no room for constraints; got goal={goal!r}")
    return chosen, bounds


def choose(goal: Goal, constraints: tuple[Constraint, ...], labels: BoundLabels, y_score: ArrayLike) -> Threshold:
    """Return the threshold that is best among those that keep the constraints, the highest of equals."""
    sample = Sample(labels.y, labels.scores(y_score), labels.weight)
    if isinstance(goal, FixedThreshold):
        row = sweep_of_decision(sample.y, sample.score >= goal.value, sample.weight, goal.value)
        return Threshold(goal.value, float(goal.score_cuts(row, sample)[0]))
    sweep = sweep_of(labels, y_score, frontier=goal.on_frontier and not constraints)
    cuts = np.flatnonzero(allowed_cuts(constraints, sweep))
    values = goal.score_cuts(sweep.take(cuts) if constraints else sweep, sample)
    # NaN marks a cut that was not tried.
    best = int(np.nanargmax(values) if goal.greater_is_better else np.nanargmin(values))
    return Threshold(sweep.threshold(int(cuts[best])), float(values[best]))
