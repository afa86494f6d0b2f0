"""One trial: the folds boosted in step, and the number of rounds chosen once for all of them."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Semaphore
from typing import Any, TypeVar

import numpy as np
from scipy.ndimage import uniform_filter1d

from boostimb.boosters import Model, Run, get_booster
from boostimb.search._folds import Data, Fold, LeftOut
from boostimb.search._race import WIDTH, beyond, smoothed_at
from boostimb.search._space import Plan
from boostimb.typing import BoundMetric, Float32Array, FloatArray, IntArray, Metric

T = TypeVar("T")

MAX_ROUNDS = 4000
# Rounds of a step, after which the folds wait for each other and a model may end: five, or one where five take seconds.
_STRIDE, _LARGE = 5, 3_000_000
_KEPT = 30
# Training goes on for a gain of more than so many standard errors over the folds: with few positives a mean curve creeps upwards
# for thousands of rounds, and nothing comes of it (benchmarks/stopping.py).
RISE_ERRORS = 1.0


@dataclass(frozen=True)
class Outcome:
    """What a finished trial leaves behind."""

    plan: Plan
    n_rounds: int
    margins: Float32Array  # out of fold, one a scored row; of a row that is left out several times the mean
    models: tuple[Model, ...]  # one a fold
    curves: FloatArray  # the metric on each fold after each round, shape (n_folds, n_trained), more being better
    seconds: float


@dataclass(frozen=True)
class Workers:
    """How the cores are shared out: a thread for each fold, of which as many run at a time as there are cores.

    A fold keeps its thread, since XGBoost keeps its random state, and LightGBM its verbosity, by thread.
    """

    lanes: Sequence[ThreadPoolExecutor]  # of one thread each, one for each fold
    threads: int  # inside each
    cores: int
    gate: AbstractContextManager[Any]

    @classmethod
    def of(cls, cores: int, lanes: Sequence[ThreadPoolExecutor]) -> "Workers":
        """Share out cores among the threads of folds."""
        return cls(lanes, max(1, cores // len(lanes)), cores, Semaphore(min(cores, len(lanes))))

    def submit(self, function: Callable[..., T], *entries: Sequence[Any]) -> "list[Future[T]]":
        """Begin ``function`` for all entries side by side, each after what its thread has to do already.

        Whatever takes time in ``function`` goes through ``gate``.
        """
        return [lane.submit(function, *row) for lane, row in zip(self.lanes, zip(*entries, strict=True), strict=True)]

    def map(self, function: Callable[..., T], *entries: Sequence[Any]) -> list[T]:
        """Run ``function`` for all entries side by side; every call has ended when this returns or raises."""
        futures = self.submit(function, *entries)
        try:
            return [future.result() for future in futures]
        finally:
            end(futures)


def end(futures: "Sequence[Future[Any]]") -> None:
    """Cancel what has not begun, and wait for what has."""
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
    left_out: LeftOut,
    metric: Metric,
    workers: Workers,
    deadline: float,
    *,
    watch: Callable[[FloatArray], None] = lambda curves: None,
) -> Outcome:
    """Train a plan on every fold.

    Parameters
    ----------
    plan : Plan
        What to train with.
    folds : sequence of Fold
        Where.
    left_out : LeftOut
        The rows that they leave out.
    metric : Metric
        What chooses the number of rounds.
    workers : Workers
        The cores.
    deadline : float
        Moment of ``time.monotonic()`` from which on the trial ends with the rounds that it has.
    watch : callable
        Called after each step with the folds' values of the metric so far, shape (n_folds, n_rounds), oriented so that more is
        better; what it raises ends the trial.
    """
    booster, data, started = get_booster(plan.booster), folds[0].data, time.monotonic()

    def begin(fold: Fold) -> tuple[Run, BoundMetric]:
        with workers.gate:
            train, sums = fold.train(booster, plan.params, plan.resampler, workers.threads)
            loss = plan.loss_for(*sums)
            evaluate = data.task.evaluate(data.bind(metric, fold.valid_rows), loss, sums, fold.natural_sums)
            run = booster.start(
                plan.params,
                train,
                loss,
                n_rounds=MAX_ROUNDS,
                valid=fold.valid(booster, plan.params, workers.threads),
                evaluate=evaluate,
                n_jobs=workers.threads,
                seed=fold.seed,
            )
            return run, evaluate

    def cut(run: Run) -> Model:
        with workers.gate:
            return run.model(n_rounds)

    def margins_of(fold: Fold, model: Model) -> FloatArray:
        with workers.gate:
            return model.raw(data.table.take(fold.valid_rows), n_jobs=workers.threads)

    runs, evaluates = zip(*workers.map(begin, folds), strict=True)
    try:
        sign = 1.0 if metric.greater_is_better else -1.0
        boosted = _Boosting(runs, evaluates, sign, workers, patience(plan.learning_rate), _stride(data), deadline)
        n_rounds, parts = boosted.run(watch)
        models = workers.map(cut, runs)
    finally:
        workers.map(lambda run: run.close(), runs)  # each in its own thread, after whatever that still does
    ends: Sequence[Any] = parts if booster.BINS_ARE_EXACT else workers.map(margins_of, folds, models)
    margins = left_out.mean(folds, ends)
    return Outcome(plan, n_rounds, margins, tuple(models), boosted.oriented(), time.monotonic() - started)


def _stride(data: Data) -> int:
    return _STRIDE if data.table.values.size <= _LARGE else 1


@dataclass
class Rise:
    """When the curves of a trial last rose, and whether that is ``wait`` rounds ago.

    Examples
    --------
    >>> import numpy as np
    >>> rise = Rise(10)
    >>> curves = np.minimum(np.arange(40), 12) + np.zeros((5, 1))
    >>> [rise.is_over(curves[:, :n]) for n in (5, 15, 20, 25, 35)]
    [False, False, False, False, True]
    """

    wait: int
    risen: int = 0  # the round up to which they have risen
    height: FloatArray | None = None  # of each at that round

    def is_over(self, curves: FloatArray) -> bool:
        """Take note if the curves, shape (n_folds, n_rounds) and more being better, have risen; return whether to stop."""
        now, n_rounds = smoothed_at(curves, curves.shape[1]), curves.shape[1]
        gain = now if self.height is None else now - self.height
        if self.height is None or (gain.mean() > 0 and beyond(gain, RISE_ERRORS) > 0):
            self.height, self.risen = now, n_rounds
        return n_rounds - self.risen >= self.wait


@dataclass
class _Boosting:
    """The folds of a trial, advanced together until their curves have not risen for ``wait`` rounds."""

    runs: Sequence[Run]
    evaluates: Sequence[BoundMetric]
    sign: float
    workers: Workers
    wait: int
    stride: int
    deadline: float
    curves: list[list[float]] = field(init=False)
    # The margins of the last steps, one of which the model will end with.
    steps: deque[tuple[int, list[Float32Array]]] = field(init=False)
    rise: Rise = field(init=False)

    def __post_init__(self) -> None:
        self.curves = [[] for _ in self.runs]
        self.rise = Rise(self.wait)
        # A model may end at every so many rounds, some thirty of which are waited through: each keeps the margins of all rows.
        self.every = self.stride * max(1, -(-self.wait // (_KEPT * self.stride)))
        self.steps = deque(maxlen=self.wait // self.every + 2)

    def run(self, watch: Callable[[FloatArray], None]) -> tuple[int, list[Float32Array]]:
        """Return the best number of rounds and the margins of each fold's validation rows after it."""
        ahead = deque([self._begin_step(), self._begin_step()])  # one more than is waited for, so that no fold waits for others
        try:
            while True:
                new = [future.result() for future in ahead[0]]
                ahead.popleft()
                ahead.append(self._begin_step())
                late = time.monotonic() > self.deadline
                longest = max(len(values) for values, _ in new)
                for curve, (values, margins), evaluate in zip(self.curves, new, self.evaluates, strict=True):
                    curve += values
                    # A fold with nothing left to split stays where it is, be it at the start.
                    rest = longest - len(values) or int(not curve)
                    curve += [curve[-1] if curve else evaluate(margins)] * rest
                done, ended = len(self.curves[0]), longest < self.stride or late
                if done % self.every == 0 or ended or not self.steps:
                    self.steps.append((done, [margins for _, margins in new]))
                curves = self.oriented()
                if not np.isfinite(curves[:, -self.stride :]).all():
                    raise ValueError("the metric must be a finite number on each fold after each round, got one that is not")
                if self.rise.is_over(curves) or ended:
                    return self._best()
                watch(curves)
        finally:
            end([future for step in ahead for future in step])

    def _begin_step(self) -> "list[Future[tuple[list[float], Float32Array]]]":
        return self.workers.submit(self._step, self.runs)

    def _step(self, run: Run) -> tuple[list[float], Float32Array]:
        """Advance one fold by a step; return the values of its new rounds and the margins after the last."""
        with self.workers.gate:
            values = run.advance(self.stride)
        return values, run.margins.astype(np.float32)

    def oriented(self) -> FloatArray:
        """The curves, more being better, shape (n_folds, n_rounds)."""
        return self.sign * np.array(self.curves)

    def _best(self) -> tuple[int, list[Float32Array]]:
        return self.steps[best_step(self.oriented().mean(axis=0), np.array([done for done, _ in self.steps]))]


def best_step(mean_curve: FloatArray, ends: IntArray) -> int:
    """Return at which of the numbers of rounds in ``ends`` the smoothed curve is highest."""
    return int(np.argmax(uniform_filter1d(mean_curve, WIDTH, mode="nearest")[ends - 1]))


def refit_on_all(
    plan: Plan, n_rounds: int, data: Data, workers: Workers, seed: int, is_over: Callable[[], bool] = lambda: False
) -> Model | None:
    """Train a plan on all rows for a number of rounds that is known; None where ``is_over`` says so before it is through."""
    booster, everything = get_booster(plan.booster), np.arange(data.y.size)
    with workers.gate:
        if is_over():
            return None
        fold = Fold(data, everything, everything[:0], seed)
        train, sums = fold.train(booster, plan.params, plan.resampler, workers.threads)
        run = booster.start(plan.params, train, plan.loss_for(*sums), n_rounds=n_rounds, n_jobs=workers.threads, seed=seed)
    try:
        for _ in range(n_rounds):
            with workers.gate:
                if is_over():
                    return None
                run.advance(1)
        return run.model(n_rounds)
    finally:
        run.close()
