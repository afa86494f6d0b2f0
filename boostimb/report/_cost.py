"""Cost against the threshold."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from boostimb.decision._goal import Cost
from boostimb.report._axes import BLUE, GREY, SKY, add_legend, frame, mark_cut, new_axes
from boostimb.report._over_thresholds import over_thresholds, shade_plateau
from boostimb.report._plateau import influence_on_cost, plateau
from boostimb.report._probability_axis import ON_LOG_ODDS, probability_axis
from boostimb.report._scored import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CASES = 1000  # that a cost is told for


def plot_cost(
    y_true: ArrayLike, proba: ArrayLike, cost_matrix: ArrayLike, threshold: float | None = None, *, ax: "Axes | None" = None
) -> "Axes":
    """Draw the cost of 1,000 cases against the threshold, beside that of flagging nobody and of flagging everybody.

    Shaded is from the first to the last threshold that is not dearer than the cheapest by more than chance explains (95%, paired by
    row). What is far dearer than both flagging nobody and flagging everybody is beyond the axis.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1: held out, or those of the search with its out-of-fold probabilities.
    proba : array-like of shape (n,)
        Probability of the positive class.
    cost_matrix : array-like of shape (2, 2)
        [[true negative, false positive], [false negative, true positive]], in any unit.
    threshold : float, optional
        The cut to mark.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If lengths or the shape of the matrix differ, only one class is there, or a probability is not in [0, 1].
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_cost
    >>> y, proba = [0, 0, 1, 0, 1], [0.1, 0.3, 0.4, 0.6, 0.9]
    >>> ax = plot_cost(y, proba, [[0, 1], [25, 0]], 0.35, ax=Figure().subplots())
    >>> ax.get_legend().get_texts()[-1].get_text()
    'cut 0.35: 200'
    """
    return draw_cost(Scored.of(y_true, proba), Cost.of_matrix(cost_matrix), threshold, new_axes(ax))


def draw_cost(scored: Scored, cost: Cost, threshold: float | None, ax: "Axes") -> "Axes":
    """Draw what the function above describes."""
    sweep, each = scored.sweep, (cost.tn, cost.fp, cost.fn, cost.tp)
    over = over_thresholds(scored, threshold)
    costs = _CASES * sweep.mean_cost(*each)
    flat = plateau(sweep, -costs / _CASES, influence_on_cost(sweep, *each))
    least, nobody, everybody = float(costs.min()), float(costs[0]), float(costs[-1])
    label = f"least: {_amount(least)}, from {flat.at:.3g} on"
    ax.plot(over.values, _CASES * over.shown.mean_cost(*each), drawstyle="steps-pre", color=BLUE, linewidth=1.8, label=label)
    shade_plateau(ax, over, flat, SKY, "cost")
    for name, value, style in (("nobody", nobody, "--"), ("everybody", everybody, ":")):
        ax.axhline(value, color=GREY, linestyle=style, linewidth=1.2, label=f"flagging {name}: {_amount(value)}")
    top = min(nobody, everybody)
    if threshold is not None:
        at = scored.at(threshold)
        value = _CASES * float(np.dot(each, (at.tn, at.fp, at.fn, at.tp))) / scored.y.size
        mark_cut(ax, over.inside(threshold), value, f"cut {threshold:.3g}: {_amount(value)}")
        top = max(top, value)
    frame(ax, "What the threshold costs", f"threshold {ON_LOG_ODDS}", f"cost of {_CASES:,} cases")
    bottom = min(0.0, least)
    room = (top - bottom) or 1.0
    ax.set_ylim(bottom - 0.03 * room, top + 0.25 * room)
    probability_axis(ax, over.low, over.high)
    add_legend(ax)
    return ax


def _amount(cost: float) -> str:
    return f"{cost:,.0f}" if abs(cost) >= 100 else f"{cost:.3g}"
