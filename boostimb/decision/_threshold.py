"""The best cut under a goal, found exactly among all that the scores allow."""

from numpy.typing import ArrayLike

from boostimb.decision._decision import ConstraintsLike, GoalLike, Threshold, parse_decision
from boostimb.decision._report import warn_of_doubt


def best_threshold(
    y_true: ArrayLike,
    y_score: ArrayLike,
    goal: GoalLike = "f1",
    sample_weight: ArrayLike | None = None,
    *,
    constraints: ConstraintsLike | None = None,
    cost_matrix: ArrayLike | None = None,
    confidence: float | None = None,
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
        which is the threshold itself; under a constraint that keeps them from an extreme also 'recall' and 'precision'. A
        callable is tried at 400 cuts at most, half of them spread evenly over the positives and half over all samples; with
        fewer distinct scores it is exact too.
    sample_weight : array-like of shape (n,), optional
        Weights >= 0, not all zero. A callable goal must then take ``sample_weight``.
    constraints : dict of str to str, optional
        Such as ``{"recall": ">=0.9"}`` or ``{"precision": ">=0.8", "alerts": "<=50/20000"}``; see `parse_constraints`. The goal
        then chooses among the cuts that keep them all.
    cost_matrix : array-like of shape (2, 2), optional
        [[true negative, false positive], [false negative, true positive]], in any unit. It takes the place of the goal: the
        mean cost is minimised.
    confidence : float, optional
        Between 0.5 and 1: the chance with which the true rate, that of many new rows of the same kind, must keep each bound. By
        default a bound is asked of these samples only, and is then missed on new rows about half of the time. Bounds on 'f1',
        'mcc' and 'balanced_accuracy', which are no proportions of cases, are asked of these samples in any case.

    Returns
    -------
    Threshold
        ``value``, ``score`` and ``constraint_report``. Among cuts of equal score the highest is taken, which raises the fewest
        alerts. Predicting nobody is one of the cuts, and may be the cheapest: ``value`` is then the first float32 above the
        highest score.

    Raises
    ------
    ValueError
        If a goal or constraint cannot be read, no cut keeps the constraints (the text names what can be reached), lengths
        differ, a label is not 0 or 1, a score is not finite, or a weight is negative.

    Warns
    -----
    ImbalanceWarning
        If cuts keep the constraints on these samples, but none with the confidence. The goal then chooses among the cuts whose
        least sure constraint is the surest.

    Notes
    -----
    ``value`` lies midway between the cut and the next lower score, as a number that float32 holds, so that scores in either
    precision fall on the same sides; where the two scores are too close for that it is the cut's own score. With costs and
    calibrated probabilities the best threshold is (fp - tn) / (fp - tn + fn - tp) in expectation; what is found here is the
    best on these samples, calibrated or not (Elkan 2001, "The foundations of cost-sensitive learning").

    Of a true proportion seen in k of n cases the confidence takes Beta(k + 1/2, n - k + 1/2) (Jeffreys' prior); weights lower n
    to the effective number of cases.

    Examples
    --------
    >>> from boostimb import best_threshold
    >>> best_threshold([0, 0, 1, 1], [0.0, 0.5, 0.25, 1.0], goal="mcc")
    Threshold(value=0.75, score=0.5773502691896258)
    """
    found = parse_decision(goal, constraints, cost_matrix, confidence).choose(y_true, y_score, sample_weight)
    warn_of_doubt(found.constraint_report, confidence)
    return found
