"""A goal of the user's own: any function of the decisions."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boostimb.decision._goal import Goal, Sample
from boostimb.metrics import ThresholdSweep
from boostimb.typing import FloatArray

# A goal that is a function is tried at this many cuts at most: half of them spread evenly over the positives, half over all
# samples. With up to that many distinct scores the choice is exact.
MAX_CALLS = 400


@dataclass(frozen=True)
class Custom(Goal):
    """A function ``(y_true, y_pred) -> float`` that is maximised, tried at `MAX_CALLS` cuts at most.

    Where samples have weights the function must take ``sample_weight`` as well.
    """

    function: Callable[..., float]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", repr(self.function)))

    @property
    def on_frontier(self) -> bool:
        """Nothing is known of the function."""
        return False

    @property
    def takes_weight(self) -> bool:
        """Whether the function takes them."""
        parameters = inspect.signature(self.function).parameters
        return "sample_weight" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    def score_cuts(self, sweep: ThresholdSweep, sample: Sample) -> FloatArray:
        """Value of the function at the cuts that are tried."""
        values = np.full(sweep.values.size, np.nan)
        y_true = sample.y.astype(np.intp)
        for cut in _spread(sweep):
            values[cut] = self.value(y_true, (sample.score >= sweep.values[cut]).astype(np.intp), sample.weight)
        return values

    def value(self, y_true: NDArray[np.intp], y_pred: NDArray[np.intp], weight: FloatArray | None) -> float:
        """Return the function's value, and raise if it is not a finite number or takes no weights where there are some."""
        if weight is None:
            result = self.function(y_true, y_pred)
        elif self.takes_weight:
            result = self.function(y_true, y_pred, sample_weight=weight)
        else:
            raise ValueError(f"with sample_weight the goal {self.name} must take an argument sample_weight, and it does not")
        if not np.ndim(result) == 0 or not np.isfinite(result):
            raise ValueError(f"the goal {self.name} must return a finite number, got {result!r}")
        return float(result)


def _spread(sweep: ThresholdSweep) -> NDArray[np.intp]:
    """Indices of at most `MAX_CALLS` cuts, all of them if there are no more."""
    n_cuts = sweep.values.size
    if n_cuts <= MAX_CALLS:
        return np.arange(n_cuts)
    by_positives, by_samples = (
        np.searchsorted(count, np.linspace(count[0], count[-1], MAX_CALLS // 2)) for count in (sweep.tp, sweep.tp + sweep.fp)
    )
    return np.unique(np.minimum(np.concatenate([by_positives, by_samples]), n_cuts - 1))
