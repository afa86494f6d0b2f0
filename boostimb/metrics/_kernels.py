"""Compiled loops over scores that are already sorted. Importing this module imports numba: do so inside a function.

Every kernel is serial and releases the interpreter's lock. NumPy has the faster sort, so no kernel sorts.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from boostimb.typing import FloatArray

# A plain running sum of 5 million terms loses about 12 of 16 digits; two levels keep 15 and cost nothing.
_BLOCK = 1024


@njit(nogil=True, cache=True)
def split_by_label(y: NDArray[np.uint8], values: NDArray[Any], n_pos: int, out: NDArray[Any]) -> None:
    """Write the values of the positives to ``out[:n_pos]`` and those of the negatives behind them, in order.

    ``out`` has one element more than ``values``, because the write position of the exhausted class stays valid that way.
    No branch depends on a label: with labels in random order a branch costs five times the whole loop.
    """
    i, j = 0, n_pos
    for k in range(y.size):
        label = y[k]
        out[i if label else j] = values[k]
        i += label
        j += 1 - label


@njit(nogil=True, cache=True)
def average_precision(pos: NDArray[Any], neg: NDArray[Any]) -> float:
    """Sum over distinct scores of (change of recall) * precision; ``pos`` and ``neg`` ascending, ``pos`` not empty."""
    n_pos, n_neg = pos.size, neg.size
    i, j = n_pos - 1, n_neg - 1
    total, block, terms = 0.0, 0.0, 0
    while i >= 0:
        value, before = pos[i], i
        while i >= 0 and pos[i] == value:
            i -= 1
        while j >= 0 and neg[j] >= value:
            j -= 1
        tp = n_pos - 1 - i
        fp = n_neg - 1 - j
        block += (before - i) * (tp / (tp + fp))
        terms += 1
        if terms == _BLOCK:
            total += block
            block, terms = 0.0, 0
    return (total + block) / n_pos


@njit(nogil=True, cache=True)
def weighted_average_precision(pos: NDArray[Any], pos_weight: FloatArray, neg: NDArray[Any], neg_weight: FloatArray) -> float:
    """As ``average_precision``, with weights > 0 in the order of the scores."""
    i, j = pos.size - 1, neg.size - 1
    tp, fp, total, block, terms = 0.0, 0.0, 0.0, 0.0, 0
    while i >= 0:
        value, gained = pos[i], 0.0
        while i >= 0 and pos[i] == value:
            gained += pos_weight[i]
            i -= 1
        while j >= 0 and neg[j] >= value:
            fp += neg_weight[j]
            j -= 1
        tp += gained
        block += gained * (tp / (tp + fp))
        terms += 1
        if terms == _BLOCK:
            total += block
            block, terms = 0.0, 0
    return (total + block) / tp


@njit(nogil=True, cache=True)
def sweep(
    pos: NDArray[Any],
    pos_weight: FloatArray | None,
    neg: NDArray[Any],
    neg_weight: FloatArray | None,
    values: NDArray[Any],
    tp_at: FloatArray,
    fp_at: FloatArray,
) -> int:
    """Merge from the top; write each distinct score and the weight of positives and negatives at or above it.

    Weights of None count 1 each: numba compiles the two cases apart. Returns the number of distinct scores.
    """
    i, j, cut = pos.size - 1, neg.size - 1, 0
    tp, fp = 0.0, 0.0
    while i >= 0 or j >= 0:
        if j < 0:
            value = pos[i]
        elif i < 0:
            value = neg[j]
        else:
            value = max(pos[i], neg[j])
        while i >= 0 and pos[i] == value:
            tp += 1.0 if pos_weight is None else pos_weight[i]
            i -= 1
        while j >= 0 and neg[j] == value:
            fp += 1.0 if neg_weight is None else neg_weight[j]
            j -= 1
        values[cut] = value
        tp_at[cut] = tp
        fp_at[cut] = fp
        cut += 1
    return cut
