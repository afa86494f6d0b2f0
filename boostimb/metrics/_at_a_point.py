"""One number read off the precision-recall curve."""

import numpy as np
from numpy.typing import ArrayLike

from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import sweep_of
from boostimb.validation import check_integer, check_number


def precision_at_recall(y_true: ArrayLike, y_score: ArrayLike, recall: float, sample_weight: ArrayLike | None = None) -> float:
    """Return the highest precision of any cut whose recall is at least ``recall``.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1.
    y_score : array-like of shape (n,)
        Finite scores, higher for the positive class.
    recall : float
        The recall to be kept, in [0, 1].
    sample_weight : array-like of shape (n,), optional
        Weights >= 0, not all zero.

    Returns
    -------
    float
        A precision in [0, 1]; 0.0 where ``y_true`` holds no positive.

    Raises
    ------
    ValueError
        If ``recall`` is outside [0, 1], lengths differ, a label is not 0 or 1, a score is not finite, or a weight is negative.

    Examples
    --------
    >>> from boostimb.metrics import precision_at_recall
    >>> precision_at_recall([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], recall=0.9)
    0.75
    """
    recall = check_number("recall", recall, least=0, most=1)
    return sweep_of(BoundLabels.of(y_true, sample_weight), y_score, frontier=True).precision_at_recall(recall)


def recall_at_precision(y_true: ArrayLike, y_score: ArrayLike, precision: float, sample_weight: ArrayLike | None = None) -> float:
    """Return the highest recall of any cut whose precision is at least ``precision``.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1.
    y_score : array-like of shape (n,)
        Finite scores, higher for the positive class.
    precision : float
        The precision to be kept, in [0, 1].
    sample_weight : array-like of shape (n,), optional
        Weights >= 0, not all zero.

    Returns
    -------
    float
        A recall in [0, 1]; 0.0 where no cut is so precise or ``y_true`` holds no positive.

    Raises
    ------
    ValueError
        If ``precision`` is outside [0, 1], lengths differ, a label is not 0 or 1, a score is not finite, or a weight is
        negative.

    Examples
    --------
    >>> from boostimb.metrics import recall_at_precision
    >>> recall_at_precision([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], precision=0.75)
    1.0
    """
    precision = check_number("precision", precision, least=0, most=1)
    return sweep_of(BoundLabels.of(y_true, sample_weight), y_score, frontier=True).recall_at_precision(precision)


def precision_at_k(y_true: ArrayLike, y_score: ArrayLike, k: int) -> float:
    """Return the share of positives among the ``k`` highest scores.

    Where several samples tie for the last places, each counts with the chance that it would have in a random choice among
    them: the number does not depend on the order of the rows.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1.
    y_score : array-like of shape (n,)
        Finite scores, higher for the positive class.
    k : int
        How many samples are looked at, 1 <= k <= n.

    Returns
    -------
    float
        A precision in [0, 1].

    Raises
    ------
    ValueError
        If ``k`` is below 1 or above n, lengths differ, a label is not 0 or 1, or a score is not finite.

    Examples
    --------
    >>> from boostimb.metrics import precision_at_k
    >>> precision_at_k([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], k=4)
    0.75
    """
    k = check_integer("k", k, least=1)
    labels = BoundLabels.of(y_true)
    if k > labels.n:
        raise ValueError(f"k must be at most the number of samples, {labels.n}, got {k}")
    sweep = sweep_of(labels, y_score)
    # Between two cuts the expected number of positives grows in proportion: exactly linear interpolation.
    return float(np.interp(k, sweep.tp + sweep.fp, sweep.tp)) / k
