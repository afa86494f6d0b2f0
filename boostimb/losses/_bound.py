"""A loss whose labels and weights are fixed: what a booster calls each round, through a kernel or through NumPy."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.losses._reference import Pieces, grad_hess
from boostimb.losses._results import ResultPool
from boostimb.losses._threads import over_rows
from boostimb.typing import Float32Array, FloatArray, GradHess
from boostimb.validation import check_binary, check_length, check_weight, cupy, on_device, to_host

Kernel: TypeAlias = Callable[..., None]
TINY = np.finfo(np.float32).tiny
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Differentiable(Pieces, Protocol):
    """What the two routes below need of a loss."""

    def _compiled(self) -> tuple[Kernel, tuple[Any, ...]] | None: ...


class BoundMarginLoss:
    """Margins in, gradient and hessian out.

    The arrays returned are the caller's own for as long as anything refers to them, and threads may share a bound loss. It does
    not check that the margins are finite, since that would cost a good part of what the kernel does.
    """

    __slots__ = (
        "_constants", "_device_signed", "_kernel", "_loss", "_parameters", "_pool", "_positive", "_signed", "_size", "_start",
        "_weight",
    )  # fmt: skip

    def __init__(
        self,
        loss: Differentiable,
        y_true: ArrayLike,
        sample_weight: ArrayLike | None,
        scale: float = 1.0,
        start: float = 0.0,
    ) -> None:
        self._kernel: Kernel | None = None
        self._start = start
        self._device_signed: Any = None  # the signed weights once more, on a device that margins came from
        y_true, sample_weight = to_host(y_true), to_host(sample_weight)
        compiled = loss._compiled()
        if compiled is not None:
            from boostimb.losses._kernels import from_start

            self._kernel, self._parameters = compiled
            self._constants = from_start(start)
            self._signed = _signed_weights(y_true, sample_weight, scale)
            self._size = self._signed.size
            self._pool = ResultPool(2, self._size)
            return
        self._loss = loss
        self._positive = check_binary(y_true)
        self._size = self._positive.size
        weight = check_weight(sample_weight, self._size)
        self._weight: FloatArray | float = scale if weight is None else scale * weight

    def __call__(self, raw: ArrayLike) -> GradHess:
        """Return gradient and hessian, float32 of shape (n,), at margins of shape (n,); on a device if these are there."""
        if on_device(raw):
            return self._on_device(raw)
        margins = _as_margins(raw)
        check_length("raw", margins, self._size)
        if self._kernel is not None:
            return self._run(self._kernel, margins)
        grad, hess = grad_hess(self._loss, self._positive, margins.astype(np.float64, copy=False) + self._start)
        hess32 = (hess * self._weight).astype(np.float32)
        if self._loss.hessian != "exact":
            np.maximum(hess32, TINY, out=hess32)
        return (grad * self._weight).astype(np.float32), hess32

    def _on_device(self, raw: Any) -> Any:
        """Return gradient and hessian as CuPy arrays; where a loss has no formula there, the margins come to the host instead."""
        from boostimb.losses._gpu import TWINS, derivatives

        kernel = "" if self._kernel is None else self._kernel.__name__
        if kernel not in TWINS:
            return self(to_host(raw))
        xp = cupy()
        margins = xp.asarray(raw)
        check_length("raw", margins, self._size)
        if self._device_signed is None:
            self._device_signed = xp.asarray(self._signed)
        return derivatives(xp, kernel, margins + self._start, self._device_signed, self._parameters)

    def _run(self, kernel: Kernel, margins: NDArray[Any]) -> GradHess:
        """Call the kernel, in threads where there are many rows."""
        from boostimb.losses._kernels import BLOCK

        grad, hess = self._pool.take()

        def work(start: int, stop: int) -> None:
            rows = slice(start, stop)
            kernel(margins[rows], self._signed[rows], grad[rows], hess[rows], self._constants, *self._parameters)

        over_rows(margins.size, BLOCK, work)
        return grad, hess


def _signed_weights(y_true: ArrayLike, sample_weight: ArrayLike | None, scale: float) -> Float32Array:
    """Check labels and weights and make one array of them, the weight with the label as its sign: one to read instead of two."""
    y, weight = np.asarray(y_true), None if sample_weight is None else np.asarray(sample_weight)
    signed = _quick_sign(y, weight)
    if signed is not None and (weight is None or weight.any()):
        return signed if scale == 1.0 else np.multiply(signed, np.float32(scale), out=signed)
    positive = check_binary(y)
    checked = check_weight(weight, positive.size)
    if checked is None:
        return np.where(positive, np.float32(scale), np.float32(-scale))
    signed = (scale * checked).astype(np.float32)
    return np.negative(signed, out=signed, where=~positive)


def _quick_sign(y: NDArray[Any], weight: NDArray[Any] | None) -> Float32Array | None:
    """Do that in one pass for arrays of the boosters' own kind; None if they are of another, or break a rule."""
    from boostimb.losses._kernels import sign

    if not (y.dtype == FLOAT32 and y.ndim == 1):
        return None
    if weight is not None:
        if weight.shape != y.shape or weight.dtype != FLOAT32:
            return None
        weight = writeable(weight)
    signed = np.empty(y.size, FLOAT32)
    return signed if sign(writeable(y), weight, signed) else None


def _as_margins(raw: ArrayLike) -> NDArray[Any]:
    """Return margins as a kernel takes them: float32 or float64, in one piece."""
    margins = np.asarray(raw)
    if margins.dtype not in (FLOAT32, FLOAT64):
        margins = margins.astype(np.float64)
    if margins.ndim != 1:
        raise ValueError(f"raw must be one-dimensional, got shape {margins.shape}")
    return writeable(margins)


def writeable(array: NDArray[Any]) -> NDArray[Any]:
    """Copy an array with strides, and one that is read-only: numba would compile a kernel anew for its type."""
    return array if array.flags.carray else array.copy()
