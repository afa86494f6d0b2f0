"""Columns of text and categories: their distinct values, and the codes of the rows."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from boostimb.typing import IntArray

Category: TypeAlias = str | int | float
# bool, integer or float; NaN is missing.
Numbers: TypeAlias = NDArray[Any]

TEMPORAL = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
TEMPORAL_REMEDY = (
    "turn it into numbers first, such as days since a fixed date, or the month or hour as a column of its own; and where the rows "
    "are in time order, split them so: cv=sklearn.model_selection.TimeSeriesSplit(5)"
)


@dataclass(frozen=True, eq=False)
class Levels:
    """A categorical column: row i holds ``levels[codes[i]]``; code -1 is a missing value.

    ``levels`` are the distinct values in use, all text or all numbers: in the order of an ordered dtype, else sorted.
    """

    codes: IntArray
    levels: tuple[Category, ...]


def read_levels(series: nw.Series[Any], label: str) -> Levels:
    """Codes of a text or categorical column by the data frame library's own hashing."""
    values = [value for value in series.unique().drop_nulls().to_list() if value == value]
    if isinstance(series.dtype, nw.Enum):
        place = {value: i for i, value in enumerate(series.dtype.categories)}
        values.sort(key=place.__getitem__)
        levels = _level_names(values, label)
    else:
        by_level = dict(zip(_level_names(values, label), values, strict=True))
        levels = tuple(sorted(by_level))
        values = [by_level[level] for level in levels]
    if not values:
        return Levels(np.full(len(series), -1, dtype=np.intp), ())
    codes = series.replace_strict(values, list(range(len(values))), return_dtype=nw.Float64).to_numpy()
    return Levels(np.where(np.isnan(codes), -1, codes).astype(np.intp), levels)


def _level_names(values: list[Any], label: str) -> tuple[Category, ...]:
    """Text stays text and numbers numbers; other categories, such as the intervals of pandas.cut, go by their text."""
    if set(map(type, values)) == {str}:
        return tuple(values)
    levels = tuple(number(value) if _is_number(type(value)) else _text(value) for value in values)
    texts = [level for level in levels if isinstance(level, str)]
    if texts and len(texts) != len(levels):
        other = next(level for level in levels if not isinstance(level, str))
        raise ValueError(
            f"{label} mixes text and numbers, such as {texts[0]!r} and {other!r}: make all of them text or all numbers"
        )
    if len(set(levels)) != len(levels):
        raise ValueError(f"{label} has different categories that read the same: rename them")
    if not texts and not np.isfinite(np.array(levels, dtype=np.float64)).all():
        raise ValueError(f"Input X contains infinity: {label} has an infinite category")
    return levels


def _text(value: object) -> str:
    """Return a text as plain ``str``: the member of a text enum as the text that it is, and not as its name."""
    return str.__str__(value) if isinstance(value, str) else str(value)


def number(value: Any) -> int | float:
    """Return a number as JSON holds it: an int where it is whole."""
    as_float = float(value)
    return int(as_float) if as_float.is_integer() else as_float


def _is_number(kind: type) -> bool:
    return issubclass(kind, Real | Decimal | np.bool_)


def read_objects(column: NDArray[np.object_], label: str) -> Numbers | Levels:
    """Read Python objects: all text (categories), or all numbers; None, NaN and pandas' NA are missing."""
    kinds = set(map(type, column))
    absent = {kind for kind in kinds if kind is type(None) or kind.__name__ in ("NAType", "NaTType")}
    unfit = {kind for kind in kinds - absent if not (issubclass(kind, str) or _is_number(kind))}
    if unfit:
        raise _unfit(next(value for value in column if type(value) in unfit), label)
    if any(issubclass(kind, str) for kind in kinds):
        return _read_texts(column, kinds, label)
    if absent:
        column = np.array([None if type(value) in absent else value for value in column], dtype=object)
    try:
        with np.errstate(over="ignore"):
            return column.astype(np.float64)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{label} holds a number that float64 cannot hold: {error}") from error


def _unfit(value: object, label: str) -> TypeError | ValueError:
    if isinstance(value, TEMPORAL):
        return TypeError(f"{label} holds dates or times, such as {value!r}: {TEMPORAL_REMEDY}")
    if isinstance(value, complex | np.complexfloating):
        return ValueError(f"Complex data not supported: {label} holds {value!r}")
    return TypeError(f"{label}: each argument must be a string or a real number, got {value!r} of type {type(value).__name__}")


def _read_texts(column: NDArray[np.object_], kinds: set[type], label: str) -> Levels:
    if any(_is_number(kind) for kind in kinds):
        other = next((value for value in column if _is_number(type(value)) and value == value), None)
        if other is not None:
            text = next(value for value in column if isinstance(value, str))
            raise ValueError(
                f"{label} mixes text and numbers, such as {str(text)!r} and {other!r}: make all of them text or all numbers"
            )
    texts = {value: _text(value) for value in set(column) if isinstance(value, str)}
    levels = tuple(sorted(set(texts.values())))
    place = {level: i for i, level in enumerate(levels)}
    code = {value: place[text] for value, text in texts.items()}
    return Levels(np.fromiter((code.get(value, -1) for value in column), dtype=np.intp, count=len(column)), levels)
