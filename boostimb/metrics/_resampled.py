"""One sort of the scores, many sets of weights: what bootstrap and cross-fitting ask for."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import ThresholdSweep, above_all
from boostimb.typing import BoolArray, FloatArray, IntArray
from boostimb.validation import check_integer, check_weight


@dataclass(frozen=True, eq=False)
class Ranking:
    """Samples in falling order of their score, sorted once; `sweep` then costs a few passes for each set of weights.

    Attributes
    ----------
    y : ndarray of bool, shape (n,)
        The labels, in the order of the rows.
    order : ndarray of int, shape (n,)
        Row numbers, highest score first.
    last_of_tie : ndarray of bool, shape (n,)
        In that order: whether the next score is lower.
    values : ndarray of shape (n_distinct,)
        The distinct scores, falling.
    """

    y: BoolArray
    order: IntArray
    last_of_tie: BoolArray
    values: NDArray[np.floating[Any]]

    @classmethod
    def of(cls, y_true: ArrayLike, y_score: ArrayLike) -> "Ranking":
        """Sort finite scores of shape (n,) with labels 0 and 1. Raises ValueError as `average_precision` does."""
        labels = BoundLabels.of(y_true)
        score = labels.scores(y_score)
        order = np.argsort(score)[::-1]
        falling = score[order]
        last_of_tie = np.append(falling[1:] != falling[:-1], True)
        return cls(labels.y, order, last_of_tie, falling[last_of_tie])

    def sweep(self, sample_weight: ArrayLike | None = None) -> ThresholdSweep:
        """Return the sweep under these weights (or bootstrap counts) of shape (n,), as `threshold_sweep` does."""
        weight = check_weight(sample_weight, self.y.size)
        y = self.y[self.order]
        falling = np.ones(y.size) if weight is None else weight[self.order]
        tp, fp = (np.cumsum(falling * of_class)[self.last_of_tie] for of_class in (y, ~y))
        # A score that only samples of weight zero have makes no cut.
        cut = np.diff(tp + fp, prepend=0.0) > 0
        values, tp, fp = self.values[cut], tp[cut], fp[cut]
        below = np.append(values, values[-1:])
        values = np.append(above_all(values), values)
        return ThresholdSweep(values, below, np.append(0.0, tp), np.append(0.0, fp), float(tp[-1]), float(fp[-1]))


def resampled_average_precision(y_true: ArrayLike, scores: ArrayLike, counts: ArrayLike, *, n_jobs: int = 1) -> FloatArray:
    """Average precision of several vectors of scores under several resamples, each vector sorted once.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1.
    scores : array-like of shape (T, n)
        One vector of finite scores a row, best as float32.
    counts : array-like of shape (B, n)
        How often each resample holds each sample: integers >= 0, best as uint8, or weights >= 0. Zero leaves a sample out, so
        that ``counts == 0`` gives the out-of-bag value.
    n_jobs : int
        Threads over the rows of ``scores``; the result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (B, T)
        As `average_precision` with ``counts`` as weights; 0.0 for a resample without a positive.

    Raises
    ------
    ValueError
        If shapes do not fit, a label is not 0 or 1, a score is not finite, or a count is negative or not finite.

    Examples
    --------
    >>> from boostimb.metrics import resampled_average_precision
    >>> scores = [[0.1, 0.9, 0.8, 0.7], [0.4, 0.3, 0.2, 0.1]]
    >>> resampled_average_precision([0, 1, 0, 1], scores, [[1, 1, 1, 1], [0, 2, 0, 1]]).round(3).tolist()
    [[0.833, 0.5], [1.0, 1.0]]
    """
    labels = BoundLabels.of(y_true)
    table = np.asarray(scores)
    if table.ndim != 2:
        raise ValueError(f"scores must have the shape (n_vectors, n_samples), got {table.shape}")
    by_sample = _by_sample(counts, labels.n)
    check_integer("n_jobs", n_jobs, least=1)

    def one(row: NDArray[Any]) -> FloatArray:
        from boostimb.metrics import _kernels

        ranking = Ranking.of(labels.y, row)
        tp, fp, gained = np.zeros((3, by_sample.shape[1]), dtype=np.int32 if by_sample.dtype.kind in "iu" else np.float64)
        result = np.zeros(by_sample.shape[1])
        _kernels.resampled_average_precision(ranking.order, ranking.last_of_tie, labels.y, by_sample, tp, fp, gained, result)
        return result

    if n_jobs == 1:
        columns = [one(row) for row in table]
    else:
        with ThreadPoolExecutor(n_jobs) as pool:
            columns = list(pool.map(one, table))
    return np.stack(columns, axis=1) if columns else np.empty((by_sample.shape[1], 0))


def _by_sample(counts: ArrayLike, n: int) -> NDArray[Any]:
    """Return counts as (n, B), in the smallest of the types that the kernel is compiled for."""
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] != n:
        raise ValueError(f"counts must have the shape (n_resamples, {n}), got {table.shape}")
    if table.dtype.kind == "f":
        table = table.astype(np.float64, copy=False)
        if not np.isfinite(table).all():
            raise ValueError("counts must be finite")
    elif table.dtype.kind not in "iub":
        raise ValueError(f"counts must be numbers, got values of type {table.dtype}")
    if table.size and table.min() < 0:
        raise ValueError(f"counts must be >= 0, got {table.min()}")
    if table.dtype.kind in "iub":
        most = int(table.max()) if table.size else 0
        if most * n >= 2**31:
            table = table.astype(np.float64)
        else:
            table = table.astype(np.uint8 if most < 2**8 else np.uint32, copy=False)
    # In blocks that stay in the cache: four times as fast as one transposed copy.
    by_sample = np.empty((n, table.shape[0]), dtype=table.dtype)
    for start in range(0, n, 256):
        by_sample[start : start + 256] = table[:, start : start + 256].T
    return by_sample
