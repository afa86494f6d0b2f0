"""Asymmetric loss: a focus for each class, and a shift that forgets easy negatives."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, log_expit

from boostimb.losses._base import MarginLoss
from boostimb.losses._bound import Kernel
from boostimb.losses._focal import focal_curvature, focal_log_slope, focal_slope, focal_value
from boostimb.typing import FloatArray


@dataclass(frozen=True, repr=False)
class AsymmetricLoss(MarginLoss):
    """Asymmetric loss: focal loss with an exponent for each class, blind to negatives below a probability ``shift``.

    With ``p = sigmoid(raw)`` and ``x = max(p - shift, 0)``, a positive costs ``-(1 - p)**gamma_pos * ln(p)`` and a negative
    ``-x**gamma_neg * ln(1 - x)``. The derivatives are those of this very function.

    The second derivative handed to the booster is the one expected under the posterior, and at least
    ``|gradient| * sigmoid(u)``, because below the shift the loss of negatives is flat and the expected one vanishes there.

    With ``shift > 0`` the posterior is 0 at margins below ``logit(shift)`` and stays below 1 however large the margin
    (0.96 at the defaults): this loss ranks well, but it cannot tell probabilities near 0 and 1 apart.

    Parameters
    ----------
    gamma_pos, gamma_neg : float, default 0.0 and 4.0
        Focus on positives and on negatives, from 0 to 100.
    shift : float, default 0.05
        Probability in [0, 1) below which a negative costs nothing.
    pos_weight : float, default 1.0
        Factor > 0 on the loss of positives.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    References
    ----------
    Ridnik et al. 2021, "Asymmetric Loss For Multi-Label Classification", arXiv 2009.14119, equations 4 to 7.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb import AsymmetricLoss
    >>> loss = AsymmetricLoss()
    >>> loss.loss([0, 0], np.array([-3.0, 3.0])).round(4).tolist()  # sigmoid(-3) = 0.047 is below the shift
    [0.0, 1.5454]
    """

    gamma_pos: float = 0.0
    gamma_neg: float = 4.0
    shift: float = 0.05

    hessian: ClassVar[str] = "guarded"

    def __post_init__(self) -> None:
        self._check_field("gamma_pos", least=0, most=100)
        self._check_field("gamma_neg", least=0, most=100)
        self._check_field("shift", least=0, below=1)
        super().__post_init__()

    def value(self, label: int, raw: FloatArray) -> FloatArray:
        """``q**gamma_pos * -ln(p)`` for positives, ``x**gamma_neg * -ln(1 - x)`` for negatives."""
        if label:
            return focal_value(raw, self.gamma_pos)
        if self.shift == 0:
            return focal_value(-raw, self.gamma_neg)
        x, log_rest = self._shifted(raw)
        out: FloatArray = x**self.gamma_neg * log_rest
        return out

    def slope(self, label: int, raw: FloatArray) -> FloatArray:
        """Of positives as in focal loss; of negatives ``p q F'(x)``, with ``F`` the loss as a function of x."""
        if label:
            return focal_slope(raw, self.gamma_pos)
        if self.shift == 0:
            return -focal_slope(-raw, self.gamma_neg)
        first, _ = self._by_probability(raw)
        out: FloatArray = expit(raw) * expit(-raw) * first
        return out

    def curvature(self, label: int, raw: FloatArray) -> FloatArray:
        """Of positives as in focal loss; of negatives ``p q (p q F''(x) + (q - p) F'(x))``."""
        if label:
            return focal_curvature(raw, self.gamma_pos)
        if self.shift == 0:
            return focal_curvature(-raw, self.gamma_neg)
        first, second = self._by_probability(raw)
        p, q = expit(raw), expit(-raw)
        out: FloatArray = p * q * (p * q * second + (q - p) * first)
        return out

    def log_slope(self, label: int, raw: FloatArray) -> FloatArray:
        """``ln |slope|``; minus infinity below the shift."""
        if label:
            return focal_log_slope(raw, self.gamma_pos)
        if self.shift == 0:
            return focal_log_slope(-raw, self.gamma_neg)
        x, log_rest = self._shifted(raw)
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = (self.gamma_neg - 1) * np.log(x) + np.log(self.gamma_neg * log_rest + x / self._rest(raw))
        out: FloatArray = np.where(x > 0, log_expit(raw) + log_expit(-raw) + inner, -np.inf)
        return out

    def _rest(self, raw: FloatArray) -> FloatArray:
        """``1 - x``, without cancellation as p nears 1."""
        out: FloatArray = np.minimum(expit(-raw) + self.shift, 1.0)
        return out

    def _shifted(self, raw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``x`` and ``-ln(1 - x)``."""
        x: FloatArray = np.maximum(expit(raw) - self.shift, 0.0)
        log_rest: FloatArray = np.where(x < 0.5, -np.log1p(-np.minimum(x, 0.5)), -np.log(self._rest(raw)))
        return x, log_rest

    def _by_probability(self, raw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``F'(x)`` and ``F''(x)`` of ``F(x) = -x**gamma * ln(1 - x)``, and 0 where x is 0."""
        gamma = self.gamma_neg
        x, log_rest = self._shifted(raw)
        inside = x > 0
        safe, rest = np.where(inside, x, 1.0), self._rest(raw)
        power, per_x = np.where(inside, safe**gamma, 0.0), log_rest / safe
        first = power * (gamma * per_x + 1 / rest)
        second = power * (gamma * (gamma - 1) * per_x / safe + 2 * gamma / (safe * rest) + 1 / rest**2)
        return first, second

    def _compiled(self) -> tuple[Kernel, tuple[Any, ...]]:
        from boostimb.losses._kernels import asymmetric, focal_parameters

        weights = (np.float32(self.shift), *map(np.float32, self.class_weight))
        return asymmetric, (*focal_parameters(self.gamma_pos), *focal_parameters(self.gamma_neg), *weights)
