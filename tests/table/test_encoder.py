"""What an encoder learns, how it meets another table, and how it is saved."""

from enum import Enum

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

from boostimb.table import Table, TableEncoder

NAN = np.nan


# --- what the user calls categorical ----------------------------------------------------------------------------------

FRAME = pd.DataFrame({"zip": [30, 10, 10], "x": [0.5, NAN, 0.25], "flag": [True, False, True]})


@pytest.mark.parametrize(
    ("chosen", "categories"),
    [
        ("auto", (None, None, None)),
        (None, (None, None, None)),
        ([], (None, None, None)),
        (["zip"], ((10, 30), None, None)),
        ((0, 2), ((10, 30), None, (0, 1))),
        (np.array([1]), (None, (0.25, 0.5), None)),
        ([True, False, False], ((10, 30), None, None)),
        (np.array([False, False, True]), (None, None, (0, 1))),
        (pd.Index(["x", "zip"]), ((10, 30), (0.25, 0.5), None)),
    ],
)
def test_categorical_features(encode, chosen, categories):
    table = encode(FRAME, chosen)
    assert table.categories == categories
    for j, levels in enumerate(categories):
        column = FRAME.iloc[:, j].to_numpy(dtype=float)
        decoded = table.values[:, j] if levels is None else [NAN if np.isnan(c) else levels[int(c)] for c in table.values[:, j]]
        assert_array_equal(decoded, column)


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ("zip", "must be \"auto\", column names, column positions or a boolean mask, got 'zip'"),
        (["age"], "names the column 'age', but X has the columns 'zip', 'x', 'flag'"),
        ([3], "the position 3, but X has the columns 0 to 2"),
        ([-1], "the position -1"),
        ([True, False], "mask must have 3 entries, one a column, got 2"),
        ([0.5], "got the entry 0.5"),
        ([True, 1, 0], "got the entry True"),
        ([[0]], "got an array of shape"),
        ({"zip": 1}, "got {'zip': 1}"),
        (7, "got 7"),
    ],
)
def test_wrong_categorical_features(chosen, says):
    with pytest.raises(ValueError, match=says):
        TableEncoder.fit(FRAME, chosen)
    with pytest.raises(ValueError, match="no column names: give positions"):
        TableEncoder.fit(FRAME.to_numpy(dtype=float), ["zip"])


# --- transform --------------------------------------------------------------------------------------------------------


def test_unseen_and_missing_categories_are_missing_in_every_library():
    train = {"a": ["x", "y", "x"], "n": [1, 2, 3]}
    test = {"a": ["y", "new", None], "n": [1, 2, 3]}
    expected = [[1, 1], [NAN, 2], [NAN, 3]]
    for fitted_on in (pd.DataFrame, pl.DataFrame, pa.table):
        encoder = TableEncoder.fit(fitted_on(train), ["n"])
        assert encoder.categories == (("x", "y"), (1, 2, 3))
        for make in (pd.DataFrame, pl.DataFrame, pa.table):
            assert_array_equal(encoder.transform(make(test)).values, np.subtract(expected, [0, 1]))
    frame = pd.DataFrame(test).astype({"a": "category"})
    assert_array_equal(encoder.transform(frame).values, np.subtract(expected, [0, 1]))


def test_members_of_a_text_enum_are_their_text():
    class Colour(str, Enum):  # noqa: UP042 - unlike StrEnum's, its str() is 'Colour.RED'
        RED = "red"
        BLUE = "blue"

    columns = [
        pd.Series([*Colour, None], dtype=object),
        pd.Series(pd.Categorical([*Colour, None])),
        pd.Series(["red", "blue", None]),
        pd.Series([Colour.RED, "blue", None], dtype=object),
    ]
    for train in columns:
        encoder = TableEncoder.fit(pd.DataFrame({"a": train}))
        assert encoder.categories == (("blue", "red"),)
        assert {type(level) for level in encoder.categories[0]} == {str}
        for test in columns:
            assert_array_equal(encoder.transform(pd.DataFrame({"a": test})).values.ravel(), [1, 0, NAN])


def test_numbers_too_great_to_tell_apart_are_no_categories():
    great = pd.DataFrame({"id": [2**53, 2**53 + 1, 5]})
    for column in (great["id"], pd.Series([2**53 + 1, 5, None], dtype="Int64"), pd.Series([-(2**60), 5], dtype=object)):
        with pytest.raises(ValueError, match=r"must be numbers below 2\*\*53, got -?\d+ in column 'id': cast the column to text"):
            TableEncoder.fit(pd.DataFrame({"id": column}), ["id"])
    TableEncoder.fit(pd.DataFrame({"id": [2**53 - 1, 5]}), ["id"])
    assert TableEncoder.fit(great.astype(str)).categories == (("5", "9007199254740992", "9007199254740993"),)


def test_unseen_numbers_of_a_categorical_column_are_missing():
    encoder = TableEncoder.fit([[3.0], [1.0], [2.5]], [0])
    assert encoder.categories == ((1, 2.5, 3),)
    assert_array_equal(encoder.transform([[2.5], [0.0], [9.0], [NAN], [3.0]]).values.ravel(), [1, NAN, NAN, NAN, 2])


def test_a_column_may_be_all_missing_later():
    encoder = TableEncoder.fit(pd.DataFrame({"a": ["x", "y"], "n": [1.0, 2.0]}), ["n"])
    nothing = encoder.transform(pd.DataFrame({"a": [None], "n": [None]}))
    assert np.isnan(nothing.values).all()
    numbers = TableEncoder.fit(pd.DataFrame({"n": [1.0]}))
    assert np.isnan(numbers.transform(pd.DataFrame({"n": pd.Categorical([None])})).values).all()


@pytest.mark.parametrize(
    ("train", "test", "says"),
    [
        ([1.0], ["1.5", "x"], "column 'a' held numbers when the model was fitted, and now holds 'x'"),
        ([1.0], ["x"], "column 'a' held numbers when the model was fitted, and now holds 'x'"),
        (["x"], [1.0], "column 'a' had categories such as 'x' when fitted, and now holds the number 1.0"),
        (["x"], pd.Categorical([1]), "column 'a' had categories such as 'x' when fitted, and now holds 1"),
    ],
)
def test_a_column_of_another_kind_is_an_error_and_not_all_missing(train, test, says):
    with pytest.raises(ValueError, match=says):
        TableEncoder.fit(pd.DataFrame({"a": train})).transform(pd.DataFrame({"a": test}))


def test_names_are_checked_in_scikit_learn_s_words():
    encoder = TableEncoder.fit(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    with pytest.raises(
        ValueError, match=r"(?s)should match.*unseen at fit time:\n- c\nFeature names seen at fit time, yet now missing:\n- b\n"
    ):
        encoder.transform(pd.DataFrame({"a": [1.0], "c": [2.0]}))
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        encoder.transform(pd.DataFrame({"b": [1.0], "a": [2.0]}))
    with pytest.raises(ValueError, match="yet now missing:\n- b"):
        encoder.transform(pd.DataFrame({"a": [1.0]}))
    many = TableEncoder.fit(pd.DataFrame({f"c{i}": [1.0] for i in range(9)}))
    with pytest.raises(ValueError, match=r"- c4\n- \.\.\.\n$"):
        many.transform(pd.DataFrame({"c8": [1.0]}))
    with pytest.warns(UserWarning, match="X does not have valid feature names, but Model was fitted with feature names"):
        encoder.transform(np.ones((1, 2)), "Model")
    with pytest.warns(UserWarning, match="X has feature names, but Model was fitted without"):
        TableEncoder.fit(np.ones((1, 2))).transform(pd.DataFrame({"a": [1.0], "b": [2.0]}), "Model")
    with pytest.raises(ValueError, match="X has 3 features, but Model is expecting 2 features as input"):
        TableEncoder.fit(np.ones((1, 2))).transform(np.ones((1, 3)), "Model")


# --- saved and loaded -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"names": None},
        {"names": None, "categories": None},
        {"names": None, "categories": []},
        {"names": None, "categories": {"0": None}},
        {"names": None, "categories": [None], "more": 1},
        {"names": "a", "categories": [None]},
        {"names": ["a"], "categories": [None, None]},
        {"names": ["a", "a"], "categories": [None, None]},
        {"names": [1], "categories": [None]},
        {"names": [["a"]], "categories": [None]},
        *(
            {"names": None, "categories": [levels]}
            for levels in ("ab", ["a", "a"], ["a", 1], [1, 1.0], [NAN], [np.inf], [True], [None], {"a": 1}, [["a"]])
        ),
    ],
)
def test_malformed_descriptions_are_refused(content):
    with pytest.raises(ValueError, match="must"):
        TableEncoder.from_dict(content)


# --- the table itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "rows", [slice(1, 3), np.array([2, 0, 2]), np.array([True, False, True, False]), np.array([], dtype=np.intp)]
)
def test_take_keeps_order_of_rows_and_of_memory(order, rows):
    values = np.arange(12, dtype=np.float32).reshape(4, 3).copy(order)
    table = Table(values, None, (None, (1, 2), None))
    taken = table.take(rows)
    assert_array_equal(taken.values, values[rows])
    assert taken.values.flags[f"{order}_CONTIGUOUS"]
    assert (taken.categories, taken.n_rows, taken.n_features) == (table.categories, len(values[rows]), 3)


def test_table_checks_its_columns():
    with pytest.raises(ValueError, match="names must have an entry for each of 2 columns, got 1"):
        Table(np.zeros((1, 2)), ("a",), (None, None))
    with pytest.raises(ValueError, match="categories must have an entry for each of 2 columns, got 3"):
        Table(np.zeros((1, 2)), None, (None, None, None))
