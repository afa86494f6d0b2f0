"""How many rows of either class there are before and after resampling."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from boostimb.report._axes import BLUE, GREY, add_legend, frame
from boostimb.report._rows import name_rows, row_axes
from boostimb.validation import as_vector, check_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_class_counts(names: Sequence[str], positives: ArrayLike, negatives: ArrayLike, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the rows of both classes, on a logarithmic axis, for the table as it is and for each sampler.

    Parameters
    ----------
    names : sequence of n str
        What was done, from top to bottom; at least one.
    positives, negatives : array-like of shape (n,)
        Numbers of rows afterwards; NaN where they are not known.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If lengths differ, or there is nothing to draw.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_class_counts
    >>> ax = plot_class_counts(["as it is", "under"], [10, 10], [1000, 40], ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['as it is: 10 of 1,010 positive, 1 to 100', 'under: 10 of 50 positive, 1 to 4']
    """
    n_pos, n_neg = (as_vector(name, each).astype(float) for name, each in (("positives", positives), ("negatives", negatives)))
    if not n_pos.size:
        raise ValueError("names must hold at least one entry, got none")
    check_length("names", np.asarray(names), n_pos.size, "positives")
    check_length("negatives", n_neg, n_pos.size, "positives")
    ax = row_axes(ax, n_pos.size)
    for name, counts, color, offset in (("negatives", n_neg, GREY, 0.0), ("positives", n_pos, BLUE, 0.2)):
        ax.barh(np.arange(n_pos.size) + offset, counts, height=0.2, color=color, label=name)
    texts = [
        f"{name}: depends on the rows" if np.isnan(p + n) else f"{name}: {p:,.0f} of {p + n:,.0f} positive{_ratio(p, n)}"
        for name, p, n in zip(names, n_pos, n_neg, strict=True)
    ]
    frame(ax, "Classes before and after resampling", "rows", "")
    ax.set_xscale("log")
    ax.set_xlim(left=0.7)
    name_rows(ax, texts, legend=True)
    add_legend(ax, width=90, loc="upper right")
    return ax


def _ratio(n_pos: float, n_neg: float) -> str:
    return f", 1 to {n_neg / n_pos:.3g}" if n_pos else ""
