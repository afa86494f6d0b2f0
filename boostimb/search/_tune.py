"""The search: boosters, losses, class weight, resampling and threshold, tuned together under cross-validation."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from os import PathLike, fspath
from typing import Any

import numpy as np
import optuna
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from boostimb.boosters import NAMES, get_booster, installed
from boostimb.decision import CONFIDENCE, WHY_NOT_ACCURACY, Decision, InfeasibleError, parse_goal
from boostimb.model import effective_n_jobs
from boostimb.resampling import least_and_most, resolve_resamplers
from boostimb.search._folds import Data, Fold, LeftOut, make_folds, numbered_groups
from boostimb.search._progress import Progress
from boostimb.search._result import TuneResult, trial_table
from boostimb.search._search import Search
from boostimb.search._space import Levers, Space, check_losses, check_space
from boostimb.search._store import TrialStore, artifact_folder
from boostimb.search._study import StorageLike, open_storage, open_study
from boostimb.search._task import task_of
from boostimb.search._traps import (
    LEAST_SECONDS,
    RARE,
    anomaly_score,
    is_random,
    warn_of_few_positives,
    warn_of_few_rows,
    warn_of_leaks,
    warn_of_names,
    warn_of_time,
    warn_of_twins,
)
from boostimb.search._trial import Workers
from boostimb.table import TableEncoder
from boostimb.typing import FloatArray, Loss, Metric
from boostimb.validation import (
    ClassLabels,
    Labels,
    check_choice,
    check_class_weight,
    check_integer,
    check_labels,
    check_number,
    heard,
    missing_extra,
    warn,
)


def tune(
    X: Any,
    y: Any,
    *,
    booster: str | Sequence[str] = "auto",
    metric: str | Metric = "average_precision",
    goal: Any = "f1",
    constraints: Mapping[str, str] | None = None,
    cost_matrix: ArrayLike | None = None,
    confidence: float | None = CONFIDENCE,
    losses: str | Loss | Sequence[str | Loss] = "auto",
    resamplers: Any = "auto",
    cv: Any = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    weight_evaluation: bool = False,
    categorical_features: Any = "auto",
    n_trials: int | None = None,
    timeout: float | None = 300,
    space: Space | None = None,
    refit: str = "ensemble",
    calibration: str = "auto",
    storage: StorageLike | None = None,
    study_name: str | None = None,
    artifacts: str | PathLike[str] | None = None,
    pos_label: Any = None,
    n_jobs: int | None = -1,
    callbacks: Iterable[Callable[[optuna.Study, optuna.trial.FrozenTrial], None]] = (),
    progress: bool | str = "auto",
    random_state: Any = None,
) -> TuneResult:
    """Search for the model and the decision that are best for a rare positive class.

    Each trial draws the booster's parameters, the class weight, the loss, the sampler and its ratio together, and is trained on
    each fold; resampling sees training rows only. The number of rounds is chosen once for all folds. From the out-of-fold margins
    come the calibration, the best threshold under the goal, the members of the final model and its corrected score.

    Parameters
    ----------
    X : array-like or dataframe of shape (n_samples, n_features)
        NumPy, pandas, polars, Arrow or a sparse matrix. NaN and None are missing values, and what a sparse matrix does not store
        is zero; text columns are categories. Columns of dates and times are refused.
    y : array-like of shape (n_samples,)
        Labels of two classes, or of more: see "Several classes" below.
    booster : "auto", name or sequence of names
        Of "xgboost", "lightgbm" and "catboost"; "auto" takes those that are installed.
    metric : "average_precision", "average_precision_weighted" or Metric
        What the search maximises and the rounds are chosen by. Of several classes it is the mean over the classes, each against
        the others, of equal weight or by their rows.
    goal : str, callable or float
        What the threshold is chosen by: "f1", "fbeta:2", "mcc", "balanced_accuracy", a function of (y_true, y_pred), or the
        threshold itself; under a constraint also "recall" and "precision".
    constraints : dict, optional
        What the threshold must satisfy, such as ``{"recall": ">=0.9"}`` or ``{"alerts": "<=50/20000"}``.
    cost_matrix : array-like of shape (n_classes, n_classes), optional
        Costs of each truth (rows) and decision (columns), ``[[true negative, false positive], [false negative, true positive]]``
        or for all classes in the order of their labels: minimise the mean cost instead of ``goal``.
    confidence : float or None, default 0.9
        The chance with which new rows must keep each constraint, see `best_threshold`; None asks of the out-of-fold rows only.
    losses : "auto", name, Loss, or sequence of them
        Of "log_loss", "focal" and "asymmetric", whose parameters are searched, or losses as they stand. "auto" is the first two.
    resamplers : "auto", name, imbalanced-learn sampler, or sequence of them
        Of "none", "under", "over", "smote", "smotenc", "borderline_smote", "adasyn", "tomek", "smote_tomek". "auto" takes those
        that suit the table.
    cv : int, splitter or iterable of (train, valid) rows
        A number of stratified folds, a scikit-learn splitter, or the rows themselves. Of a row that is left out several times, as
        by ``RepeatedStratifiedKFold``, the mean margin counts. Rows that are never left out, as the first ones by
        ``TimeSeriesSplit``, are trained on and not scored; as such folds have seen a part of the rows only, the final model is
        then made of models that are trained on all rows. For time order sort the rows and take ``cv=TimeSeriesSplit(5)``.
    groups : array-like of shape (n_samples,), optional
        Rows of one group stay in one fold, and the estimate draws whole groups. The confidence of constraints counts rows.
    sample_weight : array-like of shape (n_samples,), optional
        Weights >= 0 in training; scores are unweighted.
    weight_evaluation : bool, default False
        Whether ``sample_weight`` also weighs the rows in metric, calibration, threshold, choice of the ensemble and estimate: for
        weights that say how many real cases a row stands for, and not for those that tell a booster what to look at.
    categorical_features : "auto", or sequence of names or indices
        Columns to split by category.
    n_trials : int, optional
        Number of trials; ``timeout`` holds beside it.
    timeout : float or None, default 300
        Seconds for the whole call. At least one trial is made.
    space : dict or callable, optional
        The boosters' parameters instead of the built-in ranges: ``{booster: {name: Optuna distribution or value}}``, or a function
        ``(trial, booster) -> params``.
    refit : {"ensemble", "bag", "single"}
        The final model: several trials, chosen by log-loss, each with its fold models; the fold models of the best trial; or one
        model of the best trial's parameters trained on all rows. "bag" needs a ``cv`` that leaves each row out.
    calibration : {"auto", "logistic", "isotonic"}
        The map from log-odds to probability, fitted out of fold. "auto" is logistic, unless each class has 10,000 rows and isotonic
        regression lowers the log-loss by 1%; an isotonic one cannot be exported.
    storage : str, path or Optuna storage, optional
        Where the study lives, so that it survives anything and goes on when its ``study_name`` is given again: the URL of a
        database as Optuna takes it ("sqlite:///study.db", "postgresql://...", "mysql+pymysql://..."), of a journal in Redis ("redis://..."),
        or the path of a journal file. Several processes may work on one study. By default it lives in memory.
    study_name : str, optional
        Name of the study; with ``storage``, the study that goes on if it is there. ``n_trials`` and ``timeout`` are those of this
        call.
    artifacts : path, optional
        Folder of the finished trials' margins and models. By default beside the storage, if that is a file.
    pos_label : scalar, optional
        The positive class; needed unless the labels are 0 and 1, -1 and 1, or booleans.
    n_jobs : int, default -1
        Cores. The result does not depend on it.
    callbacks : iterable of callables
        Called with (study, trial) after each trial, as in Optuna. ``study.stop()`` ends the search.
    progress : bool or "auto"
        Whether to show a progress bar; "auto" shows it on a terminal and in a notebook.
    random_state : int, RandomState or None
        The same seed with ``n_trials`` trials and ``timeout=None`` gives the same result.

    Returns
    -------
    TuneResult
        Model, threshold, scores and trials.

    Raises
    ------
    ValueError
        For bad input or settings, before any training; also if the study that is to go on was made of another table, labels,
        weights, folds or metric.
    ImportError
        If no booster, or one asked for, is not installed.

    Warns
    -----
    ImbalanceWarning
        On known traps, most of them before any training: fewer than 20 positives; fewer than 0.1% (with the average precision of
        an isolation forest, which takes some seconds of a budget of 20 or more); a column that tells the label by itself; a
        text column with nearly a value of its own in each row; at random folds, exact twins of left-out rows among training
        rows, or a column that rises as time does; constraints that no threshold satisfies, or none with the confidence; a
        decision that flags positives hardly more readily than negatives.
    RuntimeWarning
        For what is left out of the result: a trial that its booster refused, what an interrupt cut short, models of all rows that
        were not ready in time.

    Notes
    -----
    An interrupt (Ctrl-C) after the first finished trial ends the search and returns the best so far; one during the final choice
    and its estimate hurries them, and the estimate is then of fewer repeats.

    Several classes: ``predict_proba`` and ``oof_proba_`` have a column for each label. ``threshold_`` holds a multiplier for each,
    and the class with the largest probability times multiplier is decided for; they are chosen out of fold for the goal, "f1" and
    "fbeta:2" being the mean over the classes. With costs it is the class of the least expected cost. The class weight w of a trial
    weighs a class by ``(n_largest / n_class) ** w``; samplers raise or cut classes by a ratio of smaller to largest. There are
    no constraints, no "asymmetric" loss and no isotonic calibration, and CatBoost takes log-loss only.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = (X[:, 0] + X[:, 1] > 2).astype(int)
    >>> result = bi.tune(X, y, booster="lightgbm", n_trials=2, cv=3, progress=False, random_state=0)
    >>> result.predict(X).shape
    (500,)
    """
    started = time.monotonic()
    if n_trials is None and timeout is None:
        raise ValueError("n_trials and timeout must not both be None: the search would never end")
    if n_trials is not None:
        check_integer("n_trials", n_trials, least=1)
    if timeout is not None:
        check_number("timeout", timeout, above=0)
    check_choice("refit", refit, ("ensemble", "bag", "single"))
    check_choice("calibration", calibration, ("auto", "logistic", "isotonic"))
    _refuse_accuracy(metric)
    boosters = _check_boosters(booster)
    chosen_space = check_space(space, boosters)
    encoder, table = TableEncoder.fit_transform(X, categorical_features, estimator_name="tune")
    labels = check_labels(y, pos_label=pos_label, n=table.n_rows)
    task, n_classes = task_of(labels.y), labels.classes.size
    measure = task.metric(metric)
    decision = task.decision(goal, constraints, cost_matrix, confidence, n_classes)
    chosen_losses = check_losses(losses, task, boosters)
    task.check_calibration(calibration)
    weight = check_class_weight(sample_weight, labels.y)
    if weight_evaluation and weight is None:
        raise ValueError("weight_evaluation=True needs sample_weight, got None")
    if weight_evaluation and isinstance(decision, Decision) and not decision.goal.takes_weight:
        raise ValueError(f"with weight_evaluation=True the goal {decision.goal.name} must take an argument sample_weight")
    grouped = numbered_groups(groups, table.n_rows)
    data = Data(table, labels.y, weight, weight if weight_evaluation else None, labels.classes.tolist(), grouped)
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    study = store = None
    if storage is not None:
        folder, opened = artifact_folder(storage, artifacts), open_storage(storage)
        study = open_study(measure, opened, study_name)
        store = TrialStore(study, opened, folder)
        seed = store.seed(None if random_state is None else seed)
    elif artifacts is not None:
        raise ValueError(f"artifacts must come with storage, got artifacts={fspath(artifacts)!r} alone")
    folds = make_folds(data, cv, seed)
    left_out = LeftOut.of(folds)
    if refit == "bag" and not left_out.all_rows:
        raise ValueError(
            f"refit='bag' keeps the fold models, and needs a cv that leaves each row out: {data.y.size - left_out.rows.size} rows "
            "never are, so that these models have seen a part of the table only. Take 'ensemble' or 'single'"
        )
    warned: list[str] = []
    with heard(warned):
        _warn_of_traps(data, labels, folds, by_group=groups is not None)
        samplers = resolve_resamplers(resamplers, table, data.y, data.weight)
    levers = Levers(boosters, chosen_losses, samplers, least_and_most(data.y), chosen_space, task)
    if store is not None:
        store.check(data, folds, levers, measure.name, seed)

    def cut(y_true: Any, proba: FloatArray, weight: FloatArray | None) -> Any:
        return task.threshold(decision, y_true, proba, weight)

    cores = effective_n_jobs(n_jobs)
    shown_name = metric if isinstance(metric, str) else measure.name
    deadline = None if timeout is None else started + timeout
    takes_part = isinstance(labels, Labels) and data.y.mean() < RARE and (timeout is None or timeout >= LEAST_SECONDS)
    rival = anomaly_score(table, np.asarray(data.y, dtype=np.bool_), folds, seed) if takes_part else None
    with ExitStack() as stack:
        stack.enter_context(heard(warned))
        shown = stack.enter_context(Progress(progress, shown_name, n_trials, timeout))
        lanes = [stack.enter_context(ThreadPoolExecutor(1)) for _ in folds]
        search = Search(levers, folds, measure, cut, Workers.of(cores, lanes), seed, refit, study, store)
        search.run(n_trials, deadline, tuple(callbacks), shown)
        model, oof_proba, score = search.finish(calibration, encoder, labels, n_jobs, deadline)
    baseline_name, baseline_score = search.baseline()
    result = TuneResult(
        best_estimator_=model,
        best_params_=search.best_params(),
        baseline_score_=baseline_score,
        oof_proba_=oof_proba,
        cv_results_=trial_table(search.rows),
        study_=search.study,
        metric_=shown_name,
        _estimate=score,
        anomaly_score_=rival,
        _rows=left_out.rows,
        _y=search.y,
        _weight=search.weight,
        baseline_name_=baseline_name,
        _asked=decision,
        _finished=search.finished(calibration, shown_name),
        _settings={
            "boosters": ", ".join(boosters),
            "search metric": shown_name.replace("_", " "),
            "losses": ", ".join(map(str, chosen_losses)),
            "samplers": ", ".join(sampler.name for sampler in samplers),
            "folds": f"{len(folds)}" if isinstance(cv, int | np.integer) else f"{len(folds)} of {type(cv).__name__}",
            "seconds at most": "no limit" if timeout is None else f"{timeout:g}",
            "trials at most": "no limit" if n_trials is None else f"{n_trials}",
            "final model": refit,
            "calibration": calibration,
            "random_state": repr(random_state),
        },
        _warned=warned,
    )
    with heard(warned):
        try:
            return result.set_threshold(constraints=constraints, confidence=confidence)
        except InfeasibleError as error:
            # The search has been paid for: the model is returned, and the user told what it cannot do.
            alone = parse_goal("f1") if isinstance(decision, Decision) and decision.goal.needs else decision.goal
            warn(f"{error}. The threshold is chosen by the goal {alone.name!r} alone")
            return result.set_threshold(goal=alone)


def _refuse_accuracy(metric: str | Metric) -> None:
    if isinstance(metric, str) and metric == "accuracy":
        raise ValueError(f"metric must not be 'accuracy': {WHY_NOT_ACCURACY}. Take 'average_precision'")


def _check_boosters(booster: str | Sequence[str]) -> tuple[str, ...]:
    if booster == "auto":
        found = tuple(name for name in ("lightgbm", "xgboost", "catboost") if name in installed())
        if not found:
            raise missing_extra("lightgbm", "boostimb.tune")
        return found
    names = (booster,) if isinstance(booster, str) else tuple(booster)
    if not names:
        raise ValueError(f"booster must be 'auto' or name at least one of {', '.join(NAMES)}")
    for name in names:
        get_booster(name)
    return tuple(dict.fromkeys(names))


def _warn_of_traps(data: Data, labels: Labels | ClassLabels, folds: Sequence[Fold], *, by_group: bool) -> None:
    if isinstance(labels, Labels):
        warn_of_few_positives(labels.positive)
        warn_of_leaks(data.table, labels.positive)
    else:
        warn_of_few_rows(data)
    warn_of_names(data.table)
    if not by_group and is_random(folds):
        warn_of_twins(data.table, data.y, folds)
        warn_of_time(data.table)
