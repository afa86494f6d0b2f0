"""One sort of the scores, many sets of weights: what a bootstrap asks for."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics._labels import BoundLabels
from boostimb.typing import FloatArray
from boostimb.validation import check_integer


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

        score = labels.scores(row)
        order = np.argsort(score)[::-1]
        falling = score[order]
        last_of_tie = np.append(falling[1:] != falling[:-1], True)
        tp, fp, gained = np.zeros((3, by_sample.shape[1]), dtype=np.int32 if by_sample.dtype.kind in "iu" else np.float64)
        result = np.zeros(by_sample.shape[1])
        _kernels.resampled_average_precision(order, last_of_tie, labels.y, by_sample, tp, fp, gained, result)
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
