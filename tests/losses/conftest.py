"""The losses that the common suite runs over: a new loss is one line."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit

from boostimb import AsymmetricLoss, FocalLoss, LDAMLoss, LogLoss, MarginLoss


@dataclass(frozen=True)
class MarginShiftLoss(MarginLoss):
    """A user's own: log-loss that wants a margin to spare, more of the rare class (LDAM, Cao et al. 2019, arXiv 1906.07413)."""

    spare_neg: float = 0.1
    spare_pos: float = 1.0

    def _u(self, label, raw):
        return raw - self.spare_pos if label else -raw - self.spare_neg

    def value(self, label, raw):
        return np.logaddexp(0, -self._u(label, raw))

    def slope(self, label, raw):
        q = expit(-self._u(label, raw))
        return -q if label else q

    def curvature(self, label, raw):
        u = self._u(label, raw)
        return expit(u) * expit(-u)


LOSSES = [
    LogLoss(),
    LogLoss(pos_weight=7.5),
    FocalLoss(gamma=0.0),
    FocalLoss(gamma=0.5, alpha=0.75),
    FocalLoss(gamma=2.0),
    FocalLoss(gamma=5.0, pos_weight=20.0),
    FocalLoss(gamma=1.5, alpha=0.25, pos_weight=3.0, hessian="exact"),
    FocalLoss(gamma=2.0, hessian="clamp"),
    AsymmetricLoss(),
    AsymmetricLoss(gamma_pos=1.0, gamma_neg=2.0, shift=0.0, pos_weight=4.0),
    AsymmetricLoss(gamma_pos=0.5, gamma_neg=3.0, shift=0.2),
    LDAMLoss(20, 980),
    LDAMLoss(300, 700, max_margin=4.0, pos_weight=5.0),
    LDAMLoss(7, 3, max_margin=0.0, pos_weight=2.0),
    MarginShiftLoss(),
    MarginShiftLoss(spare_pos=2.0, pos_weight=5.0),
]


@pytest.fixture(params=LOSSES, ids=repr)
def loss(request):
    return request.param
