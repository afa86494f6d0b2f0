"""How far a rate that was counted may be from the true one."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from boostimb.typing import FloatArray

COVERAGE = 0.95


def rate_interval(hits: ArrayLike, misses: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both ends of the 95% interval of each rate hits / (hits + misses).

    They are quantiles of Beta(hits + 1/2, misses + 1/2), which comes from Jeffreys' prior, and 0 and 1 where no hit or no miss was
    seen (Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion", section 4.1.2). The confidence in a
    constraint is taken from the same distribution.
    """
    k, m = np.asarray(hits, dtype=np.float64), np.asarray(misses, dtype=np.float64)
    tail = (1 - COVERAGE) / 2
    low, high = (betaincinv(k + 0.5, m + 0.5, each) for each in (tail, 1 - tail))
    return np.where(k > 0, low, 0.0), np.where(m > 0, high, 1.0)
