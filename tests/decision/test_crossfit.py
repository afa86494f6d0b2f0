"""Thresholds chosen on all folds but one and scored on the one left."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, matthews_corrcoef

from boostimb.decision import InfeasibleError, best_threshold, crossfit_score


def make(n=400, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.15
    return y, (rng.normal(size=n) + signal * y).round(2), rng.integers(0, 4, n), rng.choice([0.0, 0.5, 2.0], n)


def agreement(y_true, y_pred, sample_weight=None):
    """A goal of the user's own."""
    return float(np.average((y_true == 1) & (y_pred == 1), weights=sample_weight) - 0.2 * np.average(y_pred, weights=sample_weight))


def by_hand(y, score, fold, weight=None, **options):
    alert = np.zeros(y.size, dtype=bool)
    for k in np.unique(fold):
        rest = fold != k
        found = best_threshold(y[rest], score[rest], sample_weight=None if weight is None else weight[rest], **options)
        alert[~rest] = score[~rest] >= found.value
    return alert


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("goal", "value"), [("f1", f1_score), ("mcc", matthews_corrcoef), (agreement, agreement)])
def test_it_is_the_loop_over_the_folds(weighted, goal, value):
    y, score, fold, weight = make()
    weight = weight if weighted else None
    want = value(y, by_hand(y, score, fold, weight, goal=goal), sample_weight=weight)
    assert crossfit_score(y, score, fold, goal, weight) == pytest.approx(want, abs=1e-12)


def test_costs_constraints_and_fixed_thresholds():
    y, score, fold, _ = make()
    matrix = np.array([[0, 1], [8, 0]])
    want = (confusion_matrix(y, by_hand(y, score, fold, cost_matrix=matrix)) * matrix).sum() / y.size
    assert crossfit_score(y, score, fold, cost_matrix=matrix) == pytest.approx(want)
    want = f1_score(y, by_hand(y, score, fold, constraints={"recall": ">=0.8"}))
    assert crossfit_score(y, score, fold, constraints={"recall": ">=0.8"}) == pytest.approx(want)
    assert crossfit_score(y, score, fold, 0.7) == pytest.approx(f1_score(y, score >= 0.7))


def test_on_noise_it_is_lower_than_the_best_cut():
    worse = 0
    for seed in range(20):
        y, score, fold, _ = make(n=200, seed=seed, signal=0)
        worse += crossfit_score(y, score, fold, "mcc") < best_threshold(y, score, "mcc").score
    assert worse >= 19


def test_names_of_folds_and_order_of_rows_play_no_part():
    y, score, fold, _ = make()
    order = np.random.default_rng(1).permutation(y.size)
    names = np.array(["a", "b", "c", "d"])[fold]
    assert crossfit_score(y[order], score[order], names[order]) == crossfit_score(y, score, fold)


def test_bad_input_gets_a_clear_error():
    with pytest.raises(ValueError, match="at least 2 different folds, got 1"):
        crossfit_score([0, 1], [0.1, 0.2], [0, 0])
    with pytest.raises(ValueError, match="folds has length 1"):
        crossfit_score([0, 1], [0.1, 0.2], [0])
    y, score, fold, _ = make(signal=0)
    with pytest.raises(InfeasibleError, match="precision"):
        crossfit_score(y, -score, fold, constraints={"precision": ">=1", "recall": ">=0.5"})
