"""How good the chosen model is, corrected for having been chosen."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.metrics import PRAUC, BestFScore, ClassAveragePrecision, PrecisionAtRecall, RecallAtPrecision
from boostimb.search._select import candidates, ensemble_weights, mixed, thin_to, thinned
from boostimb.search._task import task_of
from boostimb.typing import Float32Array, FloatArray, IntArray, LabelArray, MarginArray, Metric
from boostimb.validation import members

REPEATS = 200
# Trials that take part in the repeated selection: the choice is among the best ones in any resample.
CANDIDATES = 30
COVERAGE = 0.95
# Rows times trials times repeats that are worth the wait; on large tables fewer repeats say as much.
_WORK = 5e8
# The same for several classes, rows counted once for each: every class has its own order, and a repeat takes as long as a round.
_CLASS_WORK = 2e7
# Trials and repeats where the metric has no fast way to all resamples at once.
_SLOW_TRIALS, _SLOW_REPEATS, LEAST_REPEATS = 5, 30, 4
_FAST = (PRAUC, ClassAveragePrecision)
_RATES = (*_FAST, RecallAtPrecision, PrecisionAtRecall, BestFScore)
# Rows that an ensemble is chosen on in each resample, and the seconds that this takes for each row and trial.
_ROWS, _CHOICE = 10_000, 7e-8
# Seconds that a resample takes for each row to draw it, and for each row and trial to mix the ensemble's margins.
_DRAW, _MIX = 1.2e-8, 2e-9


@dataclass(frozen=True)
class Estimate:
    """A score, what the search added to it by luck, and the interval of what is left."""

    naive: float
    corrected: float
    interval: tuple[float, float]


def estimate(
    y: LabelArray,
    logits: MarginArray,
    naive: float,
    margins: Sequence[Float32Array],
    scores: FloatArray,
    metric: Metric,
    seed: int,
    n_jobs: int = 1,
    *,
    weight: FloatArray | None = None,
    groups: IntArray | None = None,
    calibrations: Sequence[Any] | None = None,
    repeats: int | None = None,
    deadline: float | None = None,
) -> Estimate:
    """Correct the score of the chosen model for the selection, by repeating the selection on resampled rows.

    In each bootstrap resample the model is chosen on the rows drawn and scored on the rows left out; what it loses between the
    two, beyond what all trials lose, is the optimism of choosing (Tsamardinos et al. 2018, "Bootstrapping the out-of-sample
    predictions for efficient and accurate cross-validation", algorithm 1; here as a difference, so that the unequal sizes of the
    two samples do not enter). Nothing is trained again.

    Parameters
    ----------
    y : ndarray of bool or int, shape (n,)
        Labels.
    logits : ndarray of shape (n,) or (n, n_classes)
        Out-of-fold log-odds, or calibrated margins, of the chosen model.
    naive : float
        Its score by the search metric.
    margins : sequence of T ndarrays of shape (n,) or (n, n_classes)
        Out-of-fold margins of the trials; without ``calibrations`` such as the metric ranks rows by.
    scores : ndarray of shape (T,)
        Their scores, oriented so that more is better.
    metric : Metric
        The search metric.
    seed : int
        Of the resamples.
    n_jobs : int
        Threads; the result does not depend on it.
    weight : ndarray of shape (n,), optional
        Weights of the samples in every score.
    groups : ndarray of int of shape (n,), optional
        The group of each row, from 0 without a gap: groups are then drawn, since rows of one group say less than as many of
        different ones.
    calibrations : sequence of T calibrations, optional
        Given where the model is an ensemble, chosen by its log-loss; else it is the trial with the best score.
    repeats : int, optional
        Number of resamples; by default by the size of the table.
    deadline : float, optional
        Moment of ``time.monotonic()`` from which on an ensemble is chosen in no further resample, when it has been in a few.
    """
    rng = np.random.default_rng(seed)
    if calibrations is None:
        top = np.argsort(scores)[::-1][:CANDIDATES]
        table = np.stack([margins[at] for at in top])
    else:
        top, table = candidates(y, margins, calibrations, weight)
    fast = isinstance(metric, _FAST)
    value = _fast_values if fast else _any_values
    if repeats is None:
        repeats = _repeats(int(np.prod(logits.shape)), len(top), metric)
    counts = np.empty((repeats, y.size), dtype=np.uint8)  # no row is drawn more than 255 times
    classes = [np.flatnonzero(each) for each in members(y)]
    for each in counts:
        each[:] = _draw(classes, y.size, rng) if groups is None else _draw_groups(classes, groups, rng)
    single = table[: None if fast or calibrations is None else _SLOW_TRIALS].astype(np.float32)
    inside, outside = (value(metric, y, single, _weighed(each, weight), n_jobs) for each in (counts, counts == 0))
    spread = value(metric, y, logits[None].astype(np.float32), _weighed(counts, weight), n_jobs)[:, 0]
    sign = 1.0 if metric.greater_is_better else -1.0
    loss = sign * (inside - outside)
    if calibrations is None:
        chosen = loss[np.arange(len(loss)), np.argmax(sign * inside, axis=1)]
    else:
        made, chosen = _losses_of_ensembles(metric, y, table, counts, weight, n_jobs, np.inf if deadline is None else deadline)
        chosen, loss = sign * chosen, loss[made]
    optimism = max(0.0, float(np.mean(chosen - loss.mean(axis=1))))
    corrected = naive - sign * optimism
    # Chance may take a correction, but nothing else, out of the range of a rate; of a user's own metric no range is known.
    bounds = (0.0, 1.0) if isinstance(metric, _RATES) else (-np.inf, np.inf)
    corrected = float(np.clip(corrected, *bounds))
    low, high = corrected + np.quantile(spread - spread.mean(), [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Estimate(naive, corrected, (float(max(low, bounds[0])), float(min(high, bounds[1]))))


def _weighed(counts: NDArray[np.integer | np.bool_], weight: FloatArray | None) -> NDArray[Any]:
    """Return counts times weights, where there are some."""
    return counts if weight is None else counts * weight


def _losses_of_ensembles(
    metric: Metric,
    y: LabelArray,
    table: FloatArray,
    counts: NDArray[np.integer],
    weight: FloatArray | None,
    n_jobs: int,
    deadline: float,
) -> tuple[IntArray, FloatArray]:
    """Choose an ensemble in each resample until the deadline; return in which, and what its value loses on the rows left out."""
    rows, share = thinned(y, thin_to(y, _ROWS), weight)
    few, value = np.ascontiguousarray(table[:, rows]), _fast_values if isinstance(metric, _FAST) else _any_values

    def loss(at: int) -> float | None:
        if at >= LEAST_REPEATS and time.monotonic() > deadline:
            return None
        count = counts[at]
        mean = mixed(ensemble_weights(y[rows], few, share * count[rows]), table)[None].astype(np.float32)
        inside, outside = value(metric, y, mean, _weighed(np.stack([count, count == 0]), weight), 1)[:, 0]
        return float(inside - outside)

    with ThreadPoolExecutor(n_jobs) as pool:
        losses = list(pool.map(loss, range(len(counts))))
    made = [at for at, each in enumerate(losses) if each is not None]
    return np.array(made), np.array([losses[at] for at in made])


def _fast_values(metric: Metric, y: LabelArray, table: Float32Array, counts: NDArray[Any], n_jobs: int) -> FloatArray:
    """Average precision of each row of ``table`` under each resample, shape (B, T)."""
    return task_of(y).resampled(metric, y, table, counts, n_jobs)


def _any_values(metric: Metric, y: LabelArray, table: Float32Array, counts: NDArray[Any], _: int) -> FloatArray:
    """Any metric of each row of ``table`` under each resample, shape (B, T)."""
    values = np.empty((len(counts), len(table)))
    for at, count in enumerate(counts):
        drawn = np.flatnonzero(count)
        bound = metric.bind(y[drawn], count[drawn].astype(np.float64))
        values[at] = [bound(row[drawn]) for row in table]
    return values


def _repeats(n_rows: int, n_trials: int, metric: Metric) -> int:
    if not isinstance(metric, _FAST):
        return _SLOW_REPEATS
    work = _CLASS_WORK if isinstance(metric, ClassAveragePrecision) else _WORK
    return int(np.clip(work / (n_rows * n_trials), 30, REPEATS))


@dataclass(frozen=True)
class Price:
    """What an estimate takes.

    Parameters
    ----------
    n_rows, n_trials : int
        The size of the table, times the classes where there are several, and the number of finished trials.
    metric : Metric
        The search metric.
    metric_seconds : float
        How long it takes on all rows.
    n_jobs : int
        Threads.
    """

    n_rows: int
    n_trials: int
    metric: Metric
    metric_seconds: float
    n_jobs: int

    @property
    def seconds(self) -> float:
        """About how long the estimate takes with as many repeats as it would like."""
        repeats = _repeats(self.n_rows, self._trials, self.metric)
        return self._fixed + repeats * self._each

    def repeats(self, seconds: float) -> int | None:
        """Return how many repeats fit into that time; None where all do."""
        if seconds >= self.seconds:
            return None
        wanted = _repeats(self.n_rows, self._trials, self.metric)
        return int(np.clip((seconds - self._fixed) / self._each, LEAST_REPEATS, wanted))

    @property
    def _fast(self) -> bool:
        return isinstance(self.metric, _FAST)

    @property
    def _trials(self) -> int:
        return min(max(self.n_trials, 1), CANDIDATES)

    @property
    def _fixed(self) -> float:
        return 6 * self._trials * self.metric_seconds if self._fast else 0.0

    @property
    def _each(self) -> float:
        evaluations = 2 if self._fast else 2 * (min(self._trials, _SLOW_TRIALS) + 2)
        if isinstance(self.metric, ClassAveragePrecision):
            evaluations = 5
        chosen = _CHOICE * self._trials * min(self.n_rows, _ROWS) / self.n_jobs
        return evaluations * self.metric_seconds + chosen + self.n_rows * (_DRAW + _MIX * self._trials)


def _draw(classes: Sequence[IntArray], n: int, rng: np.random.Generator) -> IntArray:
    """Return how often each of ``n`` rows is drawn, class by class, with at least one row of each class left out and one drawn."""
    counts = np.zeros(n, dtype=np.intp)
    for rows in classes:
        while True:
            drawn = np.bincount(rng.integers(rows.size, size=rows.size), minlength=rows.size)
            if (drawn == 0).any() or rows.size == 1:
                break
        counts[rows] = drawn
    return counts


def _draw_groups(classes: Sequence[IntArray], groups: IntArray, rng: np.random.Generator) -> IntArray:
    """Return how often each row is drawn with its group, with at least one row of each class left out and one drawn."""
    n_groups = int(groups.max()) + 1
    # What is in one group alone cannot be drawn and left out at once.
    alone = [np.unique(groups[rows]).size == 1 for rows in classes]
    while True:
        counts = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)[groups]
        if all(counts[rows].any() and (one or (counts[rows] == 0).any()) for rows, one in zip(classes, alone, strict=True)):
            return counts
