"""Platt's two-parameter calibration by weighted maximum likelihood."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from boostimb.decision._calibration import Calibration, check_both_classes, effective_size
from boostimb.metrics._labels import BoundLabels
from boostimb.typing import FloatArray
from boostimb.validation import as_vector, check_number

# The least slope, per standard deviation of the margin. The ranking is the model's: a slope of 0 or below would undo it.
LEAST_SLOPE = 1e-3
# Rows that a start is found on, where there are many more.
SAMPLE = 20_000


@dataclass(frozen=True)
class LogisticCalibration(Calibration):
    """P(y=1) = sigmoid(scale * raw + offset): Platt's two-parameter map.

    Linear in the margin, so that it folds into the leaves of a boosted model. The scale is positive, so that it keeps the
    order of the margins and every ranking metric.

    Parameters
    ----------
    scale : float
        Slope, above 0.
    offset : float
        Shift of the logit.

    Examples
    --------
    >>> from boostimb.decision import LogisticCalibration
    >>> LogisticCalibration(scale=2.0, offset=1.0).apply([-0.5, 0.0]).round(3).tolist()
    [0.5, 0.731]
    """

    scale: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", check_number("scale", self.scale, above=0))
        object.__setattr__(self, "offset", check_number("offset", self.offset))

    @classmethod
    def fit(
        cls, raw: ArrayLike, y_true: ArrayLike, sample_weight: ArrayLike | None = None, *, smoothing: bool = True
    ) -> "LogisticCalibration":
        """Fit scale and offset by weighted maximum likelihood.

        Parameters
        ----------
        raw : array-like of shape (n,)
            Finite margins of a model that has not seen these rows.
        y_true : array-like of shape (n,)
            Labels 0 and 1, both present.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0, not all zero. Their scale plays no part.
        smoothing : bool
            Fit to the targets (n1 + 1)/(n1 + 2) and 1/(n0 + 2) in place of 1 and 0, with n1 and n0 the numbers of positives
            and negatives (with weights, Kish's effective numbers). Platt (1999), "Probabilistic outputs for support vector
            machines", section 2.2: the posterior under a uniform prior. It keeps the slope finite where few positives are
            separated perfectly, and moves the expected number of positives by less than one.

        Raises
        ------
        ValueError
            If only one class is present (of weight above zero), lengths differ, a label is not 0 or 1, a margin is not finite,
            a weight is negative, or without smoothing the classes are separated, or share one margin only at which one ends and
            the other begins, so that no finite slope is best.
        """
        labels = BoundLabels.of(y_true, sample_weight)
        margin = labels.scores(raw).astype(np.float64)
        check_both_classes(labels)
        low, high = _targets(labels) if smoothing else (0.0, 1.0)
        # One margin that both classes share holds the slope no more than none, unless it is the only one.
        if not smoothing and margin[labels.y].min() >= margin[~labels.y].max() and np.ptp(margin) > 0:
            raise ValueError("the margins separate the classes, so that no finite scale is best: fit with smoothing=True")
        target = np.where(labels.y, high, low)
        weight = np.full(target.size, 1.0) if labels.weight is None else labels.weight
        weight = weight / weight.sum()
        centre = float(weight @ margin)
        spread = float(np.sqrt(weight @ (margin - centre) ** 2))
        if np.ptp(margin) <= 1e-12 * np.abs(margin).max():
            # Nothing to learn a slope from: the margin keeps its unit, the offset meets the rate.
            return cls(1.0, float(logit(weight @ target)) - centre)
        slope, shift = _newton((margin - centre) / spread, target, weight)
        return cls(slope / spread, shift - slope * centre / spread)

    def logit(self, raw: ArrayLike) -> FloatArray:
        """Return scale * raw + offset, the log-odds, shape (n,)."""
        return self.scale * as_vector("raw", raw).astype(np.float64) + self.offset

    @property
    def line(self) -> tuple[float, float]:
        """(scale, offset): the log-odds as a line over the margin."""
        return self.scale, self.offset

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold and `calibration_from_dict` reads."""
        return {"kind": "logistic", "scale": self.scale, "offset": self.offset}


def _targets(labels: BoundLabels) -> tuple[float, float]:
    """Platt's targets for the two classes, by the effective number of samples in each."""
    n_pos, n_neg = effective_size(labels, labels.y), effective_size(labels, ~labels.y)
    return 1 / (n_neg + 2), (n_pos + 1) / (n_pos + 2)


def _newton(z: FloatArray, target: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Minimise the weighted log-loss of sigmoid(slope * z + shift); z is standardised and the weights sum to 1.

    The problem is convex in two unknowns. If the best slope is below the least allowed, convexity puts the best allowed pair on
    that bound, and the shift is found there by itself.
    """
    start = np.array([float(logit(weight @ target)), 1.0])
    if z.size > 2 * SAMPLE:
        # A sample brings the start so close that all rows are gone through three times instead of eight.
        some = slice(None, None, z.size // SAMPLE)
        start = _descend(z[some], target[some], weight[some] / weight[some].sum(), start, free=2)
    shift, slope = _descend(z, target, weight, start, free=2).tolist()
    if slope < LEAST_SLOPE:
        shift, slope = _descend(z, target, weight, np.array([start[0], LEAST_SLOPE]), free=1).tolist()
    return slope, shift


def _descend(z: FloatArray, target: FloatArray, weight: FloatArray, start: FloatArray, *, free: int) -> FloatArray:
    """Newton's method over (shift, slope), or over the shift alone if ``free`` is 1, from ``start``.

    A step is halved until the loss does not rise at its end by more than half of what it falls at its start: on a convex function
    these slopes tell enough, and no logarithm is taken.
    """
    theta = start.copy()
    p = expit(theta[0] + theta[1] * z)
    gradient = _gradient(p, z, target, weight)[:free]
    for _ in range(200):
        if np.abs(gradient).max() < 1e-13:
            break
        curvature = weight * p * (1 - p)
        cross = curvature @ z
        hessian = np.array([[curvature.sum(), cross], [cross, (curvature * z) @ z]])[:free, :free]
        # A trace of ridge: the curvature vanishes where every probability is 0 or 1 to the last digit.
        step = np.linalg.solve(hessian + 1e-14 * np.eye(free), gradient)
        for _ in range(60):
            new = theta.copy()
            new[:free] -= step
            p = expit(new[0] + new[1] * z)
            gradient_there = _gradient(p, z, target, weight)[:free]
            if gradient_there @ step >= -0.5 * (gradient @ step):
                break
            step = 0.5 * step
        theta, gradient = new, gradient_there
    return theta


def _gradient(p: FloatArray, z: FloatArray, target: FloatArray, weight: FloatArray) -> FloatArray:
    residual = weight * (p - target)
    return np.array([residual.sum(), residual @ z])
