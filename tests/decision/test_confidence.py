"""Bounds that new rows keep too: the chance of missing them, the cut that is chosen, and what is said where none is sure enough."""

import warnings

import numpy as np
import pytest
from scipy.stats import beta, norm
from sklearn.metrics import f1_score

from boostimb.decision import Constraint, InfeasibleError, best_threshold
from boostimb.decision._confidence import CaseWeight, chance_of_missing
from boostimb.metrics import threshold_sweep
from boostimb.metrics._labels import BoundLabels
from boostimb.validation import ImbalanceWarning

SHIFT = 2.0


def draw(seed, n=2000, rate=0.05):
    """Scores from N(2, 1) for positives and N(0, 1) for negatives, so that the true rates of every cut are known."""
    rng = np.random.default_rng(seed)
    y = rng.random(n) < rate
    return y, rng.normal(size=n) + SHIFT * y


def true_rates(cut, rate=0.05):
    found, flagged = norm.sf(cut - SHIFT), norm.sf(cut)
    alerts = rate * found + (1 - rate) * flagged
    return {"recall": found, "specificity": 1 - flagged, "alerts": alerts, "precision": rate * found / alerts}


def counts(rate, y, decision):
    """How many of how many."""
    return {
        "recall": ((y & decision).sum(), y.sum()),
        "specificity": ((~y & ~decision).sum(), (~y).sum()),
        "precision": ((y & decision).sum(), decision.sum()),
        "alerts": (decision.sum(), y.size),
    }[rate]


def jeffreys(constraint, k, n):
    belief = beta(k + 0.5, n - k + 0.5)
    return belief.cdf(constraint.bound) if constraint.sign == ">=" else belief.sf(constraint.bound)


BOUNDS = [
    Constraint("recall", ">=", 0.8),
    Constraint("recall", "<=", 0.6),
    Constraint("precision", ">=", 0.6),
    Constraint("specificity", ">=", 0.97),
    Constraint("alerts", "<=", 0.05),
    Constraint("alerts", ">=", 0.02),
]


@pytest.mark.parametrize("constraint", BOUNDS, ids=str)
def test_the_chance_is_a_tail_of_a_beta_distribution(constraint):
    y, score = draw(0, n=150, rate=0.2)
    sweep = threshold_sweep(y, score)
    chance = chance_of_missing(constraint, sweep, CaseWeight(1.0, 1.0))
    want = [jeffreys(constraint, *counts(constraint.rate, y, score >= value)) for value in sweep.values]
    np.testing.assert_allclose(chance, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("constraint", BOUNDS, ids=str)
@pytest.mark.parametrize("goal", ["f1", f1_score])
def test_the_best_cut_among_those_that_are_sure(constraint, goal):
    y, score = draw(1, n=150, rate=0.2)
    sure = [cut for cut in np.append(score, np.inf) if jeffreys(constraint, *counts(constraint.rate, y, score >= cut)) <= 0.05]
    found = best_threshold(y, score, goal, constraints=(constraint,), confidence=0.95)
    assert found.score == pytest.approx(max(f1_score(y, score >= cut) for cut in sure), abs=1e-12)
    (told,) = found.constraint_report
    k, n = counts(constraint.rate, y, score >= found.value)
    assert (told.rate, told.sign, told.bound) == (constraint.rate, constraint.sign, constraint.bound)
    assert told.value == pytest.approx(k / n)
    assert told.chance_of_missing == pytest.approx(jeffreys(constraint, k, n))
    assert told.chance_of_missing <= 0.05


@pytest.mark.parametrize(
    ("constraints", "goal", "n"),
    [
        ({"recall": ">=0.8"}, "f1", 2000),
        ({"specificity": ">=0.99"}, "recall", 2000),
        ({"precision": ">=0.6"}, "recall", 5000),
        ({"alerts": "<=200/5000"}, "recall", 5000),
    ],
)
def test_new_rows_keep_the_bound_as_often_as_asked_for(constraints, goal, n):
    (rate,) = constraints
    kept = {None: 0, 0.9: 0}
    draws = 300
    for seed in range(draws):
        y, score = draw(seed, n)
        for confidence in kept:
            found = best_threshold(y, score, goal, constraints=constraints, confidence=confidence)
            (told,) = found.constraint_report
            truth = true_rates(found.value)[rate]
            kept[confidence] += truth >= told.bound if told.sign == ">=" else truth <= told.bound
    assert 0.4 < kept[None] / draws < 0.6
    assert 0.86 < kept[0.9] / draws < 0.95


def test_without_a_confidence_it_is_the_bound_on_these_rows():
    y, score = draw(3)
    found = best_threshold(y, score, constraints={"recall": ">=0.9"})
    assert found == best_threshold(y, score, constraints={"recall": ">=0.9"}, confidence=None)
    assert found.constraint_report[0].value >= 0.9
    assert 0.2 < found.constraint_report[0].chance_of_missing < 0.8
    assert best_threshold(y, score).constraint_report == ()


def test_more_confidence_asks_for_more():
    y, score = draw(4)
    cuts = [best_threshold(y, score, constraints={"recall": ">=0.8"}, confidence=sure).value for sure in (None, 0.8, 0.9, 0.99)]
    assert cuts == sorted(cuts, reverse=True)
    assert len(set(cuts)) == 4


@pytest.mark.parametrize("rate", ["f1", "mcc", "balanced_accuracy"])
def test_what_is_no_proportion_is_asked_of_these_rows(rate):
    y, score = draw(5)
    constraints = {rate: ">=0.4", "recall": ">=0.5"}
    found = best_threshold(y, score, "precision", constraints=constraints, confidence=0.9)
    told, recall = found.constraint_report
    assert told.chance_of_missing is None
    assert told.value >= 0.4
    assert "chance" not in str(told)
    assert recall.chance_of_missing <= 0.1


def chance(constraint, y, score, weight=None):
    return chance_of_missing(constraint, threshold_sweep(y, score, weight), CaseWeight.of(BoundLabels.of(y, weight)))


@pytest.mark.parametrize("constraint", BOUNDS, ids=str)
def test_equal_weights_say_nothing_new(constraint):
    y, score = draw(6, n=300, rate=0.2)
    np.testing.assert_allclose(chance(constraint, y, score, np.full(300, 0.1)), chance(constraint, y, score), atol=1e-9)


def test_weights_leave_the_effective_number_of_cases():
    y, score = draw(7, n=300, rate=0.2)
    weight = np.random.default_rng(7).choice([0.0, 0.5, 3.0], 300)
    got = chance(BOUNDS[0], y, score, weight)
    effective = weight[y].sum() ** 2 / (weight[y] @ weight[y])
    recall = threshold_sweep(y, score, weight).recall
    np.testing.assert_allclose(got, jeffreys(BOUNDS[0], effective * recall, effective), atol=1e-9)
    assert effective < np.count_nonzero(weight[y])


def test_negatives_that_were_thinned_and_weighted_back():
    """Under Kish's size of the alerts, which takes few heavy negatives for little doubt, 82% of these kept the bound."""
    kept = []
    for seed in range(300):
        y, score = draw(seed, 20_000)
        rows = y | (np.random.default_rng(seed + 1000).random(y.size) < 0.1)
        weight = np.where(y, 1.0, 10.0)[rows]
        found = best_threshold(y[rows], score[rows], "recall", weight, constraints={"precision": ">=0.6"}, confidence=0.9)
        kept.append(true_rates(found.value)["precision"] >= 0.6)
    assert 0.8 < np.mean(kept) < 0.95


def test_one_class_and_no_alert_have_a_chance_too():
    for label in (0, 1):
        y = np.full(20, label)
        for constraint in BOUNDS:
            got = chance(constraint, y, np.arange(20.0), np.linspace(0.5, 2, 20))
            assert ((got >= 0) & (got <= 1)).all()


def test_where_none_is_sure_enough_the_surest_is_taken_and_told():
    rng = np.random.default_rng(8)
    y = np.arange(200) < 10
    score = rng.normal(size=200) + 3 * y
    with pytest.warns(ImbalanceWarning, match=r"recall >= 0.95 is 0.695.*More labelled positives or a weaker bound") as caught:
        found = best_threshold(y, score, constraints={"recall": ">=0.95"}, confidence=0.9)
    assert caught[0].filename == __file__
    assert found.constraint_report[0].chance_of_missing == pytest.approx(beta(10.5, 0.5).cdf(0.95))
    # Every cut that finds all ten is as sure. The goal takes the best of these.
    assert found.value <= score[y].min()
    assert found.score == pytest.approx(f1_score(y, score >= score[y].min()))


def test_of_several_constraints_the_least_sure_one_counts():
    y, score = draw(9, n=400, rate=0.2)
    constraints = (Constraint("recall", ">=", 0.7), Constraint("precision", ">=", 0.5))
    cuts = [cut for cut in score if all(np.divide(*counts(c.rate, y, score >= cut)) >= c.bound for c in constraints)]
    worst = [max(jeffreys(c, *counts(c.rate, y, score >= cut)) for c in constraints) for cut in cuts]
    assert min(worst) > 0.02
    with pytest.warns(ImbalanceWarning, match="with confidence 0.98"):
        found = best_threshold(y, score, constraints=constraints, confidence=0.98)
    assert max(each.chance_of_missing for each in found.constraint_report) == pytest.approx(min(worst))


def test_a_confidence_does_not_make_the_impossible_possible():
    y, score = draw(10)
    with pytest.raises(InfeasibleError, match=r"no threshold keeps precision >= 0.9 and recall >= 0.9"):
        best_threshold(y, score, constraints={"precision": ">=0.9", "recall": ">=0.9"}, confidence=0.9)


def test_a_confidence_without_constraints_changes_nothing():
    y, score = draw(11)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert best_threshold(y, score, confidence=0.9) == best_threshold(y, score)


@pytest.mark.parametrize("wrong", [0.5, 1, 0, -1, 90, float("nan")])
def test_a_confidence_is_more_than_even_and_less_than_certain(wrong):
    with pytest.raises(ValueError, match=r"confidence must be a finite number > 0.5 and < 1, got"):
        best_threshold([0, 1], [0.1, 0.2], constraints={"recall": ">=0.5"}, confidence=wrong)
    with pytest.raises(TypeError, match="confidence must be"):
        best_threshold([0, 1], [0.1, 0.2], confidence="90%")


def test_the_report_reads_as_a_sentence():
    y, score = draw(12)
    (told,) = best_threshold(y, score, constraints={"recall": ">=0.8"}, confidence=0.9).constraint_report
    assert str(told) == f"recall >= 0.8 (is {told.value:.4g}, chance of missing it {told.chance_of_missing:.2g})"
