"""Precision, recall and F1 against the threshold."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from boostimb.report._axes import BLUE, GREEN, PURPLE, VERMILLION, frame, new_axes, unit_limits
from boostimb.report._points import MAX_POINTS, spread
from boostimb.report._scored import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TINY = 1e-6
# Ticks of an axis of probabilities on the scale of log-odds; a later one is shown where the earlier ones leave room.
_TICKS = (
    *(0.5, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999, 1e-4, 0.9999, 1e-5, 0.99999),
    *(0.05, 0.02, 0.2, 0.005, 0.002, 0.8, 0.95, 0.98, 0.3, 0.7, 0.4, 0.6),
)
_ROOM = 0.14  # of the axis, between two ticks


def plot_threshold(y_true: ArrayLike, proba: ArrayLike, threshold: float | None = None, *, ax: "Axes | None" = None) -> "Axes":
    """Draw precision, recall and F1 against the threshold.

    The axis is that of log-odds, on which the small probabilities of a rare class have room.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1: held out, or those of the search with its out-of-fold probabilities.
    proba : array-like of shape (n,)
        Probability of the positive class.
    threshold : float, optional
        The cut to mark.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If lengths differ, only one class is there, or a probability is not in [0, 1].
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_threshold
    >>> ax = plot_threshold([0, 0, 1, 0, 1], [0.1, 0.3, 0.4, 0.6, 0.9], 0.35, ax=Figure().subplots())
    >>> [line.get_label() for line in ax.get_lines()]
    ['precision 0.67', 'recall 1.00', 'F1 0.80', 'cut 0.35']
    """
    return draw_threshold(Scored.of(y_true, proba), threshold, new_axes(ax))


def draw_threshold(scored: Scored, threshold: float | None, ax: "Axes") -> "Axes":
    """Draw what the function above describes."""
    low, high = _limits(scored, threshold)
    # From the lowest threshold to the highest, as the axis goes.
    shown = scored.sweep.take(spread(scored.sweep, expit(np.linspace(logit(low), logit(high), MAX_POINTS)))[::-1])
    values = np.clip(shown.values, _TINY, 1 - _TINY)  # 0 and 1 have no place among log-odds
    at = None if threshold is None else scored.at(threshold)
    curves = (
        ("precision", shown.precision, BLUE, "-", at and at.precision),
        ("recall", shown.recall, GREEN, "--", at and at.recall),
        ("F1", shown.f_score(), PURPLE, "-.", at and at.f1),
    )
    for name, rates, color, style, value in curves:
        # From one score up to the next nothing changes: the value at a threshold is that of the score at or above it.
        label = name if value is None else f"{name} {value:.2f}"
        ax.plot(values, rates, drawstyle="steps-pre", color=color, linestyle=style, linewidth=1.8, label=label)
    if threshold is not None:
        ax.axvline(min(max(threshold, low), high), color=VERMILLION, linewidth=1.4, label=f"cut {threshold:.3g}")
    frame(ax, "What the threshold changes", "threshold (probability, on the scale of log-odds)", "rate")
    unit_limits(ax)
    ax.set_xscale("logit")
    ax.set_xlim(low, high)
    ticks = _ticks(low, high)
    ax.set_xticks(ticks, [f"{tick:.5g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(fontsize="small", framealpha=0.9)
    return ax


def _limits(scored: Scored, threshold: float | None) -> tuple[float, float]:
    """Return the thresholds between which something happens, with the chosen one well inside."""
    values = np.clip(scored.sweep.values[1:].astype(np.float64), _TINY, 1 - _TINY)
    # Far below the rate of positives every threshold flags nearly everybody.
    low, high = logit(max(values[-1], min(scored.rate / 10, values[0]))), logit(values[0])
    if threshold is not None:
        at = logit(np.clip(threshold, _TINY, 1 - _TINY))
        low, high = min(low, at - 0.5), max(high, at + 0.5)
    pad = max(0.03 * (high - low), 0.1)
    return float(expit(low - pad)), float(expit(high + pad))


def _ticks(low: float, high: float) -> list[float]:
    room = _ROOM * (logit(high) - logit(low))
    kept: list[float] = []
    for tick in _TICKS:
        if low <= tick <= high and all(abs(logit(tick) - logit(other)) >= room for other in kept):
            kept.append(tick)
    return sorted(kept) if len(kept) > 1 else [float(tick) for tick in np.linspace(low, high, 5)[1:-1]]
