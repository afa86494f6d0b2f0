"""A weighted sum of boosters' margins: what it is for a row, what each column adds to it, and one native file of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boostimb.boosters import Booster, Model
from boostimb.table import Table
from boostimb.typing import FloatArray


@dataclass(frozen=True)
class MarginSum:
    """``sum(weight * margin) + shift`` over some models of one table."""

    models: Sequence[Model]
    weights: Sequence[float]
    shift: float | FloatArray  # of several classes one for each

    def contributions(self, table: Table, *, n_jobs: int) -> FloatArray:
        """Return what each column adds to the sum, and in a last column what the sum is before any, (n, n_features + 1)."""
        total = np.zeros((table.n_rows, table.n_features + 1))
        total[:, -1] = self.shift
        for model, weight in zip(self.models, self.weights, strict=True):
            total += weight * model.contributions(table, n_jobs=n_jobs)
        return total

    def merged(self, booster: Booster) -> Model:
        """Return one model of the booster, which all must be of, with this sum as its margin."""
        return booster.merge(self.models, self.weights, self.shift)
