"""From a user's table to the table inside: the columns that a model was fitted on, and their categories."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self, TypeGuard

import numpy as np
from numpy.typing import NDArray

from boostimb.table._chosen import categorical_positions
from boostimb.table._levels import Category, Levels, Numbers, number
from boostimb.table._reading import RawTable, column_label, read_table
from boostimb.table._table import CategoricalFeatures, Categories, Table
from boostimb.validation import warn


@dataclass(frozen=True)
class TableEncoder:
    """The columns that a model knows, and the way from a user's table to a :class:`Table`.

    Text, ``category`` and ``Enum`` columns become categories. Their order is sorted, or the dtype's own if that is
    ordered; categories that no row uses are dropped. Booleans become 0 and 1. Columns of dates or times, and columns that
    mix text and numbers, are refused.

    Parameters
    ----------
    names : tuple of str or None
        The column names; None where the table had none.
    categories : tuple
        For each column None (numbers) or the tuple of its categories, all text or all numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> encoder = TableEncoder.fit(pd.DataFrame({"age": [31, 54], "job": ["nurse", "cook"]}))
    >>> encoder.categories
    (None, ('cook', 'nurse'))
    >>> encoder.transform(pd.DataFrame({"age": [40, None], "job": ["nurse", "pilot"]})).values
    array([[40.,  1.],
           [nan, nan]])
    """

    names: tuple[str, ...] | None
    categories: Categories

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.categories)

    @classmethod
    def fit(cls, X: Any, categorical_features: CategoricalFeatures = "auto", *, estimator_name: str = "TableEncoder") -> Self:
        """Learn names, kinds and categories of the columns of X.

        Parameters
        ----------
        X : data frame (pandas, polars, pyarrow or any other that narwhals knows), array, sparse matrix or list, shape (n, d)
            The table.
        categorical_features : "auto", sequence of names, of positions, or boolean mask
            Columns of numbers that are categories too. Text and categorical columns always are.
        estimator_name : str
            Who is named in an error.

        Raises
        ------
        TypeError, ValueError
            If a column is neither numbers, text nor categories, or X is no table, or a value is infinite, or a number that is to be
            a category is 2**53 or more.
        """
        return cls._learn(read_table(X, estimator_name), categorical_features)

    @classmethod
    def fit_transform(
        cls, X: Any, categorical_features: CategoricalFeatures = "auto", *, estimator_name: str = "TableEncoder"
    ) -> tuple[Self, Table]:
        """Do :meth:`fit` and :meth:`transform` in one reading of X."""
        raw = read_table(X, estimator_name)
        encoder = cls._learn(raw, categorical_features)
        return encoder, encoder._encode(raw)

    @classmethod
    def _learn(cls, raw: RawTable, categorical_features: CategoricalFeatures) -> Self:
        chosen = categorical_positions(categorical_features, raw.names, len(raw.columns))
        columns = [_categories_of(c, j in chosen, column_label(raw.names, j)) for j, c in enumerate(raw.columns)]
        return cls(raw.names, tuple(columns))

    def transform(self, X: Any, estimator_name: str = "TableEncoder") -> Table:
        """Return X as a table; a category that was not there in ``fit``, or that is missing, becomes NaN.

        Parameters
        ----------
        X : as in ``fit``, shape (n, d)
            It must have the names, in the order, and the kinds of columns that ``fit`` saw.
        estimator_name : str
            Who is named in an error.

        Returns
        -------
        Table
            Its values may share memory with X.

        Raises
        ------
        ValueError
            If the names, their order or number, or the kind of a column differ, or a value is infinite.
        TypeError
            If a column is neither numbers, text nor categories.

        Warns
        -----
        UserWarning
            If only one of the tables has column names, as scikit-learn does.
        """
        raw = read_table(X, estimator_name)
        self._check_names(raw.names, estimator_name)
        if len(raw.columns) != self.n_features:
            raise ValueError(
                f"X has {len(raw.columns)} features, but {estimator_name} is expecting {self.n_features} features as input."
            )
        return self._encode(raw)

    def _check_names(self, names: tuple[str, ...] | None, estimator_name: str) -> None:
        if names == self.names:
            return
        # The wording is scikit-learn's.
        if names is None:
            text = f"X does not have valid feature names, but {estimator_name} was fitted with feature names"
            warn(text, UserWarning)
            return
        if self.names is None:
            warn(f"X has feature names, but {estimator_name} was fitted without feature names", UserWarning)
            return
        parts = ["The feature names should match those that were passed during fit."]
        unseen, absent = sorted(set(names) - set(self.names)), sorted(set(self.names) - set(names))
        for title, some in (
            ("Feature names unseen at fit time:", unseen),
            ("Feature names seen at fit time, yet now missing:", absent),
        ):
            if some:
                parts += [title, *(f"- {name}" for name in some[:5]), *(["- ..."] if len(some) > 5 else [])]
        if not unseen and not absent:
            parts.append("Feature names must be in the same order as they were in fit.")
        raise ValueError("\n".join(parts) + "\n")

    def _encode(self, raw: RawTable) -> Table:
        if raw.matrix is not None and all(levels is None for levels in self.categories):
            return Table(raw.matrix, self.names, self.categories)
        kinds = {
            c.dtype for c, levels in zip(raw.columns, self.categories, strict=True) if levels is None and not isinstance(c, Levels)
        }
        single = np.dtype(np.float32) in kinds and kinds <= {np.dtype(np.float32), np.dtype(np.bool_)}
        # Column after column is the order in which they are written here and in which boosters bin them.
        values = np.empty((raw.n_rows, self.n_features), np.float32 if single else np.float64, order="F")
        for j, (column, levels) in enumerate(zip(raw.columns, self.categories, strict=True)):
            values[:, j] = _encode_column(column, levels, column_label(self.names, j))
        return Table(values, self.names, self.categories)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``from_dict`` takes, of lists, text, numbers and None only."""
        return {
            "names": None if self.names is None else list(self.names),
            "categories": [None if levels is None else list(levels) for levels in self.categories],
        }

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Return the encoder that ``to_dict`` described; anything else raises a ValueError."""
        if not isinstance(content, Mapping) or set(content) != {"names", "categories"}:
            raise ValueError("a table description must have the entries 'names' and 'categories' and no other")
        names, categories = content["names"], content["categories"]
        if not isinstance(categories, list) or not categories:
            raise ValueError("categories must be a list with an entry for each column")
        if names is not None:
            if not _is_distinct(names) or not all(isinstance(name, str) for name in names):
                raise ValueError("names must be null or a list of distinct texts")
            if len(names) != len(categories):
                raise ValueError(f"names and categories must have one length, got {len(names)} and {len(categories)}")
        for j, levels in enumerate(categories):
            if levels is not None and not (_is_distinct(levels) and _is_one_kind(levels)):
                raise ValueError(
                    f"categories of column {j} must be null or a list of distinct texts, or of distinct finite numbers"
                )
        return cls(None if names is None else tuple(names), tuple(None if c is None else tuple(c) for c in categories))


def _is_distinct(entries: Any) -> TypeGuard[list[Any]]:
    return isinstance(entries, list) and all(type(e) in (str, int, float) for e in entries) and len(set(entries)) == len(entries)


def _is_one_kind(levels: list[Any]) -> bool:
    texts = sum(isinstance(level, str) for level in levels)
    return texts == len(levels) if texts else all(isfinite(level) for level in levels)


def _categories_of(column: Numbers | Levels, chosen: bool, label: str) -> tuple[Category, ...] | None:
    if isinstance(column, Levels):
        return column.levels
    if not chosen:
        return None
    values = np.unique(column)
    levels = tuple(number(value) for value in values[~np.isnan(values)])
    great = [level for level in levels if abs(level) >= 2**53]
    if great:  # from there on a float64, as which many columns come, does not tell whole numbers apart
        raise ValueError(f"categories must be numbers below 2**53, got {great[0]} in {label}: cast the column to text")
    return levels


def _first_text(levels: tuple[Category, ...]) -> Category:
    """Return the first value that does not read as a number, which is what made a column text; the first of all if each does."""
    return next((level for level in levels if isinstance(level, str) and not _reads_as_number(level)), levels[0])


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _encode_column(column: Numbers | Levels, categories: tuple[Category, ...] | None, label: str) -> NDArray[Any]:
    if categories is None:
        if not isinstance(column, Levels):
            return column
        if column.levels:
            raise ValueError(f"{label} held numbers when the model was fitted, and now holds {_first_text(column.levels)!r}")
        return np.full(len(column.codes), np.nan)
    if isinstance(column, Levels):
        if column.levels and categories and isinstance(column.levels[0], str) != isinstance(categories[0], str):
            raise ValueError(f"{label} had categories such as {categories[0]!r} when fitted, and now holds {column.levels[0]!r}")
        code = {level: float(k) for k, level in enumerate(categories)}
        # Code -1, a missing value, reads the last entry.
        return np.array([*(code.get(level, np.nan) for level in column.levels), np.nan])[column.codes]
    present = column[~np.isnan(column)]
    if not categories or not len(present):
        return np.full(len(column), np.nan)
    if isinstance(categories[0], str):
        raise ValueError(f"{label} had categories such as {categories[0]!r} when fitted, and now holds the number {present[0]}")
    known = np.array(categories, dtype=np.float64)
    order = np.argsort(known)
    place = order[np.minimum(np.searchsorted(known[order], column), len(known) - 1)]
    return np.where(known[place] == column, place, np.nan)
