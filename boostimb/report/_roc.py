"""The true positive rate against the false positive rate."""

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from boostimb.report._axes import BAND, BLUE, GREY, SKY, add_legend, frame, mark_cut, new_axes, percent, unit_limits
from boostimb.report._interval import rate_interval
from boostimb.report._points import corners
from boostimb.report._scored import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_roc(y_true: ArrayLike, proba: ArrayLike, threshold: float | None = None, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the ROC curve.

    The band is the 95% interval of the recall of each cut. A ROC curve looks good easily where positives are rare: one false alarm
    in a hundred negatives is a point at the far left, and may be ten false alarms to each hit. Read it beside `plot_pr`.

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
    >>> from boostimb.report import plot_roc
    >>> ax = plot_roc([0, 0, 1, 0, 1], [0.1, 0.3, 0.4, 0.6, 0.9], 0.35, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['ROC-AUC 0.833', "95% interval of a cut's recall", 'guessing', 'cut 0.35: recall 1.00, false alarms 33.3%']
    """
    return draw_roc(Scored.of(y_true, proba), threshold, new_axes(ax))


def draw_roc(scored: Scored, threshold: float | None, ax: "Axes") -> "Axes":
    """Draw what the function above describes."""
    from sklearn.metrics import auc

    sweep = scored.sweep
    area = auc(1 - sweep.specificity, sweep.recall)
    shown = sweep.take(corners(sweep))
    ax.plot(1 - shown.specificity, shown.recall, color=BLUE, linewidth=1.8, label=f"ROC-AUC {area:.3f}")
    low, high = rate_interval(shown.tp, shown.n_pos - shown.tp)
    ax.fill_between(1 - shown.specificity, low, high, color=SKY, alpha=BAND, linewidth=0, label="95% interval of a cut's recall")
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="guessing")
    if threshold is not None:
        at = scored.at(threshold)
        alarms = 1 - at.specificity
        mark_cut(ax, alarms, at.recall, f"cut {threshold:.3g}: recall {at.recall:.2f}, false alarms {percent(alarms)}")
    frame(ax, "ROC", "false alarms: share of negatives flagged", "recall")
    unit_limits(ax, x=True)
    add_legend(ax)
    return ax
