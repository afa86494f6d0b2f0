"""How good the chosen model is, corrected for having been chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boostimb.typing import BoolArray, Float32Array, FloatArray, IntArray, Metric

REPEATS = 200
# Rows times trials times repeats that are worth the wait; on large tables fewer repeats say as much.
_WORK = 3e7
# Trials that take part in the repeated selection: the choice is among the best ones in any resample.
CANDIDATES = 30
COVERAGE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A score, what the search added to it by luck, and the interval of what is left."""

    naive: float
    corrected: float
    interval: tuple[float, float]


def estimate(
    y: BoolArray, logits: FloatArray, margins: Sequence[Float32Array], scores: FloatArray, metric: Metric, seed: int
) -> Estimate:
    """Correct the score of the chosen model for the selection, by repeating the selection on resampled rows.

    In each bootstrap resample the best trial is chosen on the rows drawn and scored on the rows left out; what it loses between
    the two, beyond what all trials lose, is the optimism of choosing (Tsamardinos et al. 2018, "Bootstrapping the out-of-sample
    predictions for efficient and accurate cross-validation", algorithm 1; here as a difference, so that the unequal sizes of the
    two samples do not enter). Nothing is trained again.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
        Labels.
    logits : ndarray of shape (n,)
        Out-of-fold log-odds of the chosen model.
    margins : sequence of T ndarrays of shape (n,)
        Out-of-fold margins of the trials.
    scores : ndarray of shape (T,)
        Their scores, oriented so that more is better.
    metric : Metric
        The search metric.
    seed : int
        Of the resamples.
    """
    rng = np.random.default_rng(seed)
    naive = metric.score(y, logits)
    sign = 1.0 if metric.greater_is_better else -1.0
    top = np.argsort(scores)[::-1][:CANDIDATES]
    repeats = _repeats(y.size, top.size)
    inside, outside, chosen = np.zeros((repeats, top.size)), np.zeros((repeats, top.size)), np.zeros(repeats)
    for at in range(repeats):
        counts = _draw(y, rng)
        drawn, left = counts > 0, counts == 0
        weight = counts[drawn].astype(np.float64)
        bound_in, bound_out = metric.bind(y[drawn], weight), metric.bind(y[left])
        for column, trial in enumerate(top):
            inside[at, column] = sign * bound_in(margins[trial][drawn])
            outside[at, column] = sign * bound_out(margins[trial][left])
        chosen[at] = metric.score(y[drawn], logits[drawn], weight)
    loss = inside - outside
    best = np.argmax(inside, axis=1)
    optimism = max(0.0, float(np.mean(loss[np.arange(repeats), best] - loss.mean(axis=1))))
    corrected = naive - sign * optimism
    spread = np.quantile(chosen - chosen.mean(), [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Estimate(naive, corrected, (float(corrected + spread[0]), float(corrected + spread[1])))


def _repeats(n_rows: int, n_trials: int) -> int:
    return int(np.clip(_WORK / (n_rows * n_trials), 30, REPEATS))


def evaluations(n_rows: int, n_trials: int) -> int:
    """Return about how many evaluations of the metric on all rows an estimate takes."""
    n_trials = min(n_trials, CANDIDATES)
    return _repeats(n_rows, n_trials) * (n_trials + 1)


def _draw(y: BoolArray, rng: np.random.Generator) -> IntArray:
    """Return how often each row is drawn, class by class, with at least one row of each class left out and one drawn."""
    counts = np.zeros(y.size, dtype=np.intp)
    for rows in (np.flatnonzero(y), np.flatnonzero(~y)):
        while True:
            drawn = np.bincount(rng.integers(rows.size, size=rows.size), minlength=rows.size)
            if (drawn == 0).any():
                break
        counts[rows] = drawn
    return counts
