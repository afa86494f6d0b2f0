"""Compiled loops over scores. Importing this module imports numba: do so inside a function.

Every kernel is serial and releases the interpreter's lock. Scores alone are sorted by NumPy, whose vectorised sort is the
fastest there is; only scores that carry weights along are sorted here.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.compiled_kernels import compiled
from boostimb.typing import FloatArray

# What insertion may cost in a sort, in steps a score: as much as a fifth of the sort by bits, to which it then gives way.
MOST_STEPS = 16

_kernel = partial(compiled, nogil=True)


@_kernel
def _add(total: float, lost: float, term: float) -> tuple[float, float]:
    """Kahan's sum: a plain one over 10 million weights is off by 1e-11, this by 1e-16."""
    term -= lost
    new = total + term
    return new, (new - total) - term


@_kernel
def _bucket(value: float, low: float, scale: float) -> int:
    """Number of the bucket of equal width that holds a score; it never falls where the score rises."""
    return int((value - low) * scale)


@_kernel
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


@_kernel
def sort_by_place(
    score: NDArray[Any], weight: FloatArray, low: float, scale: float, width: int, score_out: NDArray[Any], weight_out: FloatArray
) -> bool:
    """Sort scores ascending, in place, and carry the weights along; False, with both in another order, if that would take long.

    Places of equal width are laid over the range, ``4 ** width`` of them, and the scores are dealt by the lower and the upper
    half of their place's number. Insertion does the rest, a step or two a score unless many crowd in one place. At 10 million
    rows it takes a third of the time of ``sort_by_bits``, which deals float64 eight times.
    """
    n, mask = score.size, (1 << width) - 1
    lower, upper = np.zeros(mask + 1, dtype=np.int64), np.zeros(mask + 1, dtype=np.int64)
    for i in range(n):
        place = _bucket(score[i], low, scale)
        lower[place & mask] += 1
        upper[place >> width] += 1
    start_lower, start_upper = 0, 0
    for half in range(mask + 1):
        start_lower, lower[half] = start_lower + lower[half], start_lower
        start_upper, upper[half] = start_upper + upper[half], start_upper
    for i in range(n):
        half = _bucket(score[i], low, scale) & mask
        to = lower[half]
        lower[half] = to + 1
        score_out[to] = score[i]
        weight_out[to] = weight[i]
    for i in range(n):
        half = _bucket(score_out[i], low, scale) >> width
        to = upper[half]
        upper[half] = to + 1
        score[to] = score_out[i]
        weight[to] = weight_out[i]
    steps = MOST_STEPS * n
    for i in range(1, n):
        value, its_weight, to = score[i], weight[i], i
        while to > 0 and score[to - 1] > value:
            score[to], weight[to] = score[to - 1], weight[to - 1]
            to -= 1
        score[to], weight[to] = value, its_weight
        steps -= i - to
        if steps < 0:
            return False
    return True


@_kernel
def sort_by_bits(bits: NDArray[Any], weight: FloatArray, bits_out: NDArray[Any], weight_out: FloatArray) -> bool:
    """Sort floats, given as unsigned integers of the same bits, ascending and carry the weights along.

    A radix sort from the lowest byte up: slower than ``sort_by_place``, and the same for any scores. Returns True if the result is
    in ``bits_out`` and ``weight_out``, False if it is where it was.
    """
    n, width = bits.size, bits.itemsize
    one, byte = np.uint64(1), np.uint64(255)
    sign = one << np.uint64(8 * width - 1)
    every = sign | (sign - one)
    count = np.zeros((width, 256), dtype=np.int64)
    for i in range(n):
        # The order of these integers is the order of the floats: a negative float has all bits flipped, another only its sign.
        b = np.uint64(bits[i])
        if b == sign:
            b = np.uint64(0)  # minus zero is zero
        b ^= every if b & sign else sign
        bits[i] = b
        for p in range(width):
            count[p, (b >> np.uint64(8 * p)) & byte] += 1
    source, source_weight, target, target_weight = bits, weight, bits_out, weight_out
    moved = False
    for p in range(width):
        shift = np.uint64(8 * p)
        if n and count[p, (np.uint64(source[0]) >> shift) & byte] == n:
            continue  # the byte is the same in all
        start = 0
        for value in range(256):
            start, count[p, value] = start + count[p, value], start
        for i in range(n):
            b = np.uint64(source[i])
            digit = (b >> shift) & byte
            to = count[p, digit]
            count[p, digit] = to + 1
            target[to] = b
            target_weight[to] = source_weight[i]
        source, source_weight, target, target_weight = target, target_weight, source, source_weight
        moved = not moved
    for i in range(n):
        b = np.uint64(source[i])
        source[i] = b ^ (sign if b & sign else every)
    return moved


@_kernel
def set_apart(
    y: NDArray[np.uint8],
    score: NDArray[Any],
    weight: FloatArray | None,
    pos: NDArray[Any],
    low: float,
    scale: float,
    occupied: NDArray[np.uint8],
    bulk: NDArray[Any],
    near: NDArray[Any],
    near_weight: FloatArray | None,
) -> int:
    """Copy the negatives that share a bucket with a positive to ``near``, and only add up the others in ``bulk``.

    ``occupied`` and ``bulk`` are zeros, one for each bucket; ``near`` has one element more than there are negatives. Returns the
    number of copies, or -1 if a look at a thousand rows shows that more than a quarter would be copied.
    """
    for i in range(pos.size):
        occupied[_bucket(pos[i], low, scale)] = 1
    stride = max(1, y.size // 1000)
    copied, seen = 0, 0
    for k in range(0, y.size, stride):
        copied += occupied[_bucket(score[k], low, scale)]
        seen += 1
    if 4 * copied > seen:
        return -1
    copied = 0
    for k in range(y.size):
        bucket = _bucket(score[k], low, scale)
        negative = 1 - y[k]
        close = negative & occupied[bucket]
        near[copied] = score[k]
        if weight is None:
            bulk[bucket] += negative - close
        else:
            near_weight[copied] = weight[k]  # type: ignore[index]  # None only where weight is None
            bulk[bucket] += weight[k] * (negative - close)
        copied += close
    return copied


@_kernel
def count_levels(
    y: NDArray[np.uint8],
    score: NDArray[Any],
    weight: FloatArray | None,
    pos: NDArray[Any],
    low: float,
    scale: float,
    only: NDArray[Any],
    levels: FloatArray,
    bulk: NDArray[Any],
) -> bool:
    """Add up all negatives in ``bulk`` where no bucket has positives of two scores; return False where one does.

    ``bulk`` has two elements for each bucket: whoever is below the one score of its positives, and the others. ``levels`` becomes
    the positives' scores in the same terms, twice the number of their bucket. ``only`` has an element for each bucket, all of
    them above any score, and ``bulk`` is zeros.
    """
    none = only[0]
    for i in range(pos.size):
        bucket = _bucket(pos[i], low, scale)
        if only[bucket] != none and only[bucket] != pos[i]:
            return False
        only[bucket] = pos[i]
        levels[i] = 2 * bucket
    for k in range(y.size):
        bucket = _bucket(score[k], low, scale)
        half = 2 * bucket + (1 if score[k] >= only[bucket] else 0)
        negative = 1 - y[k]
        if weight is None:
            bulk[half] += negative
        else:
            bulk[half] += weight[k] * negative
    return True


@_kernel
def average_precision(pos: NDArray[Any], neg: NDArray[Any], bulk: NDArray[Any], low: float, scale: float) -> float:
    """Sum over distinct scores of (change of recall) * precision; ``pos`` and ``neg`` ascending, ``pos`` not empty.

    ``bulk`` counts, bucket by bucket, further negatives none of which shares a bucket with a positive; it may be empty.
    """
    n_pos, n_neg = pos.size, neg.size
    i, j, bucket = n_pos - 1, n_neg - 1, bulk.size - 1
    apart, total, lost = 0, 0.0, 0.0
    while i >= 0:
        value, before = pos[i], i
        while i >= 0 and pos[i] == value:
            i -= 1
        while j >= 0 and neg[j] >= value:
            j -= 1
        while bucket >= 0 and bucket > _bucket(value, low, scale):
            apart += bulk[bucket]
            bucket -= 1
        tp = n_pos - 1 - i
        fp = n_neg - 1 - j + apart
        total, lost = _add(total, lost, (before - i) * (tp / (tp + fp)))
    return total / n_pos


@_kernel
def weighted_average_precision(
    pos: NDArray[Any],
    pos_weight: FloatArray,
    neg: NDArray[Any],
    neg_weight: FloatArray,
    bulk: FloatArray,
    low: float,
    scale: float,
) -> float:
    """As ``average_precision``, with weights > 0 in the order of the scores and sums of weights in ``bulk``."""
    i, j, bucket = pos.size - 1, neg.size - 1, bulk.size - 1
    tp, tp_lost, fp, fp_lost, total, lost = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    while i >= 0:
        value, before = pos[i], tp
        while i >= 0 and pos[i] == value:
            tp, tp_lost = _add(tp, tp_lost, pos_weight[i])
            i -= 1
        while j >= 0 and neg[j] >= value:
            fp, fp_lost = _add(fp, fp_lost, neg_weight[j])
            j -= 1
        while bucket >= 0 and bucket > _bucket(value, low, scale):
            fp, fp_lost = _add(fp, fp_lost, bulk[bucket])
            bucket -= 1
        total, lost = _add(total, lost, (tp - before) * (tp / (tp + fp)))
    return total / tp


@_kernel
def sweep(
    pos: NDArray[Any],
    pos_weight: FloatArray | None,
    neg: NDArray[Any],
    neg_weight: FloatArray | None,
    frontier: bool,
    values: NDArray[Any],
    below: NDArray[Any],
    tp_at: FloatArray,
    fp_at: FloatArray,
) -> int:
    """Merge from the top; write a row for each distinct score: the score, the next lower one, and the weights at or above it.

    With ``frontier`` only the scores that a positive has get a row, and the lowest. Weights of None count 1 each: numba
    compiles the two cases apart. Returns the number of rows.
    """
    i, j, row = pos.size - 1, neg.size - 1, 0
    tp, tp_lost, fp, fp_lost = 0.0, 0.0, 0.0, 0.0
    waiting = False
    while i >= 0 or j >= 0:
        gains = j < 0 or (i >= 0 and pos[i] >= neg[j])
        value = pos[i] if gains else neg[j]
        if waiting:
            below[row - 1] = value
            waiting = False
        while i >= 0 and pos[i] == value:
            tp, tp_lost = _add(tp, tp_lost, 1.0 if pos_weight is None else pos_weight[i])
            i -= 1
        while j >= 0 and neg[j] == value:
            fp, fp_lost = _add(fp, fp_lost, 1.0 if neg_weight is None else neg_weight[j])
            j -= 1
        if gains or not frontier or (i < 0 and j < 0):
            values[row] = below[row] = value
            tp_at[row] = tp
            fp_at[row] = fp
            row += 1
            waiting = True
    return row


# Python's error model would look for a zero before each division, and no vector instruction does that.
@partial(_kernel, error_model="numpy")
def resampled_average_precision(
    order: NDArray[np.intp],
    last_of_tie: NDArray[np.bool_],
    y: NDArray[np.bool_],
    counts: NDArray[Any],
    tp: NDArray[Any],
    fp: NDArray[Any],
    gained: NDArray[Any],
    result: FloatArray,
) -> None:
    """Average precision of one vector of scores under every resample at once, into ``result`` of shape (B,).

    ``order`` sorts the scores descending and ``last_of_tie`` tells, in that order, where a run of equal scores ends. ``counts``
    is (n, B): the resamples of one sample lie side by side, so that one visit of it serves all B in a few vector instructions.
    ``tp``, ``fp`` and ``gained`` are zeros of shape (B,).
    """
    n_resamples = result.size
    pending = False
    for i in range(order.size):
        row = order[i]
        if y[row]:
            for b in range(n_resamples):
                gained[b] += counts[row, b]
            pending = True
        else:
            for b in range(n_resamples):
                fp[b] += counts[row, b]
        if pending and last_of_tie[i]:
            for b in range(n_resamples):
                tp[b] += gained[b]
                # The guard turns 0 / 0 into 0; as a choice of operand, not of path, it keeps the loop free of branches.
                whole = tp[b] + fp[b]
                result[b] += gained[b] * (tp[b] / (whole if whole > 0 else 1))
                gained[b] = 0
            pending = False
    for b in range(n_resamples):
        result[b] = result[b] / tp[b] if tp[b] > 0 else 0.0


@_kernel
def class_log_odds(raw: NDArray[Any], out: NDArray[Any]) -> None:
    """Write ``raw[i, k] - ln(sum of exp(raw[i, j]) over j != k)`` to ``out[k, i]``.

    The others' sum leaves the likeliest class out by itself and not by a difference, which would cancel where it is certain.
    """
    n, n_classes = raw.shape
    for i in range(n):
        top, second = 0, -1
        for k in range(1, n_classes):
            if raw[i, k] > raw[i, top]:
                top, second = k, top
            elif second < 0 or raw[i, k] > raw[i, second]:
                second = k
        rest = 0.0  # of all but the likeliest, relative to the second
        for k in range(n_classes):
            if k != top:
                rest += np.exp(float(raw[i, k]) - float(raw[i, second]))
        log_rest = np.log(rest) + float(raw[i, second])
        whole = 1.0 + np.exp(log_rest - float(raw[i, top]))  # relative to the likeliest
        for k in range(n_classes):
            if k == top:
                out[k, i] = float(raw[i, k]) - log_rest
            else:
                others = whole - np.exp(float(raw[i, k]) - float(raw[i, top]))
                out[k, i] = float(raw[i, k]) - float(raw[i, top]) - np.log(others)
