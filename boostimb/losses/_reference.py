"""What follows from value, slope and curvature, in float64 NumPy: the readable twin of the kernels, posterior and start value."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from boostimb.typing import BoolArray, FloatArray

# A start beyond these margins would mean a rate of positives beyond 1e-21: nothing that labels can show.
START_BOUND = 50.0


class Pieces(Protocol):
    """What is used of a loss here; `MarginLoss` says what each of them is."""

    @property
    def hessian(self) -> str: ...

    @property
    def class_weight(self) -> tuple[float, float]: ...

    @property
    def posterior_shift(self) -> float | None: ...

    def slope(self, label: int, raw: FloatArray) -> FloatArray: ...

    def curvature(self, label: int, raw: FloatArray) -> FloatArray: ...

    def log_slope(self, label: int, raw: FloatArray) -> FloatArray: ...


def by_label(
    piece: Callable[[int, FloatArray], FloatArray], positive: BoolArray, raw: FloatArray, class_weight: tuple[float, float]
) -> FloatArray:
    """Evaluate a piece for each row's label, times the weight of its class."""
    out = np.empty_like(raw)
    for label, rows in enumerate((~positive, positive)):
        out[rows] = class_weight[label] * piece(label, raw[rows])
    return out


def grad_hess(loss: Pieces, positive: BoolArray, raw: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gradient and hessian without sample weights, shape (n,)."""
    grad = by_label(loss.slope, positive, raw, loss.class_weight)
    if loss.hessian in ("exact", "clamp"):
        hess = by_label(loss.curvature, positive, raw, loss.class_weight)
    else:
        w0, w1 = loss.class_weight
        odds = posterior_logit(loss, raw)
        # expit(-odds), not 1 - expit(odds), which is 0 long before its product with the curvature is negligible.
        hess = expit(odds) * w1 * loss.curvature(1, raw) + expit(-odds) * w0 * loss.curvature(0, raw)
    if loss.hessian in ("clamp", "guarded"):
        hess = np.maximum(hess, np.abs(grad) * expit(np.where(positive, raw, -raw)))
    return grad, hess


def posterior_logit(loss: Pieces, raw: FloatArray) -> FloatArray:
    """``ln(w0 |slope(0)|) - ln(w1 |slope(1)|)``: the log-odds at which raw minimises the expected loss, shape (n,)."""
    if loss.posterior_shift is not None:
        return raw + loss.posterior_shift
    w0, w1 = loss.class_weight
    odds = np.empty_like(raw)
    rows, at = np.arange(raw.size), raw
    while rows.size:
        log0, log1 = loss.log_slope(0, at), loss.log_slope(1, at)
        lost = np.isneginf(log0) & np.isneginf(log1)
        odds[rows[~lost]] = np.log(w0 / w1) + log0[~lost] - log1[~lost]
        # Where both slopes underflow, the posterior reached its limit long before: look again, halfway nearer to 0.
        rows, at = rows[lost], at[lost] / 2
        if rows.size and not at.any():
            raise ValueError("slope must differ from 0 for one of the labels at margin 0, got 0 for both")
    return odds


def start_value(loss: Pieces, rate: float) -> float:
    """Return the margin at which the posterior is ``rate``, within `START_BOUND`."""
    target = float(logit(rate))
    if loss.posterior_shift is not None:
        return target - loss.posterior_shift

    def excess(margin: float) -> float:
        # A posterior may be exactly 0 or 1; its infinite logit would stop the root finder.
        return float(np.clip(posterior_logit(loss, np.array([margin]))[0], -1e3, 1e3)) - target

    if excess(-START_BOUND) >= 0:
        return -START_BOUND
    if excess(START_BOUND) <= 0:
        return START_BOUND
    return float(brentq(excess, -START_BOUND, START_BOUND, xtol=1e-13, rtol=1e-13))


def log_loss_scale(loss: Pieces, rate: float) -> float:
    """Hessian of log-loss, at its start value, over that of ``loss`` at its own, on average over samples."""
    w0, w1 = loss.class_weight
    both = np.array([False, True])
    _, (h0, h1) = grad_hess(loss, both, np.full(2, start_value(loss, rate)))
    ratio = w1 / w0
    weighted = rate * ratio / (rate * ratio + 1 - rate)
    return float((rate * ratio + 1 - rate) * weighted * (1 - weighted) / (rate * h1 + (1 - rate) * h0))


def rate_of_positives(positive: BoolArray, weight: FloatArray | None) -> float:
    """Return the weighted rate of positives; raise unless both labels are there."""
    rate = float(np.average(positive, weights=weight)) if positive.size else 0.0
    if not 0 < rate < 1:
        raise ValueError(f"y_true must hold both labels 0 and 1 with a weight > 0, got a rate of positives of {rate:g}")
    return rate
