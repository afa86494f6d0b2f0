"""From margin to probability: what every calibration offers, kept as JSON and never as a pickle."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from boostimb.metrics._labels import BoundLabels
from boostimb.typing import BoolArray, FloatArray


class Calibration(ABC):
    """An increasing map from a raw margin to a probability; a frozen value."""

    @abstractmethod
    def logit(self, raw: ArrayLike) -> FloatArray:
        """Return the log-odds of the positive class, finite, shape (n,)."""

    @property
    @abstractmethod
    def line(self) -> tuple[float, float] | None:
        """(scale, offset) where the log-odds are a line over the margin, which then folds into a model's leaves; else None."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold and `calibration_from_dict` reads."""

    def apply(self, raw: ArrayLike) -> FloatArray:
        """Return P(y=1) for margins, shape (n,)."""
        probability: FloatArray = expit(self.logit(raw))
        return probability


def check_both_classes(labels: BoundLabels) -> None:
    """Raise if there is nothing to tell a probability from."""
    if not 0 < labels.n_pos < labels.y.size:
        raise ValueError(
            f"y_true must hold both classes to calibrate on, got {labels.n_pos} positives among {labels.y.size} samples"
        )


def effective_size(labels: BoundLabels, member: BoolArray) -> float:
    """(sum w)^2 / sum w^2: how many samples of equal weight say as much (Kish 1965). The scale of the weights cancels."""
    if labels.weight is None:
        return float(np.count_nonzero(member))
    weight = labels.weight[member]
    return float(weight.sum() ** 2 / (weight @ weight))
