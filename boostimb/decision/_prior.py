"""The intercept that a weighted or resampled training leaves behind."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit

from boostimb.decision._class_calibration import descend
from boostimb.typing import FloatArray
from boostimb.validation import as_vector, check_number, check_weight

# Beyond the largest log-odds, this moves the mean to any rate that labels can show.
_BEYOND = 80.0


def prior_shift(log_odds: ArrayLike, rate: float, sample_weight: ArrayLike | None = None) -> float:
    """Return the shift of the log-odds at which their mean probability is a given rate of positives.

    A class weight w shifts the log-odds by ln w, and keeping a share b of the negatives by -ln b, but only in a model that fits the
    population exactly. Boosting stops short of that: measured, the analytic shift left half of the rate. The shift found here
    makes the mean right on the rows that it is found on ("calibration in the large").

    Parameters
    ----------
    log_odds : array-like of shape (n,)
        Log-odds of rows with their natural rate of positives; where they are infinite, so they stay.
    rate : float
        That rate, above 0 and below 1.
    sample_weight : array-like of shape (n,), optional
        Weights >= 0.

    Returns
    -------
    float
        To be added to the log-odds.

    Raises
    ------
    ValueError
        If the rate is not between 0 and 1, or a weight is negative.

    Examples
    --------
    >>> round(prior_shift([0.0, 0.0], 0.25), 4)
    -1.0986
    """
    z: FloatArray = as_vector("log_odds", log_odds).astype(np.float64)
    check_number("rate", rate, above=0, below=1)
    weight = check_weight(sample_weight, z.size)
    bound = _BEYOND + float(np.abs(z[np.isfinite(z)]).max(initial=0.0))
    return float(brentq(lambda shift: np.average(expit(z + shift), weights=weight) - rate, -bound, bound, xtol=1e-10))


def class_prior_shift(proba: FloatArray, rates: FloatArray, sample_weight: FloatArray | None = None) -> FloatArray:
    """Return the shifts of the logarithms of several classes' probabilities at which their means are given rates.

    That of two classes is `prior_shift`.

    Parameters
    ----------
    proba : ndarray of shape (n, n_classes)
        Probabilities.
    rates : ndarray of shape (n_classes,)
        The rates, or counts, above 0.
    sample_weight : ndarray of shape (n,), optional
        Weights >= 0.

    Returns
    -------
    ndarray of shape (n_classes,)
        To be added to the logarithms; their mean is 0.

    Examples
    --------
    >>> import numpy as np
    >>> class_prior_shift(np.full((2, 2), 0.5), np.array([3.0, 1.0])).round(4).tolist()
    [0.5493, -0.5493]
    """
    k = rates.size
    weight = np.ones(len(proba)) if sample_weight is None else sample_weight
    log_proba = np.log(np.maximum(proba, np.finfo(np.float64).tiny)).T
    start = np.append(np.zeros(k - 1), 1.0)  # the slope stays 1
    found = descend(np.ascontiguousarray(log_proba), weight / weight.sum(), rates / rates.sum(), 0.0, start, k - 1)
    shift = np.append(0.0, found[:-1])
    return shift - shift.mean()
