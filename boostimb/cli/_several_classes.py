"""What a run tells of more than two classes, where two have rates of the positive one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostimb.metrics import ClassConfusion
from boostimb.typing import FloatArray, IntArray

_SHOWN = 8  # classes that one line names


@dataclass(frozen=True)
class ClassScores:
    """One model on the held-out part; all but the last are better the higher they are."""

    average_precision: float
    average_precision_weighted: float
    roc_auc: float
    macro_f1: float
    balanced_accuracy: float
    mcc: float
    log_loss: float

    @classmethod
    def of(cls, y: IntArray, proba: FloatArray, at: ClassConfusion) -> "ClassScores":
        """Score probabilities of shape (n, n_classes), and the decisions ``at``; each class is in ``y``."""
        from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

        return cls(
            average_precision=float(average_precision_score(y, proba)),
            average_precision_weighted=float(average_precision_score(y, proba, average="weighted")),
            roc_auc=float(roc_auc_score(y, proba, multi_class="ovr")),
            macro_f1=at.macro_f1,
            balanced_accuracy=at.balanced_accuracy,
            mcc=at.mcc,
            log_loss=float(log_loss(y, proba)),
        )


def with_numbers(classes: Sequence[Any], numbers: Sequence[Any]) -> str:
    """Return each class with its number, or the range of the numbers where one line would not hold them.

    Examples
    --------
    >>> with_numbers(["low", "top"], [1200, 30])
    'low 1,200, top 30'
    >>> with_numbers(range(10), range(10, 20))
    '10 to 19 each'
    """
    if len(classes) > _SHOWN:
        return f"{_number(min(numbers))} to {_number(max(numbers))} each"
    return ", ".join(f"{label} {_number(number)}" for label, number in zip(classes, numbers, strict=True))


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | np.integer) else f"{value:.3g}"


def class_counts(y: IntArray, classes: Sequence[Any]) -> list[int]:
    """Return the rows of each class."""
    return [int(count) for count in np.bincount(y, minlength=len(classes))]
