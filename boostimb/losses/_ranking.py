"""What average precision gains when a positive and a negative change places, in NumPy: the readable twin of the kernels.

Samples of equal margin form a group; groups go from the highest margin to the lowest, and count as in random order within.
"""

from typing import NamedTuple

import numpy as np

from boostimb.typing import BoolArray, FloatArray


class Gains(NamedTuple):
    """A gain is a difference of two numbers, one for the place above and one for the place below, shape (n_groups,) each.

    Of a positive in group a above a negative in group b it is ``pos_head[a] - neg_tail[b]``; of a negative in a above a positive
    in b, ``neg_head[a] - pos_tail[b]``; of two in one group, ``tied[a]``.
    """

    pos_head: FloatArray
    pos_tail: FloatArray
    neg_head: FloatArray
    neg_tail: FloatArray
    tied: FloatArray


def swap_gains(pos: FloatArray, neg: FloatArray, unit: float) -> Gains:
    """Return the gains, times the weight of all positives, of a swap of two rows of weight ``unit``.

    Let a positive rise from rank r to rank s, and a negative fall from s to r. The precision at the positive goes from
    ``positives down to r / r`` to ``positives down to s / s``, and that at each positive between, of rank k, rises by ``1 / k``.
    In a group of weight n below N others, each row stands at the rank ``N + (n + unit) / 2`` that it has on average, with half
    of the other rows above it and half below. For two rows of one group it is thirds.
    """
    size = pos + neg
    above, pos_above = np.cumsum(size) - size, np.cumsum(pos) - pos
    rank = above + (size + unit) / 2
    upper, lower = (above + rank) / 2, (rank + above + size) / 2  # where the other rows of the group are
    below = np.cumsum(pos / rank)

    def head(others: FloatArray) -> FloatArray:
        out: FloatArray = (pos_above + others / 2 + unit) / rank + others / 2 / lower - below
        return out

    def tail(others: FloatArray, own: float) -> FloatArray:
        out: FloatArray = (pos_above + others / 2 + own) / rank - others / 2 / upper - (below - pos / rank)
        return out

    third, others = (size - 2 * unit) / 3, (pos - unit) / 3
    first = above + third + unit
    last = first + third + unit
    tied = (pos_above + others + unit) / first - (pos_above + 2 * others + unit) / last + 2 * others / (first + last)
    # Of a positive above a negative, pos_above of the negative counts the positive already.
    return Gains(head(pos - unit), tail(pos - unit, unit), head(pos), tail(pos, 0.0), tied)


def gain_of_pairs(pos: FloatArray, neg: FloatArray, unit: float) -> FloatArray:
    """Gains for a positive in the group of the row and a negative in that of the column, shape (n_groups, n_groups)."""
    gains = swap_gains(pos, neg, unit)
    above = gains.pos_head[:, None] - gains.neg_tail
    below = gains.neg_head - gains.pos_tail[:, None]
    n = pos.size
    matrix = np.where(np.tri(n, dtype=bool), below, above)
    np.fill_diagonal(matrix, gains.tied)
    matrix[(pos == 0)[:, None] | (neg == 0)] = 0.0
    return np.maximum(matrix, 0.0)


def smallest_row(weight: FloatArray) -> float:
    """Weight that changes places in a swap: 1, or the smallest weight if that is less, so that each row holds at least one."""
    return float(np.min(weight, where=weight > 0, initial=1.0))


def log_loss_factor(pos: float, neg: float, unit: float) -> float:
    """Return the factor that gives the hessians at equal margins the sum that log-loss has there, ``pos * neg / (pos + neg)``."""
    if not (pos > 0 and neg > 0):
        return 0.0
    (tied,) = swap_gains(np.array([pos]), np.array([neg]), unit).tied
    return float(1 / ((pos + neg) * tied))


def grad_hess(positive: BoolArray, raw: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gradient and hessian over all pairs, shape (n,): groups are the distinct margins, and memory grows with their square."""
    margins, group = np.unique(-raw, return_inverse=True)
    pos: FloatArray = np.bincount(group, weight * positive, margins.size).astype(np.float64)
    neg: FloatArray = np.bincount(group, weight * ~positive, margins.size).astype(np.float64)
    unit = smallest_row(weight)
    gain = gain_of_pairs(pos, neg, unit) * log_loss_factor(pos.sum(), neg.sum(), unit)
    distance = margins - margins[:, None]  # of the positive above the negative
    wrong = np.exp(-np.logaddexp(0, distance))
    slope, bend = gain * wrong, 2 * gain * wrong * (1 - wrong)
    grad = np.where(positive, -(slope @ neg)[group], (pos @ slope)[group])
    hess = np.where(positive, (bend @ neg)[group], (pos @ bend)[group])
    return weight * grad, weight * hess
