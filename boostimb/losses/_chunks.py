"""A loss as CatBoost calls it: some hundred rows at a time, three thousand times a round of a million rows."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.losses._bound import FLOAT32, FLOAT64, BoundMarginLoss, Differentiable, writeable
from boostimb.typing import FloatArray


class ChunkObjective:
    """A CatBoost objective whose margins count from ``start``, and whose derivatives are times ``scale``.

    What a call costs beside its arithmetic decides the speed of a round, so that all which can be is prepared here.
    """

    # CatBoost would compile the method by itself, for a slower result.
    no_jit: ClassVar[bool] = True

    def __init__(self, loss: Differentiable, scale: float = 1.0, start: float = 0.0) -> None:
        self._given = loss, scale, start
        self._kernel: Callable[..., FloatArray] | None = None
        compiled = loss._compiled()
        if compiled is not None:
            from boostimb.losses._kernels import CHUNKS, from_start

            self._kernel = partial(CHUNKS[compiled[0]], from_start(start), compiled[1], np.float32(scale))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by what it was made of: CatBoost copies its parameters deeply."""
        return type(self), self._given

    def calc_ders_range(self, approxes: ArrayLike, targets: ArrayLike, weights: ArrayLike | None) -> FloatArray:
        """Return minus gradient and minus hessian, shape (n, 2), for one chunk of rows."""
        raw, y = _plain(approxes, FLOAT64), _plain(targets, FLOAT32)
        weight = None if weights is None else _plain(weights, FLOAT32)
        if self._kernel is not None and raw.shape == y.shape and (weight is None or weight.shape == y.shape):
            ders = self._kernel(raw, y, weight)
            if len(ders) or not raw.size:
                return ders
        # A loss without a kernel; or one that finds a rule broken, which this reports.
        loss, scale, start = self._given
        grad, hess = BoundMarginLoss(loss, y, None if self._kernel is None else weight, scale, start)(raw)
        out = np.stack((-grad, -hess), axis=1, dtype=np.float64)
        return out if weight is None else np.multiply(out, weight[:, None], out=out)


def _plain(values: ArrayLike, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array of the kind that CatBoost passes, and for which the kernel is compiled."""
    return writeable(np.asarray(values, dtype))
