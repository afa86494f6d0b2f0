"""One booster, one loss, as a scikit-learn estimator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from boostimb.boosters import AnyLoss, Booster, Model, Run, get_booster
from boostimb.decision import Calibration, calibrate, prior_shift
from boostimb.losses import LogLoss, SoftmaxFocalLoss
from boostimb.metrics import PRAUC
from boostimb.model._margin_sum import MarginSum
from boostimb.model._native import check_suffix, effective_n_jobs
from boostimb.model._several_classes import FittedClasses, class_loss, class_metric
from boostimb.resampling import Resampled, as_resampler
from boostimb.table import Table, TableEncoder
from boostimb.typing import FloatArray, LabelArray, Loss, Metric
from boostimb.validation import (
    ClassLabels,
    Labels,
    as_vector,
    check_choice,
    check_class_weight,
    check_integer,
    check_labels,
    check_length,
    check_loss,
    check_metric,
    check_number,
    decode,
    warn,
    warn_of_greater,
)

# Rounds between two looks at the early-stopping rule; the rule itself looks at every round.
_STRIDE = 10
# Positives that count so many times as much as negatives, by resampling and class weight together, are more than balance asks for.
OVERCORRECTED = 2.0


class BoostClassifier(ClassifierMixin, BaseEstimator):
    """A gradient-boosting classifier for a rare positive class, over any of the three boosters.

    Parameters
    ----------
    booster : {"xgboost", "lightgbm", "catboost"}, default "lightgbm"
        What trains the trees.
    loss : Loss or SoftmaxFocalLoss, default LogLoss()
        What to minimise; see `boostimb.losses`. Several classes take a SoftmaxFocalLoss, by default with gamma 0.
    pos_weight : float or "balanced", default 1.0
        Weight of the positive class, multiplied with the loss's own. "balanced" is the number of negatives per positive; of
        several classes each then weighs as much as the largest.
    resampler : str or imbalanced-learn sampler, optional
        Applied to the training rows alone: "under", "over", "smote", "smotenc", "borderline_smote", "adasyn", "tomek",
        "smote_tomek".
    params : dict, optional
        The booster's own parameters.
    n_rounds : int, default 1000
        Largest number of boosting rounds.
    early_stopping_rounds : int or None, default 100
        Stop after so many rounds without a better ``metric`` on ``eval_set``. Without an ``eval_set`` all rounds are trained.
    metric : Metric, default PRAUC()
        What early stopping looks at. Of several classes it is a `boostimb.metrics.ClassAveragePrecision`.
    calibration : {None, "logistic", "isotonic"}, default None
        Fit a map from margin to probability on ``eval_set``. None gives the posterior of the loss itself.
    threshold : float, default 0.5
        ``predict`` says positive where the probability is at least this; of several classes it takes the likeliest.
    categorical_features : "auto", or list of names or indices, default "auto"
        Columns to split by category. "auto" takes text and categorical columns.
    n_jobs : int, optional
        Threads; None and -1 mean all cores.
    random_state : int, RandomState or None
        Seed of the booster and the resampler.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; the second one of two is the positive class.
    best_iteration_ : int
        Number of rounds in the model.
    feature_importances_ : ndarray of shape (n_features,)
        Each feature's share of the total gain.
    evals_result_ : list of float
        Value of ``metric`` on ``eval_set`` after each round.
    booster_ : object
        The booster's own model, for SHAP and the like.
    n_features_in_ : int
        Number of features seen by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where ``X`` had names that are all strings.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> X = np.random.default_rng(0).normal(size=(600, 3))
    >>> y = (X[:, 0] > 1.5).astype(int)
    >>> model = bi.BoostClassifier(loss=bi.FocalLoss(gamma=1.0), n_rounds=30).fit(X, y)
    >>> model.predict_proba(X[:2]).shape
    (2, 2)
    """

    def __init__(
        self,
        booster: str = "lightgbm",
        loss: Loss | None = None,
        pos_weight: float | str = 1.0,
        resampler: Any = None,
        params: dict[str, Any] | None = None,
        n_rounds: int = 1000,
        early_stopping_rounds: int | None = 100,
        metric: Metric | None = None,
        calibration: str | None = None,
        threshold: float = 0.5,
        categorical_features: Any = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.booster = booster
        self.loss = loss
        self.pos_weight = pos_weight
        self.resampler = resampler
        self.params = params
        self.n_rounds = n_rounds
        self.early_stopping_rounds = early_stopping_rounds
        self.metric = metric
        self.calibration = calibration
        self.threshold = threshold
        self.categorical_features = categorical_features
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        eval_set: Sequence[tuple[Any, Any]] | None = None,
    ) -> Self:
        """Train on a table.

        Parameters
        ----------
        X : array-like or dataframe of shape (n_samples, n_features)
            NumPy, pandas, polars, Arrow or a sparse matrix; NaN and None are missing values.
        y : array-like of shape (n_samples,)
            Labels of two classes, the greater one being positive, or of more.
        sample_weight : array-like of shape (n_samples,), optional
            Weights >= 0 of the training rows.
        eval_set : list of one (X, y) pair, optional
            Rows for early stopping and calibration; they are not trained on.

        Returns
        -------
        BoostClassifier
            Itself, fitted.

        Raises
        ------
        ValueError
            For labels of one class, lengths that differ, infinite values, bad weights or parameters.
        ImportError
            If the booster is not installed.

        Warns
        -----
        ImbalanceWarning
            If resampling and class weight together make positives count more than twice as much as negatives; or if the greater of
            two labels, other than 0 and 1, is the more frequent one.
        """
        booster, labels = get_booster(self.booster), check_labels(y, ordered=True)
        if isinstance(labels, Labels):
            warn_of_greater(labels, f"y == {labels.classes.tolist()[0]!r}")
        loss = self._loss_for(labels)
        n_rounds = check_integer("n_rounds", self.n_rounds, least=1)
        check_number("threshold", self.threshold, least=0.0, most=1.0)
        if self.early_stopping_rounds is not None:
            check_integer("early_stopping_rounds", self.early_stopping_rounds, least=1)
        encoder, table = TableEncoder.fit_transform(X, self.categorical_features, estimator_name=type(self).__name__)
        check_length("y", labels.y, table.n_rows, "X")
        weight = check_class_weight(sample_weight, labels.y)
        held_out = self._held_out(eval_set, encoder, labels)
        n_jobs, seed = effective_n_jobs(self.n_jobs), int(check_random_state(self.random_state).randint(2**31 - 1))
        resampler = as_resampler(self.resampler)
        resampler.check(table, labels.y, weight)
        rows = resampler.resample(table, labels.y, weight, seed)
        if resampler.name != "none" and not isinstance(loss, SoftmaxFocalLoss):
            _warn_of_overcorrection(loss, rows)

        params = {} if self.params is None else self.params
        if not isinstance(params, Mapping):
            raise TypeError(f"params must be a dict of the booster's parameters, got {params!r}")
        train = booster.dataset(rows.apply(table), rows.y, rows.sample_weight, params, n_jobs=n_jobs)
        metric = self._metric_for(labels)
        valid = evaluate = None
        if held_out is not None:
            valid = booster.dataset(*held_out, None, params, n_jobs=n_jobs, reference=train)
            evaluate = metric.bind(held_out[1])
        run = booster.start(params, train, loss, n_rounds=n_rounds, valid=valid, evaluate=evaluate, n_jobs=n_jobs, seed=seed)
        try:
            values = self._boost(run, n_rounds, metric.greater_is_better, stops=held_out is not None)
            best = len(values)
            if values and self.early_stopping_rounds is not None:
                best = 1 + int(np.argmax(values if metric.greater_is_better else np.negative(values)))
            model = run.model(best if values else n_rounds)
        finally:
            run.close()

        moved = resampler.name != "none" or getattr(loss, "class_weight", None) not in (None, (1.0, 1.0))
        self._fitted: _Fitted | FittedClasses
        if isinstance(loss, SoftmaxFocalLoss):
            self._fitted = FittedClasses.of(
                booster.name,
                model,
                loss,
                encoder,
                held_out=None if self.calibration is None else held_out,
                natural=(table, np.asarray(labels.y, dtype=np.intp), weight) if moved else None,
                n_classes=labels.classes.size,
                n_jobs=n_jobs,
            )
        else:
            calibration, shift = None, 0.0
            if self.calibration is not None:
                assert held_out is not None  # _held_out refuses a calibration without rows for it
                calibration = calibrate(model.raw(held_out[0], n_jobs=n_jobs), held_out[1], method=self.calibration)
            elif moved:
                shift = prior_shift(
                    loss.posterior_logit(model.raw(table, n_jobs=n_jobs)), float(np.average(labels.y, weights=weight)), weight
                )
            self._fitted = _Fitted(booster.name, model, loss, encoder, calibration, shift)
        self.classes_ = labels.classes
        self.n_features_in_ = table.values.shape[1]
        if table.names is not None:
            self.feature_names_in_ = np.asarray(table.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.evals_result_ = values
        self.best_iteration_ = model.n_rounds
        return self

    def _metric_for(self, labels: Labels | ClassLabels) -> Metric:
        if isinstance(labels, ClassLabels):
            return class_metric(self.metric)
        return PRAUC() if self.metric is None else check_metric(self.metric)

    def _loss_for(self, labels: Labels | ClassLabels) -> AnyLoss:
        """Return the loss with ``pos_weight`` in it."""
        if isinstance(labels, ClassLabels):
            if self.threshold != 0.5:
                raise ValueError(f"threshold must be 0.5 with several classes, which take the likeliest; got {self.threshold}")
            if self.calibration is not None:
                check_choice("calibration", self.calibration, ("logistic",))
            return class_loss(self.loss, self.pos_weight, labels.y)
        loss = LogLoss() if self.loss is None else check_loss(self.loss)
        if self.calibration is None:
            loss.posterior_logit(np.zeros(1))  # a loss without a posterior says so now, and not after the training
        factor = self.pos_weight
        if isinstance(factor, str):
            check_choice("pos_weight", factor, ("balanced",))
            factor = float((~labels.positive).sum() / labels.positive.sum())
        factor = check_number("pos_weight", factor, above=0.0)
        if factor == 1.0:
            return loss
        if not hasattr(loss, "pos_weight"):
            raise ValueError(f"pos_weight must be 1.0 with a loss that has no pos_weight of its own, got {factor:g} with {loss!r}")
        return replace(loss, pos_weight=loss.pos_weight * factor)  # type: ignore[type-var]  # our losses are dataclasses

    def _held_out(self, eval_set: Any, encoder: TableEncoder, labels: Labels | ClassLabels) -> tuple[Table, LabelArray] | None:
        """Return the table and labels of ``eval_set``."""
        if self.calibration is not None:
            check_choice("calibration", self.calibration, ("logistic", "isotonic"))
            if eval_set is None:
                raise ValueError(f"calibration={self.calibration!r} needs rows that are not trained on: pass eval_set=[(X, y)]")
        if eval_set is None:
            return None
        if len(eval_set) != 1 or len(eval_set[0]) != 2:
            raise ValueError(f"eval_set must be a list of one (X, y) pair, got {len(eval_set)} entries")
        ((X, y),) = eval_set
        table = encoder.transform(X)
        y = as_vector("y of eval_set", y)
        check_length("y of eval_set", y, table.n_rows, "its X")
        unknown = ~np.isin(y, labels.classes)
        if unknown.any():
            raise ValueError(f"y of eval_set must hold the labels {labels.classes.tolist()} only, got {y[unknown].tolist()[0]!r}")
        if isinstance(labels, ClassLabels):
            absent = ~np.isin(labels.classes, y)
            if absent.any():
                raise ValueError(f"y of eval_set must hold each class, got no {labels.classes[absent].tolist()[0]!r}")
            return table, np.searchsorted(labels.classes, y)
        positive = np.asarray(y == labels.classes[1], dtype=bool)
        if positive.all() or not positive.any():
            raise ValueError(f"y of eval_set must hold both classes, got {y[0]!r} only")
        return table, positive

    def _boost(self, run: Run, n_rounds: int, greater_is_better: bool, *, stops: bool) -> list[float]:
        """Train until the rounds are used up or the metric has not risen for long enough."""
        patience = self.early_stopping_rounds if stops else None
        if patience is None:
            return run.advance(n_rounds)
        values: list[float] = []
        best = 0
        while len(values) < n_rounds and (new := run.advance(min(_STRIDE, n_rounds - len(values)))):
            for value in new:
                values.append(value)
                if (value > values[best]) if greater_is_better else (value < values[best]):
                    best = len(values) - 1
                if len(values) - 1 - best >= patience:
                    return values
        return values

    def _margins(self, X: Any) -> FloatArray:
        check_is_fitted(self)
        fitted = self._fitted
        return fitted.model.raw(
            fitted.encoder.transform(X, estimator_name=type(self).__name__), n_jobs=effective_n_jobs(self.n_jobs)
        )

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or dataframe of shape (n_samples, n_features)
            Columns as in ``fit``. A category that ``fit`` did not see counts as missing.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; the second of two is P(y=positive | margin) under the loss, not its sigmoid. After
            class weights or resampling its mean over the training rows is set to their rate of positives, or of each class.
        """
        raw = self._margins(X)
        return self._fitted.proba(raw)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each row, shape (n_samples,).

        Of two classes the positive one where its probability is at least ``threshold``, of several the likeliest.
        """
        proba = self.predict_proba(X)  # first of all: it says so if the model is not fitted
        if self.classes_.size > 2:
            labels: NDArray[Any] = self.classes_[proba.argmax(axis=1)]
            return labels
        return decode(self.classes_, 1, proba[:, 1] >= self.threshold)

    def contributions(self, X: Any) -> FloatArray:
        """Return what each column adds to the log-odds of the positive class (SHAP values, by the booster's own exact algorithm).

        Parameters
        ----------
        X : array-like or dataframe of shape (n_samples, n_features)
            Columns as in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_features + 1)
            The last column is where each row starts from. A row sums to the log-odds of ``predict_proba``; where these are no line
            over the margin (a focal loss without ``calibration="logistic"``, an isotonic calibration), to the margin, which they
            rise with. XGBoost computes it in float32.
        """
        check_is_fitted(self)
        fitted = self._fitted
        if isinstance(fitted, FittedClasses):
            raise ValueError(f"contributions are those to one positive class, and this model has {self.classes_.size} classes")
        table = fitted.encoder.transform(X, estimator_name=type(self).__name__)
        return fitted.sum(fitted.line or (1.0, 0.0)).contributions(table, n_jobs=effective_n_jobs(self.n_jobs))

    @property
    def feature_importances_(self) -> FloatArray:
        """Each feature's share of the total gain, shape (n_features,)."""
        check_is_fitted(self)
        return self._fitted.model.importances()

    @property
    def booster_(self) -> Any:
        """The booster's own model: xgboost.Booster, lightgbm.Booster or catboost.CatBoost; its margins include the start."""
        check_is_fitted(self)
        return self._fitted.model.native

    def export(self, path: str | PathLike[str]) -> None:
        """Write the booster's own file, which predicts probabilities without boostimb.

        Parameters
        ----------
        path : path-like
            Ends in .ubj or .json (XGBoost), .txt (LightGBM) or .cbm (CatBoost).

        Raises
        ------
        ValueError
            If the probability is not a logistic function of the margin (a focal loss without ``calibration="logistic"``, or an
            isotonic calibration), so that no native file could give it; or if the path has another ending.

        Warns
        -----
        UserWarning
            If XGBoost will not read all categories by name: before version 3.1, or beyond ASCII.

        Notes
        -----
        The file holds the names of the categories, so a pandas frame may have its ``category`` columns, of texts or of numbers
        (XGBoost: int64), in any order; of other things, such as the intervals of ``pandas.cut``, rename them by
        ``.cat.rename_categories(str)``. In a NumPy array they are codes to XGBoost and LightGBM: 0, 1, ... in the sorted order of
        the training rows' categories, or in that of an ordered dtype. XGBoost takes a category that training did not hold for
        another one, or refuses the frame: make it missing, and ``.cat.remove_unused_categories()``.
        """
        check_is_fitted(self)
        fitted = self._fitted
        booster = get_booster(fitted.booster)
        check_suffix(path, booster)
        if (merged := fitted.merged(booster)) is None:
            raise ValueError(
                "a native file can only hold a probability that is a logistic function of the margin, and that of "
                f"{fitted.loss!r} with calibration={self.calibration!r} is not: fit with calibration='logistic' and an eval_set"
            )
        merged.export(Path(path), fitted.encoder.categories)


def _warn_of_overcorrection(loss: Loss, rows: Resampled) -> None:
    """Resampling and class weight, each of which would do, together."""
    neg, pos = getattr(loss, "class_weight", (1.0, 1.0))
    weight = np.ones(rows.y.size) if rows.sample_weight is None else rows.sample_weight
    positive = np.asarray(rows.y, dtype=np.bool_)
    by_rows = float(weight[positive].sum() / weight[~positive].sum())
    if pos > neg and by_rows * pos / neg > OVERCORRECTED:
        warn(
            f"resampling makes {by_rows:.3g} positives per negative, and a positive weighs {pos / neg:.3g} times a negative: "
            f"positives then count {by_rows * pos / neg:.3g} times as much as negatives. One of the two is enough: leave "
            "pos_weight at 1, or resampler at None"
        )


@dataclass(frozen=True)
class _Fitted:
    """What ``fit`` found, beside the attributes that scikit-learn names."""

    booster: str
    model: Model
    loss: Loss
    encoder: TableEncoder
    calibration: Calibration | None
    shift: float  # of the log-odds, where weights or resampling moved them

    def proba(self, raw: FloatArray) -> FloatArray:
        """Return the probability of each class from margins, shape (n, 2)."""
        known = self.calibration
        positive = expit(self.loss.posterior_logit(raw) + self.shift) if known is None else known.apply(raw)
        return np.column_stack([1.0 - positive, positive])

    @property
    def line(self) -> tuple[float, float] | None:
        """(scale, offset) where the log-odds are a line over the margin, else None."""
        if self.calibration is not None:
            return self.calibration.line
        shift = self.loss.posterior_shift
        return None if shift is None else (1.0, shift + self.shift)

    def sum(self, line: tuple[float, float]) -> MarginSum:
        """Return the line over the margin as a sum of one."""
        return MarginSum([self.model], line[:1], line[1])

    def merged(self, booster: Booster) -> Model | None:
        """Return the model with the line in its leaves; None where there is no line."""
        return None if self.line is None else self.sum(self.line).merged(booster)
