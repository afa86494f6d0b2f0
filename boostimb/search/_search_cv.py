"""The search as a scikit-learn estimator."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from os import PathLike
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, overload

import numpy as np
import optuna
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from boostimb.decision import CONFIDENCE, ConstraintReport
from boostimb.metrics import ClassConfusion, Confusion
from boostimb.model import ClassEnsemble, Ensemble
from boostimb.search._context import ContextReport
from boostimb.search._lever_report import LeverReport
from boostimb.search._plots import ResultPlots
from boostimb.search._result import TuneResult
from boostimb.search._space import Space
from boostimb.search._study import StorageLike
from boostimb.search._tune import tune
from boostimb.typing import FloatArray, Loss, Metric
from boostimb.validation import ClassLabels, as_labels, as_vector, check_labels, check_length, warn_of_greater

T = TypeVar("T")


class _Fitted(Generic[T]):
    """An attribute that is read from ``result_``, and is absent before ``fit``."""

    def __init__(self, path: str) -> None:
        self._read: Callable[[TuneResult], T] = attrgetter(path)

    @overload
    def __get__(self, estimator: None, owner: type) -> Self: ...
    @overload
    def __get__(self, estimator: "ImbalanceSearchCV", owner: type) -> T: ...
    def __get__(self, estimator: "ImbalanceSearchCV | None", owner: type) -> T | Self:
        if estimator is None:
            return self
        check_is_fitted(estimator)  # its error is an AttributeError too
        return self._read(estimator.result_)


class ImbalanceSearchCV(ClassifierMixin, BaseEstimator):
    """The scikit-learn twin of `boostimb.tune`, for pipelines, nested cross-validation and metadata routing.

    Parameters
    ----------
    booster, metric, goal, constraints, cost_matrix, confidence, losses, resamplers, cv, weight_evaluation, categorical_features
        As in `boostimb.tune`.
    n_trials, timeout, space, refit, calibration, storage, study_name, artifacts, n_jobs, callbacks, progress, random_state
        As in `boostimb.tune`. The budget is that of one ``fit``. A named study in ``storage`` belongs to one table, so no
        cross-validation can share it.
    pos_label : scalar, optional
        The positive class. By default the greater of the two labels, as everywhere in scikit-learn; None with more labels.

    Attributes
    ----------
    result_ : TuneResult
        All that the search found. Its attributes are the estimator's own: ``best_estimator_``, ``best_params_``,
        ``threshold_``, ``constraint_report_``, ``best_score_``, ``corrected_score_``, ``score_interval_``,
        ``baseline_score_``, ``baseline_name_``, ``oof_proba_``, ``cv_results_``, ``anomaly_score_``, ``study_``, ``metric_`` and
        ``plot``.
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of predict_proba's columns.
    n_features_in_ : int
        Number of features seen by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where ``X`` had names that are all strings.

    Notes
    -----
    With metadata routing on, ``set_fit_request(sample_weight=True, groups=True)`` asks for weights and groups;
    ``groups`` are those of the folds inside.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> from sklearn.model_selection import cross_val_score
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = (X[:, 0] + X[:, 1] > 2).astype(int)
    >>> search = bi.ImbalanceSearchCV(booster="lightgbm", n_trials=1, cv=3, random_state=0)
    >>> cross_val_score(search, X, y, cv=3).shape  # nested: each score is of rows that no search has seen
    (3,)
    """

    best_estimator_ = _Fitted[Ensemble | ClassEnsemble]("best_estimator_")
    best_params_ = _Fitted[dict[str, Any]]("best_params_")
    threshold_ = _Fitted[float | FloatArray]("threshold_")
    constraint_report_ = _Fitted[tuple[ConstraintReport, ...]]("constraint_report_")
    best_score_ = _Fitted[float]("best_score_")
    corrected_score_ = _Fitted[float]("corrected_score_")
    score_interval_ = _Fitted[tuple[float, float]]("score_interval_")
    baseline_score_ = _Fitted[float]("baseline_score_")
    baseline_name_ = _Fitted[str]("baseline_name_")
    oof_proba_ = _Fitted[FloatArray]("oof_proba_")
    cv_results_ = _Fitted[dict[str, NDArray[Any]]]("cv_results_")
    anomaly_score_ = _Fitted[float | None]("anomaly_score_")
    study_ = _Fitted[optuna.Study]("study_")
    metric_ = _Fitted[str]("metric_")
    plot = _Fitted[ResultPlots]("plot")
    classes_ = _Fitted[NDArray[Any]]("classes_")
    n_features_in_ = _Fitted[int]("best_estimator_.n_features_in_")
    feature_names_in_ = _Fitted[NDArray[Any]]("best_estimator_.feature_names_in_")

    def __init__(
        self,
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
    ) -> None:
        self.booster = booster
        self.metric = metric
        self.goal = goal
        self.constraints = constraints
        self.cost_matrix = cost_matrix
        self.confidence = confidence
        self.losses = losses
        self.resamplers = resamplers
        self.cv = cv
        self.weight_evaluation = weight_evaluation
        self.categorical_features = categorical_features
        self.n_trials = n_trials
        self.timeout = timeout
        self.space = space
        self.refit = refit
        self.calibration = calibration
        self.storage = storage
        self.study_name = study_name
        self.artifacts = artifacts
        self.pos_label = pos_label
        self.n_jobs = n_jobs
        self.callbacks = callbacks
        self.progress = progress
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None) -> Self:
        """Search for model and threshold; see `boostimb.tune`, also for errors and warnings.

        Parameters
        ----------
        X : array-like or dataframe of shape (n_samples, n_features)
            NumPy, pandas, polars or Arrow; NaN and None are missing values.
        y : array-like of shape (n_samples,)
            Labels of two classes, or of more.
        sample_weight : array-like of shape (n_samples,), optional
            Weights >= 0 in training.
        groups : array-like of shape (n_samples,), optional
            Rows of one group stay in one fold.

        Returns
        -------
        ImbalanceSearchCV
            Itself, fitted.
        """
        y = as_labels(y)
        options = self.get_params(deep=False)
        if options["pos_label"] is None:
            options["pos_label"] = _greater_label(y)
        self.result_ = tune(X, y, sample_weight=sample_weight, groups=groups, **options)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each row, shape (n_samples,), by ``threshold_``."""
        return self.best_estimator_.predict(X)

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class, shape (n_samples, n_classes), columns in the order of ``classes_``."""
        return self.best_estimator_.predict_proba(X)

    def decision_function(self, X: Any) -> FloatArray:
        """Return the log-odds of ``classes_[1]``, shape (n_samples,); of several classes those of each, (n_samples, n_classes).

        See `Ensemble.decision_function`.
        """
        return self.best_estimator_.decision_function(X)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the search metric of these rows, so that ``cross_val_score`` compares with ``corrected_score_``.

        As in GridSearchCV it is what was searched for, and not the accuracy, which is high for whoever says "negative" to all.
        More is better: a metric that goes down, such as a cost, comes with a minus. ``scoring="f1"`` and the like judge the
        labels at ``threshold_``.

        Parameters
        ----------
        X : array-like or dataframe of shape (n_samples, n_features)
            Columns as in ``fit``.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), optional
            Weights >= 0.
        """
        model, metric = self.best_estimator_, self.result_.search_metric
        raw = model.margins(X) if isinstance(model, ClassEnsemble) else model.decision_function(X)
        y = as_vector("y", y)
        check_length("y", y, len(raw), "X")
        unknown = ~np.isin(y, model.classes_)
        if unknown.any():
            raise ValueError(f"y must hold the labels {model.classes_.tolist()} only, got {y[unknown].tolist()[0]!r}")
        if isinstance(model, ClassEnsemble):
            value = metric.score(np.searchsorted(model.classes_, y), raw, sample_weight)
        else:
            positive = model.positive_index
            value = metric.score(y == model.classes_[positive], raw if positive == 1 else -raw, sample_weight)
        return value if metric.greater_is_better else -value

    def set_threshold(
        self,
        *,
        goal: Any = None,
        constraints: Mapping[str, str] | None = None,
        cost_matrix: ArrayLike | None = None,
        confidence: float | None = CONFIDENCE,
    ) -> Self:
        """Choose another cut from the out-of-fold probabilities, without training; see `TuneResult.set_threshold`."""
        check_is_fitted(self)
        self.result_.set_threshold(goal=goal, constraints=constraints, cost_matrix=cost_matrix, confidence=confidence)
        return self

    def confusion(self) -> Confusion | ClassConfusion:
        """Return counts and rates of the out-of-fold decisions by ``threshold_``."""
        check_is_fitted(self)
        return self.result_.confusion()

    def lever_report(self) -> LeverReport:
        """Tell what each lever bought over the plain booster; see `TuneResult.lever_report`."""
        check_is_fitted(self)
        return self.result_.lever_report()

    def report(
        self, path: str | PathLike[str], *, title: str = "What the search found", context: ContextReport | None = None
    ) -> Path:
        """Write all of it as one HTML file that works offline; see `TuneResult.report`."""
        check_is_fitted(self)
        return self.result_.report(path, title=title, context=context)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model as a folder that `boostimb.load` reads; see `Ensemble.save`."""
        self.best_estimator_.save(path)

    def export(self, path: str | PathLike[str]) -> None:
        """Write the model as one native file that needs no boostimb; see `Ensemble.export`."""
        self.best_estimator_.export(path)


def _greater_label(y: Any) -> Any:
    """Return the positive class by scikit-learn's rule, None of more than two; warn where it is a guess, and an unlikely one."""
    labels = check_labels(y, ordered=True)
    if isinstance(labels, ClassLabels):
        return None
    lesser, greater = labels.classes.tolist()
    warn_of_greater(labels, f"pos_label={lesser!r}")
    return greater
