"""The checks at the public boundary, and every error text for bad input.

A check converts once and returns what the code inside may rely on. An error states the rule and the value.
"""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.typing import BoolArray, FloatArray, IntArray, LabelArray, Loss, Metric

EXTRAS = {
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "matplotlib": "plots",
    "jinja2": "report",
    "typer": "cli",
    "rich": "cli",
    "pandas": "cli",
    "pyarrow": "cli",
}


class ImbalanceWarning(UserWarning):
    """Something about rare positives that a user should know; the text names the remedy."""


_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


def warn(text: str, category: type[Warning] = ImbalanceWarning) -> None:
    """Warn at the line outside boostimb from which it was called, however deep inside this is; and tell `heard` of it."""
    texts = _heard.get()
    if texts is not None:
        texts.append(text)
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "boostimb":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)


@contextmanager
def heard(texts: list[str]) -> Iterator[None]:
    """Collect what `warn` says meanwhile in this thread, whatever filters the user has set.

    Examples
    --------
    >>> texts = []
    >>> with heard(texts), warnings.catch_warnings(action="ignore"):
    ...     warn("only 3 positives")
    >>> texts
    ['only 3 positives']
    """
    token = _heard.set(texts)
    try:
        yield
    finally:
        _heard.reset(token)


def missing_extra(module: str, needed_for: str) -> ImportError:
    """Return the error for an optional package that is not installed, with the command that installs it."""
    return ImportError(f"{needed_for} needs the package {module!r}: pip install 'boostimb[{EXTRAS[module]}]'")


def check_number(
    name: str,
    value: float,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
) -> float:
    """Return ``value`` as a float if it is finite and within the bounds, or raise a ValueError that says which rule broke."""
    rule = " and ".join(
        f"{sign} {bound:g}" for sign, bound in ((">=", least), (">", above), ("<=", most), ("<", below)) if bound is not None
    )
    rule = f"a finite number {rule}".rstrip()
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be {rule}, got {value!r}")
    ok = (
        isfinite(value)
        and (least is None or value >= least)
        and (above is None or value > above)
        and (most is None or value <= most)
        and (below is None or value < below)
    )
    if not ok:
        raise ValueError(f"{name} must be {rule}, got {value}")
    return float(value)


def check_integer(name: str, value: Any, *, least: int) -> int:
    """Return ``value`` as an int of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer >= {least}, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value}")
    return int(value)


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``choices``."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return str(value)


def as_vector(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return a one-dimensional array, of the host, without copying where none is needed."""
    array = np.asarray(to_host(values))
    if array.ndim != 1:
        hint = ": give the column, and not its name" if isinstance(values, str) else ""
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}{hint}")
    return array


def missing(array: NDArray[Any]) -> BoolArray:
    """Return which entries are NaN, None, NA or NaT."""
    if array.dtype.kind in "fc":
        return np.isnan(array)
    if array.dtype.kind in "mM":
        return np.isnat(array)
    if array.dtype != object:
        return np.zeros(array.shape[0], dtype=np.bool_)
    # pandas' NA is neither equal to itself nor different from itself.
    return np.array([v is None or type(v).__name__ in {"NAType", "NaTType"} or bool(v != v) for v in array], dtype=np.bool_)


def _as_floats(name: str, array: NDArray[Any]) -> FloatArray:
    """Return numbers, or objects that are numbers, as float64."""
    try:
        if array.dtype.kind not in "biufO":
            raise TypeError(f"text, dates and complex numbers are none: {array[:3].tolist()}")
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers, got type {array.dtype}: {error}") from None


def check_groups(groups: ArrayLike, n: int) -> NDArray[Any]:
    """Return the groups of n rows: of one type, and none of them missing."""
    array = as_vector("groups", groups)
    check_length("groups", array, n, "X")
    if (gone := missing(array)).any():
        raise ValueError(
            f"groups must not be missing: NaN or None at {int(gone.sum())} of {n} rows; give each such row its own group"
        )
    try:
        np.unique(array)
    except TypeError as error:
        raise ValueError(f"groups must be of one type: {error}") from None
    return array


def check_length(name: str, array: NDArray[Any], n: int, other: str = "y_true") -> None:
    """Raise if ``array`` has not ``n`` entries."""
    if array.shape[0] != n:
        raise ValueError(f"inconsistent numbers of samples: {name} has length {array.shape[0]} and {other} has length {n}")


def check_binary(y_true: ArrayLike, name: str = "y_true") -> BoolArray:
    """Return labels in {0, 1} (integers, floats or booleans) as a boolean array of shape (n,)."""
    y = as_vector(name, y_true)
    if y.dtype == np.bool_:
        return y
    if y.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must hold the labels 0 and 1, got values of type {y.dtype}: compare them first, as in {name} == 'yes'"
        )
    positive: BoolArray = y == 1
    wrong = ~(positive | (y == 0))
    if wrong.any():
        raise ValueError(f"{name} must hold the labels 0 and 1 only, got {y[wrong][0]}")
    return positive


def check_scores(name: str, values: ArrayLike, n: int) -> NDArray[np.floating[Any]]:
    """Return finite scores or margins of shape (n,); float32 stays float32, all else becomes float64."""
    array = as_vector(name, values)
    if array.dtype != np.float32:
        array = _as_floats(name, array)
    check_length(name, array, n)
    # The sum is not finite if any entry is not: one pass, and no temporary array. An overflow of finite entries is then ruled out.
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(np.sum(array, dtype=np.float64))
    if not isfinite(total) and not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    return array


def check_weight(sample_weight: ArrayLike | None, n: int, name: str = "sample_weight") -> FloatArray | None:
    """Return weights >= 0 of shape (n,), not all zero, as float64; None stays None."""
    if sample_weight is None:
        return None
    weight = _as_floats(name, as_vector(name, sample_weight))
    check_length(name, weight, n)
    if not np.isfinite(weight).all():
        raise ValueError(f"{name} must be finite, got {weight[~np.isfinite(weight)][0]}")
    if n and weight.min() < 0:
        raise ValueError(f"{name} must be >= 0, got {weight.min()}")
    if n and weight.max() == 0:
        raise ValueError(f"{name} must hold at least one value > 0, got only zeros")
    return weight


def check_loss(loss: Any, rule: str = "loss must be a loss for two classes, such as boostimb.FocalLoss()") -> Loss:
    """Return ``loss`` if it is one, and not its class or a name."""
    if isinstance(loss, type) or not isinstance(loss, Loss):
        raise TypeError(f"{rule}; got {loss!r}")
    return loss


def check_metric(metric: Any) -> Metric:
    """Return ``metric`` if it is one, and not its class or a name."""
    if isinstance(metric, type) or not isinstance(metric, Metric):
        raise TypeError(f"metric must be a metric such as boostimb.PRAUC(); got {metric!r}")
    return metric


def members(y: LabelArray) -> list[BoolArray]:
    """Return which rows are of each class: positives and negatives, or classes 0, 1, ..."""
    if y.dtype == np.bool_:
        positive = np.asarray(y, dtype=np.bool_)
        return [positive, ~positive]
    return [np.asarray(y == k, dtype=np.bool_) for k in range(int(y.max()) + 1)]


def check_class_weight(sample_weight: ArrayLike | None, y: LabelArray) -> FloatArray | None:
    """Return weights as `check_weight` does; each class must keep a weight above 0, and a mean below 0.01 becomes 1."""
    weight = check_weight(sample_weight, y.shape[0])
    if weight is not None:
        if weight.max() > 1e30 or weight[weight > 0].min() < 1e-30:
            raise ValueError(
                f"sample_weight must be between 1e-30 and 1e30, or 0, got {weight[weight > 0].min():g} to {weight.max():g}"
            )
        names = ["positive", "negative"] if y.dtype == np.bool_ else [f"{k + 1}." for k in range(int(y.max()) + 1)]
        for name, rows in zip(names, members(y), strict=True):
            if not weight[rows].any():
                raise ValueError(
                    f"sample_weight must leave {'two' if len(names) == 2 else len(names)} classes, and it is 0 for all "
                    f"{int(rows.sum())} rows of the {name} class"
                )
        if weight.mean() < 0.01:
            warn(
                f"sample_weight has a mean of {weight.mean():.3g}: boosters count a weight of 1 as a row, and so small ones forbid "
                "every split. They are divided by their mean",
                UserWarning,
            )
            weight = weight / weight.mean()
    return weight


@dataclass(frozen=True)
class Labels:
    """Two classes and, for each sample, whether it is of the positive one."""

    classes: NDArray[Any]  # sorted, shape (2,): the order of predict_proba's columns
    positive_index: int
    positive: BoolArray

    @property
    def y(self) -> BoolArray:
        """Which rows are positive."""
        return self.positive

    def decode(self, positive: BoolArray) -> NDArray[Any]:
        """Return the label of each decision."""
        return decode(self.classes, self.positive_index, positive)


@dataclass(frozen=True)
class ClassLabels:
    """More than two classes and, for each sample, the number of its class."""

    classes: NDArray[Any]  # sorted, shape (n_classes,): the order of predict_proba's columns
    y: IntArray


def decode(classes: NDArray[Any], positive_index: int, positive: BoolArray) -> NDArray[Any]:
    """Return ``classes[positive_index]`` where ``positive``, and the other class elsewhere."""
    decided: NDArray[Any] = classes[np.where(positive, positive_index, 1 - positive_index)]
    return decided


def is_zero_one(classes: NDArray[Any]) -> bool:
    """Whether the labels themselves say which class is positive: 0 and 1, -1 and 1, or booleans."""
    return classes.tolist() in ([0, 1], [-1, 1])


def warn_of_greater(labels: "Labels", instead: str) -> None:
    """Warn where the greater of two labels is taken for the positive class by rule, and is an unlikely one; name what to pass."""
    lesser, greater = labels.classes.tolist()
    if not is_zero_one(labels.classes) and labels.positive.mean() > 0.5:
        warn(
            f"{greater!r}, the greater of two labels, is taken for the positive class, and it is the more frequent one: pass "
            f"{instead} if {lesser!r} is the class to find",
        )


def as_labels(y: Any) -> NDArray[Any]:
    """Return labels as a one-dimensional array, of a column too, as scikit-learn does."""
    from sklearn.utils.validation import column_or_1d

    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    if isinstance(y, str):
        raise ValueError(
            f"y must be the labels themselves, one for each row, got the text {y!r}: where it names a column of X, write "
            f"y=X.pop({y!r})"
        )
    return np.asarray(column_or_1d(y, warn=True))


def check_labels(y: Any, *, pos_label: Any = None, ordered: bool = False, n: int | None = None) -> Labels | ClassLabels:
    """Return labels of any type, of two classes or of more.

    Parameters
    ----------
    y : array-like of shape (n,)
        Numbers, booleans or strings.
    pos_label : scalar, optional
        The positive class. Needed unless the labels are 0 and 1, -1 and 1, or booleans.
    ordered : bool
        Take the greater of two classes as the positive one instead of asking for ``pos_label``, as scikit-learn does.
    n : int, optional
        Number of rows of the table that they belong to.

    Raises
    ------
    ValueError
        For missing labels, one class, continuous values, a ``pos_label`` that is not among them, or one beside more than two.
    """
    from sklearn.utils.multiclass import check_classification_targets

    y = as_labels(y)
    if n is not None:
        check_length("y", y, n, "X")
    if (gone := missing(y)).any():
        raise ValueError(f"y must not be missing: NaN or None at {int(gone.sum())} of {y.shape[0]} rows; drop these rows first")
    if y.dtype == object and len({type(value) for value in y}) == 1 and isinstance(y[0], bool | int | float | np.generic):
        y = np.array(y.tolist())  # numbers that came as objects
    elif y.dtype == object and len(kinds := sorted({type(value).__name__ for value in y})) > 1:
        raise ValueError(f"y must hold labels of one type, got {' and '.join(kinds)}")
    if y.dtype.kind == "f" and np.isinf(y).any():
        raise ValueError(f"y must hold finite labels, got {y[np.isinf(y)][0]}")
    check_classification_targets(y)
    classes = np.unique(y)
    if classes.shape[0] < 2:
        raise ValueError(f"y must hold two classes, got one class only: {classes.tolist()}")
    if classes.shape[0] > 2:
        if pos_label is not None:
            raise ValueError(
                f"pos_label must be None with more than two classes, got {pos_label!r}, and y holds {classes.shape[0]}, "
                f"{classes[:5].tolist()}: make that one 1 and the rest 0 for one against the rest"
            )
        return ClassLabels(classes, np.searchsorted(classes, y))
    if pos_label is not None:
        found = np.flatnonzero(classes == pos_label)
        if found.size != 1:
            raise ValueError(f"pos_label must be one of the labels in y, {classes.tolist()}; got {pos_label!r}")
        at = int(found[0])
    elif ordered or is_zero_one(classes):
        at = 1
    else:
        raise ValueError(f"pos_label must name the positive class, since the labels are not 0 and 1: one of {classes.tolist()}")
    return Labels(classes, at, np.asarray(y == classes[at], dtype=bool))


def on_device(array: object) -> bool:
    """Whether an array lies in the memory of a CUDA device."""
    return hasattr(array, "__cuda_array_interface__")


def cupy() -> Any:
    """Return CuPy, which whoever holds an array of a device has."""
    return import_module("cupy")


def to_host(array: Any) -> Any:
    """Return an array of a device as a NumPy array, and anything else as it is."""
    return cupy().asnumpy(cupy().asarray(array)) if on_device(array) else array
