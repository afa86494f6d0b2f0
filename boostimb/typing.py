"""The types that the packages of boostimb share: array types and the protocols of a loss and a metric."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]
# Which of two classes a row is of, or the number of its class among several.
LabelArray: TypeAlias = BoolArray | IntArray
# What a booster hands over: its margins come as float32 from one and as float64 from another.
MarginArray: TypeAlias = NDArray[np.floating[Any]]
GradHess: TypeAlias = tuple[Float32Array, Float32Array]
# Scores in, one number out: a metric whose labels and weights are already fixed.
BoundMetric: TypeAlias = Callable[[MarginArray], float]
# Margins in, gradient and hessian out: a loss whose labels and weights are already fixed.
BoundLoss: TypeAlias = Callable[[MarginArray], GradHess]


class ChunkLoss(Protocol):
    """An objective as CatBoost calls it."""

    def calc_ders_range(self, approxes: ArrayLike, targets: ArrayLike, weights: ArrayLike | None) -> FloatArray:
        """Minus the weighted gradient and hessian of one chunk of rows, shape (n, 2)."""
        ...


@runtime_checkable
class Loss(Protocol):
    """What a booster minimises: a frozen value, a function of labels and raw margins.

    ``raw`` is the booster's margin before any link function, shape (n,).
    """

    def loss(self, y_true: ArrayLike, raw: ArrayLike, sample_weight: ArrayLike | None = None) -> FloatArray:
        """Value of the loss for each sample, shape (n,), at least 0."""
        ...

    def grad_hess(self, y_true: ArrayLike, raw: ArrayLike, sample_weight: ArrayLike | None = None) -> GradHess:
        """First and second derivative of the weighted loss by the margin, each of shape (n,)."""
        ...

    def init_raw(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the constant margin that minimises the weighted loss."""
        ...

    def predict_proba(self, raw: ArrayLike) -> FloatArray:
        """P(y=1 | raw): the posterior under this loss, shape (n,)."""
        ...

    def posterior_logit(self, raw: ArrayLike) -> FloatArray:
        """Log-odds of y=1 given the margin, finite where its probability rounds to 0 or 1, shape (n,)."""
        ...

    @property
    def posterior_shift(self) -> float | None:
        """The constant that takes the margin to those log-odds, or None where they are not the margin plus a constant."""
        ...

    def calc_ders_range(self, approxes: ArrayLike, targets: ArrayLike, weights: ArrayLike | None) -> FloatArray:
        """Minus the weighted gradient and hessian, shape (n, 2): what CatBoost calls."""
        ...

    def in_chunks(self, *, scale: float = 1.0, start: float = 0.0) -> ChunkLoss:
        """Return what CatBoost calls for margins less ``start`` and ``scale`` times gradient and hessian."""
        ...

    def log_loss_scale(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the factor that gives the sum of hessians at the start the size that it has under log-loss."""
        ...

    def bind(
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None, *, scale: float = 1.0, start: float = 0.0
    ) -> BoundLoss:
        """Fix labels and weights once; the result maps margins less ``start`` to ``scale`` times gradient and hessian."""
        ...


@runtime_checkable
class Metric(Protocol):
    """What a booster reports and stops on: a frozen value, a function of labels and scores."""

    @property
    def name(self) -> str:
        """The name under which a booster lists it."""
        ...

    @property
    def greater_is_better(self) -> bool:
        """Whether early stopping goes up."""
        ...

    def score(self, y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Value of the metric; ``y_score`` may be any increasing function of the margin."""
        ...

    def bind(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> BoundMetric:
        """Fix labels and weights once; the function returned maps scores to the value."""
        ...
