"""The table of all cuts, by brute force, and the thresholds that name its rows."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    fbeta_score,
    matthews_corrcoef,
    precision_recall_curve,
    precision_score,
    recall_score,
)

from boostimb.metrics import ThresholdSweep, threshold_sweep
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import sweep_of


@st.composite
def samples(draw):
    n = draw(st.integers(1, 25))
    y = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    value = draw(st.sampled_from([st.sampled_from([-0.0, 0.0, 0.25, 1.0]), st.floats(-1e5, 1e5), st.floats(0, 1, width=32)]))
    score = np.array(draw(st.lists(value, min_size=n, max_size=n)), dtype=draw(st.sampled_from([np.float32, np.float64])))
    weight = draw(st.none() | st.lists(st.floats(0.01, 9), min_size=n, max_size=n))
    return np.array(y), score, weight


def make(n=150, seed=0, decimals=1):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.15
    return y, (rng.normal(size=n) + y).round(decimals), rng.uniform(0.1, 2, n)


@given(samples())
def test_rows_are_what_each_cut_gets_right(sample):
    y, score, weight = sample
    sweep = threshold_sweep(y, score, weight)
    w = np.ones(y.size) if weight is None else np.array(weight)
    assert sweep.values.dtype == score.dtype
    np.testing.assert_array_equal(sweep.values[1:], np.unique(score)[::-1])
    for value, tp, fp in zip(sweep.values, sweep.tp, sweep.fp, strict=True):
        assert tp == pytest.approx(w[(score >= value) & y].sum())
        assert fp == pytest.approx(w[(score >= value) & ~y].sum())
    assert (sweep.tp[0], sweep.fp[0]) == (0, 0)
    assert sweep.n_pos == sweep.tp[-1]
    assert sweep.n_neg == sweep.fp[-1]


@given(samples())
@example((np.array([True, False, True]), np.array([1.0, np.nextafter(1.0, 0), 0.5]), None))
@example((np.array([True, False]), np.array([1.0, np.nextafter(np.float32(1), np.float32(0))], dtype=np.float32), None))
@example((np.array([True, False]), np.array([1 + 2**-24 + 2**-50, 1 + 2**-25]), None))
@example((np.array([True, False]), np.array([1 + 3 * 2**-24 - 2**-50, 1 + 2**-24 + 2**-50]), None))
@example((np.array([True, False]), np.array([5e-324, 0.0]), None))
@example((np.array([True, False]), np.array([1e300, -1e300]), None))
def test_a_threshold_is_its_row_in_either_precision(sample):
    y, score, _ = sample
    sweep = threshold_sweep(y, score)
    single = threshold_sweep(y, score.astype(np.float32)) if np.abs(score).max() < 1e30 else None
    for row in range(sweep.values.size):
        cut = sweep.threshold(row)
        assert isinstance(cut, float)
        alert = score >= sweep.values[row]
        np.testing.assert_array_equal(score >= cut, alert)
        np.testing.assert_array_equal(score >= np.float64(cut), alert)
        # Where rounding to float32 keeps the scores apart, the rounded scores fall on the same sides.
        if single is not None and single.values.size == sweep.values.size:
            np.testing.assert_array_equal(score.astype(np.float32) >= cut, alert)
            np.testing.assert_array_equal(score.astype(np.float32) >= np.float64(cut), alert)


@given(samples())
def test_the_frontier_is_the_rows_that_gain_a_positive(sample):
    y, score, weight = sample
    full, labels = threshold_sweep(y, score, weight), BoundLabels.of(y, weight)
    few = sweep_of(labels, score, frontier=True)
    rows = np.flatnonzero(np.diff(full.tp, prepend=-1) > 0)
    rows = np.union1d(rows, full.values.size - 1)
    for field in ("values", "below", "tp", "fp"):
        np.testing.assert_array_equal(getattr(few, field), getattr(full, field)[rows])
    assert (few.n_pos, few.n_neg) == (full.n_pos, full.n_neg)
    assert [few.threshold(i) for i in range(rows.size)] == [full.threshold(row) for row in rows]
    for rate in (ThresholdSweep.f_score, lambda sweep: sweep.mcc, lambda sweep: sweep.balanced_accuracy):
        assert rate(few).max() == pytest.approx(rate(full).max(), abs=1e-12)
    for at in (0.1, 0.5, 1.0):
        assert few.precision_at_recall(at) == full.precision_at_recall(at)
        assert few.recall_at_precision(at) == full.recall_at_precision(at)


def test_thresholds_lie_midway():
    sweep = threshold_sweep([0, 1, 1], [0.0, 0.5, 1.0])
    assert [sweep.threshold(row) for row in range(4)] == [np.nextafter(np.float32(1), np.float32(2)), 0.75, 0.25, 0.0]


@pytest.mark.parametrize("weighted", [False, True])
def test_rates_are_scikit_learns(weighted):
    y, score, weight = make()
    weight = weight if weighted else None
    sweep = threshold_sweep(y, score, weight)
    rates = {
        precision_score: sweep.precision,
        recall_score: sweep.recall,
        matthews_corrcoef: sweep.mcc,
        balanced_accuracy_score: sweep.balanced_accuracy,
        lambda *a, **k: fbeta_score(*a, beta=0.5, **k): sweep.f_score(0.5),
        lambda *a, **k: recall_score(*a, pos_label=0, **k): sweep.specificity,
        lambda t, p, sample_weight: np.average(p, weights=sample_weight): sweep.alerts,
    }
    for function, values in rates.items():
        want = [function(y, score >= cut, sample_weight=weight) for cut in sweep.values[1:]]
        np.testing.assert_allclose(values[1:], want, atol=1e-12)
    precision, recall, thresholds = precision_recall_curve(y, score, sample_weight=weight)
    np.testing.assert_allclose(sweep.precision[1:], precision[:-1][::-1], atol=1e-12)
    np.testing.assert_allclose(sweep.recall[1:], recall[:-1][::-1], atol=1e-12)
    np.testing.assert_array_equal(sweep.values[1:], thresholds[::-1])


def test_predicting_nobody_is_row_zero():
    sweep = threshold_sweep([0, 1, 1], [0.2, 0.4, 0.6])
    assert sweep.values[0] > 0.6
    assert sweep.precision[0] == sweep.recall[0] == sweep.alerts[0] == sweep.f_score()[0] == sweep.mcc[0] == 0
    assert sweep.specificity[0] == 1


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_one_class_gives_finite_rates(y):
    sweep = threshold_sweep(y, [0.1, 0.2, 0.2])
    for rate in (sweep.precision, sweep.recall, sweep.specificity, sweep.mcc, sweep.f_score(), sweep.balanced_accuracy):
        assert np.isfinite(rate).all()
    assert sweep.precision_at_recall(0.5) == sweep.recall_at_precision(0.5) == y[0]


def test_take_keeps_the_totals():
    sweep = threshold_sweep([0, 1, 1], [0.2, 0.4, 0.6])
    some = sweep.take(np.array([1, 3]))
    assert isinstance(some, ThresholdSweep)
    np.testing.assert_array_equal(some.recall, sweep.recall[[1, 3]])
