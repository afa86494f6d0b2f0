"""The space in which neighbours are sought: columns of one scale, categories as in SMOTE-NC, nothing missing."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from boostimb.table import Table
from boostimb.typing import FloatArray, IntArray

Points: TypeAlias = "FloatArray | csr_array[Any]"

# Two categories that differ add 1/2 to the squared distance: SMOTE-NC's choice for columns of unit variance
# (Chawla et al. 2002, section 6.1, with imbalanced-learn's factor), half a unit in each of two indicator columns.
INDICATOR = 0.5
# Up to so many columns a dense matrix is faster: scikit-learn then multiplies blocks by BLAS.
DENSE_WIDTH = 256


@dataclass(frozen=True, eq=False)
class Space:
    """Where the rows of a table lie for the purpose of distances.

    A booster's table is not scaled, so each column of numbers is divided by its standard deviation, and a missing number
    stands at the column's median. A category is an indicator column, and so is "missing".
    """

    numeric: IntArray
    centre: FloatArray
    scale: FloatArray
    categorical: IntArray
    first: IntArray  # the indicator column of code 0, for each categorical column; the one before it means missing
    width: int

    @classmethod
    def fit(cls, table: Table) -> "Space":
        """Learn medians and scales from the rows of ``table``."""
        numeric = np.array([j for j, levels in enumerate(table.categories) if levels is None], dtype=np.intp)
        categorical = np.array(table.categorical, dtype=np.intp)
        centre, scale = np.zeros(len(numeric)), np.ones(len(numeric))
        for i, j in enumerate(numeric):
            column = table.values[:, j].astype(np.float64)
            column = column[~np.isnan(column)]
            if len(column):
                centre[i], scale[i] = median(column), _spread(column)
        sizes = np.array([len(levels) + 1 for levels in table.categories if levels is not None], dtype=np.intp)
        return cls(numeric, centre, scale, categorical, np.cumsum(sizes) - sizes + 1, len(numeric) + int(sizes.sum()))

    def encode(self, values: NDArray[np.floating[Any]]) -> Points:
        """Coordinates of rows, shape (n, width); sparse where the categories are many."""
        numbers = values[:, self.numeric].astype(np.float64)
        with np.errstate(over="ignore"):
            # Halved, since the difference of two finite numbers may overflow; both parts are halved, so no order changes.
            numbers = (numbers / 2 - self.centre / 2) / self.scale
        np.nan_to_num(numbers, copy=False, nan=0.0)
        if not len(self.categorical):
            return numbers
        codes = values[:, self.categorical]
        columns = self.first + np.where(np.isnan(codes), -1, codes).astype(np.intp)
        n, width = len(values), self.width - len(self.numeric)
        if self.width <= DENSE_WIDTH:
            points = np.zeros((n, self.width))
            points[:, : len(self.numeric)] = numbers
            points[np.arange(n)[:, None], len(self.numeric) + columns] = INDICATOR / 2
            return points
        indicators = csr_array(
            (np.full(columns.size, INDICATOR / 2), columns.ravel(), np.arange(0, columns.size + 1, columns.shape[1])),
            shape=(n, width),
        )
        return hstack([csr_array(numbers), indicators], format="csr")


def median(column: FloatArray) -> float:
    """Median of finite values; halved on the way, since the mean of the two in the middle may overflow."""
    return 2 * float(np.median(column / 2))


def _spread(column: FloatArray) -> float:
    """Standard deviation, or 1 for a constant column; divided by the largest value first, so that no square overflows."""
    largest = float(np.abs(column).max())
    if largest == 0:
        return 1.0
    deviation = float(np.std(column / largest)) * largest
    return deviation if deviation > 0 else 1.0
