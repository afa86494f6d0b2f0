"""Are the derivatives that public losses hand to a booster those of their loss? Against differences of the loss itself.

Run ``python benchmarks/peer_derivatives.py``, where the peers of benchmarks/peers-losses.txt are installed; it takes a second.
"""

import platform
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax

from boostimb import AsymmetricLoss, FocalLoss, SoftmaxFocalLoss

GAMMA, SHIFT = 2.0, 0.05
STEP = 1e-3
FAR = 100.0
# From -6 to 6, none of them where the asymmetric loss has its corner.
BINARY = np.linspace(-6.0, 6.0, 98)[:, None]
SEVERAL = np.random.default_rng(0).uniform(-4.0, 4.0, (200, 3))

Derivatives = tuple[Any, Any]
Call = Callable[[Any, Any], Derivatives]  # labels (n,) and margins (n,), of several classes (n, k)


def focal(y: Any, raw: Any) -> Any:
    u = np.where(y[:, None] == 1, raw, -raw)
    return expit(-u) ** GAMMA * np.logaddexp(0, -u)


def asymmetric(y: Any, raw: Any) -> Any:
    shifted = np.maximum(expit(raw) - SHIFT, 0.0)
    return np.where(y[:, None] == 1, np.logaddexp(0, -raw), shifted**GAMMA * -np.log1p(-shifted))


def several(y: Any, raw: Any) -> Any:
    log_p = np.take_along_axis(log_softmax(raw, axis=1), y[:, None].astype(int), axis=1)
    return (1 - np.exp(log_p)) ** GAMMA * -log_p


def differences(loss: Callable[[Any, Any], Any], y: Any, raw: Any) -> Derivatives:
    """Gradient and diagonal of the hessian, by central differences in each margin."""
    grad, hess = np.empty_like(raw), np.empty_like(raw)
    for column in range(raw.shape[1]):
        step = np.zeros(raw.shape[1])
        step[column] = STEP
        above, at, below = (loss(y, raw + times * step)[:, 0] for times in (1, 0, -1))
        grad[:, column] = (above - below) / (2 * STEP)
        hess[:, column] = (above - 2 * at + below) / STEP**2
    return grad, hess


def peers() -> list[tuple[str, str, Callable[[Any, Any], Any], Call]]:
    """Package, name of the loss, the loss, and the package's call."""

    def of(module: str, name: str) -> Any:
        return getattr(import_module(module), name)

    def with_data(call: Any) -> Call:
        return lambda y, raw: call(raw, SimpleNamespace(get_label=lambda: y))

    in_imbalance = of("imxgboost.focal_loss", "Focal_Binary_Loss")(GAMMA).focal_binary_object
    in_bokbokbok = of("bokbokbok.loss_functions.classification", "WeightedFocalLoss")(1.0, GAMMA)
    binary, multi = (of("imlightgbm.objective", f"{kind}_focal_objective") for kind in ("binary", "multiclass"))
    return [
        ("bokbokbok", "focal", focal, with_data(in_bokbokbok)),
        (
            "imbalance-xgboost",
            "focal",
            focal,
            with_data(in_imbalance),
        ),
        ("imlightgbm", "focal", focal, lambda y, raw: binary(y, raw, GAMMA)),
        ("imlightgbm", "focal, 3 classes", several, lambda y, raw: multi(y, raw, GAMMA, 3)),
        ("gbdtCBL", "focal", focal, of("gbdtCBL.binary", "FLLoss")(GAMMA)),
        ("gbdtCBL", "asymmetric", asymmetric, of("gbdtCBL.binary", "ASLLoss")(0.0, GAMMA, SHIFT)),
        ("boostimb", 'focal, `hessian="exact"`', focal, FocalLoss(GAMMA, hessian="exact").grad_hess),
        ("boostimb", "asymmetric", asymmetric, AsymmetricLoss(0.0, GAMMA, SHIFT).grad_hess),
        ("boostimb", "focal, 3 classes", several, SoftmaxFocalLoss(GAMMA).grad_hess),
    ]


def main() -> None:
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {version('numpy')}; gamma {GAMMA}, shift {SHIFT}\n")
    print(f"| package | loss | gradient off by at most | hessian off by at most | at margins of {FAR:.0f} and -{FAR:.0f} |")
    print("|---|---|---|---|---|")
    for package, name, loss, call in peers():
        margins = SEVERAL if loss is several else BINARY
        raw = np.concatenate([margins] * margins.shape[1] if loss is several else [margins, margins])
        y = np.repeat(np.arange(3.0 if loss is several else 2.0), len(margins))
        shape = raw.shape if loss is several else (len(raw),)
        far = np.sign(raw) * FAR
        with np.errstate(all="ignore"):
            given = [np.reshape(each, raw.shape) for each in call(y, raw.reshape(shape))]
            finite = all(np.isfinite(each).all() for each in call(y, far.reshape(shape)))
        errors = [np.abs(mine - true).max() for mine, true in zip(given, differences(loss, y, raw), strict=True)]
        print(f"| {package} {version(package)} | {name} | {errors[0]:.2g} | {errors[1]:.2g} | {'finite' if finite else 'NaN'} |")


if __name__ == "__main__":
    main()
