"""What the plots over an axis of thresholds share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from boostimb.metrics import ThresholdSweep
from boostimb.report._axes import BAND, VERMILLION
from boostimb.report._plateau import Plateau
from boostimb.report._points import MAX_POINTS, spread
from boostimb.report._probability_axis import clipped, padded
from boostimb.report._scored import Scored
from boostimb.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class OverThresholds:
    """The cuts that show, from the lowest threshold to the highest, and the ends of the axis."""

    shown: ThresholdSweep
    values: FloatArray  # the thresholds of ``shown``, where the axis has a place for them
    low: float
    high: float

    def inside(self, threshold: float) -> float:
        """Return the nearest threshold that the axis shows."""
        return min(max(threshold, self.low), self.high)


def over_thresholds(scored: Scored, threshold: float | None) -> OverThresholds:
    """Choose the cuts and the ends: where something happens, with the chosen threshold well inside."""
    values = clipped(scored.sweep.values[[1, -1]])
    # Far below the rate of positives every threshold flags nearly everybody.
    low, high = max(values[1], min(scored.rate / 10, values[0])), values[0]
    if threshold is not None:
        at = logit(clipped(threshold))
        low, high = min(low, float(expit(at - 0.5))), max(high, float(expit(at + 0.5)))
    low, high = padded(low, high)
    cuts = spread(scored.sweep, expit(np.linspace(logit(low), logit(high), MAX_POINTS)))[::-1]
    places = clipped(scored.sweep.values[cuts])
    if low < places[0]:  # below the lowest score nothing changes
        cuts, places = np.append(cuts[0], cuts), np.append(low, places)
    return OverThresholds(scored.sweep.take(cuts), places, low, high)


def mark_threshold(ax: "Axes", over: OverThresholds, threshold: float | None) -> None:
    """Draw the chosen cut."""
    if threshold is not None:
        ax.axvline(over.inside(threshold), color=VERMILLION, linewidth=1.4, label=f"cut {threshold:.3g}")


def shade_plateau(ax: "Axes", over: OverThresholds, plateau: Plateau, color: str, measure: str) -> None:
    """Shade the thresholds that are as good as the best one."""
    low, high = (over.inside(end) for end in (plateau.low, plateau.high))
    label = f"{measure} as good as its best: {short(plateau.low)} to {short(plateau.high)}"
    ax.axvspan(low, high, color=color, alpha=BAND, linewidth=0, zorder=0, label=label)


def short(threshold: float) -> str:
    """Write a threshold with two digits that tell, and a high one so that it does not read as 1."""
    return f"{threshold:.2g}" if threshold < 0.95 else f"{threshold:.4g}"
