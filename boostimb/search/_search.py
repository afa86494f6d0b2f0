"""The loop of trials, and what is made of them."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import optuna

from boostimb.decision import LogisticCalibration, calibrate, crossfit_score
from boostimb.metrics import BestFScore
from boostimb.model import Ensemble, Member
from boostimb.search._estimate import Estimate, estimate, evaluations
from boostimb.search._folds import Fold
from boostimb.search._lever_effects import Finished
from boostimb.search._progress import Progress
from boostimb.search._select import CANDIDATES, STEPS, Choice, choose_best, choose_ensemble
from boostimb.search._space import Levers
from boostimb.search._trial import Outcome, OutOfTimeError, Workers, refit_on_all, run_trial
from boostimb.table import TableEncoder
from boostimb.typing import BoolArray, Float32Array, FloatArray, Metric
from boostimb.validation import Labels

Callback: TypeAlias = Callable[[optuna.Study, optuna.trial.FrozenTrial], None]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's log lines back for a while: the progress bar says it all, and failures are raised."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


class Search:
    """All trials of one search and their out-of-fold margins, which everything after the training reads."""

    def __init__(
        self,
        levers: Levers,
        folds: Sequence[Fold],
        metric: Metric,
        cut: Callable[[BoolArray, FloatArray], float],
        workers: Workers,
        seed: int,
    ) -> None:
        self.levers, self.folds, self.metric, self.cut, self.workers, self.seed = levers, folds, metric, cut, workers, seed
        self.y = folds[0].data.y
        self.sign = 1.0 if metric.greater_is_better else -1.0
        self.fold_of_row = np.empty(self.y.size, dtype=np.intp)
        for at, fold in enumerate(folds):
            self.fold_of_row[fold.valid_rows] = at
        self.rows: list[dict[str, Any]] = []
        self.outcomes: list[Outcome | None] = []  # without fold models once a trial is too far behind to be chosen
        self.margins: list[Any] = []
        self.study = self._new_study()
        self._metric_seconds = 0.0

    def _new_study(self) -> optuna.Study:
        with warnings.catch_warnings():
            # "group" gives each booster's parameters a density of their own; Optuna has called it experimental since 2021.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(seed=self.seed, multivariate=True, group=True, n_startup_trials=10)
        with _quiet():
            study = optuna.create_study(direction="maximize" if self.sign > 0 else "minimize", sampler=sampler)
        for start in self.levers.starts():
            study.enqueue_trial(start)
        return study

    @property
    def scores(self) -> FloatArray:
        """Scores of the finished trials, oriented so that more is better."""
        return self.sign * np.array([row["score"] for row in self.rows])

    def score(self, raw: FloatArray | Float32Array) -> float:
        """Return the search metric of out-of-fold margins.

        A metric that contains its own best cut is cross-fitted: the cut is chosen on all folds but one and scored on the one left.
        """
        if isinstance(self.metric, BestFScore):
            return crossfit_score(self.y, raw, self.fold_of_row, f"fbeta:{self.metric.beta}")
        return self.metric.score(self.y, raw)

    def run(self, n_trials: int | None, deadline: float | None, callbacks: Sequence[Callback], progress: Progress) -> None:
        """Make trials until the budget is used up, a callback stops the study, or the user interrupts."""

        def objective(trial: optuna.Trial) -> float:
            # Before the first trial is through there is nothing to finish with: it may use all the time.
            end = deadline - self._seconds_to_finish() if self.rows and deadline is not None else deadline
            try:
                return self._one_trial(trial, end, progress.tick)
            except OutOfTimeError:
                self.study.stop()
                raise optuna.TrialPruned("out of time") from None
            except ValueError as error:
                if not self.rows:
                    raise
                # What is finished is not to be lost for one setting that a booster refuses.
                text = f"trial {trial.number} was left out: {error}; its parameters: {trial.params}"
                warnings.warn(text, RuntimeWarning, stacklevel=2)
                raise optuna.TrialPruned("refused by the booster") from error

        def show(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
            if trial.state == optuna.trial.TrialState.COMPLETE:
                progress.finished(len(self.rows), self.sign * float(self.scores.max()))

        try:
            with _quiet():
                self.study.optimize(objective, n_trials=n_trials, callbacks=[show, *callbacks])
        except KeyboardInterrupt:
            if not self.rows:
                raise
            warnings.warn(f"interrupted: the result is the best of {len(self.rows)} finished trials", RuntimeWarning, stacklevel=4)

    def _one_trial(self, trial: optuna.Trial, deadline: float | None, tick: Callable[[], None]) -> float:
        """Train one plan, keep its margins, and return its score."""
        if self.rows and deadline is not None and time.monotonic() > deadline:
            raise OutOfTimeError
        plan = self.levers.draw(trial)
        outcome = run_trial(plan, self.folds, self.metric, self.workers, deadline, may_be_cut=not self.rows, watch=lambda _: tick())
        score = self.score(outcome.margins)
        started = time.monotonic()
        self.metric.score(self.y, outcome.margins)  # a second time: a first call may compile, and would seem slow for ever
        self._metric_seconds = time.monotonic() - started
        proba = LogisticCalibration.fit(outcome.margins, self.y).apply(outcome.margins)
        threshold = self.cut(self.y, proba)
        row = {
            "trial": trial.number,
            "score": score,
            "threshold": threshold,
            "n_rounds": outcome.n_rounds,
            "seconds": outcome.seconds,
        }
        for key in ("threshold", "n_rounds", "seconds"):
            trial.set_user_attr(key, row[key])
        self.rows.append({**row, "params": dict(trial.params)})
        self.outcomes.append(outcome)
        self.margins.append(outcome.margins)
        if len(self.rows) > CANDIDATES:
            self.outcomes[int(np.argsort(self.scores)[-CANDIDATES - 1])] = None
        return score

    def _seconds_to_finish(self) -> float:
        """Return how long selection and estimate will take."""
        return 0.3 + self._metric_seconds * (CANDIDATES * STEPS + evaluations(self.y.size, len(self.rows), self.metric))

    def baseline(self) -> float:
        """Return the best score among the boosters' plain defaults; the first trial's where the space does not hold them."""
        plain = [row["score"] for row in self.rows if row["trial"] < len(self.levers.boosters)]
        if not self.levers.starts() or not plain:
            plain = [self.rows[0]["score"]]
        return self.sign * max(self.sign * score for score in plain)

    def best_params(self) -> dict[str, Any]:
        """Return the parameters of the best trial."""
        return dict(self.rows[int(np.argmax(self.scores))]["params"])

    def finish(
        self, refit: str, calibration: str, encoder: TableEncoder, labels: Labels, n_jobs: int | None
    ) -> tuple[Ensemble, FloatArray, Estimate]:
        """Return the final model, its out-of-fold probabilities and its score."""
        if refit == "ensemble":
            choice = choose_ensemble(self.y, self.margins, self.scores, self.metric)
        else:
            choice = choose_best(self.y, self.margins, self.scores)
        outer = calibrate(choice.logits, self.y, method=calibration)
        members = self._one_model(choice) if refit == "single" else self._fold_models(choice)
        naive = self.score(choice.logits)
        score = estimate(self.y, choice.logits, naive, self.margins, self.scores, self.metric, self.seed, self.workers.cores)
        model = Ensemble(members, encoder, labels.classes, labels.positive_index, outer, 0.5, n_jobs)
        return model, outer.apply(choice.logits), score

    def finished(self, ensemble: bool, calibration: str, metric_name: str) -> Finished:
        """Return what the report on the levers reads."""
        params = [row["params"] for row in self.rows]
        losses = [loss if isinstance(loss, str) else repr(loss) for loss in self.levers.losses]
        samplers = [resampler.name for resampler in self.levers.resamplers]
        trials = tuple(self.margins), params, self.levers.starts(), losses, samplers
        return Finished(self.y, self.fold_of_row, *trials, self.metric, metric_name, ensemble, calibration)

    def _fold_models(self, choice: Choice) -> tuple[Member, ...]:
        members = []
        for at, weight, line in zip(choice.trials, choice.weights, choice.calibrations, strict=True):
            outcome = self.outcomes[at]
            assert outcome is not None  # only trials behind all candidates are without models
            members += [
                Member(outcome.plan.booster, model, weight / len(outcome.models), line.scale, line.offset)
                for model in outcome.models
            ]
        return tuple(members)

    def _one_model(self, choice: Choice) -> tuple[Member, ...]:
        """Train the best trial once more, on all rows."""
        ((at,), (line,)) = choice.trials, choice.calibrations
        outcome = self.outcomes[at]
        assert outcome is not None
        model = refit_on_all(outcome.plan, outcome.n_rounds, self.folds[0].data, self.workers.cores, self.seed)
        return (Member(outcome.plan.booster, model, 1.0, line.scale, line.offset),)
