"""Which of the cuts a curve is drawn through: all that show, and no more."""

import numpy as np

from boostimb.metrics import ThresholdSweep
from boostimb.typing import FloatArray, IntArray

# A plot is seldom a thousand pixels wide.
MAX_POINTS = 2000


def corners(sweep: ThresholdSweep) -> IntArray:
    """Return the cuts at which a curve over the recall turns: the first and the last of each recall.

    Between these two the recall stands still, so that a staircase (ROC) and a saw (precision) keep their exact shape. With few
    positives that is a handful of cuts out of millions; where it is still too many, they are thinned.
    """
    rises = np.flatnonzero(np.diff(sweep.tp))
    turns = np.unique(np.concatenate([[0], rises, rises + 1, [sweep.tp.size - 1]]))
    if turns.size <= MAX_POINTS:
        return turns
    n = MAX_POINTS // 4
    # Evenly over both axes, and closely at the highest scores, where the precision jumps.
    kept = [
        np.linspace(0, turns.size - 1, n),
        np.geomspace(1, turns.size, n) - 1,
        *(np.searchsorted(counts[turns], np.linspace(0, counts[-1], n)) for counts in (sweep.tp, sweep.fp)),
    ]
    return turns[np.unique(np.concatenate(kept).astype(np.intp))]


def spread(sweep: ThresholdSweep, thresholds: FloatArray) -> IntArray:
    """Return the cuts that show over an axis of thresholds: all, or those nearest to ``thresholds``, evenly over the recall too.

    Row 0, which predicts nobody, is left out: its threshold is no probability.
    """
    n_cuts = sweep.values.size
    if n_cuts <= MAX_POINTS:
        return np.arange(1, n_cuts)
    by_value = np.searchsorted(-sweep.values.astype(np.float64), -thresholds)
    by_recall = np.searchsorted(sweep.tp, np.linspace(0, sweep.tp[-1], MAX_POINTS // 4))
    return np.unique(np.clip(np.concatenate([by_value, by_recall]), 1, n_cuts - 1))
