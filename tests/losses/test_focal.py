"""Focal loss against its definition in 60 digits, and the identities it must keep."""

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from boostimb import FocalLoss, LogLoss

# None near -3, where the exact hessian crosses 0 and its relative error says nothing.
MARGINS = [-60.0, -21.3, -7.5, -4.6, -1.0, -0.2, 0.0, 0.4, 1.7, 3.3, 9.0, 20.5, 33.0, 60.0]


def definition(label, gamma):
    """-(1 - p_t)**gamma * ln(p_t), as the paper writes it."""

    def value(z):
        p_t = 1 / (1 + mp.exp(-z if label else z))
        return -((1 - p_t) ** gamma) * mp.log(p_t)

    return value


def exact(label, gamma, z):
    """Value, slope, curvature and the probability of the label, in 150 digits: enough for differences at a margin of 60."""
    with mp.workdps(150):
        f = definition(label, mp.mpf(gamma))
        return f(mp.mpf(z)), mp.diff(f, mp.mpf(z)), mp.diff(f, mp.mpf(z), 2)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 3.7, 5.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_its_definition_in_150_digits(gamma, dtype):
    margins = np.array(MARGINS, dtype)
    w0, w1 = 0.3, 0.7 * 5
    sides = {label: [exact(label, gamma, float(z)) for z in margins] for label in (0, 1)}
    for label in (0, 1):
        y, weight = np.full(margins.size, label), (w0, w1)[label]
        value, slope, curvature = (np.array([float(weight * row[k]) for row in sides[label]]) for k in range(3))
        loss = FocalLoss(gamma, alpha=0.7, pos_weight=5.0)
        assert_allclose(loss.loss(y, margins), value, rtol=1e-12)
        grad, hess = loss.grad_hess(y, margins)
        assert_allclose(grad, slope, rtol=2e-6, atol=1e-37)
        expected = [
            w0 * w1 * (g0 * h1 - g1 * h0) / (w0 * g0 - w1 * g1) for (_, g0, h0), (_, g1, h1) in zip(sides[0], sides[1], strict=True)
        ]
        assert_allclose(hess, np.array(expected, float), rtol=2e-6, atol=1e-37)
        own = FocalLoss(gamma, alpha=0.7, pos_weight=5.0, hessian="exact").grad_hess(y, margins)[1]
        assert_allclose(own, curvature, rtol=2e-6, atol=1e-37)


def test_float64_margins_keep_what_float32_would_lose():
    margins = np.array([-12.123456789, 11.987654321])
    want = [float(exact(label, 5.0, z)[1]) for label, z in ((1, margins[0]), (1, margins[1]))]
    grad, _ = FocalLoss(5.0).grad_hess([1, 1], margins)
    assert_allclose(grad, want, rtol=5e-7)
    rounded, _ = FocalLoss(5.0).grad_hess([1, 1], margins.astype(np.float32))
    assert np.abs(rounded / want - 1).max() > 1e-6  # the low part does the work: without it, this is what comes out


@pytest.mark.parametrize("pos_weight", [1.0, 9.0])
def test_gamma_0_is_log_loss(pos_weight):
    raw, y = np.linspace(-30, 30, 241), np.tile([0, 1], 121)[:241]
    focal, log_loss = FocalLoss(0.0, pos_weight=pos_weight, hessian="exact"), LogLoss(pos_weight)
    for got, want in zip(focal.grad_hess(y, raw), log_loss.grad_hess(y, raw), strict=True):
        assert_allclose(got, want, rtol=1e-6)
    assert_allclose(focal.loss(y, raw), log_loss.loss(y, raw), rtol=1e-12)
    assert focal.posterior_shift == log_loss.posterior_shift == pytest.approx(-np.log(pos_weight))
    assert focal.log_loss_scale(y) == pytest.approx(1.0)


def test_alpha_weighs_the_classes_a_and_1_minus_a():
    raw, y = np.linspace(-5, 5, 101), np.tile([0, 1], 51)[:101]
    scale = np.where(y == 1, 0.8, 0.2)
    assert_allclose(FocalLoss(alpha=0.8).loss(y, raw), scale * FocalLoss().loss(y, raw))
    assert_allclose(FocalLoss(alpha=0.8).predict_proba(raw), FocalLoss(pos_weight=4.0).predict_proba(raw))
    assert FocalLoss(alpha=0.8, pos_weight=3.0).class_weight == pytest.approx((0.2, 2.4))


def test_flipping_the_classes_mirrors_the_loss():
    raw, y = np.linspace(-50, 50, 401), np.tile([0, 1], 201)[:401]
    for hessian in ("expected", "exact", "clamp"):
        loss = FocalLoss(1.5, hessian=hessian)
        (g, h), (g_mirror, h_mirror) = loss.grad_hess(y, raw), loss.grad_hess(1 - y, -raw)
        assert_allclose(g, -g_mirror, rtol=1e-6)
        assert_allclose(h, h_mirror, rtol=1e-6)
        assert_allclose(loss.predict_proba(raw), 1 - loss.predict_proba(-raw), atol=1e-14)


@pytest.mark.parametrize(("gamma", "turns"), [(0.5, -4.0), (1.0, -3.1), (2.0, -2.8), (3.0, -2.8), (5.0, -2.9)])
def test_the_exact_hessian_is_negative_where_the_documentation_says(gamma, turns):
    hess = FocalLoss(gamma, hessian="exact").grad_hess([1, 1], np.array([turns - 0.2, turns + 0.2]))[1]
    assert hess[0] < 0 < hess[1]


def test_clamp_is_the_exact_hessian_until_a_step_would_exceed_that_of_log_loss():
    raw, y = np.linspace(-12, 12, 481), np.ones(481)
    grad, clamp = FocalLoss(2.0, hessian="clamp").grad_hess(y, raw)
    exact_hess = FocalLoss(2.0, hessian="exact").grad_hess(y, raw)[1]
    p = 1 / (1 + np.exp(-raw))
    assert_allclose(clamp, np.maximum(exact_hess, np.abs(grad) * p), rtol=2e-6)
    assert (clamp[raw > -2] == exact_hess[raw > -2]).all()
    assert (np.abs(grad) / clamp <= 1 / p * (1 + 1e-6)).all()


def test_the_posterior_is_not_the_sigmoid():
    """At a margin of 1 and gamma 2, sigmoid says 0.731; the label frequency that puts the minimum there is 0.936."""
    q = FocalLoss(2.0).predict_proba(np.array([1.0]))[0]
    raw = np.linspace(0.9, 1.1, 2001)
    risk = q * FocalLoss(2.0).loss(np.ones(raw.size), raw) + (1 - q) * FocalLoss(2.0).loss(np.zeros(raw.size), raw)
    assert raw[risk.argmin()] == pytest.approx(1.0, abs=1e-3)
    assert q == pytest.approx(0.9359, abs=1e-4)


def test_scale_gives_the_hessians_of_log_loss_at_the_start():
    rng = np.random.default_rng(0)
    y = rng.random(5000) < 0.02
    for loss, like in (
        (FocalLoss(2.0), LogLoss()),
        (FocalLoss(3.0, pos_weight=10.0), LogLoss(10.0)),
        (FocalLoss(1.0, alpha=0.75), LogLoss(3.0)),
    ):
        sums = [
            bound(np.full(y.size, each.init_raw(y)))[1].sum(dtype=float)
            for each, bound in ((loss, loss.bind(y, scale=loss.log_loss_scale(y))), (like, like.bind(y)))
        ]
        assert sums[0] == pytest.approx(sums[1], rel=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": -1.0}, r"gamma must be .* >= 0 .* got -1.0"),
        ({"gamma": float("nan")}, "gamma must be"),
        ({"gamma": 101}, "gamma must be"),
        ({"alpha": 1.0}, r"alpha must be .* > 0 and < 1, got 1.0"),
        ({"alpha": 0}, "alpha must be"),
        ({"pos_weight": float("inf")}, "pos_weight must be"),
        ({"hessian": "newton"}, "hessian must be one of expected, exact, clamp; got 'newton'"),
    ],
)
def test_bad_parameters_are_refused_with_rule_and_value(options, message):
    with pytest.raises(ValueError, match=message):
        FocalLoss(**options)


def test_numbers_of_any_kind_become_plain_floats():
    assert repr(FocalLoss(np.float32(2), alpha=np.float64(0.5))) == (
        "FocalLoss(gamma=2.0, alpha=0.5, pos_weight=1.0, hessian='expected')"
    )
    assert FocalLoss(2) == FocalLoss(2.0)
    with pytest.raises(TypeError, match="gamma must be"):
        FocalLoss("2")
