"""Where the probabilities of both classes lie."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from boostimb.report._axes import BLUE, GREY, VERMILLION, add_legend, frame, new_axes
from boostimb.report._probability_axis import ON_LOG_ODDS, clipped, padded, probability_axis
from boostimb.report._scored import Scored
from boostimb.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 40


def plot_scores(y_true: ArrayLike, proba: ArrayLike, threshold: float | None = None, *, ax: "Axes | None" = None) -> "Axes":
    """Draw how many rows of either class have which probability, both axes so that a rare class is seen.

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
    >>> from boostimb.report import plot_scores
    >>> ax = plot_scores([0, 0, 1, 0, 1], [0.1, 0.3, 0.4, 0.6, 0.9], 0.35, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['3 negatives, 1 above the cut', '2 positives, 2 above the cut', 'cut 0.35']
    """
    return draw_scores(Scored.of(y_true, proba), threshold, new_axes(ax))


def histogram(scored: Scored, threshold: float | None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the edges of bins that are even in log-odds, and how many positives and negatives are in each."""
    values = clipped(scored.sweep.values[1:])
    chosen = [] if threshold is None else [clipped(threshold)]
    low, high = padded(min(values[-1], *chosen, values[-1]), max(values[0], *chosen, values[0]))
    edges = expit(np.linspace(logit(low), logit(high), _BINS + 1))
    positives, negatives = (np.histogram(values, edges, weights=np.diff(each))[0] for each in (scored.sweep.tp, scored.sweep.fp))
    return edges, positives, negatives


def draw_scores(scored: Scored, threshold: float | None, ax: "Axes") -> "Axes":
    """Draw what the function above describes."""
    sweep = scored.sweep
    edges, positives, negatives = histogram(scored, threshold)
    at = None if threshold is None else scored.at(threshold)
    classes = (
        ("negatives", negatives, sweep.n_neg, GREY, 0.35, at and at.fp),
        ("positives", positives, sweep.n_pos, BLUE, 0.55, at and at.tp),
    )
    for name, counts, total, color, alpha, above in classes:
        label = f"{total:,.0f} {name}" + ("" if above is None else f", {above:,.0f} above the cut")
        ax.stairs(counts, edges, fill=True, color=color, alpha=alpha, label=label)
        ax.stairs(np.where(counts > 0, counts, np.nan), edges, color=color, linewidth=1.2, baseline=None)
    if threshold is not None:
        ax.axvline(float(clipped(threshold)), color=VERMILLION, linewidth=1.4, label=f"cut {threshold:.3g}")
    frame(ax, "Where the classes lie", f"probability {ON_LOG_ODDS}", "rows")
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.7)
    probability_axis(ax, float(edges[0]), float(edges[-1]))
    add_legend(ax)
    return ax
