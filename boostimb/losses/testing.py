"""The checks that every margin loss passes, for losses of your own.

Run all of them by `check_loss`, or one by one with pytest::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_loss(check):
        check(MyLoss())
"""

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from boostimb.losses._base import MarginLoss
from boostimb.losses._reference import grad_hess
from boostimb.typing import FloatArray

Check: TypeAlias = Callable[[MarginLoss], None]

# Irrational, so that no point falls on a kink by accident; beyond +-37 a float64 probability is 0 or 1.
NEAR = np.linspace(-9.0, 9.0, 181) + np.pi / 1000
WIDE = np.concatenate([np.linspace(-60.0, 60.0, 2401), [-1e4, -800.0, 800.0, 1e4]])


def check_loss(loss: MarginLoss) -> None:
    """Run every check on a loss.

    Parameters
    ----------
    loss : MarginLoss
        The loss to check.

    Raises
    ------
    AssertionError
        If a check fails; its name and the numbers say which rule is broken, and where.

    Examples
    --------
    >>> from boostimb import FocalLoss
    >>> from boostimb.losses.testing import check_loss
    >>> check_loss(FocalLoss(gamma=1.5, pos_weight=3.0))
    """
    for check in CHECKS:
        try:
            check(loss)
        except AssertionError as error:
            raise AssertionError(f"{check.__name__} failed for {loss!r}: {error}") from error


def check_value(loss: MarginLoss) -> None:
    """The loss is finite and at least 0 at any margin, and falls as the margin moves towards the label."""
    for label, towards in ((0, -1), (1, 1)):
        value = loss.loss(np.full(WIDE.size, label), WIDE)
        assert value.dtype == np.float64, "loss must return float64"
        assert np.isfinite(value).all(), "loss must be finite at any margin"
        assert value.min() >= 0, "loss must be >= 0"
        assert (np.diff(value[:-4]) * towards <= 1e-9 * value[:-5]).all(), f"the loss of label {label} must not rise towards it"


def check_slope(loss: MarginLoss) -> None:
    """``slope`` is the derivative of ``value``."""
    for label in (0, 1):
        _assert_derivative(partial(loss.value, label), loss.slope(label, NEAR), f"slope({label})")


def check_curvature(loss: MarginLoss) -> None:
    """``curvature`` is the derivative of ``slope``."""
    for label in (0, 1):
        _assert_derivative(partial(loss.slope, label), loss.curvature(label, NEAR), f"curvature({label})")


def _assert_derivative(function: Callable[[FloatArray], FloatArray], derivative: FloatArray, name: str) -> None:
    step = 1e-5
    numeric = (function(NEAR + step) - function(NEAR - step)) / (2 * step)
    wrong = ~np.isclose(derivative, numeric, rtol=1e-4, atol=1e-6 * max(1.0, np.abs(numeric).max()))
    # A loss may have a kink, within one step of which a difference says nothing.
    assert wrong.sum() <= 2, (
        f"{name} must be the derivative: at raw = {NEAR[wrong][0]:.4f} it is {derivative[wrong][0]:.6g}, and differences "
        f"say {numeric[wrong][0]:.6g}"
    )


def check_log_slope(loss: MarginLoss) -> None:
    """``log_slope`` is the logarithm of the absolute slope."""
    for label in (0, 1):
        assert_allclose(np.exp(loss.log_slope(label, NEAR)), np.abs(loss.slope(label, NEAR)), rtol=1e-9)


def check_kernel(loss: MarginLoss) -> None:
    """Gradient and hessian are those of the pieces: the compiled kernel, where there is one, agrees with its NumPy twin."""
    rng = np.random.default_rng(0)
    raw, positive = rng.normal(scale=4.0, size=2000), rng.random(2000) < 0.5
    for got, want in zip(loss.grad_hess(positive, raw), grad_hess(loss, positive, raw), strict=True):
        assert_allclose(got, want, rtol=5e-6, atol=2e-6 * np.abs(want).max())


def check_extreme_margins(loss: MarginLoss) -> None:
    """Gradient and hessian are finite at any margin, and the hessian is positive unless it is the exact one."""
    for label in (0, 1):
        for dtype in (np.float32, np.float64):
            grad, hess = loss.grad_hess(np.full(WIDE.size, label), WIDE.astype(dtype))
            assert grad.dtype == hess.dtype == np.float32, "grad_hess must return float32"
            assert np.isfinite(grad).all(), f"the gradient of label {label} must be finite"
            assert np.isfinite(hess).all(), f"the hessian of label {label} must be finite"
            assert loss.hessian == "exact" or (hess > 0).all(), f"the hessian of label {label} must be > 0"


def check_posterior(loss: MarginLoss) -> None:
    """The posterior is a probability that rises with the margin, and each margin minimises the loss expected under it."""
    proba = loss.predict_proba(WIDE)
    assert np.isfinite(proba).all(), "the posterior must be finite at any margin"
    assert proba.min() >= 0, "the posterior must be >= 0"
    assert proba.max() <= 1, "the posterior must be <= 1"
    assert (np.diff(proba[:-4]) >= -1e-12).all(), "the posterior must not fall as the margin rises"
    w0, w1 = loss.class_weight
    p = loss.predict_proba(NEAR)
    up, down = p * w1 * loss.slope(1, NEAR), (1 - p) * w0 * loss.slope(0, NEAR)
    assert_allclose(up, -down, rtol=1e-6, atol=1e-12)
    if loss.posterior_shift is not None:
        assert_allclose(loss.posterior_logit(NEAR), NEAR + loss.posterior_shift, atol=1e-9)


def check_start(loss: MarginLoss) -> None:
    """From the start value the weighted gradient vanishes, and the posterior is the weighted rate of positives."""
    rng = np.random.default_rng(1)
    y, weight = rng.random(4000) < 0.1, rng.uniform(0.5, 3, 4000)
    start = loss.init_raw(y, weight)
    grad = loss.grad_hess(y, np.full(y.size, start), weight)[0].astype(np.float64)
    assert abs(grad.sum()) <= 1e-4 * np.abs(grad).sum(), f"the gradient at the start value {start:g} must sum to 0"
    assert_allclose(loss.predict_proba(np.array([start])), np.average(y, weights=weight), rtol=1e-3)


def check_weights(loss: MarginLoss) -> None:
    """Sample weights multiply loss, gradient and hessian, and leave their arrays alone."""
    rng = np.random.default_rng(2)
    y, raw, weight = (rng.random(300) < 0.2).astype(float), rng.normal(scale=3.0, size=300), rng.uniform(0, 4, 300)
    before = [array.copy() for array in (y, raw, weight)]
    assert_allclose(loss.loss(y, raw, weight), weight * loss.loss(y, raw), rtol=1e-12)
    for weighted, plain in zip(loss.grad_hess(y, raw, weight), loss.grad_hess(y, raw), strict=True):
        assert_allclose(weighted, plain * weight, rtol=1e-5, atol=1e-7 * np.abs(plain).max())
    for array, old in zip((y, raw, weight), before, strict=True):
        assert_array_equal(array, old)


def check_inputs(loss: MarginLoss) -> None:
    """Labels of any numeric type, and margins of any type, stride or protection, give the same result."""
    rng = np.random.default_rng(3)
    y, raw = rng.integers(0, 2, 50), np.round(rng.normal(scale=3.0, size=50), 3).astype(np.float32)
    spread = np.zeros((50, 2), np.float32)
    spread[:, 0] = raw
    frozen = raw.copy()
    frozen.flags.writeable = False
    want = loss.grad_hess(y, raw)
    labels: list[NDArray[np.generic] | list[int]] = [y.astype(kind) for kind in (bool, np.uint8, np.float32, np.float64)]
    for got in (
        *(loss.grad_hess(each, raw) for each in (*labels, y.tolist())),
        *(loss.grad_hess(y, each) for each in (spread[:, 0], frozen, raw.astype(">f4"))),
    ):
        assert_allclose(got, want, rtol=1e-6)
    grad, hess = loss.grad_hess(y[:0], raw[:0])
    assert grad.shape == hess.shape == (0,), "no rows in must be no rows out"


def check_bind(loss: MarginLoss) -> None:
    """A bound loss is ``grad_hess`` with labels and weights fixed, times ``scale``, in arrays of its caller's own."""
    rng = np.random.default_rng(4)
    y, raw, weight = rng.random(100) < 0.3, rng.normal(scale=2.0, size=100).astype(np.float32), rng.uniform(0.1, 2, 100)
    bound = loss.bind(y, weight)
    first = bound(raw)
    kept = [array.copy() for array in first]
    assert_array_equal(first, loss.grad_hess(y, raw, weight))
    bound(raw + 1)
    assert_array_equal(first, kept)
    assert_allclose(loss.bind(y, weight, scale=8.0)(raw), 8 * np.array(first), rtol=1e-6, atol=1e-36)
    assert loss.log_loss_scale(y, weight) > 0, "log_loss_scale must be > 0"


class _Data:
    """What an objective sees of a booster's data set."""

    def __init__(self, label: NDArray[np.generic], weight: NDArray[np.generic] | None) -> None:
        self._label, self._weight = label, weight

    def get_label(self) -> NDArray[np.generic]:
        return self._label

    def get_weight(self) -> NDArray[np.generic] | None:
        return self._weight


def check_objective(loss: MarginLoss) -> None:
    """The same object answers all calling conventions: native XGBoost and LightGBM, their scikit-learn classes, CatBoost."""
    rng = np.random.default_rng(5)
    y, raw, weight = rng.integers(0, 2, 60).astype(np.float32), rng.normal(size=60), rng.uniform(0.5, 2, 60).astype(np.float32)
    plain, weighted = loss.grad_hess(y, raw), loss.grad_hess(y, raw, weight)
    assert_array_equal(loss(raw, _Data(y, np.empty(0, np.float32))), plain)  # XGBoost without weights
    assert_array_equal(loss(raw, _Data(y, None)), plain)  # LightGBM without weights
    assert_array_equal(loss(raw, _Data(y, weight)), weighted)
    assert_array_equal(loss(y, raw), plain)
    assert_array_equal(loss(y, raw, sample_weight=weight), weighted)
    for ders, want in ((loss.calc_ders_range(raw, y, None), plain), (loss.calc_ders_range(raw, y, weight), weighted)):
        assert ders.shape == (60, 2), "calc_ders_range must return the shape (n, 2)"
        assert ders.dtype == np.float64, "calc_ders_range must return float64"
        assert_allclose(ders, -np.stack(want, axis=1), rtol=1e-6, atol=1e-30)
    # CatBoost cuts the rows in chunks: one with no weight at all is no mistake.
    assert (np.abs(loss.calc_ders_range(raw, y, np.zeros(60, np.float32))) < 1e-37).all(), "a weight of 0 must count for nothing"
    assert isinstance(loss.__name__, str), "a booster asks for the name"


def check_shifted(loss: MarginLoss) -> None:
    """Margins that count from a start, whole or in chunks, have the gradients of their sums with it."""
    rng = np.random.default_rng(6)
    y, raw, weight = rng.integers(0, 2, 600).astype(np.float32), rng.normal(size=600), rng.uniform(0.5, 2, 600).astype(np.float32)
    start, scale = -3.3, 2.5
    want = loss.bind(y, weight, scale=scale)(raw + start)
    bound, chunks = loss.bind(y, weight, scale=scale, start=start), loss.in_chunks(scale=scale, start=start)
    assert_allclose(bound(raw), want, rtol=1e-6, atol=1e-30)
    assert_allclose(bound(raw.astype(np.float32)), want, rtol=1e-4, atol=1e-6)
    for each in (chunks, copy.deepcopy(chunks)):  # CatBoost copies its parameters
        ders = np.concatenate([each.calc_ders_range(raw[part], y[part], weight[part]) for part in (slice(0, 513), slice(513, 600))])
        assert_allclose(ders, -np.stack(want, axis=1), rtol=1e-6, atol=1e-30)


def check_frozen(loss: MarginLoss) -> None:
    """A loss is a value: it can be pickled, copied, hashed, and made again from its ``repr``."""
    copies = [copy.deepcopy(loss), eval(repr(loss), {loss.__name__: type(loss)})]
    if "<locals>" not in type(loss).__qualname__:  # a class made inside a function cannot be pickled
        copies.append(pickle.loads(pickle.dumps(loss)))
    for each in copies:
        assert each == loss, f"{each!r} must equal {loss!r}"
        assert hash(each) == hash(loss), "equal losses must have equal hashes"
    try:
        object.__getattribute__(loss, "__setattr__")("pos_weight", 2.0)
    except AttributeError:
        return
    raise AssertionError("a loss must be a frozen dataclass")


def check_bad_input(loss: MarginLoss) -> None:
    """Input that breaks a rule raises a ValueError."""
    raw = np.zeros(3)
    for what, call in (
        ("a label 2", lambda: loss.grad_hess([0, 1, 2], raw)),
        ("a NaN label", lambda: loss.grad_hess([0.0, 1.0, np.nan], raw)),
        ("a NaN margin", lambda: loss.grad_hess([0, 1, 0], [0.0, np.nan, 0.0])),
        ("lengths that differ", lambda: loss.grad_hess([0, 1], raw)),
        ("a negative weight", lambda: loss.grad_hess([0, 1, 0], raw, [1, -1, 1])),
        ("weights that are all zero", lambda: loss.loss([0, 1, 0], raw, [0, 0, 0])),
        ("weights that are all zero", lambda: loss.grad_hess(np.ones(3, np.float32), raw, np.zeros(3, np.float32))),
        ("a negative float32 weight", lambda: loss.grad_hess(np.ones(3, np.float32), raw, np.full(3, -1, np.float32))),
        ("weights of another length", lambda: loss.grad_hess(np.ones(3, np.float32), raw, np.ones(2, np.float32))),
        ("an empty array of weights", lambda: loss.grad_hess(np.ones(3, np.float32), raw, np.ones(0, np.float32))),
        ("one class only", lambda: loss.init_raw([0, 0, 0])),
        ("a scale of 0", lambda: loss.bind([0, 1, 0], scale=0.0)),
        ("margins of another length", lambda: loss.bind([0, 1, 0])(raw[:2])),
        ("a label 2 from CatBoost", lambda: loss.calc_ders_range(raw, np.array([0, 1, 2], np.float32), None)),
    ):
        try:
            call()
        except ValueError:
            continue
        raise AssertionError(f"{what} must raise a ValueError")


CHECKS: tuple[Check, ...] = (
    check_value,
    check_slope,
    check_curvature,
    check_log_slope,
    check_kernel,
    check_extreme_margins,
    check_posterior,
    check_start,
    check_weights,
    check_inputs,
    check_bind,
    check_objective,
    check_shifted,
    check_frozen,
    check_bad_input,
)
