"""CatBoost: how it is given a loss, a start value and a metric, and how its models are read and written.

A custom objective starts at 0 and forgets any start it is given. So the start is added inside the objective and kept in the model's
bias afterwards. Plain log-loss runs on CatBoost's own objective, which is faster.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import catboost as cb
import numpy as np

from boostimb.boosters._base import (
    SET_OUTSIDE,
    AnyLoss,
    ClassStart,
    Evaluate,
    Params,
    allow,
    native_pos_weight,
    normalised,
    refusals,
    refuse,
    refuse_metric,
)
from boostimb.boosters._catboost_pools import as_pool, name
from boostimb.boosters._catboost_pools import binning as binning  # these three are of the Booster protocol
from boostimb.boosters._catboost_pools import dataset as dataset
from boostimb.boosters._catboost_pools import take as take
from boostimb.losses import LogLoss, SoftmaxFocalLoss
from boostimb.table import Categories, Table
from boostimb.typing import FloatArray, Loss, MarginArray, Metric
from boostimb.validation import check_binary

BINS_ARE_EXACT = True
suffix = "cbm"

_WEIGHT = "give the loss a pos_weight"
_OWNED = {
    **dict.fromkeys(("loss_function", "objective"), "the loss sets it"),
    **dict.fromkeys(("class_weights", "auto_class_weights", "scale_pos_weight"), _WEIGHT),
    "eval_metric": "pass it as metric=",
    "boost_from_average": "the start value comes from the loss",
}
_SET_BY_START = {
    "random_state": "it is called random_seed",
    **dict.fromkeys(("verbose", "verbose_eval", "silent", "logging_level"), "the training is silent"),
}
_STOPPING = frozenset(("early_stopping_rounds", "od_type", "od_wait", "od_pval"))
# Newton steps a leaf: CatBoost takes one for an objective that it does not know; for its own log-loss ten, from twenty features on.
_LEAF_STEPS, _MANY_FEATURES = 10, 20


def train(
    params: Params,
    dtrain: cb.Pool,
    iterations: int | None = None,
    *,
    loss: AnyLoss | None = None,
    metric: Metric | None = None,
    eval_set: cb.Pool | None = None,
    early_stopping_rounds: int | None = None,
    callbacks: Sequence[Any] | None = None,
    verbose: bool | int | None = None,
) -> cb.CatBoost:
    """Train as ``catboost.train`` does, with a loss and a metric of boostimb.

    Parameters
    ----------
    params : mapping
        CatBoost's parameters, less those that the loss or the metric carries (loss_function, class_weights, auto_class_weights,
        scale_pos_weight, eval_metric, boost_from_average and their aliases).
    dtrain : catboost.Pool
        Training rows with labels 0 and 1 (0, 1, 2, ... for ``SoftmaxFocalLoss``), and weights if there are any. A baseline takes
        the place of the loss's start value; the model holds only what it learned beyond, and CatBoost adds the baseline of a Pool
        that it predicts.
    iterations : int, optional
        Number of rounds; without it that of ``params``, and without either CatBoost's own 1000.
    loss : Loss or SoftmaxFocalLoss, default LogLoss()
        What to minimise. Log-loss runs on CatBoost's own objective. Of several classes CatBoost asks for one row at a time, which
        costs some 10 microseconds each.
    metric : Metric, optional
        Evaluated on ``eval_set`` after each round; for two classes only. Without one it is the log-loss of the model's
        probabilities. Two histories are not quite that, since CatBoost's own log-loss computes them and reads margins without
        their start: that of a training without ``eval_set``, for speed, and that of several classes, which CatBoost tells by the
        name of its metric.
    eval_set, early_stopping_rounds, callbacks, verbose
        As in ``CatBoost.fit``. With early stopping, from here or from ``params``, the model is cut at its best round; otherwise
        it keeps all of them. ``use_best_model`` in ``params`` decides it either way.

    Returns
    -------
    catboost.CatBoost
        Its ``predict(pool, prediction_type="Probability")`` gives probabilities, also after saving and loading without boostimb:
        exactly P(y=1) for ``LogLoss``; for a loss whose posterior is not linear in the margin, sigmoid(margin), to be mapped by
        ``loss.predict_proba(model.predict(pool, prediction_type="RawFormulaVal"))``. Of several classes, softmax(margins)
        likewise: the posterior at gamma 0, and to be mapped otherwise.

    Raises
    ------
    ValueError
        For a parameter that the loss carries, labels other than the loss takes, a metric beside several classes, or
        ``task_type="GPU"`` with a loss other than log-loss, which runs on the processor only.

    Examples
    --------
    >>> import numpy as np, catboost as cb, boostimb as bi
    >>> from boostimb.boosters import catboost as bc
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = (X[:, 0] > 1.5).astype(int)
    >>> settings = {"depth": 3, "verbose": 0, "allow_writing_files": False}
    >>> model = bc.train(settings, cb.Pool(X, y), 20, loss=bi.LogLoss(pos_weight=5.0))
    >>> proba = model.predict(X, prediction_type="Probability")[:, 1]
    >>> bool(abs(proba.mean() - y.mean()) < 0.02)
    True
    """
    loss = LogLoss() if loss is None else loss
    init: float | FloatArray
    if isinstance(loss, SoftmaxFocalLoss):
        refuse_metric(metric)
        settings, init = _plan_of_classes(params, loss, dtrain)
    else:
        settings, init = _plan(params, loss, dtrain)
        init += loss.posterior_shift or 0.0
    if metric is not None:
        settings["eval_metric"] = metric
    elif not isinstance(settings["loss_function"], str):
        if isinstance(init, float):
            settings["eval_metric"] = Logloss.__name__ if eval_set is None else Logloss(init)
        else:  # CatBoost tells by this name that there are several classes
            settings["eval_metric"] = "MultiClass"
    if iterations is not None:
        settings["iterations"] = iterations
    stops = early_stopping_rounds is not None or (eval_set is not None and any(params.get(key) for key in _STOPPING))
    model = cb.CatBoost(settings)
    model.fit(
        dtrain,
        eval_set=eval_set,
        early_stopping_rounds=early_stopping_rounds,
        use_best_model=params.get("use_best_model", stops),
        callbacks=list(callbacks) if callbacks else None,
        verbose=verbose,
    )
    return _shifted(model, init)


class Logloss:
    """CatBoost's metric of this name for margins that begin at ``start``; its own would read them without.

    CatBoost lists a metric by the name of its class.
    """

    no_jit = True

    def __init__(self, start: float) -> None:
        self._start = start

    def is_max_optimal(self) -> bool:
        """Early stopping goes down."""
        return False

    def evaluate(self, approxes: Sequence[MarginArray], target: Any, weight: Any) -> tuple[float, float]:
        """Return the sum of the weighted log-losses, and of the weights."""
        u = np.where(np.asarray(target) == 1, 1.0, -1.0) * (approxes[0] + self._start)
        # A quarter of the time of logaddexp.
        each = np.log1p(np.exp(-np.abs(u))) - np.minimum(u, 0)
        weight = np.ones(each.size) if weight is None else np.asarray(weight)
        return float(each @ weight), float(weight.sum())

    def get_final_error(self, error: float, weight: float) -> float:
        """Return the mean."""
        return error / weight


def _plan(params: Params, loss: Loss, data: cb.Pool) -> tuple[dict[str, Any], float]:
    """Return the parameters with the objective in them, and the start that is not in the model by itself."""
    refuse(params, _OWNED)
    settings = dict(params)
    pos_weight = native_pos_weight(loss)
    if pos_weight is not None:
        check_binary(data.get_label(), "the labels")
        settings |= {"loss_function": "Logloss", "boost_from_average": not _has_baseline(data)}
        if pos_weight != 1.0:
            settings["scale_pos_weight"] = pos_weight
        return settings, 0.0
    _refuse_gpu(params, loss)
    y, weight = _labels(data)
    init = 0.0 if _has_baseline(data) else loss.init_raw(y, weight)
    settings["loss_function"] = loss.in_chunks(scale=loss.log_loss_scale(y, weight), start=init)
    if data.num_col() >= _MANY_FEATURES and not {"leaf_estimation_iterations", "leaf_estimation_method"} & set(params):
        settings["leaf_estimation_iterations"] = _LEAF_STEPS
    return settings, init


def _plan_of_classes(params: Params, loss: SoftmaxFocalLoss, data: cb.Pool) -> tuple[dict[str, Any], FloatArray]:
    """The same for several classes; the start is the margins that make the posterior, if constants do."""
    refuse(params, _OWNED)
    _refuse_gpu(params, loss)
    start = ClassStart.of(loss, *_labels(data))
    if _has_baseline(data):
        start = replace(start, init=np.zeros_like(start.init))
    settings = {**params, "loss_function": _ShiftedClasses(loss, start)}
    return settings, start.init if start.shift is None else start.init + start.shift


def _own_classes(params: Params, loss: SoftmaxFocalLoss, data: cb.Pool) -> dict[str, Any]:
    """Return the parameters for CatBoost's own weighted cross-entropy.

    It starts at 0 and not at the rates of the classes, and is a thousand times as fast as asking Python for every row. With an
    objective of ours CatBoost asks its eval metric for the number of classes, so that none of ours can show it the margins.
    """
    refuse(params, _OWNED)
    if loss.gamma > 0:
        raise ValueError(
            f"gamma must be 0 for several classes in CatBoost, which shows no margins beside a loss of ours, got {loss!r}: use "
            "xgboost or lightgbm, or boostimb.boosters.catboost.train"
        )
    n_classes = int(np.max(data.get_label())) + 1
    return {**params, "loss_function": "MultiClass", "class_weights": loss.weights_of(n_classes).tolist()}


def _labels(data: cb.Pool) -> tuple[FloatArray, FloatArray | None]:
    weight = data.get_weight()
    return np.asarray(data.get_label(), dtype=np.float64), None if weight is None else np.asarray(weight, dtype=np.float64)


def _has_baseline(data: cb.Pool) -> bool:
    """Whether the Pool says where each of its rows starts; CatBoost adds it to the margins that it shows and predicts."""
    return bool(data.get_baseline().size)


def _refuse_gpu(params: Params, loss: object) -> None:
    """Raise for a device on which CatBoost cannot call a Python objective of ours.

    It would compile ``calc_ders_range_gpu`` by numba.cuda, where none of our kernels can run.
    """
    if str(params.get("task_type", "CPU")).upper() == "GPU":
        raise ValueError(f"task_type must be 'CPU' with {loss!r}, got 'GPU'; LogLoss, with or without pos_weight, runs on either")


class _ShiftedClasses:
    """A loss of several classes that starts at its own start values; CatBoost sees margins that begin at 0, a row at a time."""

    no_jit = True

    def __init__(self, loss: SoftmaxFocalLoss, start: ClassStart) -> None:
        self._loss, self._init, self._scale = loss, start.init.tolist(), start.scale

    def calc_ders_multi(self, approx: Any, target: float, weight: float) -> tuple[FloatArray, FloatArray]:
        """Return minus the weighted gradient (n_classes,) and hessian (n_classes, n_classes) of a row."""
        margins = [z + start for z, start in zip(approx, self._init, strict=True)]
        return self._loss.calc_ders_multi(margins, target, self._scale * weight)


class _Margins:
    """Takes the place of a metric to see the margins of the validation rows."""

    no_jit = True
    latest: MarginArray

    def __deepcopy__(self, _: Any) -> Self:
        return self  # CatBoost copies its parameters deeply; the margins must come here

    def is_max_optimal(self) -> bool:
        return True

    def evaluate(self, approxes: Sequence[MarginArray], target: Any, weight: Any) -> tuple[float, float]:
        """Keep the margins: CatBoost evaluates the training rows first and the validation rows last."""
        self.latest = approxes[0] if len(approxes) == 1 else np.stack(approxes, axis=1)
        return 0.0, 1.0

    def get_final_error(self, error: float, weight: float) -> float:
        return error


class _Run:
    """A training in a thread of its own that waits after the rounds it was asked for.

    CatBoost trains in one call. Its callback after each round is where the thread waits, so that folds can go in step.
    """

    def __init__(
        self,
        params: dict[str, Any],
        init: float | FloatArray,
        train_set: cb.Pool,
        valid: cb.Pool | None,
        evaluate: Evaluate | None,
    ) -> None:
        self._init, self._evaluate = init, evaluate
        self._train, self._valid = train_set, valid
        self._seen = _Margins()
        self.margins: MarginArray = np.empty(0)
        self._model = cb.CatBoost({**params, "eval_metric": self._seen})
        self._asked = self._done = 0
        self._values: list[float] = []
        self._stop = self._ended = False
        self._error: BaseException | None = None
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None

    def advance(self, n_rounds: int) -> list[float]:
        with self._turn:
            seen = len(self._values)
            self._asked += n_rounds
            if self._thread is None:
                self._thread = threading.Thread(target=self._fit, daemon=True)
                self._thread.start()
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._ended or self._done >= self._asked)
            with refusals(name, cb.CatBoostError):
                if self._error is not None:
                    raise self._error
            return self._values[seen:]

    def _fit(self) -> None:
        try:
            self._model.fit(self._train, eval_set=self._valid, callbacks=[self], use_best_model=False)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, which raises it
            self._error = self._error or error
        finally:
            with self._turn:
                self._ended = True
                self._turn.notify_all()

    def after_iteration(self, info: Any) -> bool:
        """Take the value of the round, and wait until another round is asked for; CatBoost calls it and stops at False."""
        value = None
        if self._evaluate is not None and self._valid is not None:
            try:
                self.margins = self._seen.latest + self._init
                value = self._evaluate(self.margins)
            except BaseException as error:  # noqa: BLE001 - CatBoost would bury it in a text of its own
                self._error = error
                return False
        with self._turn:
            self._done += 1
            if value is not None:
                self._values.append(value)
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._stop or self._done < self._asked)
            return not self._stop

    def _end(self) -> None:
        with self._turn:
            self._stop = True
            self._turn.notify_all()
        if self._thread is not None:
            self._thread.join()

    def model(self, n_rounds: int) -> "_Model":
        self._end()
        model = cb.sum_models([self._model])  # a copy without the training's parameters, among them our objects
        if n_rounds < model.tree_count_:
            model.shrink(n_rounds)
        return _Model(_shifted(model, self._init))

    def close(self) -> None:
        self._end()
        del self._train, self._valid


def start(
    params: Params,
    train: cb.Pool,
    loss: AnyLoss,
    *,
    n_rounds: int,
    valid: cb.Pool | None = None,
    evaluate: Evaluate | None = None,
    n_jobs: int,
    seed: int,
) -> _Run:
    """Begin a training of at most ``n_rounds`` rounds."""
    refuse(params, SET_OUTSIDE | _SET_BY_START)
    allow(params, "grow_policy", ("SymmetricTree",), "only such a model can be cut at its best round")
    rescaled = "earlier rounds must stay as they were scored"
    allow(params, "langevin posterior_sampling", (False,), rescaled)
    allow(params, "model_shrink_rate", (0,), rescaled)
    init: float | FloatArray = 0.0
    if not isinstance(loss, SoftmaxFocalLoss):
        settings, init = _plan(params, loss, train)
    else:
        settings = _own_classes(params, loss, train)
    settings = {
        "random_seed": seed,
        **settings,
        "iterations": n_rounds,
        "thread_count": n_jobs,
        "logging_level": "Silent",
        "allow_writing_files": False,
    }
    return _Run(settings, init, train, valid, evaluate)


class _Model:
    """A trained catboost.CatBoost with its start in the bias."""

    def __init__(self, model: cb.CatBoost) -> None:
        self._model = model

    @property
    def n_rounds(self) -> int:
        return int(self._model.tree_count_)

    @property
    def native(self) -> Any:
        return self._model

    @property
    def n_features(self) -> int:
        """Number of columns that it was trained on."""
        return len(self._model.feature_names_)

    def raw(self, table: Table, *, n_jobs: int) -> FloatArray:
        pool = as_pool(table, None, None, n_jobs)
        raw = self._model.predict(pool, prediction_type="RawFormulaVal", thread_count=n_jobs)
        return np.asarray(raw, dtype=np.float64)

    def contributions(self, table: Table, *, n_jobs: int) -> FloatArray:
        pool = as_pool(table, None, None, n_jobs)
        values = self._model.get_feature_importance(pool, type="ShapValues", thread_count=n_jobs)
        return np.asarray(values, dtype=np.float64)

    def importances(self) -> FloatArray:
        return normalised(np.asarray(self._model.get_feature_importance(), dtype=np.float64))

    def save(self, path: Path) -> None:
        self._model.save_model(str(path))

    def export(self, path: Path, categories: Categories) -> None:
        self.save(path)  # which knows the categories by their texts


def merge(models: Sequence[_Model], weights: Sequence[float], shift: float | FloatArray) -> _Model:
    """Return one model whose margin is the weighted sum of the models' margins plus ``shift``.

    CatBoost merges the tables of target statistics, which it makes for columns of many categories, into wrong ones or none.
    """
    policy = {"ctr_merge_policy": "FailIfCtrIntersects"} if len(models) > 1 else {}
    try:
        merged = cb.sum_models([model.native for model in models], weights=list(weights), **policy)
    except cb.CatBoostError as error:
        raise ValueError(
            'one CatBoost file cannot hold several models with target statistics of categories: use save(folder), or refit="single"'
        ) from error
    return _Model(_shifted(merged, shift))


def _shifted(model: cb.CatBoost, shift: float | FloatArray) -> cb.CatBoost:
    """Add ``shift``, a number or one for each class, to the margins of the model in place, and return it."""
    scale, bias = model.get_scale_and_bias()
    moved = np.asarray(bias) + shift
    model.set_scale_and_bias(scale, moved.tolist())
    return model


def load(path: Path) -> _Model:
    """Read a model file of CatBoost."""
    model = cb.CatBoost()
    with refusals(name, cb.CatBoostError, "a model file"):
        model.load_model(str(path))
    return _Model(model)
