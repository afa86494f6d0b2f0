"""Every cut through the scores at once: the one table that thresholds, constraints and curves are read from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics._labels import BoundLabels
from boostimb.typing import BoolArray, FloatArray

# A rate may miss its bound by this much: sums of weights are rounded, so that 9 of 10 equal weights may come to less than 0.9.
SLACK = 1e-12


@dataclass(frozen=True, eq=False)
class ThresholdSweep:
    """What a prediction ``y_score >= value`` gets right and wrong, for every cut that the scores allow.

    Row 0 predicts nobody: its value lies just above the highest score. Each other row cuts at a distinct score.

    Attributes
    ----------
    values : ndarray of shape (n_cuts,)
        The cuts, falling, in the dtype of the scores (float32 or float64).
    below : ndarray of shape (n_cuts,)
        For each cut the next lower score of any sample; the cut itself where there is none.
    tp, fp : ndarray of shape (n_cuts,)
        Weight of the positives and negatives that score at least the cut; counts if there are no weights.
    n_pos, n_neg : float
        Weight of all positives and negatives.
    """

    values: NDArray[np.floating[Any]]
    below: NDArray[np.floating[Any]]
    tp: FloatArray
    fp: FloatArray
    n_pos: float
    n_neg: float

    @property
    def recall(self) -> FloatArray:
        """tp / n_pos, rising from 0; all 0 where there is no positive."""
        return _ratio(self.tp, self.n_pos)

    @property
    def precision(self) -> FloatArray:
        """tp / (tp + fp); 0 in row 0, where nobody is predicted (scikit-learn's ``zero_division``)."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def specificity(self) -> FloatArray:
        """(n_neg - fp) / n_neg, falling from 1; all 0 where there is no negative."""
        return _ratio(self.n_neg - self.fp, self.n_neg)

    @property
    def alerts(self) -> FloatArray:
        """The share of samples that is predicted positive, rising from 0 to 1."""
        return (self.tp + self.fp) / (self.n_pos + self.n_neg)

    @property
    def balanced_accuracy(self) -> FloatArray:
        """Mean of recall and specificity; with one class only, the rate of that class."""
        if self.n_pos == 0:
            return self.specificity
        return self.recall if self.n_neg == 0 else 0.5 * (self.recall + self.specificity)

    @property
    def mcc(self) -> FloatArray:
        """Matthews correlation coefficient; 0 where a row or column of the confusion matrix is empty."""
        fn, tn, cut = self.n_pos - self.tp, self.n_neg - self.fp, self.tp + self.fp
        return _ratio(self.tp * tn - self.fp * fn, np.sqrt(cut * self.n_pos) * np.sqrt(self.n_neg * (fn + tn)))

    def f_score(self, beta: float = 1.0) -> FloatArray:
        """(1 + beta^2) tp / ((1 + beta^2) tp + beta^2 fn + fp): recall counts ``beta`` times as much as precision."""
        b2 = beta * beta
        return _ratio((1 + b2) * self.tp, self.tp + self.fp + b2 * self.n_pos)

    def mean_cost(self, tn: float, fp: float, fn: float, tp: float) -> FloatArray:
        """Return the mean cost of a sample, from the cost of each of the four outcomes."""
        negatives = tn * (self.n_neg - self.fp) + fp * self.fp
        positives = fn * (self.n_pos - self.tp) + tp * self.tp
        return (negatives + positives) / (self.n_pos + self.n_neg)

    def precision_at_recall(self, recall: float) -> float:
        """Return the highest precision of any cut with at least this recall; 0.0 if there is none."""
        return float(np.max(self.precision, where=self.recall >= recall - SLACK, initial=0.0))

    def recall_at_precision(self, precision: float) -> float:
        """Return the highest recall of any cut with at least this precision; 0.0 if there is none."""
        return float(np.max(self.recall, where=self.precision >= precision - SLACK, initial=0.0))

    def take(self, cuts: NDArray[np.intp] | BoolArray) -> "ThresholdSweep":
        """Return the sweep of some of the cuts."""
        return ThresholdSweep(self.values[cuts], self.below[cuts], self.tp[cuts], self.fp[cuts], self.n_pos, self.n_neg)

    def threshold(self, cut: int) -> float:
        """Return a number t such that ``y_score >= t`` is row ``cut``, on these scores as float64 and as float32.

        It lies midway between the cut and the next lower score, which asks least of the digits of later scores, rounded to
        float32 so that it is the same number in both precisions; where the two scores are too close for that it is the cut's
        own score. Below the lowest score nothing is known: the last row's threshold is that score, rounded down.
        """
        high, low = float(self.values[cut]), float(self.below[cut])
        if self.tp[cut] + self.fp[cut] == 0:
            return high
        # Back to Python's floats: NumPy would round the other side of a comparison to float32 as well.
        with np.errstate(over="ignore"):
            low32, middle, high32 = np.array([low, low + 0.5 * (high - low), high], dtype=np.float32).tolist()
            if low == high:
                return high32 if high32 <= high else float(np.nextafter(np.float32(high), np.float32(-np.inf)))
        for candidate in (middle, high32):
            if low < candidate <= high and low32 < candidate <= high32:
                return float(candidate)
        return high


def threshold_sweep(y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None = None) -> ThresholdSweep:
    """Tabulate true and false positives over every distinct score, highest first.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1.
    y_score : array-like of shape (n,)
        Finite scores, higher for the positive class.
    sample_weight : array-like of shape (n,), optional
        Weights >= 0, not all zero. Samples of weight zero make no cut.

    Returns
    -------
    ThresholdSweep
        One row more than there are distinct scores.

    Raises
    ------
    ValueError
        If lengths differ, a label is not 0 or 1, a score is not finite, or a weight is negative.

    Examples
    --------
    >>> from boostimb.metrics import threshold_sweep
    >>> sweep = threshold_sweep([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.8])
    >>> sweep.tp.tolist(), sweep.fp.tolist()
    ([0.0, 1.0, 2.0, 2.0], [0.0, 0.0, 1.0, 2.0])
    """
    return sweep_of(BoundLabels.of(y_true, sample_weight), y_score)


def sweep_of(labels: BoundLabels, y_score: ArrayLike, *, frontier: bool = False) -> ThresholdSweep:
    """Tabulate the cuts for labels that are prepared.

    The frontier leaves out every cut that gains no positive over the next higher one, apart from the lowest. It raises false
    alarms only, so no goal that rewards positives and none that punishes alarms can prefer it. Where positives are rare the
    table, and whatever is computed from it, shrinks as much.
    """
    from boostimb.metrics import _kernels

    ranked = labels.rank(y_score)
    size = 2 + (labels.n_pos if frontier else labels.y.size)
    values, below = np.empty((2, size), dtype=ranked.pos.dtype)
    tp, fp = np.empty((2, size))
    rows = 1 + _kernels.sweep(*ranked, frontier, values[1:], below[1:], tp[1:], fp[1:])
    # The highest score may be a negative's, which has no row of its own on the frontier.
    below[0] = max(scores[-1] for scores in (ranked.pos, ranked.neg) if scores.size)
    values[0] = above_all(below[:1])
    tp[0] = fp[0] = 0.0
    return ThresholdSweep(values[:rows], below[:rows], tp[:rows], fp[:rows], float(tp[rows - 1]), float(fp[rows - 1]))


def sweep_of_decision(y: BoolArray, alert: BoolArray, weight: FloatArray | None, value: float) -> ThresholdSweep:
    """Return the sweep whose only row is a decision that is made: ``alert`` tells which samples are predicted positive."""
    # Cell by cell: 0 true negative, 1 false positive, 2 false negative, 3 true positive.
    tn, fp, fn, tp = np.bincount(2 * y + alert, weights=weight, minlength=4).astype(np.float64)
    return ThresholdSweep(np.array([value]), np.array([value]), np.array([tp]), np.array([fp]), float(tp + fn), float(tn + fp))


def above_all(values: NDArray[np.floating[Any]]) -> np.floating[Any]:
    """Return the cut that predicts nobody, for falling scores.

    It is a step of float32 above the highest, so that it stays above if the scores are rounded to float32.
    """
    with np.errstate(over="ignore"):
        highest = values[0].astype(np.float32)
        return values.dtype.type(np.nextafter(highest, np.float32(np.inf)))


def _ratio(part: FloatArray, whole: FloatArray | float) -> FloatArray:
    """part / whole, and 0 where whole is 0."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
