"""What the estimator and the search ask of a booster, and what the three have in common."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from boostimb.losses import FocalLoss, LogLoss, SoftmaxFocalLoss
from boostimb.table import Categories, Table
from boostimb.typing import BoundMetric, FloatArray, IntArray, LabelArray, Loss, MarginArray, Metric

Params: TypeAlias = Mapping[str, Any]
# Two classes have one margin a row, several have one for each class.
AnyLoss: TypeAlias = Loss | SoftmaxFocalLoss
# Margins of the validation rows after a round, to one number.
Evaluate: TypeAlias = Callable[[MarginArray], float]


class Model(Protocol):
    """A trained booster: margins out, a native file to keep."""

    @property
    def n_rounds(self) -> int:
        """Number of boosting rounds it holds."""
        ...

    @property
    def n_features(self) -> int:
        """Number of columns that it was trained on."""
        ...

    @property
    def native(self) -> Any:
        """The booster's own object."""
        ...

    def raw(self, table: Table, *, n_jobs: int) -> FloatArray:
        """Margins of the rows, start value included, shape (n,), or (n, n_classes) of several classes."""
        ...

    def contributions(self, table: Table, *, n_jobs: int) -> FloatArray:
        """What each feature adds to the margin of a row, and last what the margin is before any, shape (n, n_features + 1)."""
        ...

    def importances(self) -> FloatArray:
        """Total gain of each feature, scaled to sum to 1 (all zero where nothing was split), shape (n_features,)."""
        ...

    def save(self, path: Path) -> None:
        """Write the booster's own file."""
        ...

    def export(self, path: Path, categories: Categories) -> None:
        """Write the booster's own file for use on a data frame: with the categories that stand for the codes of a table."""
        ...


class Run(Protocol):
    """A training under way, a few rounds at a time, so that folds can be boosted in step."""

    def advance(self, n_rounds: int) -> list[float]:
        """Train on and return the value of ``evaluate`` after each new round.

        Fewer values than asked for come back when nothing is left to split.
        """
        ...

    @property
    def margins(self) -> MarginArray:
        """Margins of the validation rows after the last round, start value included, one row for each."""
        ...

    def model(self, n_rounds: int) -> Model:
        """Return the first ``n_rounds`` rounds as a model."""
        ...

    def close(self) -> None:
        """End the training and free what it holds; ``model`` must have been called before."""
        ...


class Booster(Protocol):
    """One of the three boosters, as the estimator and the search see it."""

    @property
    def name(self) -> str:
        """Name of the package."""
        ...

    @property
    def suffix(self) -> str:
        """Ending of the native model file."""
        ...

    @property
    def BINS_ARE_EXACT(self) -> bool:  # noqa: N802 - a constant of the module
        """Whether a dataset binned by another's bins has the margins of its table, also where it holds values never seen."""
        ...

    def binning(self, params: Params) -> dict[str, Any]:
        """Return those of the parameters that a dataset is built with, and that no training on it can change."""
        ...

    def dataset(
        self, table: Table, y: LabelArray, weight: FloatArray | None, params: Params, *, n_jobs: int, reference: Any = None
    ) -> Any:
        """Bin a table; with ``reference``, by the bins of that dataset."""
        ...

    def take(
        self,
        data: Any,
        rows: IntArray,
        table: Callable[[IntArray], Table],
        y: LabelArray,
        weight: FloatArray | None,
        params: Params,
        *,
        n_jobs: int,
    ) -> Any:
        """Return the dataset of some rows of a dataset, each as often as it is named, by the same bins.

        ``table``, ``y`` and ``weight`` are of all rows that ``data`` was made of; the table is asked for only where it is needed.
        """
        ...

    def start(
        self,
        params: Params,
        train: Any,
        loss: AnyLoss,
        *,
        n_rounds: int,
        valid: Any = None,
        evaluate: Evaluate | None = None,
        n_jobs: int,
        seed: int,
    ) -> Run:
        """Begin a training of at most ``n_rounds`` rounds; nothing is trained before ``advance``."""
        ...

    def merge(self, models: Sequence[Any], weights: Sequence[float], shift: float | FloatArray) -> Model:
        """Return one model, one native file, whose margin is the weighted sum of the models' margins plus ``shift``.

        Of several classes ``shift`` has a number for each.
        """
        ...

    def load(self, path: Path) -> Model:
        """Read a model that ``Model.save`` wrote."""
        ...


class OnData:
    """A metric that fetches labels and weights of a dataset once, and not after every round."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        # The dataset is kept with its function: an identity is unique only as long as its owner lives.
        self._bound: dict[int, tuple[Any, BoundMetric]] = {}

    def __call__(self, scores: MarginArray, data: Any) -> float:
        """Return the metric of the rows of a DMatrix or Dataset."""
        if id(data) not in self._bound:
            weight = data.get_weight()
            weight = weight if weight is not None and len(weight) else None  # XGBoost gives an empty array for no weights
            self._bound[id(data)] = data, self._metric.bind(data.get_label(), weight)
        return self._bound[id(data)][1](scores)


@contextmanager
def refusals(name: str, kind: type[Exception], what: str = "its parameters or its data") -> Iterator[None]:
    """Turn an error of the booster's own kind into a ValueError: it has refused a parameter, the data or a file."""
    try:
        yield
    except kind as error:
        said = str(error).strip().split("\n")[0]
        raise ValueError(f"{name} refused {what}: {said}") from error


def allow(params: Params, keys: str, values: Sequence[Any], reason: str) -> None:
    """Raise for a parameter, by any of its names, with a value that is not among ``values``."""
    for key in keys.split():
        if key in params and params[key] not in values:
            raise ValueError(f"{key} must be {' or '.join(map(str, values))}: {reason}; got {params[key]!r}")


# What the estimator and the search set themselves; given beside it, a booster would ignore it or stumble over it.
SET_OUTSIDE = {
    key: f"set {own} instead"
    for own, keys in {
        "n_rounds": "iterations n_estimators num_boost_round num_tree num_trees num_iterations num_iteration num_round num_rounds "
        "nrounds n_iter max_iter",
        "early_stopping_rounds": "early_stopping_round early_stopping_rounds early_stopping n_iter_no_change od_wait od_type",
    }.items()
    for key in keys.split()
}
# Other names of the seed do nothing beside ours, which has this one.
CALLED_SEED = dict.fromkeys(("random_state", "random_seed"), "it is called seed")


def refuse(params: Params, owned: Mapping[str, str]) -> None:
    """Raise for a parameter that the loss or the metric already carries, or that would do nothing beside it."""
    for key in params:
        if key in owned:
            raise ValueError(f"{key!r} must not be in params: {owned[key]}")


# LightGBM takes what is closer to 0 for 0.
ZERO = 1e-35


def check_varies(table: Table) -> None:
    """Raise if no column varies: each booster fails on such a table in a way of its own."""
    for column in table.values.T:
        with np.errstate(over="ignore"):
            single = column.astype(np.float32)  # as two of the boosters read it
        if (single != single[0]).any() and not np.isnan(column).all() and np.nanmax(np.abs(column)) > ZERO:
            return
    raise ValueError(f"X must hold a column that varies over the training rows, and none of its {table.n_features} columns does")


def check_single(name: str, table: Table) -> None:
    """Raise if a number is beyond what float32 holds, for the boosters that read float32."""
    if table.values.dtype == np.float32:
        return
    # NaN, and no warning as from nanmin, where every value is missing
    low, high = np.fmin.reduce(table.values, axis=None), np.fmax.reduce(table.values, axis=None)
    if max(-low, high) > np.finfo(np.float32).max:
        raise ValueError(
            f"{name} reads numbers as float32, up to 3.4e38, and X holds {high if high > -low else low:g}: scale that column"
        )


def native_pos_weight(loss: Loss) -> float | None:
    """Return the class weight w if ``loss`` is exactly the booster's own log-loss with weight w on positives, else None."""
    if isinstance(loss, LogLoss):
        return loss.pos_weight
    if isinstance(loss, FocalLoss) and loss.gamma == 0.0 and loss.alpha is None:
        return loss.pos_weight
    return None


@dataclass(frozen=True)
class ClassStart:
    """What several classes need beside their gradients: an initial margin for each, a scale, and a shift afterwards.

    ``scale`` gives the sum of the hessians at the start the size that it has under cross-entropy. ``shift`` takes the
    margins to those whose softmax is the posterior; it is None where no constants do that.
    """

    init: FloatArray
    scale: float
    shift: FloatArray | None

    @classmethod
    def of(cls, loss: SoftmaxFocalLoss, y: Any, weight: Any) -> "ClassStart":
        """Return the start of a loss for labels 0, 1, ..., each of which must occur."""
        init = loss.init_raw(y, weight)
        rates = np.bincount(np.asarray(y, np.intp), weights=weight, minlength=init.size)

        def total(each: SoftmaxFocalLoss) -> float:
            start = np.tile(each.init_raw(y, weight), (init.size, 1))
            return float(each.grad_hess(np.arange(init.size), start, rates)[1].sum(dtype=np.float64))

        plain = SoftmaxFocalLoss(0.0, loss.class_weight)
        shift = -np.log(loss.weights_of(init.size)) if loss.gamma == 0 else None
        return cls(init, total(plain) / total(loss), shift)


def refuse_metric(metric: object) -> None:
    """Raise for a metric beside a loss of several classes."""
    if metric is not None:
        raise ValueError(f"metric must be None with a loss of several classes, got {metric!r}: the metrics here are of two classes")


def normalised(gain: FloatArray) -> FloatArray:
    """Scale importances to sum to 1."""
    total = gain.sum()
    return gain / total if total > 0 else gain
