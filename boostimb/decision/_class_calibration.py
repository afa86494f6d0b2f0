"""Calibration of several classes: one scale and an offset for each class, by maximum likelihood."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from boostimb.decision._logistic import LEAST_SLOPE
from boostimb.typing import FloatArray, IntArray
from boostimb.validation import check_number


@dataclass(frozen=True)
class ClassCalibration:
    """P(y=k) = softmax(scale * raw + offset)[k]: linear in the margins, so that it folds into the leaves of a boosted model.

    The offsets take back what class weights and resampling did to the rates of the classes; of two classes it is Platt's map.

    Parameters
    ----------
    scale : float
        Slope, above 0.
    offset : tuple of float
        Shift of each class.

    Examples
    --------
    >>> from boostimb.decision import ClassCalibration
    >>> ClassCalibration(2.0, (0.0, 0.0, 1.0)).apply([[0.5, 0.0, 0.0]]).round(3).tolist()
    [[0.422, 0.155, 0.422]]
    """

    scale: float
    offset: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", check_number("scale", self.scale, above=0))
        if len(self.offset) < 2:
            raise ValueError(f"offset must hold a number for each of at least two classes, got {self.offset!r}")
        object.__setattr__(self, "offset", tuple(check_number("offset", each) for each in self.offset))

    @classmethod
    def fit(cls, raw: ArrayLike, y_true: IntArray, sample_weight: FloatArray | None = None) -> "ClassCalibration":
        """Fit scale and offsets by maximum likelihood.

        The targets are Platt's, for several classes: a row of a class with c rows is of it with probability (c + 1) / (c + K),
        so that the fit exists also where the margins tell the classes apart. With weights c is the effective number of rows.

        Parameters
        ----------
        raw : array-like of shape (n, n_classes)
            Finite margins of a model that has not seen these rows.
        y_true : ndarray of int, shape (n,)
            Labels 0, 1, ..., n_classes - 1, all present.
        sample_weight : ndarray of shape (n,), optional
            Weights >= 0, each class with some above 0.
        """
        margins = np.asarray(raw, dtype=np.float64)
        if margins.ndim != 2 or margins.shape[0] != y_true.size:
            raise ValueError(f"raw must have the shape ({y_true.size}, n_classes), got {margins.shape}")
        weight = np.ones(y_true.size) if sample_weight is None else sample_weight
        counts: FloatArray = np.bincount(y_true, weight, minlength=margins.shape[1]).astype(np.float64)
        if counts.size != margins.shape[1] or not counts.all():
            raise ValueError(
                f"y_true must hold each of {margins.shape[1]} classes to calibrate on, got weights of {counts.tolist()}"
            )
        # Only differences between the classes matter: the mean of each row is taken off, and one scale is put on all.
        centred = margins - margins.mean(axis=1, keepdims=True)
        spread = float(centred.std()) or 1.0
        slope, shifts = _newton(np.ascontiguousarray(centred.T) / spread, y_true, weight, counts)
        offset = shifts - shifts.mean()
        return cls(slope / spread, tuple(offset.tolist()))

    def logit(self, raw: ArrayLike) -> FloatArray:
        """Return the calibrated margins, whose softmax is the probability, shape (n, n_classes)."""
        return self.scale * np.asarray(raw, dtype=np.float64) + np.array(self.offset)

    def apply(self, raw: ArrayLike) -> FloatArray:
        """Return the probability of each class, shape (n, n_classes)."""
        proba: FloatArray = softmax(self.logit(raw), axis=1)
        return proba

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold and `from_dict` reads."""
        return {"kind": "classes", "scale": self.scale, "offset": list(self.offset)}

    @classmethod
    def from_dict(cls, content: Any) -> "ClassCalibration":
        """Return the calibration that ``to_dict`` wrote, after checking what it says."""
        if not isinstance(content, Mapping) or set(content) != {"kind", "scale", "offset"} or content["kind"] != "classes":
            raise ValueError(f"a calibration of several classes must hold kind, scale and offset, got {content!r:.200}")
        if not isinstance(content["offset"], list):
            raise ValueError(f"the offset of a calibration of several classes must be a list, got {content['offset']!r:.200}")
        try:
            return cls(content["scale"], tuple(content["offset"]))
        except TypeError as error:
            raise ValueError(f"a calibration of several classes must hold numbers: {error}") from error


def _newton(z: FloatArray, y: IntArray, weight: FloatArray, sums: FloatArray) -> tuple[float, FloatArray]:
    """Minimise the log-loss of softmax(slope * z + shifts), shift 0 being 0; z has shape (n_classes, n). The problem is convex.

    If the best slope is below the least allowed, convexity puts the best allowed solution on that bound.
    """
    k = len(z)
    effective = sums**2 / np.bincount(y, weight**2, minlength=k)
    target = np.full((k, k), 1.0 / (effective + k)[:, None])
    np.fill_diagonal(target, (effective + 1) / (effective + k))
    weight, rates = weight / sums.sum(), sums @ target / sums.sum()  # of sum 1, and mean targets of the classes
    aim = float(sum(target[at] @ (z[:, y == at] @ weight[y == at]) for at in range(k)))
    theta = np.concatenate([np.log(rates[1:] / rates[0]), [1.0]])
    theta = descend(z, weight, rates, aim, theta, k)
    if theta[-1] < LEAST_SLOPE:
        theta[-1] = LEAST_SLOPE
        theta = descend(z, weight, rates, aim, theta, k - 1)
    return float(theta[-1]), np.concatenate([[0.0], theta[:-1]])


def descend(z: FloatArray, weight: FloatArray, rates: FloatArray, aim: float, start: FloatArray, free: int) -> FloatArray:
    """Newton's method over the shifts of classes 1, 2, ... and the slope, or the shifts alone; a step that is too long is halved.

    The mean loss is ``mean(logsumexp(slope * z + shifts)) - shifts @ rates - slope * aim``.
    """
    k = len(z)

    def at(theta: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss, and the probabilities."""
        p = theta[-1] * z
        p[1:] += theta[:-1, None]
        top = p.max(axis=0)
        p -= top
        np.exp(p, out=p)
        total = p.sum(axis=0)
        p /= total
        return float((np.log(total) + top) @ weight - theta[:-1] @ rates[1:] - theta[-1] * aim), p

    theta = start.copy()
    loss, p = at(theta)
    for _ in range(100):
        p_weight = p * weight
        weighed, mean = p_weight * z, np.einsum("ij,ij->j", p, z)  # mean of the margin, under the probabilities
        share = p_weight.sum(axis=1)
        gradient = np.concatenate([share[1:] - rates[1:], [mean @ weight - aim]])[:free]
        if np.abs(gradient).max() < 1e-10:
            break
        hessian = np.empty((k, k))
        hessian[:-1, :-1] = (np.diag(share) - p_weight @ p.T)[1:, 1:]
        hessian[-1, :-1] = hessian[:-1, -1] = (weighed.sum(axis=1) - p_weight @ mean)[1:]
        hessian[-1, -1] = np.vdot(weighed, z) - weight @ mean**2
        # A trace of ridge: the curvature vanishes where every probability is 0 or 1 to the last digit.
        step = np.linalg.solve(hessian[:free, :free] + 1e-14 * np.eye(free), gradient)
        for _ in range(60):
            new = theta.copy()
            new[:free] -= step
            there, p_there = at(new)
            if there <= loss - 1e-4 * float(gradient @ step):
                break
            step = 0.5 * step
        else:
            break  # the loss cannot be lowered any more within its rounding
        theta, loss, p = new, there, p_there
    return theta
