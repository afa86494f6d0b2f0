"""What a resampler returns."""

from dataclasses import dataclass

import numpy as np

from boostimb.table import Table
from boostimb.typing import FloatArray, IntArray, LabelArray


@dataclass(frozen=True, eq=False)
class Resampled:
    """Rows to train on: some of the original ones, then new ones.

    Parameters
    ----------
    rows : ndarray of intp, shape (n_kept,)
        Rows of the original table, possibly some of them several times: a booster can take them from bins it already has.
    synthetic : Table or None
        The new rows, shape (n_new, d); None where there are none.
    y : ndarray of bool or intp, shape (n_kept + n_new,)
        Labels of both: positive or not, or numbers of classes.
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
    y: LabelArray
    sample_weight: FloatArray | None

    def apply(self, table: Table) -> Table:
        """Return the rows of ``table``, the original one, followed by the new rows, shape (n_kept + n_new, d)."""
        kept = table.take(self.rows)
        if self.synthetic is None:
            return kept
        return Table(np.concatenate((kept.values, self.synthetic.values)), table.names, table.categories)


def keep_rows(rows: IntArray, y: LabelArray, sample_weight: FloatArray | None) -> Resampled:
    """Return original rows only."""
    return Resampled(rows, None, y[rows], None if sample_weight is None else sample_weight[rows])


def count_classes(y: LabelArray) -> IntArray:
    """Return the numbers of negatives and positives, or of classes 0, 1, ..., or raise a ValueError if one is 0."""
    if y.dtype == np.bool_:
        counts = np.array([np.count_nonzero(~y), np.count_nonzero(y)])
        if not counts.all():
            raise ValueError(f"resampling needs samples of both classes, got {counts[1]} positives and {counts[0]} negatives")
        return counts
    counts = np.bincount(y)
    if counts.size < 2 or not counts.all():
        raise ValueError(f"resampling needs samples of each class, got {counts.tolist()}")
    return counts


def least_and_most(y: LabelArray) -> tuple[int, int]:
    """Return the numbers of positives and negatives; of several classes those of the smallest and of the largest."""
    counts = count_classes(y)
    return (int(counts[1]), int(counts[0])) if y.dtype == np.bool_ else (int(counts.min()), int(counts.max()))
