"""LightGBM: how it is given a loss, a start value and a metric, and how its models are read and written.

A custom objective sees margins that start at 0, no weights, and is not told by scale_pos_weight or is_unbalance. So the start is
added inside the objective, the weights are fetched from the Dataset once, and both start and link are written into the saved text
afterwards. Our own log-loss runs this way too: LightGBM's native one is slower.
"""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from boostimb.boosters._base import (
    CALLED_SEED,
    SET_OUTSIDE,
    AnyLoss,
    Evaluate,
    Params,
    allow,
    check_varies,
    normalised,
    refusals,
    refuse,
    refuse_metric,
)
from boostimb.boosters._lightgbm_metric import StopOnFirst, check_metrics, feval_of
from boostimb.boosters._lightgbm_objective import Objective, ObjectiveOfClasses
from boostimb.boosters._lightgbm_text import merge as merge_texts
from boostimb.losses import LogLoss, SoftmaxFocalLoss
from boostimb.table import Categories, Category, Table
from boostimb.typing import FloatArray, IntArray, LabelArray, MarginArray, Metric

name = "lightgbm"
suffix = "txt"
BINS_ARE_EXACT = True

_OWNED = {
    name: reason
    for names, reason in (
        ("objective objective_type app application loss fobj", "the loss sets it"),
        ("scale_pos_weight is_unbalance unbalance unbalanced_sets", "a custom objective ignores it; give the loss a pos_weight"),
        ("pos_bagging_fraction pos_sub_row pos_subsample pos_bagging", "a custom objective ignores it; resample the rows instead"),
        ("neg_bagging_fraction neg_sub_row neg_subsample neg_bagging", "a custom objective ignores it; resample the rows instead"),
        ("boost_from_average", "the start value comes from the loss"),
        ("linear_tree linear_trees", "start value and calibration are written into constant leaves"),
        ("num_class num_classes", "the loss takes it from the labels"),
    )
    for name in names.split()
}
# Which columns are categories is told by the table.
_OF_TABLE = dict.fromkeys(
    ("categorical_feature", "cat_feature", "categorical_column", "cat_column", "categorical_features"),
    "set categorical_features of the estimator or the search instead",
)


def train(
    params: Params,
    train_set: lgb.Dataset,
    num_boost_round: int = 100,
    *,
    loss: AnyLoss | None = None,
    metric: Metric | None = None,
    valid_sets: lgb.Dataset | Sequence[lgb.Dataset] | None = None,
    valid_names: str | Sequence[str] | None = None,
    early_stopping_rounds: int | None = None,
    init_model: Any = None,
    callbacks: Sequence[Callable[..., Any]] | None = None,
) -> lgb.Booster:
    """Train as ``lightgbm.train`` does, with a loss and a metric of boostimb.

    Parameters
    ----------
    params : mapping
        LightGBM's parameters, less those that the loss carries or that a custom objective switches off (objective,
        scale_pos_weight, is_unbalance, boost_from_average, pos_bagging_fraction, neg_bagging_fraction and their aliases).
    train_set : lightgbm.Dataset
        Training rows with labels 0 and 1 (0, 1, 2, ... for ``SoftmaxFocalLoss``), and weights if there are any.
    num_boost_round : int
        Number of rounds.
    loss : Loss or SoftmaxFocalLoss, default LogLoss()
        What to minimise.
    metric : Metric, optional
        Evaluated on each of ``valid_sets`` after each round. For two classes only: of several, the log-loss of the posterior is
        evaluated, as ``multi_logloss``. Of LightGBM's own, params may name "auc" and "average_precision" where there is neither:
        the others would read margins without their start.
    early_stopping_rounds : int, optional
        Stop after so many rounds without a better value of ``metric`` on the first validation set; the direction is the metric's.
    init_model : path or lightgbm.Booster, optional
        A model to train further, one that ``train`` returned or any other whose plain margins are log-odds of the posterior.
    valid_sets, valid_names, callbacks
        As in ``lightgbm.train``. There is no ``keep_training_booster``: the booster is read anew from its text. Beside an
        ``init_score`` of the Dataset the start is 0, and the model's margins come on top of it.

    Returns
    -------
    lightgbm.Booster
        Its plain ``predict`` gives probabilities, also after saving and loading without boostimb: exactly P(y=1) for
        ``LogLoss``; for a loss whose posterior is not linear in the margin, sigmoid(margin), to be mapped by
        ``loss.predict_proba(booster.predict(X, raw_score=True))``. Of several classes, softmax(margins) likewise: the
        posterior at gamma 0, and to be mapped otherwise.

    Raises
    ------
    ValueError
        For a parameter that the loss carries, labels other than the loss takes, early stopping without a metric or a
        validation set, a metric beside several classes, or one of LightGBM's that reads margins as probabilities.

    Examples
    --------
    >>> import numpy as np, lightgbm as lgb, boostimb as bi
    >>> from boostimb.boosters import lightgbm as bl
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = (X[:, 0] > 1.5).astype(int)
    >>> model = bl.train({"num_leaves": 7, "verbosity": -1}, lgb.Dataset(X, y), 20, loss=bi.LogLoss(pos_weight=5.0))
    >>> bool(abs(model.predict(X).mean() - y.mean()) < 0.02)
    True
    """
    refuse(params, _OWNED)
    loss = LogLoss() if loss is None else loss
    several = isinstance(loss, SoftmaxFocalLoss)
    if several:
        refuse_metric(metric)
    elif early_stopping_rounds is not None and metric is None:
        raise ValueError("early_stopping_rounds needs a metric to stop on: pass metric=, for example boostimb.PRAUC()")
    check_metrics(params, beside=several or metric is not None)
    sets = [valid_sets] if isinstance(valid_sets, lgb.Dataset) else list(valid_sets or ())
    settings = {**params, "objective": "none"}
    feval: Callable[..., Any] | None = None if metric is None else feval_of(metric)
    objective: Objective | ObjectiveOfClasses
    if isinstance(loss, SoftmaxFocalLoss):
        # Building the Dataset here would fix settings that lgb.train still wants to change.
        labels = train_set.construct().get_label() if train_set.label is None else train_set.label
        objective = ObjectiveOfClasses(loss, loss.init_raw(labels).size, restart=init_model is not None)
        settings["num_class"] = objective.n_classes
        feval = objective.log_loss
    else:
        objective = Objective(loss, restart=init_model is not None)
    if feval is not None:
        settings["metric"] = "none"
    stops = list(callbacks or ())
    if early_stopping_rounds is not None:
        with_train = any(each is train_set for each in sets)
        if not sets or (with_train and len(sets) == 1):
            raise ValueError(
                "early_stopping_rounds needs a validation set to stop on: pass valid_sets= of other rows than train_set"
            )
        stops.append(StopOnFirst(early_stopping_rounds, after_train=with_train))
    booster = lgb.train(
        # a function, since lightgbm.train copies its parameters deeply
        {**settings, "objective": lambda raw, data: objective(raw, data)},
        train_set,
        num_boost_round,
        valid_sets=sets or None,
        valid_names=[valid_names] if isinstance(valid_names, str) else valid_names,
        feval=feval,
        init_model=init_model,
        callbacks=stops,
    )
    best = booster.best_iteration, booster.best_score
    finished = objective.finish(booster)
    finished.best_iteration, finished.best_score = best
    return finished


def binning(params: Params) -> dict[str, Any]:
    """Return those of the parameters that a dataset is built with, by whatever names: LightGBM knows them itself."""
    refuse(params, _OWNED | _OF_TABLE)
    given: dict[str, Any] = lgb.Dataset(None, params=dict(params)).get_params()
    # A filter would drop columns by one trial's min_data_in_leaf, for all of them.
    allow(given, "feature_pre_filter", (False,), "trials that share the bins need all columns")
    return {**given, "feature_pre_filter": False}


def dataset(
    table: Table, y: LabelArray, weight: FloatArray | None, params: Params, *, n_jobs: int, reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    """Bin a table into a Dataset; with ``reference``, by the bins of that dataset."""
    if reference is None:
        check_varies(table)
    names = list(table.names) if table.names is not None and all(map(_is_plain, table.names)) else "auto"
    data = lgb.Dataset(
        table.values,
        y.astype(np.float32),
        weight=weight,
        reference=reference,
        feature_name=names,
        categorical_feature=list(table.categorical),
        params={**binning(params), "num_threads": n_jobs, "verbosity": -1},
        free_raw_data=True,
    )
    with refusals(name, lgb.basic.LightGBMError):
        return data.construct()


def take(
    data: lgb.Dataset,
    rows: IntArray,
    table: Callable[[IntArray], Table],
    y: LabelArray,
    weight: FloatArray | None,
    params: Params,
    *,
    n_jobs: int,
) -> lgb.Dataset:
    """Return some rows of a dataset by its bins: LightGBM copies them, repeats too, since it counts the rows of a leaf."""
    return data.subset(rows, params={**data.params, "num_threads": n_jobs}).construct()


def _is_plain(text: str) -> bool:
    """Whether LightGBM takes a column's name as it is."""
    return bool(text) and text.isprintable() and not set('",:[]{} ') & set(text)


class _Run:
    """A training that is advanced round by round."""

    def __init__(
        self,
        params: dict[str, Any],
        data: lgb.Dataset,
        loss: AnyLoss,
        valid: lgb.Dataset | None,
        evaluate: Evaluate | None,
        limit: int,
    ) -> None:
        self._evaluate, self._limit = evaluate, limit
        shape: tuple[int, ...] = (0 if valid is None else valid.num_data(),)
        self._objective: Objective | ObjectiveOfClasses
        if isinstance(loss, SoftmaxFocalLoss):
            self._objective = ObjectiveOfClasses(loss, loss.init_raw(data.get_label()).size)
            params = {**params, "num_class": self._objective.n_classes}
            shape = (*shape, self._objective.n_classes)
        else:
            self._objective = Objective(loss)
        self._objective.bind(data)
        # "none" from the start keeps LightGBM from rebuilding its learner when it meets the custom objective.
        self._booster = lgb.Booster({**params, "objective": "none"}, data)
        if valid is not None:
            self._booster.add_valid(valid, "valid")
        self._has_valid = valid is not None and evaluate is not None
        self._done = 0
        # Where nothing can be split there is no round, and the margins stay these.
        self.margins: MarginArray = self._objective.margins(np.zeros(shape))

    def advance(self, n_rounds: int) -> list[float]:
        with refusals(name, lgb.basic.LightGBMError):
            return self._advance(n_rounds)

    def _advance(self, n_rounds: int) -> list[float]:
        values: list[float] = []
        for _ in range(min(n_rounds, self._limit - self._done)):
            if self._booster.update(fobj=self._objective):
                self._limit = self._done  # nothing is left to split
                break
            self._done += 1
            if self._has_valid:
                ((_, _, value, _),) = self._booster.eval_valid(self._feval)
                values.append(value)
        return values

    def _feval(self, raw: MarginArray, _: lgb.Dataset) -> tuple[str, float, bool]:
        assert self._evaluate is not None
        self.margins = self._objective.margins(raw)
        return "value", self._evaluate(self.margins), True

    def model(self, n_rounds: int) -> "_Model":
        return _Model(self._objective.part(self._booster, n_rounds))

    def close(self) -> None:
        self._booster.free_dataset()


def start(
    params: Params,
    train: lgb.Dataset,
    loss: AnyLoss,
    *,
    n_rounds: int,
    valid: lgb.Dataset | None = None,
    evaluate: Evaluate | None = None,
    n_jobs: int,
    seed: int,
) -> _Run:
    """Begin a training of at most ``n_rounds`` rounds."""
    refuse(params, _OWNED | SET_OUTSIDE | CALLED_SEED)
    allow(params, "boosting boosting_type boost", ("gbdt", "gbrt", "goss"), "earlier rounds must stay as they were scored")
    settings = {
        "verbosity": -1,
        "seed": seed,
        **params,
        "num_threads": n_jobs,
        "deterministic": True,
        "force_row_wise": True,
        "feature_pre_filter": False,
        "metric": "none",
    }
    with refusals(name, lgb.basic.LightGBMError):
        return _Run(settings, train, loss, valid, evaluate, n_rounds)


class _Model:
    """A trained lightgbm.Booster with start and link in its text."""

    def __init__(self, booster: lgb.Booster | str) -> None:
        self._given = booster

    @cached_property
    def native(self) -> Any:
        """The booster. A text is read when it is first asked for: the models of most trials of a search never are."""
        return self._given if isinstance(self._given, lgb.Booster) else lgb.Booster(model_str=self._given)

    @property
    def n_rounds(self) -> int:
        return int(self.native.num_trees()) // int(self.native.num_model_per_iteration())

    @property
    def n_features(self) -> int:
        """Number of columns that it was trained on."""
        return int(self.native.num_feature())

    def raw(self, table: Table, *, n_jobs: int) -> FloatArray:
        raw = self.native.predict(table.values, raw_score=True, num_threads=n_jobs)
        return np.asarray(raw, dtype=np.float64)

    def contributions(self, table: Table, *, n_jobs: int) -> FloatArray:
        return np.asarray(self.native.predict(table.values, pred_contrib=True, num_threads=n_jobs), dtype=np.float64)

    def importances(self) -> FloatArray:
        return normalised(np.asarray(self.native.feature_importance("gain"), dtype=np.float64))

    def save(self, path: Path) -> None:
        self.native.save_model(path)

    def export(self, path: Path, categories: Categories) -> None:
        booster = copy(self.native)
        # As LightGBM writes them for a model of a pandas frame. Where there are none, it then refuses a frame that has some.
        booster.pandas_categorical = [_as_pandas(levels) for levels in categories if levels is not None]
        booster.save_model(path)


def _as_pandas(levels: Sequence[Category]) -> list[Category]:
    """Return what pandas is to look a frame's categories up in; an added text, which no code stands for, changes how it does so.

    0 and 1 may have been False and True, which pandas finds among objects, and not among numbers alone.
    """
    return [*levels, ""] if set(levels) <= {0, 1} else list(levels)


def merge(models: Sequence[_Model], weights: Sequence[float], shift: float | FloatArray) -> _Model:
    """Return one model whose margin is the weighted sum of the models' margins plus ``shift``."""
    texts = [model.native.model_to_string() for model in models]
    return _Model(merge_texts(texts, weights, np.atleast_1d(shift).tolist()))


def load(path: Path) -> _Model:
    """Read a model file of LightGBM."""
    with refusals(name, lgb.basic.LightGBMError, "a model file"):
        return _Model(lgb.Booster(model_file=path))
