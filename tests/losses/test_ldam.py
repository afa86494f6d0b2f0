"""LDAM's margins by their counts, and the loss against what it reduces to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, logit

from boostimb import LDAMLoss, LogLoss


def test_margins_fall_with_the_fourth_root_of_the_count():
    neg, pos = LDAMLoss(n_pos=16, n_neg=81 * 16, max_margin=0.9).spare
    assert (neg, pos) == pytest.approx((0.3, 0.9))
    assert LDAMLoss(81 * 16, 16, 0.9).spare == pytest.approx((0.9, 0.3))  # whichever class is the rarer
    assert LDAMLoss(1.6, 129.6, 0.9) != LDAMLoss(16, 1296, 0.9)
    assert LDAMLoss(1.6, 129.6, 0.9).spare == pytest.approx(LDAMLoss(16, 1296, 0.9).spare)


def test_labels_are_counted():
    assert LDAMLoss.from_labels([0, 1, 0, 0, 0], 0.7, pos_weight=2.0) == LDAMLoss(1, 4, 0.7, pos_weight=2.0)
    with pytest.raises(ValueError, match="n_pos must be a finite number > 0, got 0"):
        LDAMLoss.from_labels([0, 0])


def test_without_margins_it_is_log_loss():
    raw, y = np.linspace(-30, 30, 241), np.tile([0, 1], 121)[:241]
    ldam, log = LDAMLoss(1, 9, 0.0, pos_weight=3.0), LogLoss(3.0)
    assert_allclose(ldam.loss(y, raw), log.loss(y, raw))
    assert_allclose(ldam.grad_hess(y, raw), log.grad_hess(y, raw), rtol=1e-5, atol=1e-37)
    assert ldam.posterior_shift == log.posterior_shift


def test_it_is_log_loss_at_a_margin_that_is_moved():
    loss, raw = LDAMLoss(10, 400, 1.5), np.linspace(-9, 9, 73)
    neg, pos = loss.spare
    assert_allclose(loss.loss(np.ones(73), raw), LogLoss().loss(np.ones(73), raw - pos))
    assert_allclose(loss.loss(np.zeros(73), raw), LogLoss().loss(np.zeros(73), raw + neg))


def test_the_posterior_is_not_a_sigmoid_but_near_one_in_the_tails():
    loss = LDAMLoss(10, 400, 2.0)
    neg, pos = loss.spare
    odds = (1 + np.exp(1.0 - pos)) / (1 + np.exp(-1.0 - neg))
    assert_allclose(loss.predict_proba(np.array([1.0])), odds / (1 + odds))
    far = np.array([-20.0, 20.0])
    assert_allclose(logit(loss.predict_proba(far)), far + np.array([neg, -pos]), atol=1e-6)


def test_no_newton_step_exceeds_that_of_log_loss():
    raw, loss = np.linspace(-30, 30, 601), LDAMLoss(10, 400, 3.0, pos_weight=7.0)
    for label in (0, 1):
        grad, hess = loss.grad_hess(np.full(raw.size, label), raw)
        assert (np.abs(grad) * expit(raw if label else -raw) <= hess * (1 + 1e-5) + 1e-37).all()


@pytest.mark.parametrize("options", [(0, 10), (10, -1), (1, 2, -0.1), (1, 2, 51)])
def test_bad_parameters_are_refused(options):
    with pytest.raises(ValueError, match="must be a finite number"):
        LDAMLoss(*options)
