"""What a search tried, trial by trial."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from boostimb.report._axes import BLUE, GREEN, GREY, ORANGE, PURPLE, add_legend, frame, new_axes
from boostimb.typing import BoolArray, FloatArray
from boostimb.validation import as_vector, check_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# By shape as well as by colour.
_MARKS = {"lightgbm": ("o", GREEN), "xgboost": ("s", BLUE), "catboost": ("^", ORANGE)}
_OTHER = ("D", PURPLE)


def plot_history(
    trials: ArrayLike,
    scores: ArrayLike,
    boosters: Sequence[str] | None = None,
    *,
    given_up: tuple[ArrayLike, ArrayLike] = ((), ()),
    baseline: float | None = None,
    baseline_name: str = "plain booster",
    greater_is_better: bool = True,
    measure: str = "score",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the score of each trial and the best one so far.

    Trials that are far worse than most are marked at the edge, so that they do not flatten the rest.

    Parameters
    ----------
    trials, scores : array-like of shape (n,)
        Number and score of each finished trial, in any order; at least one.
    boosters : sequence of n str, optional
        The booster of each, by colour and shape.
    given_up : tuple of two array-likes
        Numbers and last scores of the trials that were stopped early.
    baseline : float, optional
        The score to beat.
    baseline_name : str
        What it is of.
    greater_is_better : bool
        False for a score that goes down.
    measure : str
        What the score is.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If lengths differ, or there is no finished trial.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_history
    >>> ax = plot_history([0, 1, 2], [0.61, 0.58, 0.67], ["lightgbm", "xgboost", "lightgbm"], ax=Figure().subplots())
    >>> ax.get_lines()[0].get_ydata().tolist()
    [0.61, 0.61, 0.67]
    """
    number, score = as_vector("trials", trials), as_vector("scores", scores).astype(np.float64)
    stopped, last = (as_vector("given_up", each) for each in given_up)
    check_length("scores", score, number.size, "trials")
    check_length("the scores of given_up", last, stopped.size, "its trials")
    if not number.size:
        raise ValueError("trials must hold at least one finished trial, got none")
    names = np.asarray(["trial"] * number.size if boosters is None else boosters)
    check_length("boosters", names, number.size, "trials")
    ax = new_axes(ax)
    sign = 1.0 if greater_is_better else -1.0
    order = np.argsort(number, kind="stable")
    number, score, names = number[order], score[order], names[order]
    so_far = sign * np.maximum.accumulate(sign * score)
    ax.plot(number, so_far, drawstyle="steps-post", color=GREY, linewidth=1.6, label=f"best so far: {so_far[-1]:.4g}")
    if baseline is not None:
        ax.axhline(baseline, color=GREY, linestyle="--", linewidth=1.2, label=f"{baseline_name}: {baseline:.4g}")
    edge = sign * _lowest(sign * score, sign * (score[0] if baseline is None else baseline))
    far = _Far(edge, sign)
    for name in dict.fromkeys(names.tolist()):
        mark, color = _MARKS.get(name, _OTHER)
        of_name = names == name
        count = int(np.count_nonzero(of_name))
        label = f"{count} trial{'s' * (count != 1)}" if boosters is None else f"{name}: {count} trial{'s' * (count != 1)}"
        far.plot(ax, number[of_name], score[of_name], mark, color, label)
    if stopped.size:
        far.plot(ax, stopped, last.astype(np.float64), "x", GREY, f"given up early: {stopped.size}")
    if far.count:
        ax.plot([], [], "v" if greater_is_better else "^", color=GREY, markersize=5, label=f"beyond the edge: {far.count}")
    frame(ax, "What the search tried", "trial", measure)
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    top = sign * max((sign * score).max(), sign * (score[0] if baseline is None else baseline))
    room = 0.06 * (abs(top - edge) or 0.01)
    ax.set_ylim(*sorted((edge - sign * room, top + sign * room)))
    add_legend(ax, width=110)
    return ax


def _lowest(scores: FloatArray, baseline: float) -> float:
    """Return down to where the axis goes: far enough for three quarters of the trials and as much again."""
    quarter, best = float(np.quantile(scores, 0.25)), float(scores.max())
    return min(max(float(scores.min()), 2 * quarter - best), baseline)


class _Far:
    """Draws trials, those beyond the edge of the axis at the edge, and counts these."""

    def __init__(self, edge: float, sign: float) -> None:
        self.edge, self.sign, self.count = edge, sign, 0

    def plot(self, ax: "Axes", number: FloatArray, score: FloatArray, mark: str, color: str, label: str) -> None:
        beyond: BoolArray = self.sign * score < self.sign * self.edge
        self.count += int(np.count_nonzero(beyond))
        ax.plot(number[~beyond], score[~beyond], mark, color=color, markersize=5, alpha=0.85, label=label)
        if beyond.any():  # a line of no points that is not clipped counts as one in the corner of the page for the layout
            edge = np.full(np.count_nonzero(beyond), self.edge)
            ax.plot(number[beyond], edge, "v" if self.sign > 0 else "^", color=color, markersize=5, clip_on=False)
