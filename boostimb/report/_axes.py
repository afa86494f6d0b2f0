"""What all plots share: colours, fresh axes, and the look of a frame."""

from collections.abc import Sequence
from importlib.util import find_spec
from math import ceil
from typing import TYPE_CHECKING, Any

from boostimb.validation import missing_extra

if TYPE_CHECKING:
    # As themselves, for the types of those who draw by this package.
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure

# Okabe and Ito's colours, which stay apart for every kind of colour blindness; the grey is read on white and on black.
BLUE, VERMILLION, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7F7F7F"
ORANGE, SKY = "#E69F00", "#56B4E9"
# Points that the name of a category takes, across at most and up, and that a sign of it takes; the longest name beside the y axis.
_TEXT, _LINE, _SIGN, _LONGEST = 30, 14, 7, 14
BAND = 0.3  # opacity of an interval, in SKY, which shows on white and on black


def require_matplotlib() -> None:
    """Raise the error that names the extra if Matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise missing_extra("matplotlib", "a plot")


def new_axes(ax: "Axes | None", *, width: float = 5.2, height: float = 4.6) -> "Axes":
    """Return ``ax``, or the axes of a new figure that a notebook shows by itself."""
    if ax is not None:
        return ax
    require_matplotlib()
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]


def frame(ax: "Axes", title: str, xlabel: str, ylabel: str) -> None:
    """Label the axes and keep all but the data light."""
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.grid(color="#B0B0B0", alpha=0.35, linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def mark_cut(ax: "Axes", x: float, y: float, label: str) -> None:
    """Mark the chosen cut, in one colour in every plot: one look finds it in all of them."""
    ax.plot([x], [y], "o", color=VERMILLION, markersize=8, markeredgecolor="white", zorder=4, clip_on=False, label=label)


def size_of(ax: "Axes") -> tuple[float, float]:
    """Return width and height of the axes in points; a layout may still take some of it."""
    box = ax.get_window_extent()
    return 72 * box.width / ax.figure.dpi, 72 * box.height / ax.figure.dpi


def add_legend(ax: "Axes", *, width: int = 240, loc: str = "best") -> None:
    """Add a legend: below the axes where a layout makes room for it, so that it hides no data; else at ``loc``.

    Below the axes it has as many columns as they have ``width`` points for; so it has at a place of its own.
    """
    options: dict[str, Any] = {"framealpha": 0.9, "loc": loc}
    if ax.figure.get_layout_engine() is not None:
        from matplotlib.transforms import ScaledTranslation

        # Below the labels of the ticks and of the axis, with what lies between them, in points.
        texts = [*([ax.xaxis.label] if ax.get_xlabel() else []), *ax.get_xticklabels()[:1]]
        height = 1.25 * sum(float(text.get_fontsize()) for text in texts) + 12
        below = ScaledTranslation(0, -height / 72, ax.figure.dpi_scale_trans)
        options = {"frameon": False, "borderaxespad": 0, "loc": "upper left"}
        options |= {"bbox_to_anchor": (0, 0), "bbox_transform": ax.transAxes + below}
    columns = 1 if options["loc"] == "best" else max(1, int(size_of(ax)[0] / width))
    ax.legend(fontsize="small", ncols=columns, columnspacing=1.2, handlelength=1.8, **options)


def name_levels(ax: "Axes", levels: Sequence[object], *, y: bool = False) -> None:
    """Write the names of categories at 0, 1, ... of the x axis, or y: those that there is room for, and as many of their signs."""
    names = [str(level) for level in levels]
    width, height = size_of(ax)
    room = height / _LINE if y else width / min(_TEXT, _SIGN * (max(map(len, names)) + 1))
    shown = range(0, len(levels), max(1, ceil(len(levels) / room)))
    most = _LONGEST if y else int(width / len(shown) / _SIGN)
    axis = ax.yaxis if y else ax.xaxis
    axis.set_ticks(list(shown), [shortened(names[at], most) for at in shown])


def shortened(name: str, most: int) -> str:
    """Return a name of at most so many signs."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def unit_limits(ax: "Axes", *, x: bool = False) -> None:
    """Show the rates 0 to 1 with room for a line that runs along either."""
    ax.set_ylim(-0.02, 1.03)
    if x:
        ax.set_xlim(-0.02, 1.02)


def percent(share: float) -> str:
    """Write a share so that neither a small one reads as 0% nor a large one as 100%."""
    rest = min(share, 1 - share)
    digits = 1 if rest >= 0.01 else 2 if rest >= 0.001 else 3
    return f"{100 * share:.{digits}f}%" if rest > 0 else f"{share:.0%}"
