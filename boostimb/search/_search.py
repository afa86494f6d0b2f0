"""The loop of trials."""

import time
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np
import optuna

from boostimb.model import ClassEnsemble, Ensemble
from boostimb.search._estimate import LEAST_REPEATS, Estimate, Price, estimate
from boostimb.search._final import REFIT_ROUNDS, Trained, final_members
from boostimb.search._folds import Fold, LeftOut, weight_of
from boostimb.search._lever_effects import Finished
from boostimb.search._progress import Progress
from boostimb.search._race import Race
from boostimb.search._sampler import FairSampler
from boostimb.search._select import CANDIDATES, choose_best, choose_ensemble, log_loss
from boostimb.search._space import Levers
from boostimb.search._store import TrialStore
from boostimb.search._study import open_study, quiet
from boostimb.search._trial import Outcome, Workers, run_trial
from boostimb.table import TableEncoder
from boostimb.typing import FloatArray, MarginArray, Metric
from boostimb.validation import ClassLabels, Labels, warn

Callback: TypeAlias = Callable[[optuna.Study, optuna.trial.FrozenTrial], None]
# Members that are trained once more at the end: what their time is set aside for.
_MEMBERS = 5
# Seconds a row for what comes after the estimate: the threshold, which sorts all rows, and the result.
_AFTER = 3e-6


class Search:
    """All trials of one search and their out-of-fold margins, which everything after the training reads."""

    def __init__(
        self,
        levers: Levers,
        folds: Sequence[Fold],
        metric: Metric,
        cut: Callable[[Any, FloatArray, FloatArray | None], Any],
        workers: Workers,
        seed: int,
        refit: str,
        study: optuna.Study | None = None,
        store: TrialStore | None = None,
    ) -> None:
        self.levers, self.folds, self.metric, self.cut, self.workers, self.seed = levers, folds, metric, cut, workers, seed
        self.refit = refit
        self.ensemble = refit == "ensemble"
        data, self.left_out = folds[0].data, LeftOut.of(folds)
        # From here on there are scored rows only: labels, weights, margins and parts have one entry for each of them.
        self.y, self.weight = data.y[self.left_out.rows], weight_of(data.score_weight, self.left_out.rows)
        self.groups = None if data.groups is None else np.unique(data.groups[self.left_out.rows], return_inverse=True)[1]
        self.task = data.task
        self.sign = 1.0 if metric.greater_is_better else -1.0
        # Where folds leave some rows out never, as in time order, the fold models have not seen the latest ones.
        self.trains_again = refit == "single" or not self.left_out.all_rows
        # What training on all rows costs, as a share of training the folds.
        self.refit_cost = REFIT_ROUNDS * data.y.size / sum(fold.train_rows.size for fold in folds)
        self.trained: list[Trained] = []
        self.race = Race()
        self.study = open_study(metric) if study is None else study
        self.study.sampler = FairSampler(levers.starts(), levers.boosters, seed)
        self.store = store
        self.metric_seconds = self._time_metric()
        self._take_in()

    def _take_in(self) -> None:
        """Take in the finished trials of the storage: of an earlier run, or of another worker."""
        if self.store is None:
            return
        known = {each.row["trial"] for each in self.trained}
        for row, outcome in self.store.load(lambda params: self.levers.draw(optuna.trial.FixedTrial(dict(params))), known):
            self._add(dict(row), outcome, self.task.fit(outcome.margins, self.y, self.weight))

    def _time_metric(self) -> float:
        """Return how long the metric takes on all rows; a first call compiles, and its time says nothing."""
        shape = self.task.shape(self.y)
        margins = np.linspace(-1.0, 1.0, prod(shape), dtype=np.float32).reshape(shape)
        self.metric.score(self.y, margins, self.weight)
        started = time.monotonic()
        self.metric.score(self.y, margins, self.weight)
        return time.monotonic() - started

    @property
    def scores(self) -> FloatArray:
        """Scores of the finished trials, oriented so that more is better."""
        return self.sign * np.array([each.row["score"] for each in self.trained])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What is told of each finished trial."""
        return [each.row for each in self.trained]

    def score(self, raw: MarginArray) -> float:
        """Return the search metric of out-of-fold margins, calibrated where there are several classes."""
        return self.task.score(self.metric, self.y, raw, self.left_out.part, self.weight)

    def run(
        self,
        n_trials: int | None,
        deadline: float | None,
        callbacks: Sequence[Callback],
        progress: Progress,
    ) -> None:
        """Make trials until the budget is used up, a callback stops the study, or the user interrupts."""

        def end() -> float:
            return np.inf if deadline is None else deadline - self._seconds_to_choose() - self._seconds_to_train_again()

        def objective(trial: optuna.Trial) -> float:
            try:
                now, last = time.monotonic(), end()
                if self.trains_again and not self.trained:  # the first one has to leave time for its own model of all rows
                    last = now + (last - now) / (1 + self.refit_cost)
                return self._one_trial(trial, last, progress.tick)
            except ValueError as error:
                if not self.trained:
                    raise
                # What is finished is not to be lost for one setting that a booster refuses.
                text = f"trial {trial.number} was left out: {error}; its parameters: {trial.params}"
                warn(text, RuntimeWarning)
                raise optuna.TrialPruned("refused by the booster") from error

        def go_on(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
            if self.trained:
                progress.finished(len(self.trained), self.sign * float(self.scores.max()))
            if self.trained and time.monotonic() > end():
                study.stop()

        try:
            with quiet():
                self.study.optimize(objective, n_trials=n_trials, callbacks=[go_on, *callbacks])
        except KeyboardInterrupt:
            if not self.trained:
                raise
            text = f"interrupted: the result is the best of {len(self.trained)} finished trials"
            warn(text, RuntimeWarning)

    def _one_trial(self, trial: optuna.Trial, deadline: float, tick: Callable[[], None]) -> float:
        """Train one plan, keep its margins, and return its score."""
        plan = self.levers.draw(trial)

        def watch(curves: FloatArray) -> None:
            tick()
            if self.race.is_hopeless(curves, plan.learning_rate):
                trial.report(self.sign * float(curves[:, -1].mean()), curves.shape[1])
                trial.set_user_attr("stopped", True)
                raise optuna.TrialPruned("too far behind")

        outcome = run_trial(plan, self.folds, self.left_out, self.metric, self.workers, deadline, watch=watch)
        line = self.task.fit(outcome.margins, self.y, self.weight)
        row: dict[str, Any] = {
            "trial": trial.number,
            "score": self.score(self.task.comparable(line, outcome.margins)),
            "threshold": self.cut(self.y, line.apply(outcome.margins), self.weight),
            "n_rounds": outcome.n_rounds,
            "seconds": outcome.seconds,
        }
        if not np.isfinite(row["score"]):
            raise ValueError(f"the metric {self.metric.name} must be a finite number, got {row['score']}")
        for key in ("threshold", "n_rounds", "seconds"):
            trial.set_user_attr(key, row[key])
        if self.store is not None:
            self.store.keep(trial, outcome)
        self._add({**row, "params": dict(trial.params)}, outcome, line)
        return float(row["score"])

    def _add(self, row: dict[str, Any], outcome: Outcome, line: Any) -> None:
        """Take in a finished trial and its calibration."""
        if outcome.curves.size:  # without a single split there are none
            self.race.finish(outcome.curves, outcome.plan.learning_rate, outcome.n_rounds)
        row["params"] = self.levers.told(row["params"])
        self.trained.append(Trained(row, outcome, line, log_loss(self.y, line.logit(outcome.margins), self.weight)))
        self._forget()

    def _forget(self) -> None:
        """Free the fold models of a trial that is too far behind to be chosen."""
        candidates = set(np.argsort([each.log_loss for each in self.trained], kind="stable")[:CANDIDATES].tolist())
        candidates.add(int(np.argmax(self.scores)))
        for at, each in enumerate(self.trained):
            if at not in candidates:
                each.forget_models()

    def _seconds_to_choose(self) -> float:
        """Return about how long selection, estimate and what comes after them take."""
        return 0.5 + self._price().seconds + _AFTER * self.y.size

    def _price(self) -> Price:
        return Price(prod(self.task.shape(self.y)), len(self.trained), self.metric, self.metric_seconds, self.workers.cores)

    def _seconds_to_train_again(self) -> float:
        """Return about how long it takes to train the members of the final model once more, on all rows."""
        if not self.trains_again or not self.trained:
            return 0.0
        best = sorted(self.trained, key=lambda each: each.log_loss)[:_MEMBERS]
        if not self.ensemble:
            best = [self.trained[int(np.argmax(self.scores))]]
        return self.refit_cost * sum(each.outcome.seconds for each in best)

    def baseline(self) -> tuple[str, float]:
        """Return what to look at beside the result, and its score: the best of the boosters' plain defaults, if there are any."""
        plain = [row["score"] for row in self.rows if row["trial"] < len(self.levers.boosters)]
        if not self.levers.starts() or not plain:
            return "first trial", self.rows[0]["score"]
        return "plain booster", self.sign * max(self.sign * score for score in plain)

    def best_params(self) -> dict[str, Any]:
        """Return the parameters of the best trial."""
        return dict(self.rows[int(np.argmax(self.scores))]["params"])

    def finish(
        self, calibration: str, encoder: TableEncoder, labels: Labels | ClassLabels, n_jobs: int | None, deadline: float | None
    ) -> tuple[Ensemble | ClassEnsemble, FloatArray, Estimate]:
        """Return the final model, its out-of-fold probabilities and its score.

        An interrupt does not lose the search: what it stops is done again in haste. A second one ends it.
        """
        try:
            return self._finish(calibration, encoder, labels, n_jobs, deadline)
        except KeyboardInterrupt:
            warn("interrupted: the final model is chosen and scored in haste, as if there were no time left", RuntimeWarning)
            return self._finish(calibration, encoder, labels, n_jobs, time.monotonic())

    def _finish(
        self, calibration: str, encoder: TableEncoder, labels: Labels | ClassLabels, n_jobs: int | None, deadline: float | None
    ) -> tuple[Ensemble | ClassEnsemble, FloatArray, Estimate]:
        self._take_in()  # what other workers have finished
        margins, lines = [each.outcome.margins for each in self.trained], [each.line for each in self.trained]
        last = None if deadline is None else deadline - _AFTER * self.y.size
        if self.ensemble:
            choice = choose_ensemble(self.y, margins, lines, weight=self.weight)
        else:
            choice = choose_best(self.y, margins, self.scores, weight=self.weight)
        # One model has no other in its place.
        end = None if deadline is None or self.refit == "single" else deadline - self._seconds_to_choose()
        members = final_members(choice, self.trained, self.trains_again, self.folds[0].data, self.workers, self.seed, end)
        outer = self.task.calibrate(choice.logits, self.y, self.weight, calibration)
        shown = self.task.comparable(outer, choice.logits)
        if not self.ensemble:
            margins = [self.task.comparable(line, each) for line, each in zip(lines, margins, strict=True)]

        def score(repeats: int | None) -> Estimate:
            return estimate(
                self.y,
                shown,
                self.score(shown),
                margins,
                self.scores,
                self.metric,
                self.seed,
                self.workers.cores,
                weight=self.weight,
                groups=self.groups,
                calibrations=lines if self.ensemble else None,
                repeats=repeats,
                deadline=last,
            )

        try:
            scored = score(None if last is None else self._price().repeats(last - time.monotonic()))
        except KeyboardInterrupt:
            warn(f"interrupted: the choice is repeated {LEAST_REPEATS} times, and the interval is rough", RuntimeWarning)
            scored = score(LEAST_REPEATS)
        model = self.task.model(members, encoder, labels, outer, n_jobs)
        return model, self.left_out.spread(outer.apply(choice.logits)), scored

    def finished(self, calibration: str, metric_name: str) -> Finished:
        """Return what the report on the levers reads."""
        params = [row["params"] for row in self.rows]
        losses = [loss if isinstance(loss, str) else repr(loss) for loss in self.levers.losses]
        samplers = [resampler.name for resampler in self.levers.resamplers]
        given_up = [trial.params for trial in self.study.get_trials(deepcopy=False) if trial.user_attrs.get("stopped")]
        stopped = [self.levers.told(params) for params in given_up]
        trials = tuple(each.outcome.margins for each in self.trained), params, stopped, self.levers.starts(), losses, samplers
        return Finished(
            self.y, self.left_out.part, *trials, self.metric, metric_name, self.ensemble, calibration, weight=self.weight
        )
