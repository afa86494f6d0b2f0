"""Whether what is called 10% happens in one of ten cases."""

from typing import NamedTuple

import numpy as np
from scipy.stats import beta

from boostimb.typing import BoolArray, FloatArray

_COVERAGE = 0.95


class Bin(NamedTuple):
    """Rows of similar probability: how many, their mean probability, the share of positives, and its 95% interval."""

    n: int
    mean: float
    rate: float
    low: float
    high: float


def reliability(y: BoolArray, proba: FloatArray, most: int = 10) -> list[Bin]:
    """Return bins by rising probability, each of which is expected to hold equally many positives.

    With bins of equally many rows, all but one or two would hold next to no positive where these are rare. Bins with fewer than
    five expected ones say nothing, so there are as many bins as leave five to each. The interval is Jeffreys' for a rate.

    Examples
    --------
    >>> proba = np.repeat([0.1, 0.5], [100, 20])
    >>> y = np.concatenate([np.arange(100) < 8, np.arange(20) < 11])
    >>> [(each.n, round(each.mean, 2), each.rate) for each in reliability(y, proba)]
    [(100, 0.1, 0.08), (20, 0.5, 0.55)]
    """
    order = np.argsort(proba, kind="stable")
    expected = np.cumsum(proba[order])
    n_bins = int(np.clip(expected[-1] // 5, 1, most))
    ends = np.searchsorted(expected, np.linspace(0, expected[-1], n_bins + 1)[1:-1])
    # Equal probabilities stay in one bin.
    ends = np.searchsorted(proba[order], proba[order][ends], side="left")
    bins = []
    for rows in np.split(order, np.unique(ends)):
        if rows.size:
            n, hits = rows.size, int(np.count_nonzero(y[rows]))
            low, high = beta.ppf([(1 - _COVERAGE) / 2, (1 + _COVERAGE) / 2], hits + 0.5, n - hits + 0.5)
            low, high = 0.0 if hits == 0 else float(low), 1.0 if hits == n else float(high)
            bins.append(Bin(n, float(proba[rows].mean()), hits / n, low, high))
    return bins
