"""Precision at a recall, recall at a precision, precision among the first k."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from boostimb.metrics import precision_at_k, precision_at_recall, recall_at_precision


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_against_the_curve(seed, weighted):
    rng = np.random.default_rng(seed)
    y = rng.random(300) < 0.2
    score = (rng.normal(size=300) + y).round(1 + seed % 2)
    weight = rng.uniform(0.2, 2, 300) if weighted else None
    precision, recall, _ = precision_recall_curve(y, score, sample_weight=weight)
    precision, recall = precision[:-1], recall[:-1]  # the last point is no cut
    for at in (0.1, 0.3, 0.5, 0.9, 1.0):
        assert precision_at_recall(y, score, at, weight) == pytest.approx(precision[recall >= at].max(), abs=1e-12)
        assert recall_at_precision(y, score, at, weight) == pytest.approx(recall[precision >= at].max(initial=0), abs=1e-12)


def test_a_bound_that_is_met_exactly_is_met():
    # Ten equal weights of 0.1 do not sum to 1, and nine of them not to 0.9 of that.
    y, score = np.ones(10), np.arange(10)
    assert precision_at_recall(np.append(y, 0), np.append(score, 0.5), 0.9, np.full(11, 0.1)) == 1.0
    assert recall_at_precision([1] * 9 + [0], np.zeros(10), 0.9, np.full(10, 0.1)) == 1.0


def test_an_unreachable_precision_is_zero_recall():
    assert recall_at_precision([0, 1], [0.9, 0.1], 0.6) == 0.0


def test_precision_at_k_shares_ties_out():
    y, score = np.array([1, 0, 1, 0, 0]), np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    assert precision_at_k(y, score, 1) == 1.0
    assert precision_at_k(y, score, 2) == pytest.approx((1 + 1 / 3) / 2)
    assert precision_at_k(y, score, 4) == 0.5
    assert precision_at_k(y, score, 5) == 0.4
    rng = np.random.default_rng(0)
    order = rng.permutation(5)
    assert precision_at_k(y[order], score[order], 2) == precision_at_k(y, score, 2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: precision_at_recall([0, 1], [0, 1], 1.5), "recall must be a finite number >= 0 and <= 1, got 1.5"),
        (lambda: recall_at_precision([0, 1], [0, 1], -0.1), "precision must be a finite number >= 0 and <= 1, got -0.1"),
        (lambda: precision_at_k([0, 1], [0, 1], 3), "at most the number of samples, 2, got 3"),
        (lambda: precision_at_k([0, 1], [0, 1], 0), "k must be an integer >= 1, got 0"),
        (lambda: precision_at_recall([0, 1], [0, np.nan], 0.5), "finite"),
    ],
)
def test_bad_input_gets_a_clear_error(call, says):
    with pytest.raises(ValueError, match=says):
        call()
