"""Average precision: scikit-learn's number at the price of a sort."""

import warnings

from numpy.typing import ArrayLike

from boostimb.metrics._labels import BoundLabels
from boostimb.validation import on_device


def average_precision(y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Average precision: the sum over distinct scores of (change of recall) * precision.

    The number of `sklearn.metrics.average_precision_score` to 1e-12, ties and weights included, without its stable
    argsort: positives and negatives are sorted apart and merged once. Scores of float32 are sorted as float32.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1 (integers, floats or booleans).
    y_score : array-like of shape (n,)
        Finite scores, higher for the positive class; any increasing function of the margin.
    sample_weight : array-like of shape (n,), optional
        Weights >= 0, not all zero.

    Returns
    -------
    float
        Between the rate of positives (in expectation, for scores that know nothing) and 1. Without a positive of weight
        above zero it is 0.0 and an `UndefinedMetricWarning` says so, as in scikit-learn.

    Raises
    ------
    ValueError
        If lengths differ, a label is not 0 or 1, a score is not finite, or a weight is negative.

    Notes
    -----
    The first call in a process loads numba and the compiled kernel (about a second, some more the first time ever).

    Examples
    --------
    >>> from boostimb.metrics import average_precision
    >>> average_precision([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    0.8333333333333333
    """
    labels = BoundLabels.of(y_true, sample_weight)
    if labels.n_pos == 0:
        from sklearn.exceptions import UndefinedMetricWarning

        warnings.warn("y_true holds no positive sample: average precision is set to 0.0", UndefinedMetricWarning, stacklevel=2)
    return average_precision_of(labels, y_score)


def average_precision_of(labels: BoundLabels, y_score: ArrayLike) -> float:
    """Average precision for labels that are prepared; 0.0 where there is no positive."""
    if on_device(y_score):
        from boostimb.metrics import _gpu

        return _gpu.average_precision(labels, y_score)
    from boostimb.metrics import _kernels

    (pos, pos_weight, neg, neg_weight), bulk = labels.rank_near(y_score)
    if pos.size == 0:
        return 0.0
    if pos_weight is None or neg_weight is None:
        return float(_kernels.average_precision(pos, neg, *bulk))
    return float(_kernels.weighted_average_precision(pos, pos_weight, neg, neg_weight, *bulk))
