"""Whether probabilities are what they say: predicted against seen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from boostimb.report._axes import BLUE, GREY, add_legend, frame, new_axes, unit_limits
from boostimb.report._interval import rate_interval
from boostimb.report._probability_axis import ON_LOG_ODDS, clipped, padded, probability_axis
from boostimb.report._scored import Scored
from boostimb.typing import FloatArray
from boostimb.validation import check_choice, check_integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_BINS, _POSITIVES = 10, 5  # bins, and expected positives in each


def plot_calibration(
    y_true: ArrayLike, proba: ArrayLike, *, n_bins: int | None = None, scale: str = "logit", ax: "Axes | None" = None
) -> "Axes":
    """Draw the rate of positives against the predicted probability (reliability diagram).

    The rows are binned from the lowest probability to the highest so that each bin has about as many expected positives, which is
    the sum of its probabilities. Bins of equally many rows would put all that matters of a rare class into the last one. The bars
    are 95% intervals of the rates; a hollow mark is a bin of no positives, or of nothing else, whose rate has no
    place among log-odds.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1: held out, or those of the search with its out-of-fold probabilities.
    proba : array-like of shape (n,)
        Probability of the positive class.
    n_bins : int, optional
        At most so many bins. By default 10, or fewer so that each has 5 expected positives, but 3 at least.
    scale : {"logit", "linear"}
        Both axes on the scale of log-odds, which is logarithmic for small probabilities, or plain.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes that were drawn on.

    Raises
    ------
    ValueError
        If lengths differ, only one class is there, a probability is not in [0, 1], or an option is none of the above.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from boostimb.report import plot_calibration
    >>> y, proba = [0, 1] * 2 + [0] * 16, [0.15] * 10 + [0.05] * 10
    >>> ax = plot_calibration(y, proba, n_bins=2, ax=Figure().subplots())
    >>> ax.get_legend().get_texts()[2].get_text()
    '2.0 positives expected, 2 seen'
    """
    if n_bins is not None:
        check_integer("n_bins", n_bins, least=1)
    check_choice("scale", scale, ("logit", "linear"))
    return draw_calibration(Scored.of(y_true, proba), n_bins, scale == "logit", new_axes(ax, height=5.2))


@dataclass(frozen=True, eq=False)
class Bins:
    """Rows of about equal probability, from the highest to the lowest."""

    n: FloatArray
    hits: FloatArray
    expected: FloatArray  # sum of the probabilities


def bins_of(scored: Scored, n_bins: int | None) -> Bins:
    """Cut the rows between distinct probabilities so that each bin has about the same sum of them."""
    sweep = scored.sweep
    n = sweep.tp + sweep.fp
    expected = np.cumsum(np.diff(n, prepend=0.0) * sweep.values.astype(np.float64))
    if n_bins is None:
        n_bins = int(np.clip(expected[-1] // _POSITIVES, 3, _MOST_BINS))
    goals = expected[-1] * np.arange(1, n_bins) / n_bins
    ends = np.unique(np.append(np.searchsorted(expected, goals * (1 - 1e-9)), n.size - 1))
    ends = ends[ends > 0]  # row 0 of a sweep holds nobody
    return Bins(*(np.diff(each[ends], prepend=0.0) for each in (n, sweep.tp, expected)))


def draw_calibration(scored: Scored, n_bins: int | None, logit: bool, ax: "Axes") -> "Axes":
    """Draw what the function above describes."""
    bins = bins_of(scored, n_bins)
    said, seen = bins.expected / bins.n, bins.hits / bins.n
    low, high = rate_interval(bins.hits, bins.n - bins.hits)
    some, pure = bins.hits > 0, (bins.hits == 0) | (bins.hits == bins.n)
    ends = 0.0, 1.0
    if logit:
        said = clipped(said)
        places = clipped(np.concatenate([said, low[some], high[bins.hits < bins.n]]))  # rates of 0 and 1 have no place
        ends = padded(float(places.min()), float(places.max()))
    seen, low, high = (np.clip(each, *ends) for each in (seen, low, high))
    ax.plot(ends, ends, color=GREY, linestyle="--", linewidth=1.2, label="as predicted")
    ax.vlines(said, low, high, color=BLUE, linewidth=1.4, label="95% interval of the rate")
    expected = float(bins.expected.sum())
    total = f"{expected:,.{1 if expected < 100 else 0}f} positives expected, {bins.hits.sum():,.0f} seen"
    # Of no bins the line is clipped: else it counts as one in the corner of the page for the layout.
    ax.plot(said[~pure], seen[~pure], "o", color=BLUE, markersize=6, clip_on=bool(pure.all()), label=total)
    if pure.any():
        label = "bin of one class only"
        ax.plot(said[pure], seen[pure], "o", color=BLUE, markersize=6, markerfacecolor="none", clip_on=False, label=label)
    frame(ax, "Calibration", f"predicted probability {ON_LOG_ODDS}" if logit else "predicted probability", "rate of positives")
    if logit:
        probability_axis(ax, *ends)
        probability_axis(ax, *ends, y=True)
    else:
        unit_limits(ax, x=True)
    add_legend(ax)
    return ax
