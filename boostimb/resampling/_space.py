"""What a sampler sees of a table: nothing missing, columns of one scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.table import Table
from boostimb.typing import FloatArray

# Two categories that differ lie one standard deviation apart, as in SMOTE-NC (Chawla et al. 2002, section 6.1): each row has
# this in the indicator column of its category.
INDICATOR = 0.5**0.5
# Up to so many columns a dense matrix is searched faster: 3.5 s against 25 s for the Tomek links of 20,000 rows, 34 columns.
DENSE_WIDTH = 256


@dataclass(frozen=True, eq=False)
class Space:
    """The medians (or most frequent categories) and standard deviations of the columns of a training table.

    A booster's table is not scaled, so that unscaled distances are those of the column with the largest numbers alone.
    """

    fill: FloatArray
    centre: FloatArray  # 0 for categories, whose scale is 1: a code stays as it is
    scale: FloatArray

    @classmethod
    def fit(cls, table: Table) -> "Space":
        """Learn from the rows of ``table``; a column without any value is filled with 0."""
        d = table.n_features
        fill, centre, scale = np.zeros(d), np.zeros(d), np.ones(d)
        for j, levels in enumerate(table.categories):
            column = table.values[:, j].astype(np.float64)
            column = column[~np.isnan(column)]
            if not len(column):
                continue
            if levels is not None:
                fill[j] = np.bincount(column.astype(np.intp)).argmax()
            else:
                fill[j] = 2 * np.median(column / 2)  # the sum of the two in the middle may overflow
                scale[j] = _spread(column)
                centre[j] = fill[j] / scale[j]
        return cls(fill, centre, scale)

    def filled(self, table: Table) -> NDArray[np.floating[Any]]:
        """The values of a table without any missing one, shape (n, d)."""
        missing = np.isnan(table.values)
        return np.where(missing, self.fill, table.values).astype(table.values.dtype) if missing.any() else table.values

    def points(self, filled: NDArray[np.floating[Any]]) -> FloatArray:
        """Numbers in standard deviations from the median, categories as codes; shape (n, d)."""
        return filled / self.scale - self.centre

    def values(self, points: FloatArray, dtype: Any) -> NDArray[np.floating[Any]]:
        """The inverse of ``points``, shape (n, d)."""
        with np.errstate(over="ignore"):  # at the largest finite number the last rounding may go up
            return np.nan_to_num(((points + self.centre) * self.scale).astype(dtype), copy=False)


def places(points: FloatArray, categorical: Sequence[int]) -> Any:
    """Where rows lie for the purpose of distances: an indicator column for each category, sparse where they are many."""
    if not categorical:
        return points
    from scipy.sparse import csr_array, hstack
    from sklearn.preprocessing import OneHotEncoder

    indicators = INDICATOR * OneHotEncoder().fit_transform(points[:, categorical])
    together = hstack([csr_array(np.delete(points, categorical, axis=1)), indicators], format="csr")
    return together.toarray() if together.shape[1] <= DENSE_WIDTH else together


def _spread(column: FloatArray) -> float:
    """Standard deviation, or 1 for a constant column; divided by the largest value first, so that no square overflows."""
    largest = float(np.abs(column).max())
    deviation = float(np.std(column / largest)) * largest if largest else 0.0
    return deviation if deviation > 0 else 1.0
