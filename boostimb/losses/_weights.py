"""Weights of classes from their counts."""

import numpy as np
from numpy.typing import ArrayLike

from boostimb.typing import FloatArray
from boostimb.validation import as_vector, check_number


def class_weights(y_true: ArrayLike) -> FloatArray:
    """Weights under which every class has the same total: ``n / (n_classes * count)``.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels of any kind.

    Returns
    -------
    ndarray of shape (n_classes,), float64
        One weight for each class, in the order of the sorted labels; their mean over the samples is 1.

    Raises
    ------
    ValueError
        If there are no labels.

    Examples
    --------
    >>> from boostimb import LogLoss, class_weights
    >>> negative, positive = class_weights([0, 0, 0, 1])
    >>> LogLoss(pos_weight=positive / negative)
    LogLoss(pos_weight=3.0)
    """
    counts = _counts(y_true)
    weights: FloatArray = counts.sum() / (counts.size * counts)
    return weights


def effective_number_weights(y_true: ArrayLike, beta: float = 0.999) -> FloatArray:
    """Weights by the effective number of samples, ``(1 - beta) / (1 - beta**count)``, scaled to a mean of 1 over the classes.

    The more samples a class has, the less a further one tells; ``beta`` says how soon. From 0 (equal weights) to near 1
    (inverse counts), it lies between no weights and `class_weights`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels of any kind.
    beta : float, default 0.999
        In [0, 1). ``1 / (1 - beta)`` is the number of samples beyond which a class gains little.

    Returns
    -------
    ndarray of shape (n_classes,), float64
        One weight for each class, in the order of the sorted labels.

    Raises
    ------
    ValueError
        If there are no labels, or ``beta`` is outside [0, 1).

    References
    ----------
    Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of Samples", arXiv 1901.05555, equations 5 and 10.

    Examples
    --------
    >>> from boostimb import effective_number_weights
    >>> effective_number_weights([0] * 9 + [1], beta=0.9).round(4).tolist()
    [0.2807, 1.7193]
    """
    counts = _counts(y_true)
    beta = check_number("beta", beta, least=0, below=1)
    # expm1 and log1p: 1 - beta**count cancels where beta is near 1.
    share = -1 / np.expm1(counts * np.log1p(beta - 1)) if beta > 0 else np.ones(counts.size)
    weights: FloatArray = share * counts.size / share.sum()
    return weights


def _counts(y_true: ArrayLike) -> FloatArray:
    y = as_vector("y_true", y_true)
    if not y.size:
        raise ValueError("y_true must hold at least one label, got none")
    return np.unique(y, return_counts=True)[1].astype(np.float64)
