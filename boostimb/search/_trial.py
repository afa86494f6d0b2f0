"""One trial: the folds boosted in step, and the number of rounds chosen once for all of them."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy.ndimage import uniform_filter1d

from boostimb.boosters import Model, Run, get_booster
from boostimb.search._folds import Data, Fold, resampled
from boostimb.search._space import Plan
from boostimb.typing import Float32Array, FloatArray, Metric

T = TypeVar("T")

# Rounds between two looks at the clock. What a trial finds does not depend on it.
_STRIDE = 5
MAX_ROUNDS = 4000
# The curve is read as a mean over so many rounds: its highest single point would be picked by luck.
_SMOOTH = 9


class OutOfTimeError(Exception):
    """The deadline came before a trial was finished."""


@dataclass(frozen=True)
class Outcome:
    """What a finished trial leaves behind."""

    plan: Plan
    n_rounds: int
    margins: Float32Array  # out of fold, one a row of the table
    models: tuple[Model, ...]  # one a fold
    seconds: float


@dataclass(frozen=True)
class Workers:
    """How the cores are shared out: folds side by side, with what is left over as threads inside each."""

    lanes: Sequence[ThreadPoolExecutor]  # of one thread each
    threads: int
    cores: int

    def map(self, function: Callable[..., T], *entries: Sequence[Any]) -> list[T]:
        """Run ``function`` for all entries side by side; every call has ended when this returns or raises.

        An entry goes to the same thread each time: XGBoost keeps its random state, and LightGBM its verbosity, by thread.
        """
        rows = list(zip(*entries, strict=True))
        futures = [self.lanes[at % len(self.lanes)].submit(function, *row) for at, row in enumerate(rows)]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
            for future in futures:
                if not future.cancelled():
                    future.exception()


def patience(learning_rate: float) -> int:
    """Rounds without a gain after which a training stops: small steps need longer to show one."""
    return int(20 + 2 / learning_rate)


def run_trial(
    plan: Plan,
    folds: Sequence[Fold],
    metric: Metric,
    workers: Workers,
    deadline: float | None,
    *,
    may_be_cut: bool = False,
    tick: Callable[[], None] = lambda: None,
) -> Outcome:
    """Train a plan on every fold.

    Parameters
    ----------
    plan : Plan
        What to train with.
    folds : sequence of Fold
        Where.
    metric : Metric
        What chooses the number of rounds.
    workers : Workers
        The cores.
    deadline : float or None
        Moment of ``time.monotonic()`` at which to give up.
    may_be_cut : bool
        At the deadline, keep the rounds trained so far instead of giving up.
    tick : callable
        Called every few rounds.

    Raises
    ------
    OutOfTimeError
        If the deadline came first.
    """
    booster, data, started = get_booster(plan.booster), folds[0].data, time.monotonic()

    def begin(fold: Fold) -> Run:
        train, valid, class_weights = fold.prepare(booster, plan.params, plan.resampler, workers.threads)
        return booster.start(
            plan.params,
            train,
            plan.loss_for(*class_weights),
            n_rounds=MAX_ROUNDS,
            valid=valid,
            evaluate=metric.bind(fold.y_valid),
            n_jobs=workers.threads,
            seed=fold.seed,
        )

    runs = workers.map(begin, folds)
    try:
        n_rounds = _boost_in_step(runs, metric, workers, patience(plan.learning_rate), deadline, may_be_cut=may_be_cut, tick=tick)
        models = workers.map(lambda run: run.model(n_rounds), runs)
    finally:
        for run in runs:
            run.close()
    margins = np.empty(data.y.size, dtype=np.float32)

    def fill(fold: Fold, model: Model) -> None:
        margins[fold.valid_rows] = model.raw(data.table.take(fold.valid_rows), n_jobs=workers.threads)

    workers.map(fill, folds, models)
    return Outcome(plan, n_rounds, margins, tuple(models), time.monotonic() - started)


def _boost_in_step(
    runs: Sequence[Run],
    metric: Metric,
    workers: Workers,
    wait: int,
    deadline: float | None,
    *,
    may_be_cut: bool,
    tick: Callable[[], None],
) -> int:
    """Advance all folds together until their mean curve has not risen for ``wait`` rounds; return its best round."""
    curves: list[list[float]] = [[] for _ in runs]
    while True:
        if deadline is not None and time.monotonic() > deadline and not may_be_cut:
            raise OutOfTimeError
        new = workers.map(lambda run: run.advance(_STRIDE), runs)
        tick()
        longest = max(len(values) for values in new)
        for curve, values in zip(curves, new, strict=True):
            curve += values
            curve += curve[-1:] * (longest - len(values))  # a fold with nothing left to split stays where it is
        if not all(curves):
            return 1
        mean = np.mean(curves, axis=0) * (1.0 if metric.greater_is_better else -1.0)
        best = best_round(mean)
        out_of_time = deadline is not None and time.monotonic() > deadline
        if len(mean) - best >= wait or longest < _STRIDE or (out_of_time and may_be_cut):
            return best


def best_round(mean_curve: FloatArray) -> int:
    """Return the number of rounds at which the smoothed curve is highest."""
    return 1 + int(np.argmax(uniform_filter1d(mean_curve, _SMOOTH, mode="nearest")))


def refit_on_all(plan: Plan, n_rounds: int, data: Data, n_jobs: int, seed: int) -> Model:
    """Train a plan on all rows for a number of rounds that is known."""
    booster = get_booster(plan.booster)
    part = resampled(data, plan.resampler, seed)
    train = booster.dataset(part.table, part.y, part.weight, plan.params, n_jobs=n_jobs)
    run = booster.start(plan.params, train, plan.loss_for(*part.class_weights()), n_rounds=n_rounds, n_jobs=n_jobs, seed=seed)
    try:
        run.advance(n_rounds)
        return run.model(n_rounds)
    finally:
        run.close()
