"""The table that every booster and sampler takes: one array of floats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from boostimb.table._levels import Category
from boostimb.typing import BoolArray, IntArray

Categories: TypeAlias = tuple[tuple[Category, ...] | None, ...]
# Names, positions or a boolean mask; an array may hold any of them.
CategoricalFeatures: TypeAlias = Literal["auto"] | Sequence[str] | Sequence[int] | NDArray[Any] | None


@dataclass(frozen=True, eq=False)
class Table:
    """Samples by features: a category is a code and NaN is a missing value.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        float32 or float64, C- or F-contiguous. It may be the user's own memory: never write to it.
    names : tuple of str or None
        The column names; None where the user's table had none.
    categories : tuple of length n_features
        For each column None if it holds numbers, or else its categories: code k stands for ``categories[j][k]``.

    Raises
    ------
    ValueError
        If the number of names or categories is not the number of columns.

    Examples
    --------
    >>> import numpy as np
    >>> table = Table(np.array([[0.5, 1.0], [2.5, 0.0]]), ("age", "sex"), (None, ("f", "m")))
    >>> table.categorical, table.n_rows
    ((1,), 2)
    >>> table.take(np.array([1, 1])).values
    array([[2.5, 0. ],
           [2.5, 0. ]])
    """

    values: NDArray[np.floating[Any]]
    names: tuple[str, ...] | None
    categories: Categories

    def __post_init__(self) -> None:
        for what, entries in (("names", self.names), ("categories", self.categories)):
            if entries is not None and len(entries) != self.values.shape[1]:
                raise ValueError(f"{what} must have an entry for each of {self.values.shape[1]} columns, got {len(entries)}")

    @property
    def n_rows(self) -> int:
        """Number of samples."""
        return int(self.values.shape[0])

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return int(self.values.shape[1])

    @property
    def categorical(self) -> tuple[int, ...]:
        """Indices of the categorical columns."""
        return tuple(j for j, levels in enumerate(self.categories) if levels is not None)

    def take(self, rows: IntArray | BoolArray | slice) -> "Table":
        """Return the table of the given rows, in their order and as often as they are given; the memory order is kept."""
        if isinstance(rows, slice):
            rows = np.arange(self.n_rows)[rows]
        elif rows.dtype == np.bool_:
            rows = np.flatnonzero(rows)
        by_row = self.values.flags.c_contiguous
        return Table(
            self.values.take(rows, axis=0) if by_row else self.values.T.take(rows, axis=1).T,
            self.names,
            self.categories,
        )
