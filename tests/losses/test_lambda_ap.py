"""Average precision as the objective: against swaps carried out one by one, and its invariances."""

import inspect
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone

from boostimb import LambdaAPLoss, average_precision
from boostimb.losses import _ranking
from boostimb.typing import Loss


def make(n=400, rate=0.1, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < rate
    return y, (rng.normal(size=n) + y).round(2), rng.integers(0, 4, n)


def swap_by_swap(y, raw):
    """Change places, score again: the gains by definition, where no two margins are equal."""
    gain, slope, bend = np.zeros((y.size, y.size)), np.zeros(y.size), np.zeros(y.size)
    for i in np.flatnonzero(y):
        for j in np.flatnonzero(~y):
            swapped = raw.copy()
            swapped[[i, j]] = raw[[j, i]]
            gain[i, j] = abs(average_precision(y, swapped) - average_precision(y, raw))
            wrong = expit(raw[j] - raw[i])
            slope[[i, j]] += gain[i, j] * wrong * np.array([-1, 1])
            bend[[i, j]] += 2 * gain[i, j] * wrong * (1 - wrong)
    return gain, slope, bend


@pytest.mark.parametrize("seed", range(4))
def test_gains_are_what_average_precision_gains(seed):
    rng = np.random.default_rng(seed)
    y, raw = rng.random(30) < 0.3, rng.permutation(30) * 0.15
    gain, slope, bend = swap_by_swap(y, raw)
    order = np.argsort(-raw)
    pos = y[order].astype(float)
    assert_allclose(_ranking.gain_of_pairs(pos, 1 - pos, 1.0) / y.sum(), gain[np.ix_(order, order)], atol=1e-12)
    grad, hess = LambdaAPLoss().grad_hess(y, raw)
    factor = hess.sum() / bend.sum()  # the scale of log-loss
    assert_allclose(grad, slope * factor, rtol=1e-5, atol=1e-6)
    assert_allclose(hess, bend * factor, rtol=1e-5, atol=1e-6)


def test_rows_that_are_tied_count_as_in_random_order():
    """The gain at the mean ranks stands for the mean gain over all orders: 20% off in this group at the very top of the ranking."""
    rng = np.random.default_rng(0)
    pos, neg = np.array([1.0, 4.0, 1.0]), np.array([1.0, 8.0, 6.0])
    group = np.repeat(np.arange(3), (pos + neg).astype(int))
    label = np.concatenate([np.repeat([True, False], [int(p), int(n)]) for p, n in zip(pos, neg, strict=True)])
    mean = np.zeros((3, 3))
    draws = 300
    for _ in range(draws):
        order = np.lexsort((rng.random(group.size), group))
        y = label[order].astype(float)
        gain = _ranking.gain_of_pairs(y, 1 - y, 1.0)
        for a in range(3):
            for b in range(3):
                mean[a, b] += gain[np.ix_((group == a) & (y == 1), (group == b) & (y == 0))].mean() / draws
    got = _ranking.gain_of_pairs(pos, neg, 1.0)
    off = ~np.eye(3, dtype=bool)
    assert_allclose(got[off], mean[off], rtol=0.25)
    assert_allclose(got[~off], mean[~off], rtol=0.5)


@pytest.mark.parametrize("scale", [None, 1.0, 0.37])
def test_kernel_is_the_twin_over_all_pairs(scale):
    y, raw, weight = make()
    weight = None if scale is None else scale * weight
    twin = _ranking.grad_hess(y, raw, np.ones(y.size) if weight is None else weight)
    for got, want in zip(LambdaAPLoss(bins=400).grad_hess(y, raw, weight), twin, strict=True):
        assert_allclose(got, want, rtol=2e-5, atol=1e-6)


def test_more_bins_come_nearer_to_all_pairs():
    y, raw, _ = make(3000, 0.05)
    raw = raw + np.random.default_rng(1).uniform(0, 0.01, raw.size)
    want = _ranking.grad_hess(y, raw, np.ones(y.size))[0]
    error = [np.abs(LambdaAPLoss(bins).grad_hess(y, raw)[0] - want).sum() / np.abs(want).sum() for bins in (8, 64, 512, 3000)]
    assert error == sorted(error, reverse=True)
    assert error[0] < 0.5
    assert error[2] < 0.05
    # What is left: rows that share one of the cells.
    assert error[3] < 0.02


def test_bins_are_no_more_than_asked_for():
    from boostimb.losses._ranking_kernels import CELLS, join_cells

    rng = np.random.default_rng(0)
    for bins in (2, 7, 256):
        weight = rng.exponential(size=CELLS) * (rng.random(CELLS) < 0.3)
        pos, neg = weight * (rng.random(CELLS) < 0.01), weight.copy()
        total, bin_of = (pos.sum(), neg.sum()), np.empty(CELLS, np.int32)
        place = (pos + neg) * np.linspace(0, 1, CELLS)
        count = join_cells(pos, neg, place, bins, bin_of)
        assert 0.9 * bins <= count <= bins  # a heavy cell may take the place of several bins
        assert_allclose((pos[:count].sum(), neg[:count].sum()), total)
        assert (np.diff(place[:count]) > 0).all()
        assert (np.diff(bin_of) >= 0).all()
        assert bin_of.max() == count - 1


@pytest.mark.parametrize("bins", [2, 40, 400])
class TestInvariances:
    def test_order_of_rows(self, bins):
        y, raw, weight = make()
        order = np.random.default_rng(1).permutation(y.size)
        got = LambdaAPLoss(bins).grad_hess(y[order], raw[order], weight[order])
        want = [each[order] for each in LambdaAPLoss(bins).grad_hess(y, raw, weight)]
        assert_allclose(got, want, rtol=1e-5, atol=1e-7)

    def test_gradient_sums_to_0_and_pushes_positives_up(self, bins):
        y, raw, weight = make()
        for w in (None, weight):
            grad, hess = LambdaAPLoss(bins).grad_hess(y, raw, w)
            assert abs(grad.astype(float).sum()) <= 1e-5 * np.abs(grad).sum()
            assert (grad[y] <= 0).all()
            assert (grad[~y] >= 0).all()
            assert (hess > 0).all()

    def test_a_constant_changes_nothing(self, bins):
        y, raw, _ = make()
        raw = raw.round(1) * 4  # sums without rounding
        assert_allclose(LambdaAPLoss(bins).grad_hess(y, raw + 8.0), LambdaAPLoss(bins).grad_hess(y, raw), rtol=1e-5, atol=1e-7)

    def test_a_weight_is_so_many_rows(self, bins):
        y, raw, weight = make()
        rows = np.repeat(np.arange(y.size), weight)
        for got, each in zip(
            LambdaAPLoss(bins).grad_hess(y, raw, weight), LambdaAPLoss(bins).grad_hess(y[rows], raw[rows]), strict=True
        ):
            assert_allclose(got, np.bincount(rows, each, y.size), rtol=1e-4, atol=1e-6)

    def test_small_weights_are_scaled(self, bins):
        y, raw, _ = make()
        plain = np.array(LambdaAPLoss(bins).grad_hess(y, raw))
        assert_allclose(LambdaAPLoss(bins).grad_hess(y, raw, np.full(y.size, 0.125)), 0.125 * plain, rtol=1e-5, atol=1e-7)


def test_from_equal_margins_it_has_the_hessians_of_log_loss():
    y, _, weight = make()
    for w in (None, weight):
        total = np.ones(y.size) if w is None else w
        rate = np.average(y, weights=total)
        grad, hess = LambdaAPLoss().grad_hess(y, np.full(y.size, 3.0), w)
        assert hess.sum() == pytest.approx(total.sum() * rate * (1 - rate), rel=1e-5)
        assert np.unique(grad[total == 1]).size == 2  # one push for positives, one for negatives


def test_finite_at_extreme_margins():
    rng = np.random.default_rng(0)
    y = rng.random(200) < 0.2
    for most in (1e-300, 1e-3, 50.0, 1e4, 3e38, 1e308):
        raw = rng.uniform(-1, 1, 200) * most
        raw[:2] = most, -most
        grad, hess = LambdaAPLoss().grad_hess(y, raw)
        assert np.isfinite(grad).all()
        assert np.isfinite(hess).all()
        assert (hess > 0).all()
        if most <= 1e4:
            assert np.isfinite(LambdaAPLoss().loss(y, raw)).all()


def test_loss_falls_along_its_gradient_and_is_its_integral():
    y, raw, weight = make(60, 0.3)
    loss = LambdaAPLoss()
    value = loss.loss(y, raw, weight)
    assert value.dtype == np.float64
    assert (value >= 0).all()
    grad, _ = loss.grad_hess(y, raw, weight)
    assert loss.loss(y, raw - 0.5 * grad, weight).sum() < value.sum()
    # All apart by far more than a step, so that the ranking and with it the gains stay as they are.
    apart = np.random.default_rng(0).permutation(60) * 0.1
    grad, _ = loss.grad_hess(y, apart, weight)
    for i in range(0, 60, 7):
        step = np.where(np.arange(60) == i, 1e-3, 0.0)
        numeric = (loss.loss(y, apart + step, weight).sum() - loss.loss(y, apart - step, weight).sum()) / 2e-3
        assert numeric == pytest.approx(grad[i], rel=1e-3, abs=1e-5)


def test_one_class_has_no_gradient():
    for y in (np.zeros(5), np.ones(5)):
        grad, hess = LambdaAPLoss().grad_hess(y, np.arange(5.0))
        assert (grad == 0).all()
        assert (hess > 0).all()
    grad, hess = LambdaAPLoss().grad_hess([], [])
    assert grad.shape == hess.shape == (0,)


def test_it_is_a_value_and_says_what_it_cannot_do():
    loss = LambdaAPLoss(bins=64)
    assert isinstance(loss, Loss)
    for twin in (pickle.loads(pickle.dumps(loss)), clone(loss, safe=False), eval(repr(loss))):
        assert twin == loss
    assert loss.init_raw([0, 1]) == 0.0
    assert loss.log_loss_scale([0, 1]) == 1.0
    assert loss.posterior_shift is None
    assert list(inspect.signature(loss).parameters) == ["y_true", "y_pred", "sample_weight"]
    for call in (loss.predict_proba, loss.posterior_logit):
        with pytest.raises(NotImplementedError, match="calibrate them on rows that the model has not seen"):
            call([0.0, 1.0])
    with pytest.raises(ValueError, match="bins must be an integer >= 2, got 1"):
        LambdaAPLoss(bins=1)
    for y, raw, weight, says in (
        ([0, 2], [0.0, 1.0], None, "labels 0 and 1"),
        ([0, 1], [0.0, np.nan], None, "finite"),
        ([0, 1], [0.0, 1.0, 2.0], None, "inconsistent"),
        ([0, 1], [0.0, 1.0], [1.0, -1.0], "must be >= 0"),
    ):
        with pytest.raises(ValueError, match=says):
            loss.grad_hess(y, raw, weight)


def test_threads_share_a_bound_loss():
    y, raw, _ = make(2000)
    bound = LambdaAPLoss().bind(y)
    want = [array.copy() for array in bound(raw)]
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(lambda _: bound(raw), range(64)):
            assert_array_equal(got, want)
