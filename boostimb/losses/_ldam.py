"""Log-loss that wants a margin to spare, more of it of the rarer class."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit

from boostimb.losses._base import MarginLoss
from boostimb.losses._bound import Kernel
from boostimb.typing import FloatArray
from boostimb.validation import check_binary


@dataclass(frozen=True, repr=False)
class LDAMLoss(MarginLoss):
    """Label-distribution-aware margin loss: ``w * softplus(spare - u)``, ``u = raw`` for positives and ``-raw`` for negatives.

    The margin to spare is ``max_margin`` for the class with fewer samples, and ``max_margin * (fewer / more) ** (1 / 4)`` for the
    other. Both follow from the counts of the classes, which are parameters: a loss is a value, the same in every fold.
    Without margins it is log-loss; with them it is convex, and its posterior is a ratio of slopes as for any loss here.

    Parameters
    ----------
    n_pos, n_neg : float
        Counts, or weights, of positives and negatives, above 0; only their ratio matters. See `from_labels`.
    max_margin : float, default 0.5
        Margin of the rarer class in log-odds, from 0 to 50.
    pos_weight : float, default 1.0
        Factor > 0 on the loss of positives.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    References
    ----------
    Cao et al. 2019, "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss", arXiv 1906.07413.
    There, too, the largest margin is what is tuned; but the weights have a constant norm, which the margins of trees have not.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb import LDAMLoss
    >>> loss = LDAMLoss(n_pos=10, n_neg=810, max_margin=0.6)
    >>> [round(spare, 6) for spare in loss.spare]  # of negatives and of positives: 810 / 10 is 3**4
    [0.2, 0.6]
    >>> round(float(loss.predict_proba(np.array([loss.init_raw([0, 0, 0, 1])]))[0]), 6)
    0.25
    """

    n_pos: float
    n_neg: float
    max_margin: float = 0.5

    hessian: ClassVar[str] = "clamp"

    def __post_init__(self) -> None:
        self._check_field("n_pos", above=0)
        self._check_field("n_neg", above=0)
        self._check_field("max_margin", least=0, most=50)
        super().__post_init__()

    @classmethod
    def from_labels(cls, y_true: ArrayLike, max_margin: float = 0.5, *, pos_weight: float = 1.0) -> "LDAMLoss":
        """Count labels 0 and 1 of shape (n,), and return the loss for them."""
        positive = check_binary(y_true)
        n_pos = int(np.count_nonzero(positive))
        return cls(n_pos, positive.size - n_pos, max_margin, pos_weight=pos_weight)

    @property
    def spare(self) -> tuple[float, float]:
        """The margins that negatives and positives are to have to spare."""
        neg, pos = ((min(self.n_pos, self.n_neg) / count) ** 0.25 * self.max_margin for count in (self.n_neg, self.n_pos))
        return neg, pos

    def _short(self, label: int, raw: FloatArray) -> FloatArray:
        """Margin towards the label, less the margin to spare."""
        return raw - self.spare[1] if label else -raw - self.spare[0]

    def value(self, label: int, raw: FloatArray) -> FloatArray:
        """``softplus(spare - u)``."""
        out: FloatArray = np.logaddexp(0, -self._short(label, raw))
        return out

    def slope(self, label: int, raw: FloatArray) -> FloatArray:
        """``-q`` for positives, ``q`` for negatives, with ``q = sigmoid(spare - u)``."""
        q: FloatArray = expit(-self._short(label, raw))
        return -q if label else q

    def curvature(self, label: int, raw: FloatArray) -> FloatArray:
        """``q * (1 - q)``."""
        short = self._short(label, raw)
        out: FloatArray = expit(short) * expit(-short)
        return out

    def log_slope(self, label: int, raw: FloatArray) -> FloatArray:
        """``ln q``, exact at any margin."""
        out: FloatArray = log_expit(-self._short(label, raw))
        return out

    @property
    def posterior_shift(self) -> float | None:
        """``-ln(pos_weight)`` without margins, where this is log-loss; None otherwise."""
        return -float(np.log(self.pos_weight)) if self.max_margin == 0 else None

    def _compiled(self) -> tuple[Kernel, tuple[Any, ...]]:
        from boostimb.losses._kernels import ldam

        neg, pos = self.spare
        return ldam, tuple(map(np.float32, (neg, pos, np.exp(-neg), np.exp(-pos), *self.class_weight)))
