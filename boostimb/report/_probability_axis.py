"""An axis of probabilities on the scale of log-odds, on which the small ones of a rare class have room."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from boostimb.report._axes import size_of
from boostimb.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# 0 and 1 have no place among log-odds.
TINY = 1e-6
ON_LOG_ODDS = "(log-odds scale)"
# A later tick is shown where the earlier ones leave room.
_TICKS = (
    *(0.5, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999, 1e-4, 0.9999, 1e-5, 0.99999),
    *(0.05, 0.02, 0.2, 0.005, 0.002, 0.8, 0.95, 0.98, 0.3, 0.7, 0.4, 0.6),
)
_WIDTH, _HEIGHT = 38, 14  # of the text of a tick and what lies between two, in points


def clipped(proba: ArrayLike) -> FloatArray:
    """Return probabilities with 0 and 1 moved to where the axis has a place for them."""
    inside: FloatArray = np.clip(np.asarray(proba, dtype=np.float64), TINY, 1 - TINY)
    return inside


def padded(low: float, high: float) -> tuple[float, float]:
    """Return limits with some room around both ends."""
    a, b = logit(clipped([low, high]))
    pad = max(0.03 * (b - a), 0.1)
    return float(expit(a - pad)), float(expit(b + pad))


def probability_axis(ax: "Axes", low: float, high: float, *, y: bool = False) -> None:
    """Make the x axis, or y, one of log-odds from ``low`` to ``high`` with ticks that do not touch."""
    width, height = size_of(ax)
    room = _HEIGHT / height if y else _WIDTH / width
    axis, ticks = ax.yaxis if y else ax.xaxis, ticks_between(low, high, max(0.1, room))
    set_scale, set_limits = (ax.set_yscale, ax.set_ylim) if y else (ax.set_xscale, ax.set_xlim)
    set_scale("logit")
    set_limits(low, high)
    axis.set_ticks(ticks, [tick_text(tick) for tick in ticks])
    axis.set_ticks([], minor=True)


def tick_text(probability: float) -> str:
    """Write a probability in a few signs."""
    return np.format_float_positional(probability, precision=5, fractional=False, trim="-")


def ticks_between(low: float, high: float, room: float) -> list[float]:
    """Return round probabilities that leave each other ``room``, a share of the axis."""
    room *= logit(high) - logit(low)
    kept: list[float] = []
    for tick in _TICKS:
        if low <= tick <= high and all(abs(logit(tick) - logit(other)) >= room for other in kept):
            kept.append(tick)
    return sorted(kept) if len(kept) > 1 else [float(f"{tick:.3g}") for tick in np.linspace(low, high, 5)[1:-1]]
