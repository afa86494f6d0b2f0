"""A loss whose labels and weights are fixed: what a booster calls each round, through a kernel or through NumPy."""

from collections.abc import Callable, Hashable
from functools import lru_cache
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
NO_WEIGHTS: Float32Array = np.empty(0, np.float32)


class Differentiable(Pieces, Hashable, Protocol):
    """What the two routes below need of a loss."""

    def _compiled(self) -> tuple[Kernel, tuple[Any, ...]] | None: ...


@lru_cache(maxsize=256)
def _compiled(loss: Differentiable) -> tuple[Kernel, tuple[Any, ...]] | None:
    """Remember a loss's kernel: CatBoost asks for it with every thousand rows."""
    return loss._compiled()


class BoundMarginLoss:
    """Margins in, gradient and hessian out.

    The arrays returned are the caller's own for as long as anything refers to them, and threads may share a bound loss. It does
    not check that the margins are finite, since that would cost a good part of what the kernel does.
    """

    __slots__ = ("_device_signed", "_kernel", "_loss", "_parameters", "_pool", "_positive", "_signed", "_size", "_weight")

    def __init__(self, loss: Differentiable, y_true: ArrayLike, sample_weight: ArrayLike | None, scale: float = 1.0) -> None:
        self._kernel: Kernel | None = None
        self._device_signed: Any = None  # the signed weights once more, on a device that margins came from
        y_true, sample_weight = to_host(y_true), to_host(sample_weight)
        compiled = _compiled(loss)
        if compiled is not None:
            self._kernel, self._parameters = compiled
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
            return _run(self._kernel, margins, self._signed, self._parameters, self._pool.take())
        grad, hess = grad_hess(self._loss, self._positive, margins.astype(np.float64, copy=False))
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
        return derivatives(xp, kernel, margins, self._device_signed, self._parameters)


def chunk_derivatives(loss: Differentiable, approxes: ArrayLike, targets: ArrayLike, weights: ArrayLike | None) -> FloatArray:
    """Minus gradient and minus hessian, shape (n, 2), as CatBoost takes them.

    It asks for a thousand rows a call, so that what a call costs beside its kernel matters.
    """
    raw, y = np.asarray(approxes, FLOAT64), np.asarray(targets, FLOAT32)
    weight = None if weights is None else np.asarray(weights, FLOAT32)
    out = np.empty((raw.size, 2))
    compiled = _compiled(loss)
    if compiled is None:
        grad, hess = BoundMarginLoss(loss, y, None)(raw)
        out[:, 0], out[:, 1] = -grad, -hess
        return out if weight is None else np.multiply(out, weight[:, None], out=out)
    from boostimb.losses._kernels import negated_pairs

    signed = _quick_sign(y, weight)
    if signed is None:
        signed = _signed_weights(y, weight, 1.0)
    negated_pairs(*_run(compiled[0], _as_margins(raw), signed, compiled[1], np.empty((2, raw.size), FLOAT32)), out)
    return out


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

    if weight is not None and weight.shape != y.shape:
        return None
    weight = NO_WEIGHTS if weight is None else weight
    if not (y.dtype == weight.dtype == FLOAT32 and y.ndim == 1):
        return None
    signed = np.empty(y.size, FLOAT32)
    return signed if sign(writeable(y), writeable(weight), signed) else None


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


def _run(
    kernel: Kernel, margins: NDArray[Any], signed: Float32Array, parameters: tuple[Any, ...], results: Float32Array
) -> GradHess:
    """Call a kernel, in threads where there are many rows; ``results`` has the shape (2, n)."""
    from boostimb.losses._kernels import BLOCK, CONSTANTS

    grad, hess = results[0], results[1]

    def work(start: int, stop: int) -> None:
        rows = slice(start, stop)
        kernel(margins[rows], signed[rows], grad[rows], hess[rows], CONSTANTS, *parameters)

    over_rows(margins.size, BLOCK, work)
    return grad, hess
