"""From a frame and the user's words about it to features, labels and a held-out part."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostimb.cli._errors import InputError, refused_as_input, say
from boostimb.cli._options import in_options
from boostimb.cli._tables import check_columns
from boostimb.table import TableEncoder
from boostimb.typing import IntArray, LabelArray
from boostimb.validation import ClassLabels, Labels, check_groups, check_labels

if TYPE_CHECKING:
    import pandas as pd

_DATE = re.compile(r"(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2}))([T ]\d{1,2}:\d{2}.*)?")
_SEEN = 200  # values of a text column that are looked at to tell whether they are dates
_FEW_TEXTS = 0.2  # share of a column's values that are no numbers, up to which they are taken for an oversight
_SHOWN = 6  # labels that an error lists


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learned, and the rows that nothing is learned from."""

    name: str
    target: str
    X: "pd.DataFrame"
    y: NDArray[Any]
    truth: LabelArray  # whether each row is positive; of several classes the number of its class
    classes: list[Any]
    pos_label: Any  # None: several classes
    groups: NDArray[Any] | None  # of each row
    weight: NDArray[Any] | None  # of each row, as it stands in the table
    train: IntArray
    test: IntArray

    @property
    def train_weight(self) -> NDArray[Any] | None:
        """The weights of the rows to learn from."""
        return None if self.weight is None else self.weight[self.train]


def make_task(
    frame: "pd.DataFrame",
    name: str,
    target: str,
    *,
    pos_label: str | None = None,
    drop: Sequence[str] = (),
    groups: str | None = None,
    weights: str | None = None,
    drop_duplicates: bool = False,
    test_size: float = 0.25,
    seed: int = 0,
) -> Task:
    """Check the table, and split it before anything looks at it.

    Raises
    ------
    InputError
        For an unknown column, a target that is missing somewhere or holds no classes, or a column that is no feature.
    """
    check_columns(drop, frame.columns, "--drop")
    named = {"--target": target, "--groups": groups, "--weights": weights}
    aside = {option: column for option, column in named.items() if column is not None}
    for option, column in aside.items():
        check_columns([column], frame.columns, option)
        if column in drop:
            raise InputError(f"--drop must not name the column of {option}, {column!r}")
        if twice := next((other for other in aside if other != option and aside[other] == column), None):
            raise InputError(f"{option} and {twice} must be different columns, and both are {column!r}")
    frame = frame.drop(columns=list(dict.fromkeys(drop)))
    missing = int(frame[target].isna().sum())
    if missing:
        raise InputError(f"the target {target!r} is missing in {missing:,} of {len(frame):,} rows: drop these rows first")
    X = frame.drop(columns=list(aside.values()))
    if X.columns.empty:
        raise InputError(f"the table has no column beside the target {target!r}")
    _check_features(X)
    _warn_of_suspects(X)
    repeated = frame.duplicated().to_numpy()
    if repeated.any() and drop_duplicates:
        say(f"Note: dropped {int(repeated.sum()):,} rows that repeat an earlier one.")
        frame = frame[~repeated].reset_index(drop=True)
        X = frame.drop(columns=list(aside.values()))
    elif repeated.any() and groups is None:  # of one group, they stay together
        say(
            f"Note: {int(repeated.sum()):,} of {len(frame):,} rows repeat an earlier one exactly. Where one is trained on and the "
            "other held out, scores come out too good: --drop-duplicates keeps one of each."
        )
    y = frame[target].to_numpy()
    labels = _labels(y, target, pos_label)
    classes, label = labels.classes.tolist(), None
    if isinstance(labels, Labels):
        label, share = classes[labels.positive_index], labels.positive.mean()
        if share > 0.5:
            say(f"Note: {label!r} is the more frequent class ({share:.1%} of the rows). The positive class should be the rare one.")
    group = weight = None
    if groups is not None:
        with refused_as_input():
            group = check_groups(frame[groups].to_numpy(), len(frame))
    if weights is not None:
        weight = frame[weights].to_numpy()
    train, test = _split(labels.y, group, test_size, seed)
    return Task(name, target, X, y, labels.y, classes, label, group, weight, train, test)


def _check_features(X: "pd.DataFrame") -> None:
    """Raise for every column that no booster can take, all of them at once, with the way to leave them out."""
    import pandas as pd

    refused = {}
    for name in X.columns:
        column = X[name]
        if _is_text_of_dates(column):
            column = pd.Series(pd.to_datetime(["2000-01-01"]))  # what the file means by these texts
        try:
            TableEncoder.fit(column.to_frame(name))
        except (TypeError, ValueError) as error:
            refused[name] = in_options(str(error)).removesuffix(".")
    if refused:
        remedy = " ".join(f"--drop {shlex.quote(name)}" for name in refused)
        raise InputError("; ".join(refused.values()) + f"; or leave {'it' if len(refused) == 1 else 'them'} out: {remedy}")


def _is_text_of_dates(column: "pd.Series[Any]") -> bool:
    values = column.dropna().iloc[:_SEEN].tolist()
    return bool(values) and all(isinstance(value, str) and _DATE.fullmatch(value.strip()) for value in values)


def _warn_of_suspects(X: "pd.DataFrame") -> None:
    """Point at columns that count the rows, and so teach nothing about new ones, and at numbers that a few fields make text."""
    import pandas as pd

    for name in X.columns:
        column = X[name]
        if pd.api.types.is_integer_dtype(column) and len(column) > 2 and bool((column.diff().iloc[1:] == 1).all()):
            remedy = f"--drop {shlex.quote(name)}"
            say(f"Note: column {name!r} counts the rows. If it says nothing about new rows, leave it out: {remedy}")
        elif not pd.api.types.is_numeric_dtype(column):
            texts = column.dropna().astype(str)
            others = texts[pd.to_numeric(texts, errors="coerce").isna()]
            if 0 < len(others) < _FEW_TEXTS * len(texts):
                say(
                    f"Note: column {name!r} is taken as text because of {len(others):,} of its {len(texts):,} values, such as "
                    f"{others.iloc[0]!r}; the others are numbers. Where these mean missing, leave such fields empty."
                )


def _labels(y: NDArray[Any], target: str, wanted: str | None) -> Labels | ClassLabels:
    """Return the classes, of which the user names the positive one where there are two."""
    import pandas as pd

    counts = pd.Series(y).value_counts()
    labels = list(counts.index)
    shown = ", ".join(repr(_plain(label)) for label in labels[:_SHOWN]) + (", ..." if len(labels) > _SHOWN else "")
    if len(labels) != 2:
        if len(labels) > 2 and wanted is not None:
            raise InputError(
                f"--pos-label names one of two classes, and the target {target!r} holds {len(labels)} ({shown}): leave it out to "
                "tell all of them apart, or make the one to find 1 and the rest 0"
            )
        try:
            return check_labels(y)
        except (ValueError, TypeError) as error:
            raise InputError(f"the target {target!r} must hold classes, and it holds {len(labels)} ({shown}): {error}") from error
    if wanted is not None:
        found = [label for label in labels if str(label) == wanted or _number(label) == _number(wanted) is not None]
        if not found:
            raise InputError(f"--pos-label must be one of the labels of {target!r}, {shown}; got {wanted!r}")
        return check_labels(y, pos_label=found[0])
    if set(map(_number, labels)) in ({0.0, 1.0}, {-1.0, 1.0}):
        return check_labels(y, pos_label=next(label for label in labels if _number(label) == 1.0))
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


def _split(truth: LabelArray, group: NDArray[Any] | None, test_size: float, seed: int) -> tuple[IntArray, IntArray]:
    """Return the rows to learn from and the rows to hold out, both with the same share of each class.

    Groups stay whole, and the shares are then as near as that allows.
    """
    from sklearn.model_selection import train_test_split

    values, counts = np.unique(truth, return_counts=True)
    least = int(counts.min())
    try:
        if least < 2:
            raise ValueError
        if group is None:
            parts = train_test_split(np.arange(truth.size), test_size=test_size, stratify=truth, random_state=seed)
        else:
            parts = _split_groups(truth, group, test_size, seed)
        if any(np.unique(truth[rows]).size < counts.size for rows in parts):
            raise ValueError
    except ValueError:  # also scikit-learn's own, where a part would have fewer rows than there are classes
        rare = "rarer" if counts.size == 2 else "rarest"
        within = "" if group is None else f" in {np.unique(group[truth == values[counts.argmin()]]).size} groups"
        raise InputError(
            f"the {rare} class has {least} rows{within}, which --test-size {test_size:g} cannot divide into a part to learn from "
            "and one to hold out: label more rows, or choose another size"
        ) from None
    return np.sort(parts[0]), np.sort(parts[1])


def _split_groups(truth: LabelArray, group: NDArray[Any], test_size: float, seed: int) -> tuple[IntArray, IntArray]:
    """Hold out one of as many equal parts as make it the share that is wanted, or nearly; train on one for shares above a half."""
    from sklearn.model_selection import StratifiedGroupKFold

    smaller = min(test_size, 1 - test_size)
    if smaller <= 0:
        raise ValueError
    splitter = StratifiedGroupKFold(round(1 / smaller), shuffle=True, random_state=seed)
    rest, part = next(splitter.split(truth, truth.astype(int), group))
    return (rest, part) if test_size <= 0.5 else (part, rest)
