"""New positives between neighbouring ones: the SMOTE family."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.resampling._neighbourhood import K_NEIGHBORS, Neighbourhood
from boostimb.table import Table
from boostimb.typing import FloatArray, IntArray


def shares(name: str, hood: Neighbourhood) -> FloatArray:
    """The share of the new rows that each positive is the base of, shape (n_pos,), sum 1.

    smote: all alike (Chawla et al. 2002). borderline_smote: those in danger, of whose 10 nearest rows at least half but not
    all are negative (Han et al. 2005, borderline-SMOTE 1). adasyn: in proportion to the negatives among the 5 nearest rows
    (He et al. 2008, equation 3). Where no positive is in danger, or none has a negative neighbour, all are alike.
    """
    n_pos = len(hood.positives)
    share = np.ones(n_pos)
    if name == "borderline_smote":
        negatives = ~hood.y[hood.among_all]
        count, m = negatives.sum(axis=1), negatives.shape[1]
        share = ((count >= m / 2) & (count < m)).astype(np.float64)
    elif name == "adasyn":
        share = np.mean(~hood.y[hood.among_all[:, :K_NEIGHBORS]], axis=1)
    if not share.any():
        share = np.ones(n_pos)
    return share / share.sum()


def draw_bases(share: FloatArray, n_new: int, rng: np.random.Generator) -> IntArray:
    """Positions of the ``n_new`` bases: each positive the rounded number of times due to it, the remainder at random."""
    due = share * n_new
    counts = np.floor(due).astype(np.intp)
    rest = n_new - int(counts.sum())
    if rest:
        # Systematic sampling: the remainders are below 1 and their sum is `rest`, so none is drawn twice (but for rounding).
        reach = np.cumsum(due - counts)
        place = (np.arange(rest) + rng.random()) * (reach[-1] / rest)
        np.add.at(counts, np.minimum(np.searchsorted(reach, place, side="right"), len(share) - 1), 1)
    return np.repeat(np.arange(len(share)), counts)


def synthesize(
    hood: Neighbourhood, bases: IntArray, weight: FloatArray | None, rng: np.random.Generator
) -> tuple[Table, FloatArray | None]:
    """Rows at random places between each base and one of its nearest positives, and their weights.

    A category is the one most frequent among the base's nearest positives (SMOTE-NC), the nearest one's where several are.
    A number that the base lacks is missing in the new row too, so that "missing" tells no more about the label than it
    did; where the neighbour lacks it, the new row has the base's. The weight lies between the two weights as the row does.
    """
    table, rows, neighbours = hood.table, hood.positives, hood.among_positives
    other = neighbours[bases, rng.integers(neighbours.shape[1], size=len(bases))]
    step = rng.random((len(bases), 1))
    values = _between(table.values[rows[bases]], table.values[rows[other]], step)
    for j in table.categorical:
        values[:, j] = _most_frequent(table.values[rows, j][neighbours])[bases]
    new_weight = None if weight is None else weight[rows[bases]] * (1 - step[:, 0]) + weight[rows[other]] * step[:, 0]
    return Table(np.ascontiguousarray(values), table.names, table.categories), new_weight


def _between(start: NDArray[Any], end: NDArray[Any], step: FloatArray) -> NDArray[np.floating[Any]]:
    half = end / 2 - start / 2  # the difference of two finite numbers may overflow, half of it may not
    move = np.where(np.isnan(half), 0, half * step).astype(start.dtype)
    return start + move + move


def _most_frequent(codes: NDArray[np.floating[Any]]) -> FloatArray:
    """The most frequent code of each row, shape (n,), the first of equally frequent ones; NaN counts as a code."""
    codes = np.where(np.isnan(codes), -1.0, codes)
    count = (codes[:, :, None] == codes[:, None, :]).sum(axis=2)
    chosen = codes[np.arange(len(codes)), count.argmax(axis=1)]
    return np.where(chosen < 0, np.nan, chosen)
