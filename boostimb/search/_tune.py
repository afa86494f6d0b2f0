"""The search: boosters, losses, class weight, resampling and threshold, tuned together under cross-validation."""

import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from os import PathLike, fspath
from typing import Any

import optuna
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from boostimb.boosters import NAMES, get_booster, installed
from boostimb.decision import CONFIDENCE, InfeasibleError, parse_decision, parse_goal
from boostimb.metrics import PRAUC
from boostimb.model import effective_n_jobs
from boostimb.resampling import ImbalanceWarning, resolve_resamplers
from boostimb.search._folds import Data, make_folds
from boostimb.search._progress import Progress
from boostimb.search._result import TuneResult, trial_table
from boostimb.search._search import Search
from boostimb.search._space import Levers, Space, check_losses, check_space
from boostimb.search._store import TrialStore, artifact_folder
from boostimb.search._study import StorageLike, open_storage, open_study
from boostimb.search._trial import Workers
from boostimb.table import TableEncoder
from boostimb.typing import BoolArray, FloatArray, Loss, Metric
from boostimb.validation import (
    check_choice,
    check_class_weight,
    check_integer,
    check_labels,
    check_metric,
    check_number,
    missing_extra,
)

# Below this the folds hold so few positives that no estimate of precision or recall means much.
FEW_POSITIVES = 20


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
        NumPy, pandas, polars or Arrow. NaN and None are missing values; text columns are categories.
    y : array-like of shape (n_samples,)
        Labels of two classes.
    booster : "auto", name or sequence of names
        Of "xgboost", "lightgbm" and "catboost"; "auto" takes those that are installed.
    metric : "average_precision" or Metric
        What the search maximises and the rounds are chosen by.
    goal : str, callable or float
        What the threshold is chosen by: "f1", "fbeta:2", "mcc", "balanced_accuracy", a function of (y_true, y_pred), or the
        threshold itself; under a constraint also "recall" and "precision".
    constraints : dict, optional
        What the threshold must satisfy, such as ``{"recall": ">=0.9"}`` or ``{"alerts": "<=50/20000"}``.
    cost_matrix : array-like of shape (2, 2), optional
        ``[[true negative, false positive], [false negative, true positive]]``: minimise the mean cost instead of ``goal``.
    confidence : float or None, default 0.9
        The chance with which new rows must keep each constraint, see `best_threshold`; None asks of the out-of-fold rows only.
    losses : "auto", name, Loss, or sequence of them
        Of "log_loss", "focal" and "asymmetric", whose parameters are searched, or losses as they stand. "auto" is the first two.
    resamplers : "auto", name, imbalanced-learn sampler, or sequence of them
        Of "none", "under", "over", "smote", "smotenc", "borderline_smote", "adasyn", "tomek", "smote_tomek". "auto" takes those
        that suit the table.
    cv : int, splitter or iterable of (train, valid) rows
        A number of stratified folds, or anything that leaves each row out exactly once.
    groups : array-like of shape (n_samples,), optional
        Rows of one group stay in one fold.
    sample_weight : array-like of shape (n_samples,), optional
        Weights >= 0 in training; scores are unweighted.
    categorical_features : "auto", or sequence of names or indices
        Columns to split by category.
    n_trials : int, optional
        Number of trials.
    timeout : float or None, default 300
        Seconds for the whole call. At least one trial is made.
    space : dict or callable, optional
        The boosters' parameters instead of the built-in ranges: ``{booster: {name: Optuna distribution or value}}``, or a function
        ``(trial, booster) -> params``.
    refit : {"ensemble", "bag", "single"}
        The final model: several trials by greedy selection, each with its fold models and one model of all rows; the fold models
        of the best trial; or one model of the best trial's parameters trained on all rows.
    calibration : {"auto", "logistic", "isotonic"}
        The map from log-odds to probability, fitted out of fold. "auto" is logistic.
    storage : str, path or Optuna storage, optional
        Where the study lives, so that it survives anything and goes on when it is called again: the URL of a database as Optuna
        takes it ("sqlite:///study.db", "postgresql://...", "mysql+pymysql://..."), of a journal in Redis ("redis://..."), or the
        path of a journal file. Several processes may work on one study. By default it lives in memory.
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
        The same seed with ``n_trials`` trials gives the same result.

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
        For fewer than 20 positives, or constraints that no threshold satisfies, or none with the confidence.

    Notes
    -----
    An interrupt (Ctrl-C) after the first finished trial ends the search and returns the best so far.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = (X[:, 0] > 1.5).astype(int)
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
    measure = _check_metric(metric)
    decision = parse_decision(goal, constraints, cost_matrix, confidence)
    boosters = _check_boosters(booster)
    chosen_losses = check_losses(losses)
    chosen_space = check_space(space, boosters)
    encoder, table = TableEncoder.fit_transform(X, categorical_features, estimator_name="tune")
    labels = check_labels(y, pos_label=pos_label, n=table.n_rows)
    data = Data(table, labels.positive, check_class_weight(sample_weight, labels.positive))
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    study = store = None
    if storage is not None:
        folder, opened = artifact_folder(storage, artifacts), open_storage(storage)
        study = open_study(measure, opened, study_name)
        store = TrialStore(study, opened, folder)
        seed = store.seed(None if random_state is None else seed, seed)
    elif artifacts is not None:
        raise ValueError(f"artifacts must come with storage, got artifacts={fspath(artifacts)!r} alone")
    folds = make_folds(data, cv, groups, seed)
    _warn_of_few(int(data.y.sum()))
    samplers = resolve_resamplers(resamplers, table, data.y, data.weight)
    counts = int(data.y.sum()), int((~data.y).sum())
    levers = Levers(boosters, chosen_losses, samplers, counts, chosen_space)
    if store is not None:
        store.check(data, folds, levers, measure.name, seed)

    def cut(y_true: BoolArray, proba: FloatArray) -> float:
        try:
            return decision.choose(y_true, proba).value
        except InfeasibleError:
            return float("nan")

    cores = effective_n_jobs(n_jobs)
    shown_name = metric if isinstance(metric, str) else measure.name
    deadline = None if timeout is None else started + timeout
    with ExitStack() as stack:
        shown = stack.enter_context(Progress(progress, shown_name, n_trials, timeout))
        lanes = [stack.enter_context(ThreadPoolExecutor(1)) for _ in folds]
        search = Search(levers, folds, measure, cut, Workers.of(cores, lanes), seed, refit, study, store)
        search.run(n_trials, deadline, tuple(callbacks), shown)
        model, oof_proba, score = search.finish(calibration, encoder, labels, n_jobs, deadline)
    result = TuneResult(
        best_estimator_=model,
        best_params_=search.best_params(),
        baseline_score_=search.baseline(),
        oof_proba_=oof_proba,
        cv_results_=trial_table(search.rows),
        study_=search.study,
        metric_=shown_name,
        _estimate=score,
        _y=data.y,
        _asked=decision,
        _finished=search.finished(calibration, shown_name),
    )
    try:
        return result.set_threshold(constraints=constraints, confidence=confidence)
    except InfeasibleError as error:
        # The search has been paid for: the model is returned, and the user told what it cannot do.
        alone = parse_goal("f1") if decision.goal.needs else decision.goal
        warnings.warn(f"{error}. The threshold is chosen by the goal {alone.name!r} alone", ImbalanceWarning, stacklevel=2)
        return result.set_threshold(goal=alone)


def _check_metric(metric: str | Metric) -> Metric:
    if isinstance(metric, str):
        check_choice("metric", metric, ("average_precision",))
        return PRAUC()
    return check_metric(metric)


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


def _warn_of_few(n_pos: int) -> None:
    if n_pos < FEW_POSITIVES:
        warnings.warn(
            f"only {n_pos} positives: every estimate below is uncertain. Label more of them, or look for anomalies without labels "
            "(sklearn.ensemble.IsolationForest)",
            ImbalanceWarning,
            stacklevel=3,
        )
