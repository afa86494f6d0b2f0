"""What matters most: parameters of a search, or features of a model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from boostimb.report._axes import BLUE, frame
from boostimb.report._rows import name_rows, row_axes
from boostimb.validation import check_integer, check_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_importance(
    importance: Mapping[str, float], *, most: int = 12, title: str = "What mattered", ax: "Axes | None" = None
) -> "Axes":
    """Draw shares as bars, the largest on top.

    Parameters
    ----------
    importance : mapping of str to float
        Share of each parameter or feature, at least 0.
    most : int
        How many are drawn; the rest goes into one bar.
    title : str
        What was asked.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If there is none, or one is negative or not finite.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_importance
    >>> ax = plot_importance({"loss": 0.2, "class_weight": 0.7, "sampler": 0.1}, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['class_weight: 70.0%', 'loss: 20.0%', 'sampler: 10.0%']
    """
    if not importance:
        raise ValueError("importance must have at least one entry, got none")
    check_integer("most", most, least=1)
    shares = {name: check_number(f"the importance of {name}", value, least=0) for name, value in importance.items()}
    shown = sorted(shares.items(), key=lambda each: -each[1])
    if len(shown) > most:
        rest = shown[most:]
        shown = [*shown[:most], (f"{len(rest)} others", sum(value for _, value in rest))]
    ax, total = row_axes(ax, len(shown)), sum(shares.values()) or 1.0
    values = [value / total for _, value in shown]
    ax.barh([at + 0.1 for at in range(len(shown))], values, height=0.36, color=BLUE)
    frame(ax, title, "share", "")
    name_rows(ax, [f"{name}: {value:.1%}" for (name, _), value in zip(shown, values, strict=True)])
    ax.set_xlim(0, 1.02 * max(*values, 0.01))
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    return ax
