"""The cuts that a reader of the report can move through: a few hundred, with exact counts at each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from boostimb.report._probability_axis import clipped
from boostimb.report._scored import Scored
from boostimb.typing import FloatArray, IntArray

MOST = 400


@dataclass(frozen=True)
class Cuts:
    """Decisions by rising threshold; that of entry i is ``proba >= values[i]``.

    Attributes
    ----------
    values : list of K floats
        The thresholds, rising.
    tp, fp : list of K ints
        True and false positives of each.
    chosen : int
        Which of them is the threshold that was chosen.
    """

    values: list[float]
    tp: list[int]
    fp: list[int]
    chosen: int


def cuts_of(scored: Scored, threshold: float) -> Cuts:
    """Return the cuts to offer, ``threshold`` among them, from all to nobody flagged."""
    sweep = scored.sweep
    scores = sweep.values.astype(np.float64)
    # The decision at a threshold is that of the lowest score at or above it; row 0 flags nobody.
    chosen = max(0, int(np.searchsorted(-scores, -threshold, side="right")) - 1)
    rows = _spread(scored, scores, chosen)[::-1]
    values = [sweep.threshold(row) for row in rows.tolist()]
    at = int(np.flatnonzero(rows == chosen)[0])
    if chosen:
        values[at] = float(threshold)
    tp, fp = (counts[rows].astype(int).tolist() for counts in (sweep.tp, sweep.fp))
    return Cuts(values, tp, fp, at)


def _spread(scored: Scored, scores: FloatArray, chosen: int) -> IntArray:
    """Return rows of the sweep, rising: even over log-odds, over recall, and closer where few are flagged."""
    n_cuts, n = scores.size, MOST // 3
    if n_cuts <= MOST:
        return np.arange(n_cuts)
    odds = logit(clipped(scores))
    kept: list[ArrayLike] = [
        np.searchsorted(-odds, -np.linspace(odds[0], odds[-1], n)),
        np.searchsorted(scored.sweep.tp, np.linspace(0, scored.sweep.tp[-1], n)),
        np.geomspace(1, n_cuts, n) - 1,
        np.array([0, chosen, int(scored.sweep.f_score().argmax()), n_cuts - 1]),
    ]
    return np.unique(np.clip(np.concatenate([np.asarray(each, dtype=np.intp) for each in kept]), 0, n_cuts - 1))
