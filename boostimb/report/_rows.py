"""Rows with a line of text above each: names of any length fit, on a narrow page too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from boostimb.report._axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.44  # inches


def row_axes(ax: "Axes | None", n_rows: int) -> "Axes":
    """Return ``ax``, or new axes that are high enough for the rows."""
    return new_axes(ax, height=1.1 + _ROW * n_rows)


def name_rows(ax: "Axes", texts: Sequence[str]) -> None:
    """Write each text above its row, of which the first is on top; what belongs to row i is drawn from i - 0.1 to i + 0.3."""
    for at, text in enumerate(texts):
        ax.text(0.0, at - 0.15, text, transform=ax.get_yaxis_transform(), fontsize="small", va="bottom", zorder=3)
    ax.set_yticks([])
    ax.set_ylim(len(texts) - 0.5, -0.75)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
