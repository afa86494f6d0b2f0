"""Log-loss with a weight on positives."""

from dataclasses import dataclass
from math import log
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

from boostimb.losses._base import MarginLoss
from boostimb.losses._bound import Kernel
from boostimb.typing import FloatArray


@dataclass(frozen=True, repr=False)
class LogLoss(MarginLoss):
    """Log-loss (binary cross-entropy), ``w * softplus(-u)`` with ``u = raw`` for positives and ``-raw`` for negatives.

    The boosters' own binary objective, with the same trees from the same start.

    Parameters
    ----------
    pos_weight : float, default 1.0
        Factor w > 0 on the loss of positives. The posterior undoes it: ``logit P(y=1 | raw) = raw - ln(pos_weight)``.

    Raises
    ------
    ValueError
        If ``pos_weight`` is not a finite number > 0.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb import LogLoss
    >>> loss = LogLoss(pos_weight=4.0)
    >>> grad, hess = loss.grad_hess([0, 1], np.array([0.0, 0.0]))
    >>> grad.tolist(), hess.tolist()
    ([0.5, -2.0], [0.25, 1.0])
    >>> loss.predict_proba(np.array([0.0])).tolist()
    [0.2]
    """

    pos_weight: float = 1.0

    # The floor of "clamp" is this loss's own curvature, so that this only says that it must stay above 0 in float32.
    hessian: ClassVar[str] = "clamp"

    def value(self, label: int, raw: FloatArray) -> FloatArray:
        """Softplus of the wrong-way margin."""
        out: FloatArray = np.logaddexp(0, -raw if label else raw)
        return out

    def slope(self, label: int, raw: FloatArray) -> FloatArray:
        """``-q`` for positives, ``q`` for negatives, with q the probability of the other label."""
        out: FloatArray = -expit(-raw) if label else expit(raw)
        return out

    def curvature(self, label: int, raw: FloatArray) -> FloatArray:
        """``p * q``, whatever the label."""
        out: FloatArray = expit(raw) * expit(-raw)
        return out

    @property
    def posterior_shift(self) -> float:
        """``-ln(pos_weight)``."""
        return -log(self.pos_weight)

    def _compiled(self) -> tuple[Kernel, tuple[Any, ...]]:
        from boostimb.losses._kernels import log_loss

        return log_loss, (np.float32(1.0), np.float32(self.pos_weight))
