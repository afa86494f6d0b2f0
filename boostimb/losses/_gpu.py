"""Gradient and hessian where the margins are: the formulas of the kernels, on arrays of any library with NumPy's functions.

XGBoost takes gradients from the memory of a GPU. Where margins arrive as CuPy arrays they are computed there; ``xp`` stands for
CuPy, and in the tests for NumPy and for array-api-strict. Each function is the twin of the kernel that has its name, and takes the
same arguments; ``_kernels.py`` says what the letters mean. All of it is float32, as there: a GPU of the kind that sits in a desktop
has a sixty-fourth of the units for float64.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

# An array of CuPy, which is not there to be imported; it has the interface of the array API.
DeviceArray: TypeAlias = Any
Library: TypeAlias = Any
Pair: TypeAlias = tuple[DeviceArray, DeviceArray]

FAR = 88.5
TINY = float(np.finfo(np.float32).tiny)


def derivatives(xp: Library, kernel: str, raw: DeviceArray, signed: DeviceArray, parameters: tuple[Any, ...]) -> Pair:
    """Return gradient and hessian, float32 of shape (n,), as the kernel of that name does.

    Parameters
    ----------
    xp : module
        Library of the arrays.
    kernel : str
        Name of a kernel.
    raw, signed : array of shape (n,)
        Margins, and weights with the label as sign.
    parameters : tuple
        What the kernel takes after its constants.

    Raises
    ------
    KeyError
        If the kernel has no twin here.
    """
    z = xp.asarray(raw, dtype=xp.float32)
    numbers = [value if isinstance(value, bool) else float(value) for value in parameters]
    return TWINS[kernel](xp, z, signed, *numbers)


def _parts(xp: Library, z: DeviceArray) -> tuple[DeviceArray, ...]:
    """``a = min(abs(z), FAR)``, ``e = exp(-a)``, ``r = 1 / (1 + e)`` and ``L = ln(1 + e)``."""
    a = xp.abs(z)
    a = xp.where(a > FAR, xp.full_like(a, FAR), a)
    e = xp.exp(-a)
    return a, e, 1.0 / (1.0 + e), xp.log1p(e)


def _either(xp: Library, condition: DeviceArray, yes: float, no: float, like: DeviceArray) -> DeviceArray:
    return xp.where(condition, xp.full_like(like, yes), xp.full_like(like, no))


def _at_least(xp: Library, values: DeviceArray, least: DeviceArray | float) -> DeviceArray:
    least = xp.full_like(values, least) if isinstance(least, float) else least
    return xp.where(values < least, least, values)


def log_loss(xp: Library, z: DeviceArray, v: DeviceArray, w0: float, w1: float) -> Pair:
    """``-t w q`` and ``w p q``."""
    _, e, r, _ = _parts(xp, z)
    positive = v > 0
    weight = v * _either(xp, positive, w1, w0, v)
    grad = -weight * xp.where(positive == (z >= 0), e * r, r)
    return grad, _at_least(xp, xp.abs(weight) * r * (e * r), TINY)


def focal_expected(
    xp: Library, z: DeviceArray, v: DeviceArray, gamma: float, _rate: float, _low: float, w0: float, w1: float
) -> Pair:
    """Gradient of focal loss and its hessian expected under the posterior."""
    a, e, r, soft = _parts(xp, z)
    up = z >= 0
    fade, dim = xp.exp(-gamma * a), xp.exp(-gamma * soft)
    flat = gamma * soft
    steep = gamma * a + flat
    small = e * steep
    right, wrong = e + flat, 1.0 + small
    right_slope = _either(xp, up, w1, w0, z) * fade * right
    wrong_slope = _either(xp, up, w0, w1, z) * wrong
    odd = 2.0 * gamma + 1.0
    mixed = wrong * (odd * e + flat * (gamma - e)) + right * e * (odd + gamma * small - steep)
    common = r * dim
    grad = -v * common * xp.where((v > 0) == up, right_slope, wrong_slope)
    curve = xp.abs(v) * (w0 * w1 * fade * r * common * mixed / (right_slope + wrong_slope))
    return grad, _at_least(xp, curve, TINY)


def focal_exact(
    xp: Library, z: DeviceArray, v: DeviceArray, gamma: float, _rate: float, _low: float, w0: float, w1: float, clamp: bool
) -> Pair:
    """Gradient of focal loss and its own second derivative, which ``clamp`` keeps at ``|gradient| * p`` or above."""
    a, e, r, soft = _parts(xp, z)
    positive = v > 0
    correct = positive == (z >= 0)
    fade, dim = xp.exp(-gamma * a), xp.exp(-gamma * soft)
    flat = gamma * soft
    steep = gamma * a + flat
    small = e * steep
    odd = 2.0 * gamma + 1.0
    weight = v * _either(xp, positive, w1, w0, v) * r * dim
    slope = weight * xp.where(correct, fade * (e + flat), 1.0 + small)
    bend = xp.where(correct, fade * (odd * e + flat * (gamma - e)), e * (odd + gamma * small - steep))
    curve = xp.abs(weight) * r * bend
    if clamp:
        bound = xp.abs(slope) * r * xp.where(correct, xp.ones_like(e), e)
        curve = _at_least(xp, _at_least(xp, curve, bound), TINY)
    return -slope, curve


TWINS: dict[str, Callable[..., Pair]] = {"log_loss": log_loss, "focal_expected": focal_expected, "focal_exact": focal_exact}
