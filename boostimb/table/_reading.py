"""Reading a user's table: the one place that knows pandas, polars, Arrow, NumPy and sparse matrices apart.

A column comes out as one of two things: an array of numbers, in which NaN is missing, or the codes and levels of a
category. What can be neither is refused here, with its column, the value and the remedy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import narwhals as nw
import numpy as np
from narwhals.exceptions import DuplicateError
from numpy.typing import NDArray
from scipy.sparse import issparse

from boostimb.table._levels import TEMPORAL_REMEDY, Levels, Numbers, read_levels, read_objects

# Bytes of a sparse matrix once it is an array.
MOST_DENSE = 4 * 2**30


@dataclass(frozen=True, eq=False)
class RawTable:
    """What was read: ``matrix`` where all columns were numbers of one type to begin with, ``columns`` in any case."""

    names: tuple[str, ...] | None
    columns: Sequence[Numbers | Levels]
    matrix: Numbers | None = None

    @property
    def n_rows(self) -> int:
        """Number of samples."""
        column = self.columns[0]
        return len(column.codes if isinstance(column, Levels) else column)


def column_label(names: tuple[str, ...] | None, index: int) -> str:
    """How an error names a column."""
    return f"column {index}" if names is None else f"column {names[index]!r}"


def read_table(X: Any, estimator_name: str) -> RawTable:
    """Read any table the package accepts; every value in it is then finite or missing."""
    if issparse(X):
        return _read_array(_dense(X))
    frame = _as_frame(X)
    if frame is None:
        return _read_array(_as_array(X, estimator_name))
    names = _frame_names(frame)
    _check_shape(frame.shape)
    # pandas keeps columns of one type in one block, which is handed over without a copy; others would copy row by row.
    if frame.implementation.is_pandas_like() and set(map(str, frame.schema.values())) in ({"Float64"}, {"Float32"}):
        matrix = frame.to_numpy()
        if matrix.dtype in (np.float64, np.float32) and (matrix.flags.c_contiguous or matrix.flags.f_contiguous):
            _check_infinity(matrix, names)
            return RawTable(names, list(matrix.T), matrix)
    columns = [_read_series(series, column_label(names, i)) for i, series in enumerate(frame.iter_columns())]
    for i, column in enumerate(columns):
        if not isinstance(column, Levels):
            _check_infinity(column[:, None], names, i)
    return RawTable(names, columns)


def _dense(X: Any) -> NDArray[Any]:
    """Return a sparse matrix as an array of its type: what it does not store is zero, and missing is NaN alone."""
    if X.ndim != 2:
        raise ValueError(f"X must be a table of rows and columns, got a sparse array of shape {X.shape}")
    _check_shape(X.shape)
    size = X.shape[0] * X.shape[1] * X.dtype.itemsize
    if size > MOST_DENSE:
        raise ValueError(
            f"a sparse X must take at most {MOST_DENSE / 2**30:g} GiB as an array, and {X.shape[0]} rows of {X.shape[1]} columns "
            f"of type {X.dtype} take {size / 2**30:.3g}: select columns first, or reduce them (sklearn.decomposition.TruncatedSVD)"
        )
    dense: NDArray[Any] = X.toarray()
    return dense


def _as_frame(X: Any) -> nw.DataFrame[Any] | None:
    """Return X as a narwhals frame if it is a data frame of any library, else None."""
    try:
        frame = nw.from_native(X, pass_through=True)
    except DuplicateError as error:
        raise ValueError(f"X must have distinct column names. {error}") from error
    if isinstance(frame, nw.LazyFrame):
        raise TypeError(f"X must hold its rows in memory, got a lazy {type(X).__name__}: call .collect() first")
    return frame if isinstance(frame, nw.DataFrame) else None


def _frame_names(frame: nw.DataFrame[Any]) -> tuple[str, ...] | None:
    """Column names as scikit-learn takes them: all text, or none at all (pandas may number its columns)."""
    kinds = {isinstance(name, str) for name in frame.columns}
    if kinds == {True, False}:
        raise TypeError("X mixes column names that are text with others that are not: name all columns by text")
    return tuple(str(name) for name in frame.columns) if kinds == {True} else None


def _as_array(X: Any, estimator_name: str) -> NDArray[Any]:
    """Return a two-dimensional array; the wording of errors is scikit-learn's, since users know and search for it."""
    if isinstance(X, np.ma.MaskedArray):
        X = np.ma.filled(X.astype(np.float64), np.nan)
    try:
        array = np.asarray(X)
        if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
            array = np.asarray(X, dtype=object)  # NumPy has turned the numbers of a mixed list into text
    except ValueError as error:
        raise ValueError(f"X must be a table whose rows all have one length: {error}") from error
    if array.ndim < 2:
        kind = "scalar" if array.ndim == 0 else "1D"
        raise ValueError(
            f"Expected 2D array, got {kind} array instead. Reshape your data either using array.reshape(-1, 1) if "
            "your data has a single feature or array.reshape(1, -1) if it contains a single sample."
        )
    if array.ndim > 2:
        raise ValueError(f"Found array with dim {array.ndim}. {estimator_name} expected <= 2.")
    _check_shape(array.shape)
    return array


def _check_shape(shape: tuple[int, ...]) -> None:
    for size, unit in ((shape[0], "sample"), (shape[1], "feature")):
        if size == 0:
            raise ValueError(f"Found array with 0 {unit}(s) (shape={shape}) while a minimum of 1 is required.")


def _read_array(array: NDArray[Any]) -> RawTable:
    kind = array.dtype.kind
    if kind in "OUTS":
        columns = [read_objects(column, column_label(None, i)) for i, column in enumerate(array.astype(object).T)]
        for i, column in enumerate(columns):
            if not isinstance(column, Levels):
                _check_infinity(column[:, None], None, i)
        return RawTable(None, columns)
    _check_numeric_kind(array, "X")
    if kind != "f" or array.dtype.itemsize not in (4, 8):
        with np.errstate(over="ignore"):  # what float64 cannot hold becomes infinite, and is refused as such
            array = array.astype(np.float64)
    elif not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        array = np.ascontiguousarray(array)
    _check_infinity(array, None)
    return RawTable(None, list(array.T), array)


def _check_numeric_kind(array: NDArray[Any], label: str) -> None:
    """Refuse the NumPy types that are no numbers."""
    kind = array.dtype.kind
    if kind == "c":
        raise ValueError(f"Complex data not supported: {label} has type {array.dtype}")
    if kind in "mM":
        raise TypeError(f"{label} holds dates or times ({array.dtype}): {TEMPORAL_REMEDY}")
    if kind not in "biuf":
        raise TypeError(f"{label} must hold numbers, text or categories, got type {array.dtype}")


def _check_infinity(values: Numbers, names: tuple[str, ...] | None, column: int | None = None) -> None:
    """Raise if a value is infinite; NaN is a missing value."""
    if values.dtype.kind != "f":
        return
    # One pass without a temporary array: the sum of finite values is finite unless it overflows.
    with np.errstate(over="ignore", invalid="ignore"):
        if isfinite(float(values.sum())):
            return
    infinite = np.isinf(values)
    if infinite.any():
        row, j = np.argwhere(infinite)[0]
        label = column_label(names, int(j) if column is None else column)
        raise ValueError(
            f"Input X contains infinity: {label} holds {values[row, j]} in row {row}. "
            "Replace it by a finite number, or by NaN, which means missing."
        )


def _read_series(series: nw.Series[Any], label: str) -> Numbers | Levels:
    dtype = series.dtype
    if dtype.is_temporal():
        raise TypeError(f"{label} holds dates or times ({dtype}): {TEMPORAL_REMEDY}")
    if dtype in (nw.Decimal, nw.Int128, nw.UInt128):  # NumPy knows none of them
        return series.cast(nw.Float64).to_numpy()
    if dtype.is_numeric():
        values = series.to_numpy()
        # The nullable integers of pandas come out as objects.
        return values if values.dtype.kind in "iuf" else series.cast(nw.Float64).to_numpy()
    if dtype == nw.Boolean:
        values = series.to_numpy()
        return values if values.dtype == np.bool_ else series.cast(nw.Float64).to_numpy()
    # narwhals looks at the first values of a pandas object column only, so such a column is read value by value.
    is_object = dtype == nw.Object or str(getattr(series.to_native(), "dtype", "")) == "object"
    if not is_object and dtype in (nw.String, nw.Categorical, nw.Enum):
        return read_levels(series, label)
    if series.null_count() == len(series):
        return np.full(len(series), np.nan)
    if is_object or dtype == nw.Unknown:
        values = series.to_numpy()
        if values.dtype == object:
            return read_objects(values, label)
        _check_numeric_kind(values, label)
        return values
    raise TypeError(f"{label} must hold numbers, text or categories, got type {dtype}")
