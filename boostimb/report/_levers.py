"""What each lever of a search bought, with its error."""

from collections.abc import Sequence
from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from boostimb.report._axes import BLUE, GREY, VERMILLION, add_legend, frame
from boostimb.report._rows import name_rows, row_axes
from boostimb.typing import FloatArray
from boostimb.validation import as_vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# By shape as well as by colour.
_MARKS = {"helps": ("o", BLUE), "hurts": ("s", VERMILLION)}
_NOTHING = ("D", GREY)


def plot_levers(
    names: Sequence[str],
    gains: ArrayLike,
    half_widths: ArrayLike,
    verdicts: Sequence[str],
    *,
    measure: str = "score",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the gain by each lever with its 95% interval; right of the line is better.

    Parameters
    ----------
    names : sequence of n str
        The levers, from top to bottom; at least one.
    gains, half_widths : array-like of shape (n,)
        What each bought by one measure, and half the 95% interval; NaN (or None) where nothing was compared.
    verdicts : sequence of n str
        "helps", "hurts", "nothing measurable" or why there is no comparison.
    measure : str
        What the gain is in.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If lengths differ, or there is no lever.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_levers
    >>> names, verdicts = ["class weight", "smote"], ["helps", "not tried"]
    >>> ax = plot_levers(names, [0.031, None], [0.012, None], verdicts, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['class weight: +0.031 ± 0.012', 'smote: not tried']
    """
    if not len(names):
        raise ValueError("names must hold at least one lever, got none")
    gain, half = (as_vector(name, each) for name, each in (("gains", gains), ("half_widths", half_widths)))
    for what, size in (("gains", gain.size), ("half_widths", half.size), ("verdicts", len(verdicts))):
        if size != len(names):
            raise ValueError(f"{what} must have an entry for each of {len(names)} names, got {size}")
    return _draw(names, gain.astype(np.float64), half.astype(np.float64), verdicts, measure, row_axes(ax, len(names)))


def _draw(names: Sequence[str], gain: FloatArray, half: FloatArray, verdicts: Sequence[str], measure: str, ax: "Axes") -> "Axes":
    texts = []
    labelled = set()
    for at, (name, value, error, verdict) in enumerate(zip(names, gain.tolist(), half.tolist(), verdicts, strict=True)):
        if np.isnan(value):
            texts.append(f"{name}: {verdict}")
            continue
        digits = int(np.clip(1 - floor(log10(error)), 0, 6)) if error > 0 else 3
        texts.append(f"{name}: {round(value, digits) + 0.0:+.{digits}f} ± {error:.{digits}f}")  # no -0.000
        mark, color = _MARKS.get(verdict, _NOTHING)
        ax.plot([value - error, value + error], [at + 0.1] * 2, color=color, linewidth=1.8, solid_capstyle="butt")
        ax.plot([0, 0], [at - 0.1, at + 0.3], color=GREY, linewidth=1.0)
        label = None if verdict in labelled else verdict
        labelled.add(verdict)
        ax.plot([value], [at + 0.1], mark, color=color, markersize=6, label=label)
    frame(ax, "What each lever bought", f"gain in {measure}; right is better", "")
    name_rows(ax, texts, legend=bool(labelled))
    ax.locator_params(axis="x", nbins=5)
    if labelled:
        add_legend(ax, width=95, loc="upper right")
    return ax
