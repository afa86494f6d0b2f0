"""How goals are written."""

import numpy as np

from boostimb.decision._custom_goal import Custom
from boostimb.decision._goal import BalancedAccuracy, FixedThreshold, FScore, Goal, MatthewsCorrelation, Precision, Recall

WHY_NOT_ACCURACY = "where positives are rare it is highest when nobody is predicted positive (99% right at a rate of 1%)"
CHOICES = (
    "'f1', 'fbeta:2' (any beta > 0), 'mcc', 'balanced_accuracy', 'recall' or 'precision' under a constraint, "
    "a callable(y_true, y_pred), or a number: the threshold"
)


def parse_goal(goal: object) -> Goal:
    """Return the goal that ``goal`` writes.

    Parameters
    ----------
    goal : str, callable, float or Goal
        'f1', 'fbeta:2' (any beta > 0), 'mcc', 'balanced_accuracy', 'recall' or 'precision' under a constraint, a
        callable(y_true, y_pred) that is maximised, or a number, which is the threshold itself.

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
        if getattr(goal, "__name__", "") == "accuracy_score":
            raise _accuracy("accuracy_score")
        return Custom(goal)
    if isinstance(goal, int | float | np.integer | np.floating) and not isinstance(goal, bool):
        return FixedThreshold(float(goal))
    raise ValueError(f"goal must be one of {CHOICES}; got {goal!r}")


def _accuracy(goal: str) -> ValueError:
    return ValueError(
        f"goal must not be {goal!r}: {WHY_NOT_ACCURACY}. Take 'balanced_accuracy', 'f1' or 'mcc', or state the costs as cost_matrix"
    )


def _parse_name(goal: str) -> Goal:
    word, colon, beta = goal.strip().lower().replace(" ", "").partition(":")
    if word == "accuracy":
        raise _accuracy(goal)
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
        "recall": Recall(),
        "precision": Precision(),
    }
    if colon or word not in goals:
        raise ValueError(f"goal must be one of {CHOICES}; got {goal!r}")
    return goals[word]
