"""Focal loss, with class weights, its true posterior and three second derivatives."""

from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
from scipy.special import expit

from boostimb.losses._base import MarginLoss
from boostimb.losses._bound import Kernel
from boostimb.typing import FloatArray
from boostimb.validation import check_choice


@dataclass(frozen=True, repr=False)
class FocalLoss(MarginLoss):
    """Focal loss: log-loss times the ``gamma``-th power of the probability of the wrong label.

    With ``u = raw`` for positives and ``-raw`` for negatives, ``p = sigmoid(u)``, ``q = 1 - p`` and ``w`` the class weight,
    the loss is ``w * q**gamma * -ln(p)``. Under it ``sigmoid(raw)`` is not the probability; ``predict_proba`` is.

    Parameters
    ----------
    gamma : float, default 2.0
        Focus, from 0 (log-loss) to 100: how strongly samples that are already right lose weight.
    alpha : float, optional
        Weighs the classes (alpha, 1 - alpha), 0 < alpha < 1: the convention of RetinaNet. None weighs both 1.
    pos_weight : float, default 1.0
        Factor > 0 on the loss of positives, on top of ``alpha``.
    hessian : {"expected", "exact", "clamp"}, default "expected"
        Second derivative handed to the booster. The exact one is negative where a sample is badly wrong (margin on the wrong
        side by more than 4.0, 3.1 or 2.8 at gamma 0.5, 1 or 2). "expected" averages it over the label drawn from the posterior
        and is positive everywhere. "clamp" is the exact one, but at least ``|gradient| * p``, so that no Newton step
        exceeds log-loss's.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    References
    ----------
    Lin et al. 2017, "Focal Loss for Dense Object Detection", arXiv 1708.02002, equation 5. Posterior: Charoenphakdee et al. 2021,
    "On Focal Loss for Class-Posterior Probability Estimation", arXiv 2011.09172.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb import FocalLoss
    >>> loss = FocalLoss(gamma=2.0)
    >>> loss.loss([1], np.array([0.0])).round(4).tolist()  # 0.5**2 * ln 2
    [0.1733]
    >>> loss.predict_proba(np.array([1.0])).round(4).tolist()  # not sigmoid(1) = 0.7311
    [0.9359]
    """

    gamma: float = 2.0
    alpha: float | None = None
    hessian: str = field(default="expected", kw_only=True)  # type: ignore[misc]  # a parameter here, fixed in the base

    def __post_init__(self) -> None:
        self._check_field("gamma", least=0, most=100)
        if self.alpha is not None:
            self._check_field("alpha", above=0, below=1)
        check_choice("hessian", self.hessian, ("expected", "exact", "clamp"))
        super().__post_init__()

    def value(self, label: int, raw: FloatArray) -> FloatArray:
        """``q**gamma * -ln(p)``."""
        return focal_value(raw if label else -raw, self.gamma)

    def slope(self, label: int, raw: FloatArray) -> FloatArray:
        """``-q**gamma * (q - gamma * p * ln(p))`` by the margin towards the label."""
        return focal_slope(raw, self.gamma) if label else -focal_slope(-raw, self.gamma)

    def curvature(self, label: int, raw: FloatArray) -> FloatArray:
        """``p * q**gamma * ((2 * gamma + 1) * q - gamma * ln(p) * (gamma * p - q))``."""
        return focal_curvature(raw if label else -raw, self.gamma)

    def log_slope(self, label: int, raw: FloatArray) -> FloatArray:
        """``ln |slope|``, exact at any margin."""
        return focal_log_slope(raw if label else -raw, self.gamma)

    @property
    def class_weight(self) -> tuple[float, float]:
        """``(1 - alpha, alpha * pos_weight)``, or ``(1, pos_weight)`` without alpha."""
        return (1.0, self.pos_weight) if self.alpha is None else (1.0 - self.alpha, self.alpha * self.pos_weight)

    @property
    def posterior_shift(self) -> float | None:
        """``ln(w0 / w1)`` at gamma 0, where this is log-loss; None otherwise."""
        w0, w1 = self.class_weight
        return log(w0 / w1) if self.gamma == 0 else None

    def _compiled(self) -> tuple[Kernel, tuple[Any, ...]]:
        from boostimb.losses._kernels import focal_exact, focal_expected, focal_parameters

        parameters = (*focal_parameters(self.gamma), *map(np.float32, self.class_weight))
        if self.hessian == "expected":
            return focal_expected, parameters
        return focal_exact, (*parameters, self.hessian == "clamp")


def focal_value(u: FloatArray, gamma: float) -> FloatArray:
    """``exp(-gamma * softplus(u)) * softplus(-u)``: q**gamma * -ln(p), with p = sigmoid(u) and q = 1 - p."""
    out: FloatArray = np.exp(-gamma * np.logaddexp(0, u)) * np.logaddexp(0, -u)
    return out


def focal_slope(u: FloatArray, gamma: float) -> FloatArray:
    """``-q**gamma * (q + gamma * p * s)`` with s = softplus(-u) = -ln(p)."""
    out: FloatArray = -np.exp(-gamma * np.logaddexp(0, u)) * (expit(-u) + gamma * expit(u) * np.logaddexp(0, -u))
    return out


def focal_curvature(u: FloatArray, gamma: float) -> FloatArray:
    """``p * q**gamma * ((2 gamma + 1) q + gamma s (gamma p - q))``."""
    p, q, s = expit(u), expit(-u), np.logaddexp(0, -u)
    out: FloatArray = p * np.exp(-gamma * np.logaddexp(0, u)) * ((2 * gamma + 1) * q + gamma * s * (gamma * p - q))
    return out


def focal_log_slope(u: FloatArray, gamma: float) -> FloatArray:
    """``-(gamma + 1) softplus(u) + ln(1 + gamma p s / q)``: the logarithm of ``-focal_slope`` with q taken out."""
    # s / q tends to 1 as both vanish; beyond u = 40 it is 1 to float64.
    near = np.minimum(u, 40.0)
    ratio = expit(near) * np.logaddexp(0, -near) / expit(-near)
    out: FloatArray = -(gamma + 1) * np.logaddexp(0, u) + np.log1p(gamma * ratio)
    return out
