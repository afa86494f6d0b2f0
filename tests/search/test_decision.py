"""What a search says of its constraints: the threshold, the report, the warning."""

import warnings

import numpy as np
import pytest

import boostimb as bi
from boostimb.validation import ImbalanceWarning

pytest.importorskip("lightgbm")
QUICK = {"booster": "lightgbm", "cv": 3, "n_trials": 2, "progress": False, "random_state": 0, "n_jobs": 1, "timeout": None}


@pytest.fixture(scope="module")
def result(small):
    return bi.tune(*small, constraints={"recall": ">=0.8"}, **QUICK)


def test_a_search_asks_for_a_bound_that_new_rows_keep(result, small):
    (told,) = result.constraint_report_
    assert (told.rate, told.sign, told.bound, told.value) == ("recall", ">=", 0.8, result.confusion().recall)
    assert told.chance_of_missing <= 0.1
    assert repr(result).endswith(f", {told}>")
    _, y = small
    wanted = bi.best_threshold(y, result.oof_proba_, constraints={"recall": ">=0.8"}, confidence=0.9)
    assert result.threshold_ == wanted.value
    best = np.argmax(result.cv_results_["score"])
    plain = bi.tune(*small, **QUICK)
    assert result.cv_results_["threshold"][best] < plain.cv_results_["threshold"][best]
    assert plain.constraint_report_ == ()
    assert "recall" not in repr(plain)


def test_another_decision_has_a_report_of_its_own(result):
    sure = result.set_threshold(constraints={"recall": ">=0.8"}).threshold_
    assert result.set_threshold(constraints={"recall": ">=0.8"}, confidence=None).threshold_ > sure
    assert result.constraint_report_[0].chance_of_missing > 0.1
    result.set_threshold(goal="recall", constraints={"alerts": "<=90 per 900", "f1": ">=0.1"})
    budget, f1 = result.constraint_report_
    assert (budget.rate, budget.bound, f1.chance_of_missing) == ("alerts", 0.1, None)
    assert budget.value == (result.oof_proba_ >= result.threshold_).mean() <= 0.1
    assert budget.chance_of_missing <= 0.1
    result.set_threshold()
    assert result.constraint_report_ == ()


@pytest.mark.filterwarnings("ignore:recall .* is bought")
def test_a_doubtful_bound_is_told_where_it_was_asked_for(result, small):
    with pytest.warns(ImbalanceWarning, match=r"confidence 0.99: at the surest the chance of recall >= 0.99 is 0\.\d+") as caught:
        result.set_threshold(constraints={"recall": ">=0.99"}, confidence=0.99)
    assert caught[0].filename == __file__
    assert result.confusion().recall == 1
    with pytest.warns(ImbalanceWarning, match="the chance of recall >= 0.99") as caught:
        bi.tune(*small, constraints={"recall": ">=0.99"}, **QUICK)
    assert [str(each.message)[:9] for each in caught] == ["no thresh", "recall 1 "]
    assert {each.filename for each in caught} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "recall .* is bought")
        result.set_threshold(constraints={"recall": ">=0.99"}, confidence=None)


def test_costs_are_kept_under_constraints_and_without_them(small):
    costs = [[0, 1], [1, 0]]
    impossible = {"precision": ">=1", "recall": ">=1"}
    with pytest.warns(ImbalanceWarning, match="no threshold keeps precision >= 1 .*by the goal 'cost' alone"):
        result = bi.tune(*small, constraints=impossible, cost_matrix=costs, **QUICK)
    assert result.threshold_ == bi.best_threshold(small[1], result.oof_proba_, cost_matrix=costs).value
    bounds = {"recall": ">=0.5"}
    wanted = bi.best_threshold(small[1], result.oof_proba_, cost_matrix=costs, constraints=bounds, confidence=0.9)
    assert result.set_threshold(constraints=bounds).threshold_ == wanted.value


def test_a_goal_that_needs_its_constraint_gives_way_with_it(small):
    with pytest.warns(ImbalanceWarning, match="no threshold keeps .* by the goal 'f1' alone"):
        result = bi.tune(*small, goal="recall", constraints={"precision": ">=1", "recall": ">=1"}, **QUICK)
    assert result.threshold_ == bi.best_threshold(small[1], result.oof_proba_).value
    with pytest.raises(ValueError, match="the goal 'recall' needs a bound"):
        result.set_threshold()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"goal": "recall"}, "the goal 'recall' needs a bound"),
        ({"confidence": 1}, "confidence must be a finite number > 0.5 and < 1"),
        ({"constraints": {"alerts": "<=50"}}, "a budget of 50 alerts in 20000 cases is '<=50/20000'"),
    ],
)
def test_a_bad_decision_is_refused_before_any_training(small, monkeypatch, changes, says):
    monkeypatch.setattr("boostimb.search._tune.Search", None)  # a search that begins would fail on this
    with pytest.raises(ValueError, match=says):
        bi.tune(*small, **QUICK, **changes)
