"""The probability over two features."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from boostimb.report._axes import GREY, ORANGE, VERMILLION, add_legend, frame, name_levels, new_axes, shortened, size_of
from boostimb.report._probability_axis import clipped, tick_text, ticks_between
from boostimb.typing import BoolArray, FloatArray
from boostimb.validation import as_vector, check_binary, check_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Rows of either class that are drawn: more would hide the shading.
_MOST = {False: 1500, True: 500}
# Of the height, between two ticks of the colour bar; points that a sign of an axis's name, and a tick across, take.
_ROOM, _SIGN, _TICK = 0.15, 6.5, 45


def plot_decision_surface(
    x: ArrayLike,
    y: ArrayLike,
    proba: ArrayLike,
    threshold: float | None = None,
    *,
    names: tuple[str, str] = ("x", "y"),
    levels: tuple[Sequence[object] | None, Sequence[object] | None] = (None, None),
    points: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    title: str = "Where the model says positive",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the probability of the positive class over a grid of two features, and the line from which a row is flagged.

    Parameters
    ----------
    x, y : array-like of shape (nx,), (ny,)
        Values of both features, rising.
    proba : array-like of shape (ny, nx)
        Probability at each point of the grid.
    threshold : float, optional
        Where the line runs.
    names : tuple of two str
        What the features are called.
    levels : tuple of two, sequence or None
        For a feature of categories their names, of which its values 0, 1, ... are the positions.
    points : tuple of three array-likes of shape (n,), optional
        Both features and the label (0 or 1) of rows to draw; at most 1,500 negatives and 500 positives, drawn at random. Those with
        a missing value are left out.
    title : str
        Such as what the other features are held at.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If shapes differ, a feature of numbers has fewer than 2 values, or a probability is not in [0, 1].
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_decision_surface
    >>> proba = [[0.1, 0.2], [0.3, 0.8]]
    >>> ax = plot_decision_surface([0, 1], [0, 1], proba, 0.5, names=("age", "dose"), ax=Figure().subplots())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('age', 'dose')
    """
    across, up = as_vector("x", x).astype(np.float64), as_vector("y", y).astype(np.float64)
    for name, values, of in (("x", across, levels[0]), ("y", up, levels[1])):
        if values.size < (2 if of is None else 1):
            raise ValueError(f"{name} must have at least 2 values, or be of categories, got {values.size}")
    p = np.asarray(proba, dtype=np.float64)
    if p.shape != (up.size, across.size):
        raise ValueError(f"proba must have the shape (ny, nx), {(up.size, across.size)}, got {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"proba must lie in [0, 1], got {p[~((p >= 0) & (p <= 1))][0]:g}")
    ax = new_axes(ax)
    log_odds = logit(clipped(p))
    mesh = ax.pcolormesh(across, up, log_odds, cmap="Blues", shading="nearest", rasterized=True)
    room = size_of(ax)
    ticks = sorted(set(ticks_between(float(clipped(p.min())), float(clipped(p.max())), _ROOM)))
    bar = ax.figure.colorbar(mesh, ax=ax, label="probability", pad=0.02)
    bar.set_ticks([float(logit(tick)) for tick in ticks], labels=[tick_text(tick) for tick in ticks])
    if points is not None:
        _scatter(ax, points, (across, up), levels)
    frame(ax, title, *(shortened(name, int(size / _SIGN)) for name, size in zip(names, room, strict=True)))
    if levels[0] is None:
        ax.locator_params(axis="x", nbins=max(2, int(room[0] / _TICK)))
    ax.grid(visible=False)
    if threshold is not None and p.min() < threshold <= p.max():
        # From one category to the next the probability jumps; a line between them would mean nothing.
        for at, of in enumerate(levels):
            if of is not None:
                log_odds = log_odds.repeat(2, axis=1 - at)
        flat = (_edges(values) if of is not None else values for values, of in zip((across, up), levels, strict=True))
        cut = [float(logit(clipped(threshold)))]
        ax.contour(*flat, log_odds, levels=cut, colors=VERMILLION, linewidths=1.8, linestyles="solid")
        ax.plot([], [], color=VERMILLION, linewidth=1.8, label=f"cut {threshold:.3g}")
    elif threshold is not None:
        side = "below" if p.max() < threshold else "from"
        ax.plot([], [], " ", label=f"all {side} the cut {threshold:.3g}")
    for of, y in ((levels[0], False), (levels[1], True)):
        if of is not None:
            name_levels(ax, of, y=y)
    if ax.get_legend_handles_labels()[0]:
        add_legend(ax)
    return ax


def _edges(values: FloatArray) -> FloatArray:
    """Both ends of each category's stripe, which do not quite touch."""
    ends: FloatArray = np.ravel(values[:, None] + [-0.499, 0.499])
    return ends


def _scatter(
    ax: "Axes",
    points: tuple[ArrayLike, ArrayLike, ArrayLike],
    grid: tuple[FloatArray, FloatArray],
    levels: tuple[Sequence[object] | None, Sequence[object] | None],
) -> None:
    """Draw some rows of both classes, the rare one over the other, where the grid is; those of a category side by side."""
    label = check_binary(points[2])
    places = [as_vector("points", each).astype(np.float64) for each in points[:2]]
    inside: BoolArray = np.ones(label.size, dtype=bool)
    for place, axis in zip(places, grid, strict=True):
        check_length("points", place, label.size, "their labels")
        inside &= (place >= axis[0]) & (place <= axis[-1])
    rng = np.random.default_rng(0)
    looks = ((False, "negative", GREY, 6, 0.5, "none"), (True, "positive", ORANGE, 18, 0.95, "black"))
    for positive, name, color, size, alpha, edge in looks:
        rows = np.flatnonzero(inside & (label == positive))
        if rows.size > _MOST[positive]:
            rows, name = rng.choice(rows, _MOST[positive], replace=False), f"{name} ({_MOST[positive]:,} of {rows.size:,})"
        across, up = (
            place[rows] if of is None else place[rows] + rng.uniform(-0.3, 0.3, rows.size)
            for place, of in zip(places, levels, strict=True)
        )
        ax.scatter(across, up, s=size, color=color, alpha=alpha, edgecolors=edge, linewidths=0.4, label=name, clip_on=False)
