"""Asymmetric loss against its definition, and at the places where it is delicate: no shift, and the kink at the shift."""

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logit

from boostimb import AsymmetricLoss, FocalLoss


def definition(loss, label):
    """Ridnik et al. 2021, equations 4 to 7, with the sign turned to a loss."""

    def value(z):
        p = 1 / (1 + mp.exp(-z))
        if label:
            return -((1 - p) ** loss.gamma_pos) * mp.log(p)
        shifted = max(p - mp.mpf(loss.shift), mp.mpf(0))
        return -(shifted**loss.gamma_neg) * mp.log(1 - shifted)

    return value


@pytest.mark.parametrize(
    "loss",
    [AsymmetricLoss(), AsymmetricLoss(1.0, 2.0, 0.0), AsymmetricLoss(0.5, 3.0, 0.2), AsymmetricLoss(0.0, 1.0, 0.01)],
    ids=repr,
)
def test_equals_its_definition_in_60_digits(loss):
    margins = np.array([-20.5, -4.5, -2.0, -1.0, 0.0, 0.3, 2.0, 7.7, 20.5])
    for label in (0, 1):
        with mp.workdps(60):
            f = definition(loss, label)
            value, slope, curvature = (np.array([float(mp.diff(f, mp.mpf(z), k)) for z in margins]) for k in range(3))
        y = np.full(margins.size, label)
        assert_allclose(loss.loss(y, margins), value, rtol=1e-10, atol=1e-40)
        assert_allclose(loss.slope(label, margins), slope, rtol=1e-8, atol=1e-40)
        assert_allclose(loss.curvature(label, margins), curvature, rtol=1e-7, atol=1e-20)
        assert_allclose(loss.grad_hess(y, margins)[0], slope, rtol=1e-5, atol=1e-37)


def test_without_focus_and_shift_it_is_focal_loss_on_each_class():
    raw, y = np.linspace(-40, 40, 321), np.tile([0, 1], 161)[:321]
    same = AsymmetricLoss(gamma_pos=2.0, gamma_neg=2.0, shift=0.0)
    assert_allclose(same.loss(y, raw), FocalLoss(2.0).loss(y, raw), rtol=1e-12)
    assert_allclose(same.grad_hess(y, raw)[0], FocalLoss(2.0).grad_hess(y, raw)[0], rtol=3e-6, atol=1e-37)
    assert_allclose(same.predict_proba(raw), FocalLoss(2.0).predict_proba(raw), rtol=1e-9)


def test_a_small_shift_is_nearly_none():
    raw = np.linspace(-6, 8, 105)
    tiny, none = AsymmetricLoss(1.0, 2.0, 1e-7), AsymmetricLoss(1.0, 2.0, 0.0)
    assert_allclose(tiny.loss(np.zeros(105), raw), none.loss(np.zeros(105), raw), rtol=1e-3)
    assert_allclose(tiny.predict_proba(raw), none.predict_proba(raw), rtol=1e-3)


def test_easy_negatives_cost_nothing_and_keep_a_positive_hessian():
    loss = AsymmetricLoss(shift=0.1)
    easy = np.linspace(-30, logit(0.1) - 1e-3, 50)
    assert (loss.loss(np.zeros(50), easy) == 0).all()
    grad, hess = loss.grad_hess(np.zeros(50), easy)
    assert (grad == 0).all()
    assert (hess > 0).all()
    assert (loss.predict_proba(easy) == 0).all()


def test_no_newton_step_exceeds_that_of_log_loss():
    raw = np.linspace(-30, 30, 601)
    for loss in (AsymmetricLoss(), AsymmetricLoss(0.5, 2.0, 0.1), AsymmetricLoss(2.0, 4.0, 0.0, pos_weight=30.0)):
        for label in (0, 1):
            grad, hess = loss.grad_hess(np.full(raw.size, label), raw)
            p_true = expit(raw if label else -raw)
            assert (np.abs(grad) * p_true <= hess * (1 + 1e-5) + 1e-37).all()


@pytest.mark.parametrize("gamma_pos", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("gamma_neg", [0.0, 0.5, 1.0, 4.0])
@pytest.mark.parametrize("shift", [0.0, 0.01, 0.05, 0.3])
def test_the_posterior_rises_for_all_parameters(gamma_pos, gamma_neg, shift):
    """Not proved, so it is tried: the ratio of gradients is monotone at any focus and shift."""
    proba = AsymmetricLoss(gamma_pos, gamma_neg, shift).predict_proba(np.linspace(-40, 40, 4001))
    assert np.isfinite(proba).all()
    assert (np.diff(proba) >= -1e-9).all()


def test_the_posterior_levels_off_where_the_documentation_says():
    assert AsymmetricLoss().predict_proba(np.array([100.0]))[0] == pytest.approx(0.9638, abs=1e-3)
    # A rate of positives that no margin stands for: the start is the bound, not an error.
    assert AsymmetricLoss().init_raw([1] * 99 + [0]) == 50.0


@pytest.mark.parametrize("options", [{"shift": 1.0}, {"shift": -0.1}, {"gamma_pos": -1}, {"gamma_neg": float("nan")}])
def test_bad_parameters_are_refused(options):
    with pytest.raises(ValueError, match="must be"):
        AsymmetricLoss(**options)
