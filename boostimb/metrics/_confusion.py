"""What a decision gets right and wrong at one threshold."""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import sweep_of_decision
from boostimb.notebook import Grid, notebook_html
from boostimb.validation import check_number


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix at one threshold and the rates that follow from it; `dataclasses.asdict` makes it JSON.

    Counts are floats because samples may have weights. A rate whose denominator is 0 is 0.

    Attributes
    ----------
    threshold : float
        Positive is predicted if and only if ``y_score >= threshold``.
    tp, fp, fn, tn : float
        Weight of the true positives, false positives, false negatives and true negatives.
    precision, recall, specificity : float
        tp / (tp + fp), tp / (tp + fn), tn / (tn + fp).
    f1, mcc, balanced_accuracy : float
        F score, Matthews correlation coefficient, mean of recall and specificity.
    alerts : float
        The share of samples that is predicted positive.
    """

    threshold: float
    tp: float
    fp: float
    fn: float
    tn: float
    precision: float
    recall: float
    specificity: float
    f1: float
    mcc: float
    balanced_accuracy: float
    alerts: float

    @property
    def accuracy(self) -> float:
        """(tp + tn) / all: where positives are rare it is high even if none of them is found."""
        return (self.tp + self.tn) / (self.tp + self.fp + self.fn + self.tn)

    @property
    def grid(self) -> Grid:
        """The four counts as a table of text."""
        rows = ("positive", f"{self.tp:,.10g}", f"{self.fn:,.10g}"), ("negative", f"{self.fp:,.10g}", f"{self.tn:,.10g}")
        return Grid(f"Decisions from {self.threshold:.4g} on", ("", "flagged", "not flagged"), rows)

    def _repr_html_(self) -> str:
        rates = f"precision {self.precision:.3f}, recall {self.recall:.3f}, F1 {self.f1:.3f}, MCC {self.mcc:.3f}"
        return notebook_html("", (self.grid, rates))


def confusion_at(y_true: ArrayLike, y_score: ArrayLike, threshold: float, sample_weight: ArrayLike | None = None) -> Confusion:
    """Return the confusion matrix and its rates for the decision ``y_score >= threshold``.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels 0 and 1.
    y_score : array-like of shape (n,)
        Finite scores, higher for the positive class.
    threshold : float
        In the unit of the scores.
    sample_weight : array-like of shape (n,), optional
        Weights >= 0, not all zero.

    Returns
    -------
    Confusion
        A frozen record.

    Raises
    ------
    ValueError
        If lengths differ, a label is not 0 or 1, a score is not finite, or a weight is negative.

    Examples
    --------
    >>> from boostimb.metrics import confusion_at
    >>> at = confusion_at([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7], threshold=0.75)
    >>> at.tp, at.fp, at.fn, at.tn, at.f1
    (1.0, 1.0, 1.0, 1.0, 0.5)
    """
    threshold = check_number("threshold", threshold)
    labels = BoundLabels.of(y_true, sample_weight)
    alert = labels.scores(y_score) >= threshold
    row = sweep_of_decision(labels.y, alert, labels.weight, threshold)
    tp, fp = row.tp, row.fp
    rates = (row.precision, row.recall, row.specificity, row.f_score(), row.mcc, row.balanced_accuracy, row.alerts)
    return Confusion(threshold, *(float(column[0]) for column in (tp, fp, row.n_pos - tp, row.n_neg - fp, *rates)))
