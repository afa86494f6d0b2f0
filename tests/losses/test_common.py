"""Every check on every loss, and proof that each check notices what it is there for."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit

from boostimb import FocalLoss, LogLoss, MarginLoss
from boostimb.losses import testing
from boostimb.typing import Loss


@pytest.mark.parametrize("check", testing.CHECKS, ids=lambda check: check.__name__)
def test_loss(check, loss):
    check(loss)


def test_it_is_what_the_boosters_take_for_a_loss(loss):
    assert isinstance(loss, Loss)


def test_a_loss_without_any_slope_is_refused():
    @dataclass(frozen=True)
    class Flat(LogLoss):
        posterior_shift = None

        def slope(self, label, raw):
            return np.zeros_like(raw)

    with pytest.raises(ValueError, match="slope must differ from 0"):
        Flat().predict_proba(np.array([3.0]))


def test_check_loss_runs_all_and_names_the_one_that_fails():
    testing.check_loss(FocalLoss())
    with pytest.raises(AssertionError, match=r"check_slope failed for TwiceTheSlope"):
        testing.check_loss(TwiceTheSlope())


@dataclass(frozen=True)
class TwiceTheSlope(LogLoss):
    def slope(self, label, raw):
        return 2 * super().slope(label, raw)


@dataclass(frozen=True)
class WrongCurvature(LogLoss):
    def curvature(self, label, raw):
        return np.full_like(raw, 0.25)


@dataclass(frozen=True)
class NegativeValue(LogLoss):
    def value(self, label, raw):
        return super().value(label, raw) - 1


@dataclass(frozen=True)
class Clipped(MarginLoss):
    """What most public losses do: the tails are not the derivative of anything."""

    def value(self, label, raw):
        return -np.log(np.clip(expit(raw if label else -raw), 1e-3, 1))

    def slope(self, label, raw):
        return -expit(-raw) if label else expit(raw)

    def curvature(self, label, raw):
        return expit(raw) * expit(-raw)


@dataclass(frozen=True)
class WrongLogSlope(FocalLoss):
    def log_slope(self, label, raw):
        return super().log_slope(label, raw) + 1


@dataclass(frozen=True)
class WrongKernel(FocalLoss):
    def slope(self, label, raw):
        return 1.001 * super().slope(label, raw)


@dataclass(frozen=True)
class Overflowing(MarginLoss):
    """The naive formula, which is NaN from a margin of 710 on."""

    def value(self, label, raw):
        return np.logaddexp(0, -raw if label else raw)

    def slope(self, label, raw):
        with np.errstate(over="ignore", invalid="ignore"):
            return np.exp(-raw) / -(1 + np.exp(-raw)) if label else np.exp(raw) / (1 + np.exp(raw))

    def curvature(self, label, raw):
        return expit(raw) * expit(-raw)


@dataclass(frozen=True)
class WrongPosterior(LogLoss):
    @property
    def posterior_shift(self):
        return 0.5


@dataclass(frozen=True)
class ForgetsTheStart(LogLoss):
    def in_chunks(self, *, scale=1.0, start=0.0):
        return super().in_chunks(scale=scale)


@dataclass(frozen=True)
class NoWeights(LogLoss):
    def loss(self, y_true, raw, sample_weight=None):
        return super().loss(y_true, raw)


@dataclass(frozen=True)
class HidesItsWeight(LogLoss):
    def __repr__(self):
        return "HidesItsWeight()"


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (TwiceTheSlope(), testing.check_slope),
        (WrongCurvature(), testing.check_curvature),
        (NegativeValue(), testing.check_value),
        (Clipped(), testing.check_slope),
        (WrongLogSlope(), testing.check_log_slope),
        (WrongKernel(), testing.check_kernel),
        (Overflowing(), testing.check_extreme_margins),
        (WrongPosterior(), testing.check_posterior),
        (WrongPosterior(), testing.check_start),
        (ForgetsTheStart(), testing.check_shifted),
        (NoWeights(), testing.check_weights),
        (HidesItsWeight(2.0), testing.check_frozen),
    ],
    ids=lambda case: getattr(case, "__name__", None),
)
def test_check_notices(broken, check):
    with pytest.raises(AssertionError):
        check(broken)


def test_a_piece_that_is_not_defined_says_its_name():
    @dataclass(frozen=True)
    class Empty(MarginLoss):
        pass

    for piece in ("value", "slope", "curvature"):
        with pytest.raises(NotImplementedError, match=rf"Empty must define {piece}\(label, raw\)"):
            getattr(Empty(), piece)(1, np.zeros(2))
