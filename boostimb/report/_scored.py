"""Labels and probabilities, checked, with every cut through them: what the curves are drawn from."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics import Confusion, ThresholdSweep, confusion_at, threshold_sweep
from boostimb.report._plateau import Plateau, influence_on_f1, plateau
from boostimb.typing import BoolArray
from boostimb.validation import check_binary, check_scores


@dataclass(frozen=True, eq=False)
class Scored:
    """One sort of the rows, for all plots of them."""

    y: BoolArray
    proba: NDArray[np.floating[Any]]
    sweep: ThresholdSweep

    @classmethod
    def of(cls, y_true: ArrayLike, proba: ArrayLike) -> Self:
        """Check that there is a curve to draw, and sort."""
        y = check_binary(y_true)
        if np.ndim(proba) == 2:
            shape = np.shape(proba)
            raise ValueError(f"proba must be one-dimensional, the probability of the positive class of two, got shape {shape}")
        p = check_scores("proba", proba, y.size)
        if not 0 < y.sum() < y.size:
            raise ValueError(f"y_true must hold both classes to draw a curve, got {int(y.sum())} positives among {y.size} samples")
        low, high = float(p.min()), float(p.max())
        if low < 0 or high > 1:
            raise ValueError(f"proba must lie in [0, 1], got {low if low < 0 else high:g}")
        return cls(y, p, threshold_sweep(y, p))

    @property
    def rate(self) -> float:
        """Share of positives."""
        return self.sweep.n_pos / self.y.size

    def at(self, threshold: float) -> Confusion:
        """Return the decision at one threshold."""
        return confusion_at(self.y, self.proba, threshold)

    def f1_plateau(self) -> Plateau:
        """Return the best cut by F1, and those that these rows cannot tell from it."""
        return plateau(self.sweep, self.sweep.f_score(), influence_on_f1(self.sweep))
