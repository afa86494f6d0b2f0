"""A loss whose labels and weights are fixed: what a booster calls each round, through a kernel or through NumPy."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.losses._reference import Pieces, grad_hess
from boostimb.losses._threads import over_rows
from boostimb.typing import BoolArray, Float32Array, FloatArray, GradHess
from boostimb.validation import check_binary, check_length

Kernel: TypeAlias = Callable[..., None]
TINY = np.finfo(np.float32).tiny


class Differentiable(Pieces, Protocol):
    """What the two routes below need of a loss."""

    def _compiled(self) -> tuple[Kernel, tuple[Any, ...]] | None: ...


class BoundLoss:
    """Margins in, gradient and hessian out.

    It holds no buffers: every call returns fresh arrays, and threads may share it. It does not check that the margins are
    finite, since that would cost as much as the kernel.
    """

    __slots__ = ("_kernel", "_loss", "_parameters", "_positive", "_signed", "_weight")

    def __init__(self, loss: Differentiable, positive: BoolArray, weight: FloatArray | float) -> None:
        self._loss = loss
        self._positive = positive
        self._weight = weight
        self._kernel: Kernel | None = None
        compiled = loss._compiled()
        if compiled is not None:
            self._kernel, self._parameters = compiled
            # The sign of a weight is its row's label: one array to read instead of two.
            self._signed: Float32Array = np.where(positive, weight, np.negative(weight)).astype(np.float32)

    def __call__(self, raw: ArrayLike) -> GradHess:
        """Return gradient and hessian, float32 of shape (n,), at margins of shape (n,)."""
        margins = _as_margins(raw)
        check_length("raw", margins, self._positive.size)
        if self._kernel is None:
            return self._by_numpy(margins)
        return run_kernel(self._kernel, margins, self._signed, self._parameters)

    def _by_numpy(self, margins: NDArray[Any]) -> GradHess:
        grad, hess = grad_hess(self._loss, self._positive, margins.astype(np.float64, copy=False))
        hess32 = (hess * self._weight).astype(np.float32)
        if self._loss.hessian != "exact":
            np.maximum(hess32, TINY, out=hess32)
        return (grad * self._weight).astype(np.float32), hess32


def _as_margins(raw: ArrayLike) -> NDArray[Any]:
    """Return margins as a kernel takes them: float32 or float64, contiguous; a read-only array would be compiled for anew."""
    margins = np.asarray(raw)
    if margins.dtype not in (np.float32, np.float64):
        margins = margins.astype(np.float64)
    if margins.ndim != 1:
        raise ValueError(f"raw must be one-dimensional, got shape {margins.shape}")
    return margins if margins.flags.carray else margins.copy()


def run_kernel(kernel: Kernel, margins: NDArray[Any], signed: Float32Array, parameters: tuple[Any, ...]) -> GradHess:
    """Call a kernel, in threads where there are many rows."""
    from boostimb.losses._kernels import BLOCK, CONSTANTS

    grad, hess = np.empty(margins.size, np.float32), np.empty(margins.size, np.float32)

    def work(start: int, stop: int) -> None:
        rows = slice(start, stop)
        kernel(margins[rows], signed[rows], grad[rows], hess[rows], CONSTANTS, *parameters)

    over_rows(margins.size, BLOCK, work)
    return grad, hess


def chunk_derivatives(loss: Differentiable, raw: FloatArray, targets: Float32Array, weights: ArrayLike | None) -> FloatArray:
    """Minus gradient and minus hessian, shape (n, 2), as CatBoost takes them.

    It asks for a thousand rows a call, so that what a call costs beside its kernel matters.
    """
    weight = np.ones(raw.size, np.float32) if weights is None else np.asarray(weights, np.float32)
    out = np.empty((raw.size, 2))
    compiled = loss._compiled()
    if compiled is None:
        grad, hess = BoundLoss(loss, check_binary(targets, "targets"), weight.astype(np.float64))(raw)
        out[:, 0], out[:, 1] = -grad, -hess
        return out
    from boostimb.losses._kernels import negated_pairs, sign

    signed = np.empty(raw.size, np.float32)
    if sign(targets, weight, signed):
        check_binary(targets, "targets")
    negated_pairs(*run_kernel(compiled[0], _as_margins(raw), signed, compiled[1]), out)
    return out
