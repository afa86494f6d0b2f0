"""One value of a metric for the rows of all workers, where XGBoost trains on several.

XGBoost lets each worker evaluate its own rows and averages what they return, which is no average precision of anything, and not a
number where a worker holds no positive. Here the workers sum counts, and each returns the metric of all rows.

A metric that reads the order of scores changes only where a positive lies. So every worker counts its rows between the scores of
the positives of all workers, which is exact. Beyond `EXACT` positives the cuts are quantiles of the positives instead, `CUTS` in
all, and what lies between two counts as tied. Each cut then stands for a share of about 1 / CUTS of the positives; average
precision moves by at most about ``2 * (1 + ln CUTS) / CUTS`` = 1.3e-3, and by some 1e-5 for a score that ranks at all.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.typing import BoolArray, Float32Array, FloatArray
from boostimb.validation import check_binary, check_scores, check_weight

EXACT = 2**17
CUTS = 2**14


def workers() -> Any | None:
    """Return XGBoost's collective where it connects several workers, else None; called by a metric that XGBoost called."""
    collective: Any = import_module("xgboost.collective")
    return collective if collective.get_world_size() > 1 else None


def score_of_workers(
    collective: Any,
    score: Callable[[ArrayLike, ArrayLike, ArrayLike], float],
    y_true: ArrayLike,
    y_score: ArrayLike,
    sample_weight: ArrayLike | None,
) -> float:
    """Return the metric of the rows of all workers, the same number on each.

    Parameters
    ----------
    collective : module
        What offers ``get_rank``, ``get_world_size`` and ``allreduce`` as `xgboost.collective` does.
    score : callable
        ``score(y_true, y_score, sample_weight)`` of all rows together, from the order of the scores alone.
    y_true, y_score, sample_weight : array-like of shape (n,)
        Rows of this worker, which may be none.

    Returns
    -------
    float
        0.0 if no worker has a row with a weight above zero.
    """
    positive, scores, weight = _checked(y_true, y_score, sample_weight)
    cuts = _cuts(collective, scores[positive])
    # Row 0 takes what lies below every cut.
    counts = np.zeros((2, cuts.size + 1))
    for label, rows in enumerate((~positive, positive)):
        at = np.searchsorted(cuts, scores[rows], side="right")
        counts[label] = np.bincount(at, weights=weight[rows], minlength=cuts.size + 1)
    total = collective.allreduce(counts.ravel(), collective.Op.SUM).reshape(2, -1)
    labels, places = np.nonzero(total)
    return score(labels, places.astype(np.float64), total[labels, places]) if labels.size else 0.0


def _checked(y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None) -> tuple[BoolArray, Float32Array, FloatArray]:
    if np.size(y_true) == 0:
        return np.zeros(0, np.bool_), np.zeros(0, np.float32), np.zeros(0)
    positive = check_binary(y_true)
    scores = check_scores("y_score", y_score, positive.size).astype(np.float32)
    # A worker may hold nothing but rows of weight zero, where only a whole set without any weight is a mistake.
    weight = np.asarray(sample_weight, np.float64) if sample_weight is not None else np.ones(positive.size)
    return positive, scores, weight if not weight.any() else _some(weight, positive.size)


def _some(weight: FloatArray, n: int) -> FloatArray:
    checked = check_weight(weight, n)
    return np.ones(n) if checked is None else checked


def _cuts(collective: Any, own: Float32Array) -> NDArray[np.float32]:
    """Return scores at which to count, ascending and the same on every worker."""
    size, rank = collective.get_world_size(), collective.get_rank()
    sizes = np.zeros(size, np.int64)
    sizes[rank] = own.size
    sizes = collective.allreduce(sizes, collective.Op.SUM)
    own = np.sort(own)
    if sizes.sum() > EXACT:
        # Each worker gives quantiles of its own positives, as many as its share of all of them.
        sizes = -(-sizes * CUTS // sizes.sum())
        own = own[np.arange(sizes[rank]) * own.size // max(int(sizes[rank]), 1)]
    start = int(sizes[:rank].sum())
    gathered = np.zeros(int(sizes.sum()), np.float32)
    gathered[start : start + own.size] = own
    return np.unique(collective.allreduce(gathered, collective.Op.SUM)) if gathered.size else gathered
