"""What a resampler returns."""

from dataclasses import dataclass

import numpy as np

from boostimb.table import Table
from boostimb.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Resampled:
    """Rows to train on: some of the original ones, then new ones.

    Parameters
    ----------
    rows : ndarray of intp, shape (n_kept,)
        Rows of the original table, possibly some of them several times: a booster can take them from bins it already has.
    synthetic : Table or None
        The new rows, shape (n_new, d); None where there are none.
    y : ndarray of bool, shape (n_kept + n_new,)
        Labels of both.
    sample_weight : ndarray of float64, shape (n_kept + n_new,), or None
        Weights of both.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb.table import Table
    >>> table = Table(np.array([[0.0], [1.0], [2.0]]), None, (None,))
    >>> Resampled(np.array([0, 2, 2]), None, np.array([False, True, True]), None).apply(table).values.ravel()
    array([0., 2., 2.])
    """

    rows: IntArray
    synthetic: Table | None
    y: BoolArray
    sample_weight: FloatArray | None

    def apply(self, table: Table) -> Table:
        """Return the rows of ``table``, the original one, followed by the new rows, shape (n_kept + n_new, d)."""
        kept = table.take(self.rows)
        if self.synthetic is None:
            return kept
        return Table(np.concatenate((kept.values, self.synthetic.values)), table.names, table.categories)


def keep_rows(rows: IntArray, y: BoolArray, sample_weight: FloatArray | None) -> Resampled:
    """Return original rows only."""
    return Resampled(rows, None, y[rows], None if sample_weight is None else sample_weight[rows])


def count_classes(y: BoolArray) -> tuple[int, int]:
    """Return the numbers of positives and negatives, or raise a ValueError if either is 0."""
    n_pos = int(np.count_nonzero(y))
    n_neg = len(y) - n_pos
    if not n_pos or not n_neg:
        raise ValueError(f"resampling needs samples of both classes, got {n_pos} positives and {n_neg} negatives")
    return n_pos, n_neg
