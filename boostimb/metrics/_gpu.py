"""Average precision where the scores are: a sort and two running sums, on arrays of any library with NumPy's functions."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from boostimb.metrics._labels import BoundLabels
from boostimb.validation import check_length, cupy

# Labels that were copied to a device, for as long as the prepared labels live.
_COPIES: "WeakKeyDictionary[BoundLabels, tuple[Any, Any, Any]]" = WeakKeyDictionary()


def average_precision(labels: BoundLabels, y_score: Any) -> float:
    """Average precision of scores that lie on a device; 0.0 where there is no positive."""
    xp = cupy()
    scores = xp.asarray(y_score)
    check_length("y_score", scores, labels.n)
    if labels.n_pos == 0:
        return 0.0
    if labels not in _COPIES:
        weight = np.ones(labels.y.size) if labels.weight is None else labels.weight
        kept = None if labels.kept is None else xp.asarray(np.flatnonzero(labels.kept))
        _COPIES[labels] = xp.asarray(weight * labels.y), xp.asarray(weight), kept
    positive, weight, kept = _COPIES[labels]
    value = average_precision_by(xp, positive, weight, scores if kept is None else xp.take(scores, kept))
    if np.isnan(value):
        raise ValueError("y_score must be finite, got a score that is not")
    return value


def average_precision_by(xp: Any, positive: Any, weight: Any, scores: Any) -> float:
    """Average precision from the weights of the positives (0 for negatives), all weights > 0, and scores, each of shape (n,)."""
    order = xp.flip(xp.argsort(scores))
    ranked = xp.take(scores, order)
    running = xp.cumulative_sum if hasattr(xp, "cumulative_sum") else xp.cumsum
    true, all_ = running(xp.take(positive, order)), running(xp.take(weight, order))
    # Rows of one score are cut together: only the last of them counts.
    (last,) = xp.nonzero(ranked[1:] != ranked[:-1])
    last = _joined(xp, (last, xp.asarray([scores.shape[0] - 1], dtype=last.dtype)))
    true, all_ = xp.take(true, last), xp.take(all_, last)
    gained = _joined(xp, (true[:1], true[1:] - true[:-1]))
    finite = xp.all(xp.isfinite(scores))
    return float(xp.sum(gained * true / all_) / true[-1]) if finite else float("nan")


def _joined(xp: Any, parts: tuple[Any, ...]) -> Any:
    # The array API's name; CuPy has it from version 14 on.
    return (xp.concat if hasattr(xp, "concat") else xp.concatenate)(parts)
