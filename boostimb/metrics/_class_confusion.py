"""What decisions among several classes get right and wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.typing import FloatArray
from boostimb.validation import as_vector, check_length, check_weight


@dataclass(frozen=True, eq=False)
class ClassConfusion:
    """The confusion matrix of several classes and the rates that follow from it; ``print`` shows it as a table.

    A rate whose denominator is 0 is 0.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels.
    counts : ndarray of shape (n_classes, n_classes)
        Rows, or their weight, of each truth (down) and each decision (across).

    Examples
    --------
    >>> from boostimb.metrics import ClassConfusion
    >>> found = ClassConfusion.of([0, 0, 1, 2], [0, 1, 1, 2], ["a", "b", "c"])
    >>> found.counts.tolist(), round(found.macro_f1, 4)
    ([[1, 1, 0], [0, 1, 0], [0, 0, 1]], 0.7778)
    >>> print(found)
    truth \\ decision  a  b  c  recall  precision      f1
    a                 1  1  0  0.5000     1.0000  0.6667
    b                 0  1  0  1.0000     0.5000  0.6667
    c                 0  0  1  1.0000     1.0000  1.0000
    macro F1 0.7778, balanced accuracy 0.8333, MCC 0.7000
    """

    classes: NDArray[Any]
    counts: NDArray[Any]

    @classmethod
    def of(
        cls, y_true: ArrayLike, y_pred: ArrayLike, classes: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> "ClassConfusion":
        """Count numbers of classes, 0, 1, ..., as truth and as decision; weights make weights of the counts."""
        labels = np.asarray(classes)
        truth, decided = as_vector("y_true", y_true).astype(np.intp), as_vector("y_pred", y_pred).astype(np.intp)
        check_length("y_pred", decided, truth.size)
        k = labels.size
        weight = check_weight(sample_weight, truth.size)
        return cls(labels, np.bincount(truth * k + decided, weight, minlength=k * k).reshape(k, k))

    @property
    def recall(self) -> FloatArray:
        """The share of each class that is found, shape (n_classes,)."""
        return _over(np.diag(self.counts), self.counts.sum(axis=1))

    @property
    def precision(self) -> FloatArray:
        """The share of the decisions for each class that is right, shape (n_classes,)."""
        return _over(np.diag(self.counts), self.counts.sum(axis=0))

    @property
    def f1(self) -> FloatArray:
        """F score of each class, shape (n_classes,)."""
        return _over(2 * np.diag(self.counts), self.counts.sum(axis=1) + self.counts.sum(axis=0))

    @property
    def macro_f1(self) -> float:
        """Mean of ``f1``."""
        return float(self.f1.mean())

    @property
    def balanced_accuracy(self) -> float:
        """Mean of ``recall``."""
        return float(self.recall.mean())

    @property
    def mcc(self) -> float:
        """Matthews correlation of several classes (Gorodkin 2004, doi 10.1016/j.compbiolchem.2004.09.006)."""
        truth, decided, n = (self.counts.sum(axis=axis).astype(np.float64) for axis in (1, 0, None))
        spread = (n * n - truth @ truth) * (n * n - decided @ decided)
        return float((n * np.trace(self.counts) - truth @ decided) / np.sqrt(spread)) if spread > 0 else 0.0

    def __str__(self) -> str:
        names = [str(each) for each in self.classes.tolist()]
        first = ["truth \\ decision", *names]
        body = [[f"{each:g}" if each % 1 else f"{each:.0f}" for each in column] for column in self.counts.T]
        rates = [("recall", self.recall), ("precision", self.precision), ("f1", self.f1)]
        columns = [[name, *cells] for name, cells in zip(names, body, strict=True)]
        columns += [[name, *(f"{value:.4f}" for value in values)] for name, values in rates]
        width = max(map(len, first))
        padded = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
        lines = ["  ".join([first[at].ljust(width), *(column[at] for column in padded)]) for at in range(len(first))]
        summary = f"macro F1 {self.macro_f1:.4f}, balanced accuracy {self.balanced_accuracy:.4f}, MCC {self.mcc:.4f}"
        return "\n".join([*lines, summary])


def _over(part: NDArray[Any], whole: NDArray[Any]) -> FloatArray:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
