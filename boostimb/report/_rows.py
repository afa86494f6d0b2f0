"""Rows with a line of text above each: names of any length fit, on a narrow page too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from boostimb.report._axes import new_axes, size_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.44  # inches
_SMALL, _HIGH = 8.3, 21  # points: the font of a text, and the row that it needs


def row_axes(ax: "Axes | None", n_rows: int) -> "Axes":
    """Return ``ax``, or new axes that are high enough for the rows."""
    return new_axes(ax, height=1.1 + _ROW * n_rows)


def name_rows(ax: "Axes", texts: Sequence[str], *, legend: bool = False) -> None:
    """Write each text above its row, of which the first is on top; what belongs to row i is drawn from i - 0.1 to i + 0.3.

    On axes that are low for the rows the texts are smaller. Where no layout makes room for a ``legend`` below the axes, it is left
    above the first row.
    """
    top = 1.75 if legend and ax.figure.get_layout_engine() is None else 0.75
    row = size_of(ax)[1] / (len(texts) - 0.5 + top)
    for at, text in enumerate(texts):
        size = _SMALL * min(1.0, row / _HIGH)
        ax.text(0.0, at - 0.15, text, transform=ax.get_yaxis_transform(), fontsize=size, va="bottom", zorder=3)
    ax.set_yticks([])
    ax.set_ylim(len(texts) - 0.5, -top)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
