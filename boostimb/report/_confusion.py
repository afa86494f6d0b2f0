"""How often each truth was decided how."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics import Confusion, confusion_at
from boostimb.report._axes import BLUE, VERMILLION, name_levels, new_axes, percent, size_of
from boostimb.typing import BoolArray, FloatArray, IntArray
from boostimb.validation import as_vector, check_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TWO_LINES = 22  # points: a lower cell holds the count alone


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


def plot_class_confusion(
    y_true: ArrayLike, y_pred: ArrayLike, classes: Sequence[object] | None = None, *, ax: "Axes | None" = None
) -> "Axes":
    """Draw the confusion matrix of several classes: counts, and under each its share of the true class, where there is room.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels: the truth, and what was decided.
    classes : sequence, optional
        All labels, in the order of rows and columns; by default those that occur, sorted.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If lengths differ, there are no rows, or a label is not among the classes.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_class_confusion
    >>> ax = plot_class_confusion(["a", "b", "c", "a"], ["a", "b", "a", "a"], ax=Figure().subplots())
    >>> ax.get_xlabel()
    'mean recall of the classes 0.67'
    """
    true, decided = as_vector("y_true", y_true), as_vector("y_pred", y_pred)
    check_length("y_pred", decided, true.size)
    if not true.size:
        raise ValueError("y_true must hold at least one row, got none")
    known = np.unique(np.concatenate([true, decided])) if classes is None else np.asarray(classes)
    n = known.size
    rows, columns = (_places(name, each, known) for name, each in (("y_true", true), ("y_pred", decided)))
    counts = np.bincount(n * rows + columns, minlength=n * n).reshape(n, n).astype(np.float64)
    ax = new_axes(ax, width=max(4.6, 1.0 * n), height=max(4.6, 0.75 * n))
    _draw_matrix(ax, counts, np.eye(n, dtype=bool), np.full((n, n), ""), [str(label) for label in known])
    name_levels(ax, known.tolist())
    there = counts.sum(axis=1) > 0
    recall = float(np.mean(np.diag(counts)[there] / counts.sum(axis=1)[there]))
    ax.set_xlabel(f"mean recall of the classes {recall:.2f}")
    ax.set_title("Decisions by true class")
    return ax


def _places(name: str, labels: NDArray[Any], classes: NDArray[Any]) -> IntArray:
    """Return the position of each label among the classes."""
    order = np.argsort(classes)
    at = np.searchsorted(classes, labels, sorter=order).clip(max=classes.size - 1)
    wrong = classes[order][at] != labels
    if wrong.any():
        raise ValueError(f"{name} must hold labels of classes only, {classes.tolist()}, got {labels[wrong].tolist()[0]!r}")
    return order[at]


def draw_confusion(at: Confusion, ax: "Axes") -> "Axes":
    """Draw what the function of two classes describes."""
    counts = np.array([[at.tp, at.fn], [at.fp, at.tn]])
    names = np.array([["found", "missed"], ["false alarm", "left alone"]])
    _draw_matrix(ax, counts, np.eye(2, dtype=bool), names, ["positive", "negative"])
    ax.set_xticks([0, 1], ["flagged", "not flagged"])
    ax.set_xlabel(f"precision {at.precision:.2f}, recall {at.recall:.2f}, F1 {at.f1:.2f}")
    ax.set_title(f"Decisions from {at.threshold:.3g} on")
    return ax


def _draw_matrix(ax: "Axes", counts: FloatArray, right: BoolArray, names: NDArray[np.str_], truths: Sequence[str]) -> None:
    """Draw a cell for each truth and decision, with its name, count and share of the truth."""
    from matplotlib.colors import to_rgb

    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    hues = np.where(right[..., None], to_rgb(BLUE), to_rgb(VERMILLION))
    cells = 1 - (0.08 + 0.82 * shares[..., None]) * (1 - hues)  # from nearly white to nearly the full hue
    ax.imshow(cells, aspect="auto")
    luminance = cells @ (0.2126, 0.7152, 0.0722)
    large, small = ("xx-large", "medium") if len(truths) <= 2 else ("small", "x-small")
    low = size_of(ax)[1] / len(truths) < _TWO_LINES
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if luminance[row, column] < 0.55 else "black"
        ax.text(column, row if low else row - 0.12, f"{count:,.0f}", ha="center", va="center", fontsize=large, color=color)
        if not low:
            text = f"{names[row, column]}\n{percent(shares[row, column])}".strip()
            ax.text(column, row + 0.18, text, ha="center", va="center", fontsize=small, color=color)
    between = ": " if low else "\n"
    ax.set_yticks(range(len(truths)), [f"{what}{between}{total:,.0f}" for what, total in zip(truths, totals[:, 0], strict=True)])
    ax.tick_params(length=0, labelsize="medium")
    ax.xaxis.tick_top()
    # White lines between the cells and no frame around them.
    edges = np.arange(len(truths) - 1) + 0.5
    ax.set_xticks(edges, minor=True)
    ax.set_yticks(edges, minor=True)
    ax.grid(which="minor", color="white", linewidth=3)
    ax.tick_params(which="minor", length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
