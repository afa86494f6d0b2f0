"""Columns of every library, arrays and lists: what is read, and what is refused."""

import datetime
from decimal import Decimal
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal
from scipy.sparse import coo_array, csc_matrix, csr_array, csr_matrix

from boostimb.table import TableEncoder

NAN = np.nan


# --- columns of data frames -------------------------------------------------------------------------------------------

PANDAS = {
    "float": (pd.Series([1.5, None]), [1.5, NAN], None),
    "int": (pd.Series([1, 2]), [1, 2], None),
    "bool": (pd.Series([True, False]), [1, 0], None),
    "nullable int": (pd.array([1, None], dtype="Int64"), [1, NAN], None),
    "nullable bool": (pd.array([True, None], dtype="boolean"), [1, NAN], None),
    "nullable float": (pd.array([1.5, None], dtype="Float64"), [1.5, NAN], None),
    "arrow float": (pd.array([1.5, None], dtype="float64[pyarrow]"), [1.5, NAN], None),
    "arrow decimal": (pd.array([Decimal("1.5"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))), [1.5, NAN], None),
    "sparse": (pd.arrays.SparseArray([0.0, 1.0]), [0, 1], None),
    "object of bools": (pd.Series([True, None], dtype=object), [1, NAN], None),
    "object of numbers": (pd.Series([1, Decimal("2.5")], dtype=object), [1, 2.5], None),
    "object of fractions and NA": (pd.Series([Fraction(1, 2), pd.NA], dtype=object), [0.5, NAN], None),
    "all missing": (pd.Series([None, None], dtype=object), [NAN, NAN], None),
    "text": (pd.Series(["b", "a"]), [1, 0], ("a", "b")),
    "text with missing": (pd.Series(["b", None]), [0, NAN], ("b",)),
    "object of texts": (pd.Series(["b", NAN], dtype=object), [0, NAN], ("b",)),
    "object of texts and NA": (pd.Series(["b", pd.NA], dtype=object), [0, NAN], ("b",)),
    "empty text": (pd.Series(["", "a"]), [0, 1], ("", "a")),
    "arrow text": (pd.array(["b", None], dtype="string[pyarrow]"), [0, NAN], ("b",)),
    "category": (pd.Categorical(["b", "a"], categories=["b", "a", "unused"]), [1, 0], ("a", "b")),
    "ordered category": (pd.Categorical(["mid", "low"], categories=["low", "mid", "high"], ordered=True), [1, 0], ("low", "mid")),
    "category of numbers": (pd.Categorical([10, 9]), [1, 0], (9, 10)),
    "category of bools": (pd.Categorical([True, None]), [0, NAN], (1,)),
    "category of intervals": (pd.cut([1, 2], [0, 1, 2]), [0, 1], ("(0, 1]", "(1, 2]")),
    "category of dates": (pd.Categorical(pd.to_datetime(["2021-01-01", None])), [0, NAN], ("2021-01-01 00:00:00",)),
    "category, all missing": (pd.Categorical([None, None]), [NAN, NAN], ()),
}
POLARS = {
    "int8": (pl.Series([1, None], dtype=pl.Int8), [1, NAN], None),
    "int128": (pl.Series([1, None], dtype=pl.Int128), [1, NAN], None),
    "decimal": (pl.Series([Decimal("1.5"), None]), [1.5, NAN], None),
    "bool": (pl.Series([True, None]), [1, NAN], None),
    "null and nan": (pl.Series([NAN, None], dtype=pl.Float64), [NAN, NAN], None),
    "null": (pl.Series([None, None]), [NAN, NAN], None),
    "text": (pl.Series(["b", None]), [0, NAN], ("b",)),
    "category": (pl.Series(["b", "a"], dtype=pl.Categorical), [1, 0], ("a", "b")),
    "enum": (pl.Series(["b", "a"], dtype=pl.Enum(["b", "unused", "a"])), [0, 1], ("b", "a")),
    "object": (pl.Series(["b", None], dtype=pl.Object), [0, NAN], ("b",)),
}
ARROW = {
    "float": (pa.array([1.5, None]), [1.5, NAN], None),
    "half": (pa.array([1, 2], pa.float16()), [1, 2], None),
    "bool": (pa.array([True, None]), [1, NAN], None),
    "null": (pa.nulls(2), [NAN, NAN], None),
    "text": (pa.array(["b", None]), [0, NAN], ("b",)),
    "large text": (pa.array(["b", "a"], pa.large_string()), [1, 0], ("a", "b")),
    "dictionary": (pa.array(["b", None]).dictionary_encode(), [0, NAN], ("b",)),
    "dictionary of numbers": (pa.array([6, 5]).dictionary_encode(), [1, 0], (5, 6)),
}
CASES = [
    pytest.param(make({"a": column, "n": [0.5, 1.5]}), codes, categories, id=f"{library} {name}")
    for library, make, cases in (("pandas", pd.DataFrame, PANDAS), ("polars", pl.DataFrame, POLARS), ("arrow", pa.table, ARROW))
    for name, (column, codes, categories) in cases.items()
]


@pytest.mark.parametrize(("frame", "codes", "categories"), CASES)
def test_column_of_a_data_frame(encode, frame, codes, categories):
    table = encode(frame)
    assert table.names == ("a", "n")
    assert table.categories == (categories, None)
    assert_array_equal(table.values, np.column_stack((codes, [0.5, 1.5])))
    assert table.categorical == (() if categories is None else (0,))


REFUSED = {
    "dates": (pd.Series(pd.to_datetime(["2020-01-01", None])), TypeError, "column 'a' holds dates or times.*turn it into numbers"),
    "durations": (pd.Series(pd.to_timedelta([1, 2])), TypeError, "column 'a' holds dates or times"),
    "objects of dates": (
        pd.Series([datetime.date(2020, 1, 1), None], dtype=object),
        TypeError,
        r"dates or times, such as datetime\.date",
    ),
    "mixed": (pd.Series(["x", 1], dtype=object), ValueError, "column 'a' mixes text and numbers, such as 'x' and 1"),
    "mixed late": (pd.Series(["x"] * 300 + [1.5], dtype=object), ValueError, "such as 'x' and 1.5"),
    "dicts late": (pd.Series(["x"] * 300 + [{}], dtype=object), TypeError, r"string or a real number, got \{\} of type dict"),
    "mixed categories": (pd.Categorical(["x", 1]), ValueError, "mixes text and numbers"),
    "complex": (pd.Series([1j, 2]), ValueError, "Complex data not supported: column 'a'"),
    "objects that are complex": (pd.Series([1j, None], dtype=object), ValueError, "Complex data not supported"),
    "infinity": (pd.Series([1.0, -np.inf]), ValueError, "infinity: column 'a' holds -inf in row 1.*NaN, which means missing"),
    "infinity as object": (pd.Series([True, np.inf], dtype=object), ValueError, "infinity: column 'a' holds inf"),
    "infinite category": (pd.Categorical([1.0, np.inf]), ValueError, "infinity: column 'a'"),
    "too large": (pd.Series([10**400, 1], dtype=object), ValueError, "column 'a' holds a number that float64 cannot hold"),
    "bytes": (pd.Series([b"x", b"y"], dtype=object), TypeError, "got b'x' of type bytes"),
    "lists": (pl.Series([[1], [2]]), TypeError, "column 'a' must hold numbers, text or categories, got type List"),
    "binary": (pl.Series([b"x", b"y"]), TypeError, "got type Binary"),
    "structs": (pl.Series([{"b": 1}] * 2), TypeError, "got type Struct"),
    "times": (pl.Series([datetime.time(1)] * 2), TypeError, "dates or times"),
    "timestamps": (pa.array([1, 2], pa.timestamp("s")), TypeError, "dates or times"),
    "periods": (pd.Series(pd.period_range("2020", periods=2)), TypeError, "of type Period"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_column(name):
    column, error, says = REFUSED[name]
    make = pl.DataFrame if isinstance(column, pl.Series) else pa.table if isinstance(column, pa.Array) else pd.DataFrame
    with pytest.raises(error, match=says):
        TableEncoder.fit(make({"a": column}))


# --- arrays and lists -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "values", "categories"),
    [
        ([[1, 2.5], [None, 3]], [[1, 2.5], [NAN, 3]], (None, None)),
        ([[1, "b"], [2, None]], [[1, 0], [2, NAN]], (None, ("b",))),
        ([[1, True], [2.5, False]], [[1, 1], [2.5, 0]], (None, None)),
        (np.array([["1", "x"], ["0", "x"]]), [[1, 0], [0, 0]], (("0", "1"), ("x",))),
        (np.array([["b", 1], [NAN, 2]], dtype=object), [[0, 1], [NAN, 2]], (("b",), None)),
        (np.array([["b"], ["a"]], dtype=np.dtypes.StringDType()), [[1], [0]], (("a", "b"),)),
        (np.array([[True, False]]), [[1, 0]], (None, None)),
        (np.array([[1, 2]], dtype=np.uint8), [[1, 2]], (None, None)),
        (np.array([[1, 2]], dtype=">f8"), [[1, 2]], (None, None)),
        (np.ma.array([[1, 2]], mask=[[False, True]]), [[1, NAN]], (None, None)),
        (pd.DataFrame([[1, 2]]), [[1, 2]], (None, None)),
    ],
)
def test_table_without_names(encode, X, values, categories):
    table = encode(X)
    assert table.names is None
    assert table.categories == categories
    assert_array_equal(table.values, np.array(values, dtype=float))


@pytest.mark.parametrize(
    ("X", "error", "says"),
    [
        (np.zeros(3), ValueError, "Reshape your data"),
        (pd.Series([1.0]), ValueError, "Reshape your data"),
        (3.0, ValueError, "Expected 2D array, got scalar array instead"),
        (None, ValueError, "Expected 2D array"),
        ({"a": [1]}, ValueError, "Expected 2D array"),
        (np.zeros((2, 2, 2)), ValueError, r"Found array with dim 3\. TableEncoder expected <= 2\."),
        (np.zeros((0, 2)), ValueError, r"0 sample\(s\) \(shape=\(0, 2\)\) while a minimum of 1 is required"),
        (np.zeros((2, 0)), ValueError, r"0 feature\(s\) \(shape=\(2, 0\)\) while a minimum of 1 is required"),
        (pd.DataFrame({"a": []}), ValueError, r"0 sample\(s\)"),
        (pd.DataFrame(index=[1, 2]), ValueError, r"0 feature\(s\)"),
        ([[1, 2], [3]], ValueError, "rows all have one length"),
        (np.array([[1j]]), ValueError, "Complex data not supported"),
        (np.array([["2020"]], dtype="M8[Y]"), TypeError, "dates or times"),
        (np.array([[b"x"]]), TypeError, "of type bytes"),
        (np.zeros(2, dtype=[("a", float)]).reshape(1, 2), TypeError, "must hold numbers, text or categories"),
        (np.array([[{"a": 1}]], dtype=object), TypeError, "argument must be a string or a real number"),
        (np.array([[1.0, NAN], [np.inf, 2.0]]), ValueError, "Input X contains infinity: column 0 holds inf in row 1"),
        (np.array([[np.finfo(np.longdouble).max]]), ValueError, "infinity"),
        (csr_array([[1.0, np.inf]]), ValueError, "Input X contains infinity: column 1 holds inf in row 0"),
        (csr_array(np.array([[1j]])), ValueError, "Complex data not supported"),
        (csr_array((2, 0)), ValueError, r"0 feature\(s\)"),
        (coo_array([1.0, 0.0]), ValueError, r"a sparse array of shape \(2,\)"),
        (csr_array((2**20, 2**20)), ValueError, "must take at most 4 GiB as an array, and 1048576 rows of 1048576 columns"),
        (pl.DataFrame({"a": [1]}).lazy(), TypeError, r"\.collect\(\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "distinct column names"),
        (pd.DataFrame([[1, 2]], columns=["a", 1]), TypeError, "mixes column names"),
    ],
)
def test_what_is_no_table(X, error, says):
    with pytest.raises(error, match=says):
        TableEncoder.fit(X)


@pytest.mark.parametrize("kind", [csr_array, csr_matrix, csc_matrix, coo_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, bool])
def test_what_a_sparse_matrix_does_not_store_is_zero(encode, kind, dtype):
    dense = np.array([[0, 1, 0], [2, 0, 0], [0, 0, 0]]).astype(dtype)
    table = encode(kind(dense))
    assert_array_equal(table.values, dense.astype(float))
    assert table.values.dtype == (np.float32 if dtype is np.float32 else np.float64)


def test_missing_in_a_sparse_matrix_is_nan_alone(encode):
    assert_array_equal(encode(csr_array([[NAN, 0.0, 3.0]])).values, [[NAN, 0.0, 3.0]])


def test_float32_stays_and_all_else_becomes_float64(encode):
    single = np.zeros((3, 2), dtype=np.float32)
    assert encode(single).values.dtype == np.float32
    assert encode(pd.DataFrame(single)).values.dtype == np.float32
    assert encode(pl.DataFrame({"a": pl.Series([1.0], dtype=pl.Float32), "b": [True], "c": ["x"]})).values.dtype == np.float32
    assert encode(pl.DataFrame({"a": pl.Series([1.0], dtype=pl.Float32), "b": [1.0]})).values.dtype == np.float64
    for other in (np.float16, np.int8, np.uint64, np.bool_, object):
        assert encode(np.ones((3, 2), dtype=other)).values.dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_are_not_copied(encode, dtype):
    for X in (np.zeros((5, 3), dtype), np.zeros((5, 3), dtype, order="F"), np.zeros((3, 5), dtype).T):
        assert np.shares_memory(encode(X).values, X)
        assert np.shares_memory(encode(pd.DataFrame(X, columns=list("abc"), copy=False)).values, X)
    strided = np.zeros((10, 6), dtype)[::2, ::2]
    assert encode(strided).values.shape == (5, 3)


def test_an_overflowing_sum_is_no_infinity(encode):
    X = np.full((2, 2), np.finfo(np.float64).max)
    assert_array_equal(encode(X).values, X)


# --- any table at all -------------------------------------------------------------------------------------------------

NUMBERS, TEXT = [st.floats(), st.integers(-(2**70), 2**70), st.booleans()], st.text(max_size=3)
ANYTHING = st.one_of(*NUMBERS, TEXT, st.just(pd.NA), st.dates(), st.binary(max_size=2))
COLUMNS = st.one_of(st.lists(st.one_of(st.none(), cell), min_size=3, max_size=3) for cell in (*NUMBERS, TEXT, ANYTHING))


@given(st.lists(COLUMNS, min_size=1, max_size=3), st.sampled_from(["pandas", "polars", "numpy"]))
def test_any_table_is_encoded_or_refused_with_a_rule(encode, columns, library):
    """What is encoded can be decoded to what was there; what is not raises a TypeError or a ValueError."""
    if library == "numpy":
        X = np.empty((3, len(columns)), dtype=object)
        X.T[:] = columns
    else:
        named = {f"c{j}": pd.Series(column, dtype=object) if library == "pandas" else column for j, column in enumerate(columns)}
        try:
            X = pd.DataFrame(named) if library == "pandas" else pl.DataFrame(named, strict=False)
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            return
    try:
        table = encode(X)
    except (TypeError, ValueError) as error:
        assert len(str(error)) > 10  # noqa: PT017  # either outcome is right, and most tables have the other
        return
    assert not np.isinf(table.values).any()
    if library == "polars":  # it may have converted the cells
        columns = [X[name].to_list() for name in X.columns]
    for column, levels, codes in zip(columns, table.categories, table.values.T, strict=True):
        for cell, code in zip(column, codes, strict=True):
            if cell is None or cell is pd.NA or cell != cell:
                assert np.isnan(code)
            else:
                assert (levels[int(code)] if levels is not None else code) == (cell if levels is not None else float(cell))
