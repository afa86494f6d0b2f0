"""XGBoost: how it is given a loss, a start value and a metric, and how its models are read and written.

With a custom objective XGBoost starts at a margin of 0.5, applies no weights and returns margins from ``predict``. Naming
``binary:logistic`` beside the custom gradients, with ``base_score = sigmoid(start)``, keeps the start and the link function in
the saved model.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb
from scipy.special import expit, logit

from boostimb.boosters._base import (
    CALLED_SEED,
    SET_OUTSIDE,
    AnyLoss,
    ClassStart,
    Evaluate,
    OnData,
    Params,
    allow,
    check_single,
    check_varies,
    native_pos_weight,
    normalised,
    refusals,
    refuse,
    refuse_metric,
)
from boostimb.boosters._xgboost_categories import beyond_ascii, stored
from boostimb.losses import LogLoss, SoftmaxFocalLoss
from boostimb.table import Categories, Table
from boostimb.typing import BoundLoss, FloatArray, IntArray, LabelArray, MarginArray, Metric
from boostimb.validation import warn

name = "xgboost"
# What is above the last cut, a category above all seen among them, falls into the last bin; the model itself sends it elsewhere.
BINS_ARE_EXACT = False
suffix = "ubj"
# Objectives by which the start of a model is a probability, and its margins are log-odds.
_LOGISTIC = ("binary:logistic", "reg:logistic")

_OWNED = {
    "objective": "the loss sets it",
    "obj": "pass it as loss=",
    "base_score": "the start value comes from the loss",
    "scale_pos_weight": "it has no effect with a custom objective; give the loss a pos_weight",
    "num_class": "the loss takes it from the labels",
}


def train(
    params: Params,
    dtrain: xgb.DMatrix,
    num_boost_round: int = 10,
    *,
    loss: AnyLoss | None = None,
    metric: Metric | None = None,
    evals: Sequence[tuple[xgb.DMatrix, str]] | None = None,
    early_stopping_rounds: int | None = None,
    evals_result: dict[str, Any] | None = None,
    verbose_eval: bool | int | None = True,
    xgb_model: Any = None,
    callbacks: Sequence[xgb.callback.TrainingCallback] | None = None,
) -> xgb.Booster:
    """Train as ``xgboost.train`` does, with a loss and a metric of boostimb.

    Parameters
    ----------
    params : mapping
        XGBoost's parameters, less those that the loss carries (objective, base_score, scale_pos_weight).
    dtrain : xgboost.DMatrix
        Training rows with labels 0 and 1 (0, 1, 2, ... for ``SoftmaxFocalLoss``), and weights if there are any.
    num_boost_round : int
        Number of rounds.
    loss : Loss or SoftmaxFocalLoss, default LogLoss()
        What to minimise. Log-loss runs on XGBoost's own objective. Several classes need XGBoost 3.1.
    metric : Metric, optional
        Evaluated on each of ``evals`` after each round instead of XGBoost's default metric; for two classes only.
    xgb_model : path, bytearray or xgboost.Booster, optional
        A model to train further, one that ``train`` returned or any other of XGBoost's logistic objectives.
    evals, early_stopping_rounds, evals_result, verbose_eval, callbacks
        As in ``xgboost.train``; early stopping goes in the direction of ``metric``.

    Returns
    -------
    xgboost.Booster
        Its plain ``predict`` gives probabilities, also after saving and loading without boostimb: exactly P(y=1) for
        ``LogLoss``; for a loss whose posterior is not linear in the margin, sigmoid(margin), to be mapped by
        ``loss.predict_proba(booster.predict(d, output_margin=True))``. Of several classes, softmax(margins) likewise: the
        posterior at gamma 0, and to be mapped otherwise.

    Raises
    ------
    ValueError
        For a parameter that the loss carries, labels other than the loss takes, a metric beside several classes, a
        ``base_margin`` beside a loss with class weights at gamma 0, or a model of another objective to train further.

    Examples
    --------
    >>> import numpy as np, xgboost as xgb, boostimb as bi
    >>> from boostimb.boosters import xgboost as bx
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = (X[:, 0] > 1.5).astype(int)
    >>> model = bx.train({"max_depth": 3}, xgb.DMatrix(X, y), 20, loss=bi.LogLoss(pos_weight=5.0))
    >>> bool(abs(model.predict(xgb.DMatrix(X)).mean() - y.mean()) < 0.02)
    True
    """
    loss = LogLoss() if loss is None else loss
    if isinstance(loss, SoftmaxFocalLoss):
        refuse_metric(metric)
    plan = _plan(params, loss, dtrain.get_label(), dtrain.get_weight(), restart=xgb_model is not None)
    if xgb_model is not None:
        xgb_model = xgb.Booster(model_file=xgb_model)
        objective = json.loads(xgb_model.save_config())["learner"]["objective"]["name"]
        if not isinstance(loss, SoftmaxFocalLoss) and objective not in _LOGISTIC:
            raise ValueError(f"xgb_model must be a model of the objective {' or '.join(_LOGISTIC)}, got one of {objective!r}")
    if plan.shift is not None and np.any(plan.shift):
        if dtrain.get_base_margin().size:
            raise ValueError(
                f"dtrain must have no base_margin with {loss!r}: XGBoost then ignores base_score, which is to hold {plan.shift}, "
                "from the margins to the posterior"
            )
        if xgb_model is not None:  # its margins are the posterior's, as they are at the end
            xgb_model = _shifted(xgb_model, -plan.shift)
    settings = plan.params
    stops = list(callbacks or ())
    if metric is not None:
        settings = {**settings, "disable_default_eval_metric": 1}
    if early_stopping_rounds is not None:
        stops.append(
            xgb.callback.EarlyStopping(rounds=early_stopping_rounds, maximize=None if metric is None else metric.greater_is_better)
        )
    booster = xgb.train(
        settings,
        dtrain,
        num_boost_round,
        obj=plan.objective,
        custom_metric=None if metric is None else _custom_metric(metric),
        evals=evals,
        evals_result=evals_result,
        verbose_eval=verbose_eval,
        xgb_model=xgb_model,
        callbacks=stops,
    )
    return booster if plan.shift is None else _shifted(booster, plan.shift)


def _custom_metric(metric: Metric) -> Callable[[MarginArray, xgb.DMatrix], tuple[str, float]]:
    """Return ``metric`` as XGBoost calls it."""
    value = OnData(metric)
    return lambda scores, data: (metric.name, value(scores, data))


@dataclass(frozen=True)
class _Plan:
    """Parameters and objective for one training; without an objective, XGBoost's own runs.

    ``shift`` is to be added to the margins of the finished model, so that its link gives the posterior.
    """

    params: dict[str, Any]
    objective: Callable[[MarginArray, xgb.DMatrix], tuple[Any, Any]] | None
    shift: float | FloatArray | None = None


def _plan(params: Params, loss: AnyLoss, y: Any, weight: Any, *, restart: bool = False) -> _Plan:
    refuse(params, _OWNED)
    weight = weight if weight is not None and len(weight) else None  # XGBoost gives an empty array for no weights
    if isinstance(loss, SoftmaxFocalLoss):
        return _plan_of_classes(params, loss, y, weight, restart=restart)
    settings = {**params, "objective": "binary:logistic"}
    if not restart:  # a model that is trained further has its start already
        settings["base_score"] = float(expit(loss.init_raw(y, weight)))
    pos_weight = native_pos_weight(loss)
    if pos_weight is not None:
        settings["scale_pos_weight"] = pos_weight
        return _Plan(settings, None, loss.posterior_shift or None)
    bound: BoundLoss = loss.bind(y, weight, scale=loss.log_loss_scale(y, weight))
    return _Plan(settings, lambda raw, _: bound(raw), loss.posterior_shift or None)


def _is_from(*version: int) -> bool:
    """Whether XGBoost is of this version or a later one."""
    return tuple(map(int, xgb.__version__.split(".")[:2])) >= version


def _plan_of_classes(params: Params, loss: SoftmaxFocalLoss, y: Any, weight: Any, *, restart: bool) -> _Plan:
    """The same for several classes; from XGBoost 3.1 on, ``base_score`` is a list with the margin of each."""
    if not _is_from(3, 1):
        raise ValueError(
            f"SoftmaxFocalLoss needs XGBoost 3.1 for its start values, got {xgb.__version__}; xgboost.train takes it as obj="
        )
    start = ClassStart.of(loss, y, weight)
    settings = {**params, "objective": "multi:softprob", "num_class": start.init.size}
    if not restart:
        settings["base_score"] = start.init.tolist()
    bound = loss.bind(y, weight, n_classes=start.init.size, scale=start.scale)
    return _Plan(settings, lambda raw, _: bound(raw), start.shift)


def binning(params: Params) -> dict[str, Any]:
    """Return those of the parameters that a dataset is built with."""
    return {"max_bin": int(params.get("max_bin", 256))}


def dataset(
    table: Table, y: LabelArray, weight: FloatArray | None, params: Params, *, n_jobs: int, reference: xgb.DMatrix | None = None
) -> xgb.QuantileDMatrix:
    """Bin a table into a QuantileDMatrix; with ``reference``, by the bins of that dataset."""
    if reference is None:
        check_varies(table)
    check_single(name, table)
    with refusals(name, xgb.core.XGBoostError):
        return xgb.QuantileDMatrix(
            table.values,
            label=y.astype(np.float32),
            weight=weight,
            nthread=n_jobs,
            ref=reference,
            **binning(params),
            **_columns(table),
        )


def take(
    data: xgb.DMatrix,
    rows: IntArray,
    table: Callable[[IntArray], Table],
    y: LabelArray,
    weight: FloatArray | None,
    params: Params,
    *,
    n_jobs: int,
) -> xgb.QuantileDMatrix:
    """Return some rows of a dataset by its bins; a row that is named twice has twice the weight, which is the same to XGBoost."""
    counts = np.bincount(rows, minlength=y.size)
    kept = np.flatnonzero(counts)
    if weight is not None or counts.max() > 1:
        weight = counts[kept].astype(np.float64) * (1.0 if weight is None else weight[kept])
    return dataset(table(kept), y[kept], weight, params, n_jobs=n_jobs, reference=data)


def _columns(table: Table) -> dict[str, Any]:
    """Return names and types of the columns; names that XGBoost refuses are left out."""
    names = list(table.names) if table.names is not None and not any(set("[]<") & set(name) for name in table.names) else None
    types = ["c" if categories is not None else "q" for categories in table.categories]
    return {"feature_names": names, "feature_types": types, "enable_categorical": True}


class _Run:
    """A training that is advanced round by round."""

    def __init__(
        self, plan: _Plan, train_set: xgb.DMatrix, valid: xgb.DMatrix | None, evaluate: Evaluate | None, limit: int
    ) -> None:
        self._plan, self._train, self._valid, self._evaluate, self._limit = plan, train_set, valid, evaluate, limit
        # Both matrices in the cache: each round then adds one tree to the margins at hand instead of predicting anew.
        self._booster = xgb.Booster(plan.params, cache=[d for d in (train_set, valid) if d is not None])
        self._done = 0
        self.margins: MarginArray = np.empty(0, np.float32)

    def advance(self, n_rounds: int) -> list[float]:
        values: list[float] = []
        for _ in range(min(n_rounds, self._limit - self._done)):
            with refusals(name, xgb.core.XGBoostError):
                self._booster.update(self._train, self._done, fobj=self._plan.objective)
            self._done += 1
            if self._evaluate is not None and self._valid is not None:
                self.margins = self._booster.predict(self._valid, output_margin=True)
                values.append(self._evaluate(self.margins))
        return values

    def model(self, n_rounds: int) -> "_Model":
        return _Model(self._booster[: min(n_rounds, self._done)])  # a copy, without the margins that a training keeps for its rows

    def close(self) -> None:
        del self._train, self._valid


def start(
    params: Params,
    train: xgb.DMatrix,
    loss: AnyLoss,
    *,
    n_rounds: int,
    valid: xgb.DMatrix | None = None,
    evaluate: Evaluate | None = None,
    n_jobs: int,
    seed: int,
) -> _Run:
    """Begin a training of at most ``n_rounds`` rounds."""
    refuse(params, SET_OUTSIDE | CALLED_SEED)
    allow(params, "booster", ("gbtree",), "earlier rounds must stay as they were scored")
    allow(params, "tree_method", ("auto", "hist"), "the rows are binned once for all trainings")
    allow(params, "multi_strategy", ("one_output_per_tree",), "models are merged leaf by leaf, each of one number")
    # Its random state is otherwise one for each thread, and goes on from one training to the next.
    settings = {
        "verbosity": 0,
        "seed": seed,
        "seed_per_iteration": True,
        **params,
        "nthread": n_jobs,
        "disable_default_eval_metric": 1,
    }
    return _Run(_plan(settings, loss, train.get_label(), train.get_weight()), train, valid, evaluate, n_rounds)


class _Model:
    """A trained xgboost.Booster."""

    def __init__(self, booster: xgb.Booster) -> None:
        self._booster = booster

    @property
    def n_rounds(self) -> int:
        return int(self._booster.num_boosted_rounds())

    @property
    def native(self) -> Any:
        return self._booster

    @property
    def n_features(self) -> int:
        """Number of columns that it was trained on."""
        return int(self._booster.num_features())

    def _predict(self, table: Table, n_jobs: int, **what: bool) -> FloatArray:
        columns = _columns(table)
        if self._booster.feature_names is None:
            columns["feature_names"] = None
        data = xgb.DMatrix(table.values, nthread=n_jobs, **columns)
        self._booster.set_param({"nthread": n_jobs})
        return np.asarray(self._booster.predict(data, **what), dtype=np.float64)

    def raw(self, table: Table, *, n_jobs: int) -> FloatArray:
        return self._predict(table, n_jobs, output_margin=True)

    def contributions(self, table: Table, *, n_jobs: int) -> FloatArray:
        return self._predict(table, n_jobs, pred_contribs=True)

    def importances(self) -> FloatArray:
        gain = np.zeros(self._booster.num_features())
        names = self._booster.feature_names or [f"f{i}" for i in range(gain.size)]
        found: Mapping[str, Any] = self._booster.get_score(importance_type="total_gain")
        gain[:] = [float(found.get(column, 0.0)) for column in names]
        return normalised(gain)

    def save(self, path: Path) -> None:
        self._booster.save_model(path)

    def export(self, path: Path, categories: Categories) -> None:
        content = _content(self._booster)
        if any(levels is not None for levels in categories):
            named = _is_from(3, 1)
            if not named:
                warn(
                    f"XGBoost {xgb.__version__} keeps no names of categories, as versions from 3.1 on do: the file reads codes, "
                    "0, 1, ... in the sorted order of the training rows' categories, or in that of an ordered dtype",
                    UserWarning,
                )
            text = beyond_ascii(categories)
            if named and text is not None:
                told = f"XGBoost 3.2 misreads categories beyond ASCII, such as {text!r}, in a pandas frame: give it an Arrow table"
                warn(told, UserWarning)
            content["learner"]["gradient_booster"]["model"]["cats"] = stored(categories)
        _from(content, _start(content)).save_model(path)


def merge(models: Sequence[_Model], weights: Sequence[float], shift: float | FloatArray) -> _Model:
    """Return one model whose margin is the weighted sum of the models' margins plus ``shift``."""
    return _Model(_merge([model.native for model in models], weights, shift))


def _merge(boosters: Sequence[xgb.Booster], weights: Sequence[float], shift: float | FloatArray) -> xgb.Booster:
    """Join the trees of the models' JSON, with leaves times the weights; their starts become one."""
    parts = [_content(booster) for booster in boosters]
    trees: list[dict[str, Any]] = []
    # The class of each tree, and how many trees there are before each round and at the end.
    classes, rounds = list[int](), [0]
    margin = np.atleast_1d(np.asarray(shift, dtype=np.float64))
    for part, weight in zip(parts, weights, strict=True):
        margin = margin + weight * _start(part)
        model = part["learner"]["gradient_booster"]["model"]
        classes += model["tree_info"]
        rounds += [len(trees) + end for end in model["iteration_indptr"][1:]]
        for tree in model["trees"]:
            tree["id"] = len(trees)
            tree["base_weights"] = [weight * value for value in tree["base_weights"]]
            # In a leaf, split_conditions holds the leaf's value.
            tree["split_conditions"] = [
                weight * value if left == -1 else value
                for value, left in zip(tree["split_conditions"], tree["left_children"], strict=True)
            ]
            trees.append(tree)
    whole = parts[0]
    model = whole["learner"]["gradient_booster"]["model"]
    model |= {"trees": trees, "tree_info": classes, "iteration_indptr": rounds}
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    return _from(whole, margin)


def _shifted(booster: xgb.Booster, shift: float | FloatArray) -> xgb.Booster:
    """Return the model, of any kind of booster, with ``shift`` added to its margins, or to those of each class."""
    whole = _content(booster)
    return _from(whole, _start(whole) + shift)


def _content(booster: xgb.Booster) -> dict[str, Any]:
    """Return a model's JSON."""
    content: dict[str, Any] = json.loads(bytes(booster.save_raw("json")))
    return content


def _n_classes(content: Mapping[str, Any]) -> int:
    """Return the number of classes, 0 where there are two: base_score then is a probability, and else a margin for each."""
    return int(content["learner"]["learner_model_param"]["num_class"])


def _start(content: Mapping[str, Any]) -> FloatArray:
    """Return the margin at which a model starts, one for each class."""
    score = np.ravel(json.loads(content["learner"]["learner_model_param"]["base_score"]))
    return score if _n_classes(content) else np.asarray(logit(score))


def _from(content: dict[str, Any], start: FloatArray) -> xgb.Booster:
    """Return the model of a JSON with another start."""
    # Of two classes a plain number of single precision: XGBoost 3.0 takes a list, or more digits, for 0.5 without a word.
    score = json.dumps(start.tolist()) if _n_classes(content) else str(np.float32(expit(start.item())))
    content["learner"]["learner_model_param"]["base_score"] = score
    booster = xgb.Booster()
    booster.load_model(bytearray(json.dumps(content), "utf-8"))
    return booster


def load(path: Path) -> _Model:
    """Read a model file of XGBoost."""
    booster = xgb.Booster()
    with refusals(name, xgb.core.XGBoostError, "a model file"):
        booster.load_model(path)
    return _Model(booster)
