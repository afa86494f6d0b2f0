"""Goals as values, and how they are written."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import f1_score

from boostimb.decision import Goal, parse_goal


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("f1", "f1"),
        ("F1 ", "f1"),
        ("f2", "fbeta:2"),
        ("fbeta:2", "fbeta:2"),
        ("fbeta: 0.5", "fbeta:0.5"),
        ("fbeta:1", "f1"),
        ("mcc", "mcc"),
        ("balanced_accuracy", "balanced_accuracy"),
        ("recall", "recall"),
        ("precision", "precision"),
        (0.5, "0.5"),
        (np.float32(0.5), "0.5"),
        (1, "1"),
        (f1_score, "f1_score"),
    ],
)
def test_a_goal_is_a_value(written, name):
    goal = parse_goal(written)
    assert isinstance(goal, Goal)
    assert goal.name == name
    assert goal.greater_is_better
    assert parse_goal(goal) is goal
    assert goal == parse_goal(written)
    assert hash(goal) == hash(parse_goal(written))
    assert pickle.loads(pickle.dumps(goal)) == goal


@pytest.mark.parametrize("wrong", ["", "f", "fbeta", "f1:2", "roc_auc", None, True, [1], float("nan"), float("inf")])
def test_what_is_no_goal_is_refused_with_the_choices(wrong):
    with pytest.raises(ValueError, match="goal must be"):
        parse_goal(wrong)


@pytest.mark.parametrize("wrong", ["fbeta:", "fbeta:two", "fbeta:0", "fbeta:-1", "fbeta:nan"])
def test_beta_must_be_a_positive_number(wrong):
    with pytest.raises(ValueError, match="BETA > 0, got 'fbeta:"):
        parse_goal(wrong)


def test_accuracy_is_refused_with_the_reason():
    with pytest.raises(ValueError, match="highest when nobody is predicted positive"):
        parse_goal("accuracy")
