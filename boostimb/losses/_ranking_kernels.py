"""The gradient of average precision, compiled: rows to bins, pairs of bins, bins back to rows. `_ranking.py` is its NumPy twin.

Each kernel is serial and holds no interpreter lock. Bins and cells go from the highest margin to the lowest.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.losses._kernels import compiled
from boostimb.typing import Float32Array, FloatArray, MarginArray

# Cells of equal width between the highest and the lowest margin, which are then joined to bins; a row's cell fits 16 bits.
CELLS = 65_536
TINY = np.finfo(np.float32).tiny


@compiled
def to_cells(
    raw: MarginArray, signed: Float32Array, cell: NDArray[np.uint16], pos: FloatArray, neg: FloatArray, place: FloatArray
) -> float:
    """Count the weight of either label in each cell, and sum how far its rows lie below the highest margin.

    ``signed`` has the weights with the label as sign. ``place`` is in units of the distance between the highest and the lowest
    margin, half of which is returned: the whole could overflow. Rows of weight 0 count for nothing.
    """
    high, low = -np.inf, np.inf
    for i in range(raw.size):
        if signed[i] != 0:
            high, low = max(high, raw[i]), min(low, raw[i])
    half = 0.5 * high - 0.5 * low if high > low else 0.0
    scale = 0.5 / half if half > 0 else 0.0
    for i in range(raw.size):
        t = 0.5 * high - 0.5 * raw[i]
        t = min(max(t * 2 * scale, 0.0), 1.0)
        k = min(int(t * CELLS), CELLS - 1)
        cell[i] = k
        weight = abs(signed[i])
        if signed[i] > 0:
            pos[k] += weight
        else:
            neg[k] += weight
        place[k] += weight * t
    return half


@compiled
def join_cells(pos: FloatArray, neg: FloatArray, place: FloatArray, bins: int, bin_of: NDArray[np.int32]) -> int:
    """Join cells to at most ``bins`` bins, write these to the front of the arrays, and return how many there are.

    Where no more cells than that are filled, each is a bin. Otherwise a bin holds about the same share of the rows and of the
    positives, on average of the two, so that the top of the ranking is cut finely however rare they are.
    """
    filled = 0
    all_pos, everyone = 0.0, 0.0
    for k in range(pos.size):
        filled += 1 if pos[k] + neg[k] > 0 else 0
        all_pos += pos[k]
        everyone += pos[k] + neg[k]
    last, count, seen = -1, 0, 0.0
    for k in range(pos.size):
        p, n, at = pos[k], neg[k], place[k]
        if p + n > 0:
            share = 0.5 * ((p + n) / everyone + (p / all_pos if all_pos > 0 else 0.0))
            # No rounding makes a bin more than there are: seen + share / 2 stays below 1 but for its last digits.
            wanted = last + 1 if filled <= bins else min(int((seen + 0.5 * share) * bins), bins - 1)
            seen += share
            if wanted > last:
                last = wanted
                count += 1
                pos[count - 1] = neg[count - 1] = place[count - 1] = 0.0
            pos[count - 1] += p
            neg[count - 1] += n
            place[count - 1] += at
        bin_of[k] = max(count - 1, 0)
    for b in range(count):
        place[b] /= pos[b] + neg[b]
    return count


@compiled
def over_pairs(
    pos: FloatArray, neg: FloatArray, place: FloatArray, half: float, gains: tuple[Any, ...], factor: float, slopes: FloatArray
) -> None:
    """Sum the derivatives over all pairs of a positive in bin a and a negative in bin b; ``gains`` are those of `swap_gains`.

    ``slopes`` has the rows gradient of positives, gradient of negatives, hessian of positives, hessian of negatives.
    """
    pos_head, pos_tail, neg_head, neg_tail, tied = gains
    slopes[:] = 0.0
    for a in range(pos.size):
        if pos[a] <= 0:
            continue
        for b in range(neg.size):
            if neg[b] <= 0:
                continue
            if a < b:
                gain = pos_head[a] - neg_tail[b]
            elif a > b:
                gain = neg_head[b] - pos_tail[a]
            else:
                gain = tied[a]
            gain = max(gain, 0.0) * factor
            distance = (place[b] - place[a]) * half * 2  # of the positive above the negative
            e = np.exp(-abs(distance))
            wrong = gain * (e if distance > 0 else 1.0) / (1 + e)
            bend = 2 * gain * e / (1 + e) ** 2
            slopes[0, a] -= neg[b] * wrong
            slopes[1, b] += pos[a] * wrong
            slopes[2, a] += neg[b] * bend
            slopes[3, b] += pos[a] * bend


@compiled
def to_rows(
    cell: NDArray[np.uint16],
    bin_of: NDArray[np.int32],
    signed: Float32Array,
    slopes: FloatArray,
    grad: Float32Array,
    hess: Float32Array,
) -> None:
    """Give each row the derivatives of its bin and label, times its weight."""
    for i in range(cell.size):
        b = bin_of[cell[i]]
        positive = signed[i] > 0
        weight = abs(signed[i])
        grad[i] = weight * (slopes[0, b] if positive else slopes[1, b])
        hess[i] = max(TINY, np.float32(weight * (slopes[2, b] if positive else slopes[3, b])))
