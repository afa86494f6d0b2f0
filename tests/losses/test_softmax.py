"""Focal loss over several classes."""

import copy
import pickle

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import softmax

from boostimb import FocalLoss, SoftmaxFocalLoss
from boostimb.losses._multiclass import log_proba

LOSSES = [
    SoftmaxFocalLoss(0.0),
    SoftmaxFocalLoss(),
    SoftmaxFocalLoss(0.5, [1.0, 3.0, 0.5, 2.0]),
    SoftmaxFocalLoss(5.0, (2, 1, 1, 1)),
]


@pytest.fixture(params=LOSSES, ids=repr)
def loss(request):
    return request.param


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.integers(0, 4, 80), rng.normal(scale=3, size=(80, 4)), rng.uniform(0.1, 3, 80)


def test_gradient_is_the_derivative_and_sums_to_zero(loss, rows):
    y, raw, weight = rows
    grad, hess = loss.grad_hess(y, raw, weight)
    assert grad.dtype == hess.dtype == np.float32
    assert (hess > 0).all()
    assert_allclose(grad.sum(axis=1), 0, atol=4e-6)
    for k in range(4):
        step = 1e-5 * np.eye(4)[k]
        numeric = (loss.loss(y, raw + step, weight) - loss.loss(y, raw - step, weight)) / 2e-5
        assert_allclose(grad[:, k], numeric, rtol=1e-4, atol=1e-6)


def test_value_equals_its_definition_in_60_digits():
    raw = np.array([[40.0, -3.0, 1.0], [0.0, 0.1, -60.0], [1.0, 1.0, 1.0]])
    for label in range(3):
        with mp.workdps(60):
            want = []
            for row in raw:
                e = [mp.exp(mp.mpf(z)) for z in row]
                p = e[label] / sum(e)
                want.append(float(-((1 - p) ** mp.mpf("1.5")) * mp.log(p)))
        assert_allclose(SoftmaxFocalLoss(1.5).loss(np.full(3, label), raw), want, rtol=1e-12)


def test_two_classes_are_the_binary_loss():
    raw = np.linspace(-40, 40, 161)
    y = np.tile([0, 1], 81)[:161]
    both = SoftmaxFocalLoss(2.0, (1.0, 3.0))
    binary = FocalLoss(2.0, pos_weight=3.0)
    margins = np.stack([-raw / 2, raw / 2], axis=1)
    assert_allclose(both.loss(y, margins), binary.loss(y, raw), rtol=1e-10)
    assert_allclose(both.grad_hess(y, margins)[0][:, 1], binary.grad_hess(y, raw)[0], rtol=2e-6, atol=1e-37)
    assert_allclose(both.predict_proba(margins)[:, 1], binary.predict_proba(raw), rtol=1e-9, atol=1e-30)


def test_gamma_0_is_cross_entropy(rows):
    y, raw, _ = rows
    p = softmax(raw, axis=1)
    grad, hess = SoftmaxFocalLoss(0.0).grad_hess(y, raw)
    assert_allclose(grad, p - np.eye(4)[y], atol=1e-7)
    assert_allclose(hess, p * (1 - p), rtol=1e-6)
    assert_allclose(SoftmaxFocalLoss(0.0).predict_proba(raw), p, rtol=1e-12)


def test_posterior_inverts_the_population_minimiser(loss):
    rates = np.array([0.7, 0.05, 0.2, 0.05])

    def risk(free):
        margins = np.tile(np.append(free, 0.0), (4, 1))
        return float(rates @ loss.loss(np.arange(4), margins))

    best = minimize(risk, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 4000}).x
    assert_allclose(loss.predict_proba(np.append(best, 0.0)[None])[0], rates, atol=1e-4)


def test_from_the_start_the_gradient_vanishes(loss):
    rng = np.random.default_rng(1)
    y, weight = rng.choice(4, 3000, p=[0.9, 0.05, 0.03, 0.02]), rng.uniform(0.5, 2, 3000)
    start = loss.init_raw(y, weight)
    grad = loss.grad_hess(y, np.tile(start, (3000, 1)), weight)[0].astype(float)
    assert (np.abs(grad.sum(axis=0)) <= 1e-4 * np.abs(grad).sum(axis=0)).all()
    assert start.mean() == pytest.approx(0, abs=1e-9)
    assert_allclose(loss.predict_proba(start[None])[0], np.bincount(y, weights=weight) / weight.sum(), rtol=1e-6)


def test_finite_at_any_margin(loss):
    rng = np.random.default_rng(2)
    raw = np.concatenate([rng.choice([-1e4, -800, -60, 0, 60, 800, 1e4], (200, 4)), np.zeros((1, 4))])
    for label in range(4):
        y = np.full(len(raw), label)
        grad, hess = loss.grad_hess(y, raw)
        assert np.isfinite(grad).all()
        assert np.isfinite(hess).all()
        assert (hess > 0).all()
        assert np.isfinite(loss.loss(y, raw)).all()
    proba = loss.predict_proba(raw)
    assert np.isfinite(proba).all()
    assert_allclose(proba.sum(axis=1), 1)


def test_catboost_gets_minus_the_derivatives_of_one_row(loss, rows):
    y, raw, weight = rows
    grad, hess = loss.grad_hess(y, raw, weight)
    for i in range(10):
        minus_grad, minus_hess = loss.calc_ders_multi(raw[i], float(y[i]), weight[i])
        assert_allclose(minus_grad, -grad[i], rtol=1e-5, atol=1e-7)
        assert_allclose(np.diag(minus_hess), -hess[i], rtol=1e-5, atol=1e-7)
        assert_allclose(minus_hess.sum(axis=1), 0, atol=1e-12)  # adding a constant to all margins changes nothing
        assert (np.linalg.eigvalsh(minus_hess) <= 1e-12).all()


def test_it_is_a_value(loss):
    for each in (pickle.loads(pickle.dumps(loss)), copy.deepcopy(loss), eval(repr(loss), {"SoftmaxFocalLoss": SoftmaxFocalLoss})):
        assert each == loss
        assert hash(each) == hash(loss)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SoftmaxFocalLoss(-1.0), "gamma must be"),
        (lambda: SoftmaxFocalLoss(class_weight=[1.0, 0.0]), "class_weight must be"),
        (lambda: SoftmaxFocalLoss(class_weight=[1.0, 2.0]).loss([0], np.zeros((1, 3))), "class_weight must have one entry"),
        (lambda: SoftmaxFocalLoss().loss([3], np.zeros((1, 3))), r"y_true must hold the labels 0, 1, ..., 2 only, got 3"),
        (lambda: SoftmaxFocalLoss().loss([0.5], np.zeros((1, 3))), "y_true must hold"),
        (lambda: SoftmaxFocalLoss().loss(["a"], np.zeros((1, 3))), "y_true must hold"),
        (lambda: SoftmaxFocalLoss().loss([0, 1], np.zeros((1, 3))), "inconsistent numbers"),
        (lambda: SoftmaxFocalLoss().loss([0], np.zeros(3)), "raw must have the shape"),
        (lambda: SoftmaxFocalLoss().loss([0], [[0.0, np.nan]]), "raw must be finite"),
        (lambda: SoftmaxFocalLoss().init_raw([0, 2, 2]), "y_true must hold every label"),
    ],
)
def test_bad_input_is_refused_with_rule_and_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 3, 7, 40])
def test_kernel_agrees_with_probabilities_in_float64(n_classes, dtype):
    rng = np.random.default_rng(3)
    raw = rng.normal(scale=4, size=(1500, n_classes)).astype(dtype)
    raw[:200] = np.round(raw[:200])  # ties, also for the largest
    y, weight = rng.integers(0, n_classes, 1500), rng.uniform(0.5, 2, 1500)
    loss = SoftmaxFocalLoss(1.5, rng.uniform(0.5, 2, n_classes))
    log_p, log_q = log_proba(raw.astype(np.float64))
    p, q, mine = np.exp(log_p), np.exp(log_q), (np.arange(1500), y)
    factor = np.exp(loss.log_factor(log_p[mine], log_q[mine])) * np.array(loss.class_weight)[y] * weight
    grad = factor[:, None] * p
    grad[mine] = -factor * q[mine]
    got = loss.grad_hess(y, raw, weight)
    assert_allclose(got[0], grad, rtol=1e-5, atol=1e-8)
    assert_allclose(got[1], factor[:, None] * p * q, rtol=1e-5, atol=1e-8)


def test_bind_fixes_labels_and_weights(rows, monkeypatch):
    y, raw, weight = rows
    loss = SoftmaxFocalLoss(class_weight=[1.0, 2.0, 3.0, 4.0])
    bound = loss.bind(y, weight)
    want = loss.grad_hess(y, raw, weight)
    assert_array_equal(bound(raw), want)
    assert_allclose(loss.bind(y, weight, scale=4.0)(raw), 4 * np.array(want), rtol=1e-6)
    assert_array_equal(loss.bind(y, weight, n_classes=4)(np.asfortranarray(raw)), want)
    monkeypatch.setattr("boostimb.losses._threads.ROWS_PER_THREAD", 20)
    monkeypatch.setenv("BOOSTIMB_NUM_THREADS", "3")
    assert_array_equal(bound(raw), want)
    with pytest.raises(ValueError, match=r"raw must have the shape \(n, 4\)"):
        bound(raw[:, :3])
