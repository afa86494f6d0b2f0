"""The best cut, against trying all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    fbeta_score,
    matthews_corrcoef,
    recall_score,
)

from boostimb.decision import Threshold, best_threshold, parse_goal
from boostimb.decision._custom_goal import MAX_CALLS

GOALS = {
    "f1": f1_score,
    "fbeta:0.5": lambda y, d, **k: fbeta_score(y, d, beta=0.5, **k),
    "fbeta:2": lambda y, d, **k: fbeta_score(y, d, beta=2, **k),
    "mcc": matthews_corrcoef,
    "balanced_accuracy": balanced_accuracy_score,
}


def make(seed=0, n=80, decimals=1, dtype=np.float64):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.15
    y[:2] = True, False
    return y, (rng.normal(size=n) + 2 * y).round(decimals).astype(dtype), rng.choice([0.0, 0.5, 2.0], n)


def share_found(y, decision):
    return (y & decision).sum() / y.sum()


def share_right(y, decision):
    return (y & decision).sum() / max(1, decision.sum())


def cuts(score):
    return np.append(np.unique(score), np.inf)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decimals", [1, 8])
def test_no_cut_is_better(goal, weighted, dtype, decimals):
    y, score, weight = make(decimals=decimals, dtype=dtype)
    weight = weight if weighted else None
    value = GOALS[goal]
    tried = score if weight is None else score[weight > 0]
    best = max(value(y, score >= cut, sample_weight=weight) for cut in np.unique(tried))
    found = best_threshold(y, score, goal, weight)
    assert found.score == pytest.approx(best, abs=1e-12)
    assert value(y, score >= found.value, sample_weight=weight) == pytest.approx(best, abs=1e-12)
    assert value(y, score.astype(np.float32) >= found.value, sample_weight=weight) == pytest.approx(best, abs=1e-12)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_the_cost_matrix_is_minimised(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    y, score = rng.random(n) < 0.3, rng.normal(size=n).round(1)
    matrix = rng.integers(-5, 6, (2, 2))

    def cost(cut):
        return np.mean(matrix[y.astype(int), (score >= cut).astype(int)])

    found = best_threshold(y, score, cost_matrix=matrix)
    assert found.score == pytest.approx(min(cost(cut) for cut in cuts(score)), abs=1e-12)
    assert cost(found.value) == pytest.approx(found.score, abs=1e-12)


def test_costs_move_the_cut():
    y, score, _ = make(decimals=8)
    dear_miss = best_threshold(y, score, cost_matrix=[[0, 1], [25, 0]])
    dear_alarm = best_threshold(y, score, cost_matrix=[[0, 25], [1, 0]])
    assert dear_miss.value < dear_alarm.value


def test_predicting_nobody_may_be_cheapest():
    found = best_threshold([1, 0, 0], np.array([0.1, 0.5, 0.9], dtype=np.float32), cost_matrix=[[0, 10], [1, 0]])
    assert found.score == pytest.approx(1 / 3)
    assert 0.9 < found.value < 0.9 + 1e-6
    everybody = best_threshold([1, 1, 0], [0.1, 0.5, 0.9], cost_matrix=[[0, 1], [10, 0]])
    assert everybody.value <= 0.1


def test_among_equals_the_fewest_alerts():
    # 0.9 alone and all three have F1 = 2/3 ... and 4/5: the cut at 0.9 has 2/3, at 0.5 has 4/5, at 0.1 has 2/3.
    assert best_threshold([1, 1, 0, 1, 0], [0.9, 0.9, 0.8, 0.7, 0.6]) == Threshold(pytest.approx(0.65), pytest.approx(6 / 7))
    # MCC of a cut that says nothing and of predicting nobody are both 0: nobody it is.
    assert best_threshold([0, 1], [0.5, 0.5], goal="mcc").value > 0.5


def test_the_cut_lies_midway():
    assert best_threshold([0, 1], [0.25, 0.75]) == Threshold(0.5, 1.0)


def test_a_number_is_the_threshold():
    y, score, weight = make()
    assert best_threshold(y, score, 0.7) == Threshold(0.7, pytest.approx(f1_score(y, score >= 0.7)))
    found = best_threshold(y, score, np.float32(0.5), weight)
    assert found == Threshold(0.5, pytest.approx(f1_score(y, score >= 0.5, sample_weight=weight)))


@pytest.mark.parametrize("weighted", [False, True])
def test_a_function_is_tried_at_every_cut_where_these_are_few(weighted):
    y, score, weight = make()
    weight = weight if weighted else None
    assert best_threshold(y, score, f1_score, weight) == best_threshold(y, score, "f1", weight)


def test_a_function_is_called_a_bounded_number_of_times_and_comes_close():
    y, score, _ = make(n=50_000, decimals=9)
    calls = []

    def goal(y_true, y_pred):
        calls.append((y_true.dtype.kind, y_pred.dtype.kind))
        return 2 * (y_true & y_pred).sum() / (y_true.sum() + y_pred.sum())

    found = best_threshold(y, score, goal)
    assert len(calls) <= MAX_CALLS
    assert set(calls) == {("i", "i")}
    assert found.score == pytest.approx(f1_score(y, score >= found.value))
    assert found.score > best_threshold(y, score).score - 0.002


@pytest.mark.parametrize(
    ("constraints", "keeps"),
    [
        ({"recall": ">=0.8"}, lambda y, d: share_found(y, d) >= 0.8),
        ({"precision": ">=0.9"}, lambda y, d: share_right(y, d) >= 0.9),
        ({"specificity": ">= 95%"}, lambda y, d: share_found(~y, ~d) >= 0.95),
        ({"alerts": "<=0.05"}, lambda y, d: d.mean() <= 0.05),
        ({"recall": ">=0.5", "alerts": "<=40%"}, lambda y, d: share_found(y, d) >= 0.5 and d.mean() <= 0.4),
        ({"recall": "<=0.3", "precision": ">=0.2"}, lambda y, d: share_found(y, d) <= 0.3 and share_right(y, d) >= 0.2),
    ],
)
@pytest.mark.parametrize("goal", ["f1", "mcc", f1_score])
def test_the_best_cut_among_those_that_keep_the_constraints(constraints, keeps, goal):
    y, score, _ = make(decimals=8)
    value = f1_score if callable(goal) else GOALS[goal]
    allowed = [cut for cut in cuts(score) if keeps(y, score >= cut)]
    found = best_threshold(y, score, goal, constraints=constraints)
    assert keeps(y, score >= found.value)
    assert found.score == pytest.approx(max(value(y, score >= cut) for cut in allowed), abs=1e-12)


@pytest.mark.parametrize("budget", [1, 5, 12])
def test_the_most_positives_within_a_budget_of_alerts(budget):
    y, score, _ = make(decimals=8)
    found = best_threshold(y, score, "recall", constraints={"alerts": f"<={budget}/80"})
    top = np.sort(score)[-budget:]
    assert found.score == pytest.approx(share_found(y, score >= top[0]))
    assert (score >= found.value).sum() <= budget
    # Alerts that find nobody are not raised to use up the budget.
    assert y[score == score[score >= found.value].min()].all()


def test_the_highest_precision_at_a_recall():
    y, score, _ = make(decimals=8)
    found = best_threshold(y, score, "precision", constraints={"recall": ">=0.9"})
    assert share_found(y, score >= found.value) >= 0.9
    assert found.score == pytest.approx(
        max(share_right(y, score >= cut) for cut in cuts(score) if share_found(y, score >= cut) >= 0.9)
    )


@pytest.mark.parametrize(
    ("goal", "constraints", "needs"),
    [
        ("recall", None, "alerts <= or precision >= or specificity >="),
        ("recall", {"recall": ">=0.5", "alerts": ">=0.1"}, "alerts <= or precision >= or specificity >="),
        ("precision", None, "recall >= or alerts >="),
        ("precision", {"alerts": "<=0.1"}, "recall >= or alerts >="),
    ],
)
def test_a_goal_that_is_best_at_an_extreme_needs_a_bound(goal, constraints, needs):
    with pytest.raises(ValueError, match=f"the goal '{goal}' needs a bound {needs}: recall alone is highest where everybody"):
        best_threshold([0, 1], [0.1, 0.2], goal, constraints=constraints)


def test_costs_under_a_constraint():
    y, score, _ = make(decimals=8)
    matrix = [[0, 25], [1, 0]]
    free = best_threshold(y, score, cost_matrix=matrix)
    bound = best_threshold(y, score, cost_matrix=matrix, constraints={"recall": ">=0.9"})
    assert recall_score(y, score >= bound.value) >= 0.9 > recall_score(y, score >= free.value)
    assert bound.score > free.score


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_gives_a_finite_answer(goal, label):
    found = best_threshold([label] * 4, [0.1, 0.2, 0.3, 0.4], goal)
    assert np.isfinite([found.value, found.score]).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"goal": "accuracy"}, "predicted positive.*99% right"),
        ({"goal": "auc"}, "goal must be one of 'f1', 'fbeta:2'"),
        ({"goal": "f1", "cost_matrix": [[0, 1, 2]]}, "cost_matrix must be"),
        ({"goal": "mcc", "cost_matrix": [[0, 1], [2, 0]]}, "either a goal or a cost_matrix"),
        ({"cost_matrix": [[0, 1], [np.nan, 0]]}, "cost of fn must be a finite number"),
        ({"goal": 0.5, "constraints": {"recall": ">=0.5"}}, "leaves no room for constraints"),
        ({"constraints": {"recal": ">=0.5"}}, "must be one of alerts, .*recall.*got 'recal'"),
        ({"goal": lambda y, d: float("nan")}, "must return a finite number, got nan"),
        ({"goal": lambda y, d: 1.0, "sample_weight": [1, 2, 3]}, "must take an argument sample_weight"),
        ({"sample_weight": [1, 2]}, "sample_weight has length 2"),
    ],
)
def test_bad_requests_get_a_clear_error(options, says):
    with pytest.raises(ValueError, match=says):
        best_threshold([0, 1, 1], [0.1, 0.2, 0.3], **options)


def test_scores_must_be_finite_and_fit():
    with pytest.raises(ValueError, match="finite"):
        best_threshold([0, 1], [0.1, np.nan])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        best_threshold([0, 1], [0.1])


def test_a_parsed_goal_is_taken_as_it_is():
    y, score, _ = make()
    assert best_threshold(y, score, parse_goal("mcc")) == best_threshold(y, score, "mcc")
