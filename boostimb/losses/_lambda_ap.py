"""Average precision itself as the objective."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.losses._adapters import native_data, objective_arguments
from boostimb.losses._bound import _as_margins, _signed_weights
from boostimb.losses._ranking import Gains, gain_of_pairs, log_loss_factor, smallest_row, swap_gains
from boostimb.losses._results import ResultPool
from boostimb.typing import Float32Array, FloatArray, GradHess
from boostimb.validation import (
    as_vector,
    check_binary,
    check_integer,
    check_length,
    check_number,
    check_scores,
    check_weight,
    to_host,
)

NO_PROBABILITY = (
    "LambdaAPLoss ranks, and its margins carry no probability: calibrate them on rows that the model has not seen, for example "
    "by a logistic regression of the labels on out-of-fold margins"
)
NO_CATBOOST = (
    "LambdaAPLoss cannot train CatBoost, which asks for the derivatives of a thousand rows at a time and says neither which rows "
    "they are nor what the others score, while average precision depends on all of them at once: use XGBoost or LightGBM"
)


class _Bins(NamedTuple):
    """Weights of positives and negatives in each bin, how far below the highest margin it lies, and what swaps gain."""

    pos: FloatArray
    neg: FloatArray
    place: FloatArray
    half: float
    gains: Gains
    cell: NDArray[np.uint16]
    bin_of: NDArray[np.int32]


class BoundLambdaAPLoss:
    """Margins in, gradient and hessian out, for labels and weights that are fixed; see `LambdaAPLoss.bind`."""

    __slots__ = ("_bins", "_factor", "_pool", "_signed", "_unit")

    def __init__(self, bins: int, y_true: ArrayLike, sample_weight: ArrayLike | None, scale: float = 1.0) -> None:
        self._bins = bins
        self._signed: Float32Array = _signed_weights(to_host(y_true), to_host(sample_weight), 1.0)
        weight = np.abs(self._signed).astype(np.float64)
        pos = float(weight[self._signed > 0].sum())
        self._unit = smallest_row(weight)
        self._factor = scale * log_loss_factor(pos, float(weight.sum()) - pos, self._unit)
        self._pool = ResultPool(2, self._signed.size)

    def __call__(self, raw: ArrayLike) -> GradHess:
        """Return gradient and hessian, float32 of shape (n,), at margins of shape (n,)."""
        from boostimb.losses._ranking_kernels import over_pairs, to_rows

        bins = self._sorted(raw)
        slopes = np.empty((4, bins.pos.size))
        over_pairs(bins.pos, bins.neg, bins.place, bins.half, tuple(bins.gains), self._factor, slopes)
        results = self._pool.take()
        to_rows(bins.cell, bins.bin_of, self._signed, slopes, results[0], results[1])
        return results[0], results[1]

    def value(self, raw: ArrayLike) -> FloatArray:
        """Half of the value of each row's pairs, shape (n,)."""
        bins = self._sorted(raw)
        gain = self._factor * gain_of_pairs(bins.pos, bins.neg, self._unit)
        distance = np.minimum(2 * bins.half, np.finfo(np.float64).max) * (bins.place - bins.place[:, None])
        value = np.where(gain > 0, gain, 0.0) * np.logaddexp(0, -distance) / 2
        at = bins.bin_of[bins.cell]
        out: FloatArray = np.where(self._signed > 0, (value @ bins.neg)[at], (bins.pos @ value)[at])
        return out * np.abs(self._signed)

    def _sorted(self, raw: ArrayLike) -> _Bins:
        from boostimb.losses._ranking_kernels import CELLS, join_cells, to_cells

        margins = _as_margins(to_host(raw))
        check_length("raw", margins, self._signed.size)
        cell, bin_of = np.empty(margins.size, np.uint16), np.empty(CELLS, np.int32)
        pos, neg, place = np.zeros((3, CELLS))
        half = to_cells(margins, self._signed, cell, pos, neg, place)
        n = join_cells(pos, neg, place, self._bins, bin_of)
        pos, neg, place = pos[:n], neg[:n], place[:n]
        return _Bins(pos, neg, place, half, swap_gains(pos, neg, self._unit), cell, bin_of)


@dataclass(frozen=True)
class LambdaAPLoss:
    """Average precision itself as the objective: a logistic loss of pairs, weighted by what their swap would change. Experimental.

    Each pair of a positive and a negative costs ``gain * softplus(-(raw_pos - raw_neg))``, where ``gain`` is the change of
    average precision if the two changed places in the ranking as it now is; the derivatives hold it fixed (LambdaRank). For
    XGBoost and LightGBM, native or through scikit-learn. CatBoost shows an objective a thousand rows at a time, so that there
    it raises; in distributed training each worker would rank its own rows only.

    Do not expect it to beat log-loss. With rounds chosen on validation rows, the difference in average precision to `LogLoss` over
    five tables and two boosters was between -0.019 and +0.011, and 0.001 below zero on average; the one gain beyond twice its
    standard error (mammography, LightGBM, +0.011 +- 0.005) was not there with XGBoost. It took 1.2 to 4.3 times as many rounds.
    ``benchmarks/lambda_ap.py`` printed this; docs/benchmarks.md has the table.

    The margins only rank: they start at 0, and `predict_proba` raises. Calibrate out of fold where probabilities are needed.

    Parameters
    ----------
    bins : int, default 256
        Number of bins, at least 2. A round costs O(n + bins**2): the range of the margins is cut into 65,536 cells of equal width,
        which are joined to at most so many bins of about equal shares of rows and of positives (on average of the two). Rows
        of one bin count as tied, and ties as in random order. With no more distinct margins than bins it is exact.

    Raises
    ------
    ValueError
        If ``bins`` is below 2.

    Notes
    -----
    A weight counts as so many rows: one of weight 2 is two rows of weight 1. Weights below 1 change places by the smallest
    of them.

    The hessian is twice the diagonal of the exact one. That is a bound for the whole matrix, which is a graph's Laplacian,
    so that no Newton step goes too far. Gradient and hessian are scaled so that the hessians of equal margins sum to
    what log-loss has there, and ``min_child_weight``, ``min_sum_hessian`` and ``lambda`` keep their meaning at the start.

    References
    ----------
    Burges 2010, "From RankNet to LambdaRank to LambdaMART: An Overview", MSR-TR-2010-82, section 4; with average precision
    in the place of NDCG: Donmez, Svore and Burges 2009, "On the Local Optimality of LambdaRank".

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb import LambdaAPLoss
    >>> grad, hess = LambdaAPLoss().grad_hess([0, 1, 0], np.array([2.0, 1.0, 0.0]))
    >>> bool(grad[1] < 0 and grad[0] > grad[2] > 0)  # the negative above the positive costs most
    True
    """

    bins: int = 256

    hessian: ClassVar[str] = "guarded"
    # CatBoost would compile the methods by numba on its own, and warn that it cannot.
    no_jit: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "bins", check_integer("bins", self.bins, least=2))

    @property
    def __name__(self) -> str:
        """The name of the class: boosters ask an objective for it."""
        return type(self).__qualname__

    def loss(self, y_true: ArrayLike, raw: ArrayLike, sample_weight: ArrayLike | None = None) -> FloatArray:
        """Value of the weighted loss: each pair's, half for either of the two.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0 and 1.
        raw : array-like of shape (n,)
            Finite margins.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        ndarray of shape (n,), float64
            At least 0.

        Raises
        ------
        ValueError
            If labels, margins or weights break the rules above.
        """
        margins = as_vector("raw", raw)
        return self.bind(y_true, sample_weight).value(check_scores("raw", margins, margins.size))

    def grad_hess(self, y_true: ArrayLike, raw: ArrayLike, sample_weight: ArrayLike | None = None) -> GradHess:
        """First derivative of the loss by each margin with the gains held fixed, and a bound of the second.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0 and 1. With one of them only, the gradient is 0.
        raw : array-like of shape (n,)
            Finite margins.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        grad, hess : ndarrays of shape (n,), float32
            The gradient sums to 0; the hessian is positive.

        Raises
        ------
        ValueError
            If labels, margins or weights break the rules above.
        """
        margins = as_vector("raw", raw)
        return self.bind(y_true, sample_weight)(check_scores("raw", margins, margins.size))

    def bind(
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None, *, scale: float = 1.0, start: float = 0.0
    ) -> BoundLambdaAPLoss:
        """Check and convert labels and weights once, for a training that asks for gradients every round.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0 and 1.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.
        scale : float, default 1.0
            Factor > 0 on gradient and hessian.
        start : float, default 0.0
            Without effect: a constant changes no ranking.

        Returns
        -------
        callable
            Maps margins of shape (n,) to ``(grad, hess)``, float32 arrays of shape (n,), which stay the caller's for as long
            as he keeps them. Threads may share it. It does not check that the margins are finite.
        """
        return BoundLambdaAPLoss(self.bins, y_true, sample_weight, check_number("scale", scale, above=0))

    def init_raw(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return 0.0: a constant changes no ranking."""
        positive = check_binary(y_true)
        check_weight(sample_weight, positive.size)
        return 0.0

    def log_loss_scale(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return 1.0: the scale of log-loss is built in."""
        return 1.0

    @property
    def posterior_shift(self) -> None:
        """None: there is no posterior."""
        return

    def posterior_logit(self, raw: ArrayLike) -> NoReturn:
        """Raise: the margins only rank."""
        raise NotImplementedError(NO_PROBABILITY)

    def predict_proba(self, raw: ArrayLike) -> NoReturn:
        """Raise NotImplementedError: the margins only rank, and a probability read from them would be invented."""
        raise NotImplementedError(NO_PROBABILITY)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None) -> GradHess:
        """Act as an objective: ``(y_true, raw, sample_weight)``, or ``(raw, data)`` as ``xgb.train`` and ``lgb.train`` call it."""
        labels, raw, weight = objective_arguments(y_true, y_pred, sample_weight)
        if native_data(y_pred) and raw.ndim == 2 and raw.shape[1] == 1:
            raw = raw[:, 0]
        return self.grad_hess(labels, raw, weight)

    def calc_ders_range(self, approxes: ArrayLike, targets: ArrayLike, weights: ArrayLike | None) -> NoReturn:
        """Raise NotImplementedError: a chunk of rows says nothing of the ranking of all."""
        raise NotImplementedError(NO_CATBOOST)

    def in_chunks(self, *, scale: float = 1.0, start: float = 0.0) -> NoReturn:
        """Raise NotImplementedError, likewise."""
        raise NotImplementedError(NO_CATBOOST)
