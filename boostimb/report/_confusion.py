"""The four counts of a decision."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from boostimb.metrics import Confusion, confusion_at
from boostimb.report._axes import BLUE, VERMILLION, new_axes, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_confusion(y_true: ArrayLike, proba: ArrayLike, threshold: float, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the confusion matrix: counts, and under each its share of the true class.

    Right decisions are blue and wrong ones orange, and the shade is that share: the few positives count as much for the eye as
    the many negatives.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1: held out, or those of the search with its out-of-fold probabilities.
    proba : array-like of shape (n,)
        Probability of the positive class.
    threshold : float
        Positive from here on.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If lengths differ, or a probability is not finite.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_confusion
    >>> ax = plot_confusion([0, 0, 1, 0, 1], [0.1, 0.3, 0.4, 0.6, 0.9], 0.35, ax=Figure().subplots())
    >>> ax.get_xlabel()
    'precision 0.67, recall 1.00, F1 0.80'
    """
    return draw_confusion(confusion_at(y_true, proba, threshold), new_axes(ax, width=4.6))


def draw_confusion(at: Confusion, ax: "Axes") -> "Axes":
    """Draw what the function above describes."""
    from matplotlib.colors import to_rgb

    names = (("found", "missed"), ("false alarm", "left alone"))
    counts = np.array([[at.tp, at.fn], [at.fp, at.tn]])
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    hues = np.array([[to_rgb(BLUE), to_rgb(VERMILLION)], [to_rgb(VERMILLION), to_rgb(BLUE)]])
    cells = 1 - (0.08 + 0.82 * shares[..., None]) * (1 - hues)  # from nearly white to nearly the full hue
    ax.imshow(cells, aspect="auto")
    luminance = cells @ (0.2126, 0.7152, 0.0722)
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if luminance[row, column] < 0.55 else "black"
        ax.text(column, row - 0.12, f"{count:,.0f}", ha="center", va="center", fontsize="xx-large", color=color)
        text = f"{names[row][column]}\n{percent(shares[row, column])}"
        ax.text(column, row + 0.18, text, ha="center", va="center", fontsize="medium", color=color)
    ax.set_xticks([0, 1], ["flagged", "not flagged"])
    ax.set_yticks([0, 1], [f"{what}\n{total:,.0f}" for what, total in zip(("positive", "negative"), totals[:, 0], strict=True)])
    ax.tick_params(length=0, labelsize="medium")
    ax.xaxis.tick_top()
    ax.set_xlabel(f"precision {at.precision:.2f}, recall {at.recall:.2f}, F1 {at.f1:.2f}")
    ax.set_title(f"Decisions from {at.threshold:.3g} on")
    # White lines between the cells and no frame around them.
    ax.set_xticks([0.5], minor=True)
    ax.set_yticks([0.5], minor=True)
    ax.grid(which="minor", color="white", linewidth=3)
    ax.tick_params(which="minor", length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax
