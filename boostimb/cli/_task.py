"""From a frame and the user's words about it to features, labels and a held-out part."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostimb.cli._errors import InputError, say
from boostimb.cli._tables import check_columns
from boostimb.table import TableEncoder
from boostimb.typing import BoolArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

_DATE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2}))([T ]\d{1,2}:\d{2}.*)?")
_SEEN = 200  # values of a text column that are looked at to tell whether they are dates
_SHOWN = 6  # labels that an error lists


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learned, and the rows that nothing is learned from."""

    name: str
    target: str
    X: "pd.DataFrame"
    y: NDArray[Any]
    positive: BoolArray
    pos_label: Any
    train: IntArray
    test: IntArray


def make_task(
    frame: "pd.DataFrame",
    name: str,
    target: str,
    *,
    pos_label: str | None = None,
    drop: Sequence[str] = (),
    drop_duplicates: bool = False,
    test_size: float = 0.25,
    seed: int = 0,
) -> Task:
    """Check the table, and split it before anything looks at it.

    Raises
    ------
    InputError
        For an unknown column, a target that is missing somewhere or not of two classes, or a column that is no feature.
    """
    check_columns([target], frame.columns, "--target")
    check_columns(drop, frame.columns, "--drop")
    if target in drop:
        raise InputError(f"--drop must not name the target {target!r}")
    frame = frame.drop(columns=list(dict.fromkeys(drop)))
    missing = int(frame[target].isna().sum())
    if missing:
        raise InputError(f"the target {target!r} is missing in {missing:,} of {len(frame):,} rows: drop these rows first")
    X = frame.drop(columns=target)
    if X.columns.empty:
        raise InputError(f"the table has no column beside the target {target!r}")
    _check_features(X)
    _warn_of_suspects(X)
    repeated = frame.duplicated().to_numpy()
    if repeated.any() and drop_duplicates:
        say(f"Note: dropped {int(repeated.sum()):,} rows that repeat an earlier one.")
        frame = frame[~repeated].reset_index(drop=True)
        X = frame.drop(columns=target)
    elif repeated.any():
        say(
            f"Note: {int(repeated.sum()):,} of {len(frame):,} rows repeat an earlier one exactly. Where one is trained on and the "
            "other held out, scores come out too good: --drop-duplicates keeps one of each."
        )
    y = frame[target].to_numpy()
    label = _positive_label(y, target, pos_label)
    positive = np.asarray(y == label, dtype=bool)
    if positive.mean() > 0.5:
        share = f"{positive.mean():.1%} of the rows"
        say(f"Note: {label!r} is the more frequent class ({share}). The positive class should be the rare one.")
    train, test = _split(positive, test_size, seed)
    return Task(name, target, X, y, positive, label, train, test)


def _check_features(X: "pd.DataFrame") -> None:
    """Raise for every column that no booster can take, all of them at once, with the way to leave them out."""
    import pandas as pd

    refused = {}
    for name in X.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in X.dtypes]]:
        column = X[name]
        if _is_text_of_dates(column):
            column = pd.Series(pd.to_datetime(["2000-01-01"]))  # what the file means by these texts
        try:
            TableEncoder.fit(column.to_frame(name))
        except (TypeError, ValueError) as error:
            refused[name] = str(error)
    if refused:
        remedy = " ".join(f"--drop {shlex.quote(name)}" for name in refused)
        raise InputError("; ".join(refused.values()) + f"; or leave {'it' if len(refused) == 1 else 'them'} out: {remedy}")


def _is_text_of_dates(column: "pd.Series[Any]") -> bool:
    values = column.dropna().iloc[:_SEEN].tolist()
    return bool(values) and all(isinstance(value, str) and _DATE.fullmatch(value.strip()) for value in values)


def _warn_of_suspects(X: "pd.DataFrame") -> None:
    """Point at columns that name or count the rows: they teach nothing about new rows, and may give away how the file is sorted."""
    import pandas as pd

    for name in X.columns:
        column = X[name]
        if pd.api.types.is_integer_dtype(column) and len(column) > 2 and bool((column.diff().iloc[1:] == 1).all()):
            what = "counts the rows"
        elif not pd.api.types.is_numeric_dtype(column) and (distinct := column.nunique()) > max(50, len(column) / 2):
            what = f"has {distinct:,} different texts in {len(column):,} rows"
        else:
            continue
        say(f"Note: column {name!r} {what}. If it says nothing about new rows, leave it out: --drop {shlex.quote(name)}")


def _positive_label(y: NDArray[Any], target: str, wanted: str | None) -> Any:
    """Return the positive label as the table holds it."""
    import pandas as pd

    counts = pd.Series(y).value_counts()
    labels = list(counts.index)
    shown = ", ".join(repr(_plain(label)) for label in labels[:_SHOWN]) + (", ..." if len(labels) > _SHOWN else "")
    if len(labels) != 2:
        rest = (
            ""
            if len(labels) < 2
            else ": make the rare one 1 and the rest 0, or take boostimb.tune in Python, which searches several"
        )
        raise InputError(f"the target {target!r} must hold two classes, and it holds {len(labels)} ({shown}){rest}")
    if wanted is not None:
        found = [label for label in labels if str(label) == wanted or _number(label) == _number(wanted) is not None]
        if not found:
            raise InputError(f"--pos-label must be one of the labels of {target!r}, {shown}; got {wanted!r}")
        return _plain(found[0])
    if set(map(_number, labels)) in ({0.0, 1.0}, {-1.0, 1.0}):
        return _plain(next(label for label in labels if _number(label) == 1.0))
    rare = shlex.quote(str(labels[-1]))
    raise InputError(f"the labels of {target!r} are {shown}: name the positive one, such as --pos-label {rare}")


def _number(label: Any) -> float | None:
    try:
        return float(label)
    except (TypeError, ValueError):
        return None


def _plain(label: Any) -> Any:
    """Return a label as a Python value, which prints and compares as the user wrote it."""
    return label.item() if isinstance(label, np.generic) else label


def _split(positive: BoolArray, test_size: float, seed: int) -> tuple[IntArray, IntArray]:
    """Return the rows to learn from and the rows to hold out, both with the same share of positives."""
    from sklearn.model_selection import train_test_split

    least = min(int(positive.sum()), int((~positive).sum()))
    try:
        if least < 2:
            raise ValueError
        parts = train_test_split(np.arange(positive.size), test_size=test_size, stratify=positive, random_state=seed)
        if any(np.unique(positive[rows]).size < 2 for rows in parts):
            raise ValueError
    except ValueError:  # also scikit-learn's own, where a part would have fewer rows than there are classes
        raise InputError(
            f"the rarer class has {least} rows, which --test-size {test_size:g} cannot divide into a part to learn from and one to "
            "hold out: label more rows, or choose another size"
        ) from None
    return np.sort(parts[0]), np.sort(parts[1])
