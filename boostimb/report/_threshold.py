"""Precision, recall and F1 against the threshold."""

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from boostimb.report._axes import BLUE, GREEN, PURPLE, add_legend, frame, new_axes, unit_limits
from boostimb.report._over_thresholds import mark_threshold, over_thresholds, shade_plateau
from boostimb.report._probability_axis import ON_LOG_ODDS, probability_axis
from boostimb.report._scored import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_threshold(y_true: ArrayLike, proba: ArrayLike, threshold: float | None = None, *, ax: "Axes | None" = None) -> "Axes":
    """Draw precision, recall and F1 against the threshold.

    The axis is that of log-odds, on which the small probabilities of a rare class have room. Shaded is from the first to
    the last threshold whose F1 is not worse than the best by more than chance explains (95%, paired by row).

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
    over = over_thresholds(scored, threshold)
    at = None if threshold is None else scored.at(threshold)
    curves = (
        ("precision", over.shown.precision, BLUE, "-", at and at.precision),
        ("recall", over.shown.recall, GREEN, "--", at and at.recall),
        ("F1", over.shown.f_score(), PURPLE, "-.", at and at.f1),
    )
    for name, rates, color, style, value in curves:
        # From one score up to the next nothing changes: the value at a threshold is that of the score at or above it.
        label = name if value is None else f"{name} {value:.2f}"
        ax.plot(over.values, rates, drawstyle="steps-pre", color=color, linestyle=style, linewidth=1.8, label=label)
    mark_threshold(ax, over, threshold)
    shade_plateau(ax, over, scored.f1_plateau(), PURPLE, "F1")
    frame(ax, "What the threshold changes", f"threshold {ON_LOG_ODDS}", "rate")
    unit_limits(ax)
    probability_axis(ax, over.low, over.high)
    add_legend(ax)
    return ax
