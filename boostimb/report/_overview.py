"""The four plots of one model on one page."""

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from boostimb.report._axes import percent, require_matplotlib
from boostimb.report._confusion import draw_confusion
from boostimb.report._pr import draw_pr
from boostimb.report._roc import draw_roc
from boostimb.report._scored import Scored
from boostimb.report._threshold import draw_threshold

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def overview(y_true: ArrayLike, proba: ArrayLike, threshold: float, title: str | None = None) -> "Figure":
    """Draw precision and recall, ROC, the threshold and the confusion matrix as one figure.

    It is made without pyplot: it needs no display, and leaves no figure open behind.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1: held out, or those of the search with its out-of-fold probabilities.
    proba : array-like of shape (n,)
        Probability of the positive class.
    threshold : float
        The chosen cut.
    title : str, optional
        A line above the counts.

    Returns
    -------
    matplotlib.figure.Figure
        ``savefig`` writes it.

    Raises
    ------
    ValueError
        If lengths differ, only one class is there, or a probability is not in [0, 1].
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from boostimb.report import overview
    >>> figure = overview([0, 0, 1, 0, 1], [0.1, 0.3, 0.4, 0.6, 0.9], 0.35, "A toy")
    >>> [ax.get_title() for ax in figure.axes]
    ['Precision and recall', 'ROC', 'What the threshold changes', 'Decisions from 0.35 on']
    """
    require_matplotlib()
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    scored = Scored.of(y_true, proba)
    figure = Figure(figsize=(10.5, 8.6), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))
    axes = figure.subplots(2, 2).ravel()
    for ax, draw in zip(axes, (draw_pr, draw_roc, draw_threshold), strict=False):
        draw(scored, threshold, ax)
    draw_confusion(scored.at(threshold), axes[3])
    counts = f"{scored.y.size:,} rows, {scored.sweep.n_pos:,.0f} positives ({percent(scored.rate)})"
    figure.suptitle(counts if title is None else f"{title}\n{counts}")
    return figure
