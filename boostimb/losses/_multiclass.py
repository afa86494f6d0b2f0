"""Labels and margins of several classes: checks, probabilities, and a loss whose labels and weights are fixed."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from boostimb.losses._bound import writeable
from boostimb.losses._results import ResultPool
from boostimb.losses._threads import over_rows
from boostimb.typing import FloatArray, GradHess, IntArray
from boostimb.validation import as_vector, check_length, check_weight


class Weighted(Protocol):
    """What is used of the loss here."""

    @property
    def gamma(self) -> float: ...

    def weights_of(self, n_classes: int) -> FloatArray: ...


class BoundSoftmaxLoss:
    """Margins of shape (n, n_classes) in, gradient and hessian of that shape out; see `SoftmaxFocalLoss.bind`."""

    __slots__ = ("_labels", "_parameters", "_pool", "_shape", "_weight")

    def __init__(
        self, loss: Weighted, y_true: ArrayLike, n_classes: int, sample_weight: ArrayLike | None, scale: float = 1.0
    ) -> None:
        from boostimb.losses._kernels import focal_parameters

        y = check_classes(y_true, n_classes)
        self._labels = y.astype(np.int32)
        self._weight = (scale * row_weights(loss.weights_of(n_classes), y, sample_weight)).astype(np.float32)
        self._shape = (y.size, n_classes)
        self._parameters = focal_parameters(loss.gamma)
        self._pool = ResultPool(2, *self._shape)

    def __call__(self, raw: ArrayLike) -> GradHess:
        """Return gradient and hessian, float32 of shape (n, n_classes)."""
        from boostimb.losses._kernels import CONSTANTS, softmax_focal

        margins = np.asarray(raw)
        if margins.dtype not in (np.float32, np.float64):
            margins = margins.astype(np.float64)
        if margins.ndim != 2 or margins.shape[1] != self._shape[1]:
            raise ValueError(f"raw must have the shape (n, {self._shape[1]}), got {margins.shape}")
        check_length("raw", margins, self._shape[0])
        margins = writeable(margins)
        results = self._pool.take()
        grad, hess = results[0], results[1]

        def work(start: int, stop: int) -> None:
            rows = slice(start, stop)
            softmax_focal(
                margins[rows], self._labels[rows], self._weight[rows], grad[rows], hess[rows], CONSTANTS, *self._parameters
            )

        over_rows(self._shape[0], 1, work)
        return grad, hess


def log_proba(raw: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``ln p`` and ``ln(1 - p)`` of the softmax, without cancellation, shape (n, n_classes) each."""
    rows, top = np.arange(raw.shape[0]), raw.argmax(axis=1)
    rest = raw.copy()
    rest[rows, top] = -np.inf
    second = rest.max(axis=1)
    log_rest = second + np.log(np.exp(rest - second[:, None]).sum(axis=1))
    log_all = np.logaddexp(raw[rows, top], log_rest)
    log_p = raw - log_all[:, None]
    # The likeliest class: its 1 - p is the sum of the others, and its p is computed from that.
    gap = log_rest - raw[rows, top]
    log_p[rows, top] = -np.logaddexp(0, gap)
    log_q = np.empty_like(log_p)
    others = np.ones(raw.shape, bool)
    others[rows, top] = False
    log_q[others] = np.log1p(-np.exp(log_p[others]))
    log_q[rows, top] = -np.logaddexp(0, -gap)
    return log_p, log_q


def row_weights(class_weight: FloatArray, y: IntArray, sample_weight: ArrayLike | None) -> FloatArray:
    """Weight of each row: that of its class, times its own."""
    weight = check_weight(sample_weight, y.size)
    by_class: FloatArray = class_weight[y]
    return by_class if weight is None else by_class * weight


def check_margins(raw: ArrayLike) -> FloatArray:
    """Return finite margins of shape (n, n_classes) as float64."""
    margins = np.asarray(raw, np.float64)
    if margins.ndim != 2 or margins.shape[1] < 2:
        raise ValueError(f"raw must have the shape (n, n_classes) with at least 2 classes, got {margins.shape}")
    if not np.isfinite(margins).all():
        raise ValueError(f"raw must be finite, got {margins[~np.isfinite(margins)][0]}")
    return margins


def check_classes(y_true: ArrayLike, n_classes: int | None) -> IntArray:
    """Return labels in 0, 1, ..., n_classes - 1 as integers of shape (n,); None sets no upper bound."""
    y = as_vector("y_true", y_true)
    if y.dtype.kind not in "iufb":
        raise ValueError(f"y_true must hold the labels 0, 1, ..., got values of type {y.dtype}")
    whole = np.asarray(y, np.float64)
    wrong = ~((whole >= 0) & (whole == np.floor(whole)) & (whole < (np.inf if n_classes is None else n_classes)))
    if wrong.any():
        top = "..." if n_classes is None else f"..., {n_classes - 1}"
        raise ValueError(f"y_true must hold the labels 0, 1, {top} only, got {y[wrong][0]}")
    return whole.astype(np.intp)
