"""The search on the training part, the plain booster beside it, and the scores of both on the held-out part."""

from dataclasses import dataclass

import numpy as np

from boostimb.boosters import installed
from boostimb.cli._errors import refused_as_input
from boostimb.cli._settings import NAMED, Settings
from boostimb.cli._several_classes import ClassScores
from boostimb.cli._task import Task
from boostimb.decision import decide
from boostimb.metrics import ClassConfusion, Confusion, confusion_at
from boostimb.model import BoostClassifier, ClassEnsemble
from boostimb.search import TuneResult, tune
from boostimb.typing import FloatArray, IntArray, LabelArray, Metric

# What each booster's own scikit-learn class trains if nothing is said.
_OWN_ROUNDS = {"lightgbm": 100, "xgboost": 100, "catboost": 1000}


@dataclass(frozen=True)
class Scores:
    """One model on the held-out part; all but the last two are better the higher they are."""

    average_precision: float
    roc_auc: float
    precision: float
    recall: float
    f1: float
    mcc: float
    brier: float
    log_loss: float


@dataclass(frozen=True, eq=False)
class Judged:
    """A model's probabilities on the held-out part, and what they are worth."""

    proba: FloatArray
    metric: float  # the one that was searched by
    scores: Scores | ClassScores
    confusion: Confusion | ClassConfusion


@dataclass(frozen=True)
class Baseline:
    """The plain booster."""

    booster: str
    n_rounds: int
    judged: Judged
    weighted: bool

    @property
    def description(self) -> str:
        """What it is, to be printed under its scores."""
        rows = "the same training rows" + (", by their weights" if self.weighted else "")
        cut = "cut at 0.5" if isinstance(self.judged.scores, Scores) else "the likeliest class"
        return (
            f"plain {self.booster}: its default parameters, {self.n_rounds} rounds on {rows}, no class weight, no resampling, {cut}"
        )


def search(task: Task, settings: Settings) -> TuneResult:
    """Tune on the training part."""
    with refused_as_input():
        return tune(
            task.X.iloc[task.train],
            task.y[task.train],
            booster=settings.boosters,
            # By its name the progress bar calls it as the user did, and the classes say which of two metrics has that name.
            metric=settings.metric_name if settings.metric_name in NAMED else settings.metric,
            goal=settings.goal,
            constraints=settings.constraints,
            cost_matrix=settings.cost_matrix,
            confidence=settings.confidence,
            resamplers=settings.resamplers,
            timeout=settings.timeout,
            n_trials=settings.n_trials,
            cv=settings.folds,
            groups=None if task.groups is None else task.groups[task.train],
            sample_weight=task.train_weight,
            pos_label=task.pos_label,
            n_jobs=settings.n_jobs,
            random_state=settings.seed,
        )


def judge_tuned(result: TuneResult, task: Task, settings: Settings) -> Judged:
    """Score the tuned model on the held-out part."""
    model = result.best_estimator_
    proba = model.predict_proba(task.X.iloc[task.test])
    if isinstance(model, ClassEnsemble):
        return _judge_classes(task, proba, decide(proba, model.threshold, model.costs), settings)
    return _judge(task.truth[task.test], proba[:, model.positive_index], model.threshold, settings.metric)


def baseline(task: Task, settings: Settings) -> Baseline:
    """Train what most would try first, and score it on the held-out part."""
    names = installed() if settings.boosters == "auto" else settings.boosters
    name = next(name for name in _OWN_ROUNDS if name in names)
    plain = BoostClassifier(name, n_rounds=_OWN_ROUNDS[name], n_jobs=settings.n_jobs, random_state=settings.seed)
    plain.fit(task.X.iloc[task.train], task.truth[task.train], sample_weight=task.train_weight)
    proba = plain.predict_proba(task.X.iloc[task.test])
    if task.pos_label is None:
        judged = _judge_classes(task, proba, proba.argmax(axis=1), settings)
    else:
        judged = _judge(task.truth[task.test], proba[:, 1], 0.5, settings.metric)
    return Baseline(name, plain.best_iteration_, judged, task.weight is not None)


def _judge_classes(task: Task, proba: FloatArray, decided: IntArray, settings: Settings) -> Judged:
    y = np.asarray(task.truth[task.test], dtype=np.intp)
    at = ClassConfusion.of(y, decided, task.classes)
    scores = ClassScores.of(y, proba, at)
    return Judged(proba, float(getattr(scores, settings.metric_name)), scores, at)


def _judge(y: LabelArray, proba: FloatArray, threshold: float, metric: Metric) -> Judged:
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

    at = confusion_at(y, proba, threshold)
    scores = Scores(
        average_precision=float(average_precision_score(y, proba)),
        roc_auc=float(roc_auc_score(y, proba)),
        precision=at.precision,
        recall=at.recall,
        f1=at.f1,
        mcc=at.mcc,
        brier=float(brier_score_loss(y, proba)),
        log_loss=float(log_loss(y, proba)),
    )
    return Judged(proba, metric.score(y, proba), scores, at)
