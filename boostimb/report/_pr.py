"""Precision against recall."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from boostimb.metrics import average_precision
from boostimb.report._axes import BAND, BLUE, GREY, SKY, VERMILLION, add_legend, frame, mark_cut, new_axes, percent, unit_limits
from boostimb.report._interval import rate_interval
from boostimb.report._points import corners
from boostimb.report._scored import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_pr(y_true: ArrayLike, proba: ArrayLike, threshold: float | None = None, *, ax: "Axes | None" = None) -> "Axes":
    """Draw precision against recall, with the rate of positives as the line that guessing reaches.

    The area under the steps is the average precision. The band is the 95% interval of the precision of each cut, and so are the
    bars of the cut that is marked, in both directions: what so many alerts, and so many positives, can tell.

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
    >>> from boostimb.report import plot_pr
    >>> ax = plot_pr([0, 0, 1, 0, 1], [0.1, 0.3, 0.4, 0.6, 0.9], 0.35, ax=Figure().subplots())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('recall', 'precision')
    """
    return draw_pr(Scored.of(y_true, proba), threshold, new_axes(ax))


def draw_pr(scored: Scored, threshold: float | None, ax: "Axes") -> "Axes":
    """Draw what the function above describes."""
    sweep = scored.sweep
    shown = sweep.take(corners(sweep)[1:])  # without the cut that predicts nobody, which has no precision
    # The step to a recall has the precision at this recall, as average precision counts it.
    recall, precision = np.append(0.0, shown.recall), np.append(shown.precision[0], shown.precision)
    low, high = (np.append(each[0], each) for each in rate_interval(shown.tp, shown.fp))
    score = average_precision(scored.y, scored.proba)
    ax.plot(recall, precision, drawstyle="steps-pre", color=BLUE, linewidth=1.8, label=f"average precision {score:.3f}")
    ax.fill_between(recall, low, high, step="pre", color=SKY, alpha=BAND, linewidth=0, label="95% interval of a cut's precision")
    text = f"guessing: {percent(scored.rate)}, the rate of positives"
    ax.axhline(scored.rate, color=GREY, linestyle="--", linewidth=1.2, label=text)
    if threshold is not None:
        at = scored.at(threshold)
        across, up = rate_interval(at.tp, at.fn), rate_interval(at.tp, at.fp)
        ax.plot(across, [at.precision] * 2, color=VERMILLION, linewidth=1.2)
        ax.plot([at.recall] * 2, up, color=VERMILLION, linewidth=1.2)
        text = f"cut {threshold:.3g}: precision {at.precision:.2f}, recall {at.recall:.2f}"
        mark_cut(ax, at.recall, at.precision, text)
    frame(ax, "Precision and recall", "recall", "precision")
    unit_limits(ax, x=True)
    add_legend(ax)
    return ax
