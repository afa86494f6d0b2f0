"""What a threshold is worth on rows that it was not chosen on."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.decision._decision import ConstraintsLike, Decision, GoalLike, parse_decision
from boostimb.decision._goal import Goal, Sample
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import sweep_of_decision
from boostimb.typing import BoolArray, FloatArray
from boostimb.validation import as_vector, check_length


def crossfit_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    folds: ArrayLike,
    goal: GoalLike = "f1",
    sample_weight: ArrayLike | None = None,
    *,
    constraints: ConstraintsLike | None = None,
    cost_matrix: ArrayLike | None = None,
) -> float:
    """Score a threshold that is chosen on all folds but one, on the fold that is left, over all folds.

    `best_threshold` is optimistic, for it chooses and scores on the same rows; this is not. The decisions of all folds are
    pooled into one confusion matrix before the goal is computed: with few positives the mean of K small F scores is noise.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1.
    y_score : array-like of shape (n,)
        Finite out-of-fold scores, comparable across folds.
    folds : array-like of shape (n,)
        The fold of each row: any values, at least two different ones.
    goal, sample_weight, constraints, cost_matrix
        As in `best_threshold`. Constraints hold for the rows that a threshold is chosen on.

    Returns
    -------
    float
        The goal's value; for a cost matrix the mean cost of a sample, for a fixed threshold F1.

    Raises
    ------
    ValueError
        As `best_threshold`, and if there is one fold only.

    Examples
    --------
    >>> from boostimb.decision import crossfit_score
    >>> y, score = [0, 1, 0, 1, 0, 1], [0.1, 0.8, 0.3, 0.9, 0.2, 0.25]
    >>> crossfit_score(y, score, folds=[0, 0, 1, 1, 2, 2])
    0.6666666666666666
    """
    decision = parse_decision(goal, constraints, cost_matrix)
    chosen = decision.goal
    labels = BoundLabels.of(y_true, sample_weight)
    fold = as_vector("folds", folds)
    check_length("folds", fold, labels.n)
    score, weight = labels.scores(y_score), labels.weight
    if labels.kept is not None:
        fold = fold[labels.kept]
    return decision_score(chosen, labels.y, crossfit_alerts(labels.y, score, fold, decision, weight), weight)


def crossfit_alerts(
    y: BoolArray, score: NDArray[np.floating[Any]], fold: NDArray[Any], decision: Decision, weight: FloatArray | None = None
) -> BoolArray:
    """Return which samples are predicted positive, each by the threshold that is chosen on all folds but its own, shape (n,)."""
    names = np.unique(fold)
    if names.size < 2:
        raise ValueError(f"folds must name at least 2 different folds, got {names.size}")
    alert = np.empty(y.size, dtype=np.bool_)
    for name in names:
        held, rest = fold == name, fold != name
        found = decision.choose(y[rest], score[rest], None if weight is None else weight[rest])
        alert[held] = score[held] >= found.value
    return alert


def decision_score(goal: Goal, y: BoolArray, alert: BoolArray, weight: FloatArray | None = None) -> float:
    """Score a decision that is made: ``alert`` tells which samples are predicted positive."""
    row = sweep_of_decision(y, alert, weight, 0.5)
    return float(goal.score_cuts(row, Sample(y, alert.astype(np.float64), weight))[0])
