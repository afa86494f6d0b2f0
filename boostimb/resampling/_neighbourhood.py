"""Nearest neighbours of the positives, found once for a training fold however many ratios and samplers are tried on it."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from boostimb.resampling._space import Points, Space
from boostimb.table import Table
from boostimb.typing import BoolArray, IntArray

# The papers' values, which are imbalanced-learn's defaults too.
K_NEIGHBORS = 5
M_NEIGHBORS = 10


class Neighbourhood:
    """The neighbours of the positives of one training table; each search is made when first asked for, and kept.

    Parameters
    ----------
    table : Table
        The training rows.
    y : ndarray of bool, shape (n,)
        True for a positive.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb.table import Table
    >>> table = Table(np.array([[0.0], [1.0], [1.1], [5.0]]), None, (None,))
    >>> Neighbourhood(table, np.array([True, False, True, True])).among_positives
    array([[1, 2],
           [0, 2],
           [1, 0]])
    """

    def __init__(self, table: Table, y: BoolArray) -> None:
        self.table = table
        self.y = y
        self.positives: IntArray = np.flatnonzero(y)

    @cached_property
    def space(self) -> Space:
        """Scales of the columns, from all training rows."""
        return Space.fit(self.table)

    @cached_property
    def points(self) -> Points:
        """Coordinates of all rows."""
        return self.space.encode(self.table.values)

    @cached_property
    def among_positives(self) -> IntArray:
        """The nearest positives of each positive, nearest first, shape (n_pos, min(5, n_pos - 1)).

        The entries count the positives: they point into ``positives``.
        """
        points = self.space.encode(self.table.values[self.positives])
        return _search(points, min(K_NEIGHBORS, len(self.positives) - 1))

    @cached_property
    def among_all(self) -> IntArray:
        """The nearest rows of each positive, nearest first, shape (n_pos, min(10, n - 1)); the entries are rows."""
        return nearest(self.points, self.positives, min(M_NEIGHBORS, len(self.y) - 1))

    @cached_property
    def tomek_links(self) -> NDArray[np.intp]:
        """The Tomek links: pairs of a positive and a negative row, each the other's nearest, shape (n_links, 2)."""
        return tomek_links(self.points, self.y, self.among_all[:, 0])


def nearest(points: Points, rows: IntArray, k: int) -> IntArray:
    """The ``k`` nearest other points of the points ``rows``, nearest first, shape (len(rows), k)."""
    found = _search(points, k + 1, points[rows])
    # A point finds itself, but among points of the same place not always first, nor always at all.
    others = found != rows[:, None]
    others[others.all(axis=1), -1] = False
    return found[others].reshape(len(rows), k)


def tomek_links(points: Points, y: BoolArray, nearest_of_positives: IntArray | None = None) -> NDArray[np.intp]:
    """Pairs of a positive and a negative that are each other's nearest point (Tomek 1976).

    Only the positives are asked for their neighbours, and then the negatives so found: where positives are rare, this is a
    small part of the search over all rows.
    """
    positives = np.flatnonzero(y)
    partner = nearest(points, positives, 1)[:, 0] if nearest_of_positives is None else nearest_of_positives
    crossing = ~y[partner]
    positives, partner = positives[crossing], partner[crossing]
    if not len(partner):
        return np.empty((0, 2), dtype=np.intp)
    mutual = nearest(points, partner, 1)[:, 0] == positives
    return np.column_stack((positives[mutual], partner[mutual]))


def stack(first: Points, second: Points) -> Points:
    """One set of points after the other."""
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.concatenate((first, second))
    return vstack((csr_array(first), csr_array(second)), format="csr")


def _search(points: Points, k: int, queries: Any = None) -> IntArray:
    """Indices of the ``k`` nearest points; with no queries each point asks for its nearest others."""
    from sklearn.neighbors import NearestNeighbors  # 1 s to import: only once a sampler needs it

    found: IntArray = NearestNeighbors(n_neighbors=k).fit(points).kneighbors(queries, return_distance=False)
    return found.astype(np.intp, copy=False)
