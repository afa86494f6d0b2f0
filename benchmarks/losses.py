"""Gradient and hessian of the losses: milliseconds a call, against NumPy and the public peers, in pairs in one process.

Run ``python benchmarks/losses.py`` (about a minute); ``--rows`` and ``--repeats`` change its size. The peers are those of
benchmarks/peers-losses.txt that are installed.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from boostimb import AsymmetricLoss, FocalLoss, LambdaAPLoss, LDAMLoss, LogLoss, SoftmaxFocalLoss
from boostimb.losses._threads import thread_limit

Call = Callable[[], object]
GAMMAS = (0.5, 1.0, 2.0, 3.7, 5.0)


def formula(y: Any, raw: Any, gamma: float) -> tuple[Any, Any]:
    """Gradient and exact hessian in float64 NumPy, written without overflow or clipping."""
    t = 2 * y - 1
    u = t * raw
    p, q, s = expit(u), expit(-u), np.logaddexp(0, -u)
    power = np.exp(-gamma * np.logaddexp(0, u))
    return -t * power * (q + gamma * p * s), p * power * ((2 * gamma + 1) * q + gamma * s * (gamma * p - q))


def textbook(y: Any, raw: Any, gamma: float) -> tuple[Any, Any]:
    """The same as most write it, in powers and logarithms of probabilities: faster, and NaN in the tails."""
    p = expit(raw)
    p = np.where(y == 1, p, 1 - p)
    q, log_p = 1 - p, np.log(p)
    power = q**gamma
    return (2 * y - 1) * power * (gamma * p * log_p - q), p * power * ((2 * gamma + 1) * q - gamma * log_p * (gamma * p - q))


class Data:
    """What a booster hands to an objective beside the margins."""

    def __init__(self, label: Any) -> None:
        self._label = label

    def get_label(self) -> Any:
        return self._label


def peers(y: Any, raw: Any, gamma: float) -> dict[str, Callable[[], Call]]:
    """Name of each peer, and what makes its call; margins come as its booster gives them (XGBoost float32, LightGBM float64)."""
    data, wide = Data(y.astype(np.float32)), raw.astype(np.float64)

    def of(module: str, name: str) -> Any:
        return getattr(import_module(module), name)

    def bokbokbok() -> Call:
        objective = of("bokbokbok.loss_functions.classification", "WeightedFocalLoss")(alpha=1.0, gamma=gamma)
        return lambda: objective(raw, data)

    def gbdtcbl() -> Call:
        objective = of("gbdtCBL.binary", "FLLoss")(gamma)
        return lambda: objective(y, wide)

    def imbalance_xgboost() -> Call:
        objective = of("imxgboost.focal_loss", "Focal_Binary_Loss")(gamma).focal_binary_object
        return lambda: objective(raw, data)

    def imlightgbm() -> Call:
        objective = of("imlightgbm.objective", "binary_focal_lgb_objective")
        return lambda: objective(wide, data, gamma)

    return {"bokbokbok": bokbokbok, "gbdtCBL": gbdtcbl, "imbalance-xgboost": imbalance_xgboost, "imlightgbm": imlightgbm}


def pairs(first: Call, second: Call, repeats: int) -> tuple[Any, Any]:
    """Time two calls in turn, so that whatever else the machine does falls on both. Seconds, shape (repeats,) each."""
    first(), second()
    times = np.empty((2, repeats))
    for i in range(repeats):
        for j, call in enumerate((first, second)):
            start = time.perf_counter()
            call()
            times[j, i] = time.perf_counter() - start
    return times[0], times[1]


def alone(call: Call, repeats: int) -> Any:
    return pairs(call, lambda: None, repeats)[0]


def ms(times: Any) -> str:
    """Median and quartiles in milliseconds."""
    low, middle, high = np.percentile(times * 1e3, [25, 50, 75])
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def row(*cells: object) -> None:
    print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)


def head(title: str, *cells: str) -> None:
    print(f"\n{title}\n")
    row(*cells)
    row(*["---"] * len(cells))


def about_the_machine() -> None:
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        cpu = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), cpu)
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba"))
    print(f"Machine: {cpu or platform.machine()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}.")
    print(f"Python {platform.python_version()}, {packages}. Threads of boostimb: {thread_limit()}.")
    print("Milliseconds: median (quartiles) of calls in turn with the call they are compared to; a ratio is the median of pairs.")


def compile_cost() -> None:
    """Seconds from a fresh cache and from a filled one, each in an interpreter of its own."""
    code = (
        "import time, numpy as np\nfrom boostimb import FocalLoss\nloss, raw = FocalLoss(), np.zeros(9, np.float32)\n"
        "start = time.perf_counter()\nloss.grad_hess(raw, raw)\nprint(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "NUMBA_CACHE_DIR": folder}
        first, later = (
            float(subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True).stdout)
            for _ in range(2)
        )
    print(
        f"\nThe first call of FocalLoss, import of numba included: {first:.1f} s once in an installation, {later:.1f} s in "
        "every later process."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    n, repeats = options.rows, options.repeats
    about_the_machine()
    compile_cost()
    rng = np.random.default_rng(0)
    y, raw = (rng.random(n) < 0.02).astype(np.float64), rng.normal(-2, 2.5, n).astype(np.float32)
    wide = raw.astype(np.float64)
    os.environ["BOOSTIMB_NUM_THREADS"] = "1"

    head(
        f"FocalLoss, {n:,} float32 margins, one thread",
        "gamma", "bound, ms", "grad_hess with its checks, ms", "NumPy float64, ms", "ratio", "NumPy textbook, ms", "ratio",
    )  # fmt: skip
    for gamma in GAMMAS:
        loss = FocalLoss(gamma)
        bound = loss.bind(y)
        ours, numpy = pairs(lambda bound=bound: bound(raw), lambda gamma=gamma: formula(y, wide, gamma), repeats)
        again, book = pairs(lambda bound=bound: bound(raw), lambda gamma=gamma: textbook(y, wide, gamma), repeats)
        checked = alone(lambda loss=loss: loss.grad_hess(y, raw), repeats)
        row(gamma, ms(ours), ms(checked), ms(numpy), f"{np.median(numpy / ours):.1f}", ms(book), f"{np.median(book / again):.1f}")

    head(f"Every loss, {n:,} margins, one thread, bound", "loss", "float32 margins, ms", "float64 margins, ms")
    for loss in (
        LogLoss(), FocalLoss(), FocalLoss(hessian="exact"), FocalLoss(hessian="clamp"), AsymmetricLoss(), AsymmetricLoss(shift=0.0),
        LDAMLoss(20, 980), LambdaAPLoss(),
    ):  # fmt: skip
        bound = loss.bind(y)
        row(f"`{loss!r}`", *(ms(alone(lambda b=bound, r=each: b(r), repeats)) for each in (raw, wide)))
    classes, margins = rng.integers(0, 3, n), rng.normal(size=(n, 3)).astype(np.float32)
    several = SoftmaxFocalLoss().bind(classes)
    both = (margins, margins.astype(np.float64))
    row("`SoftmaxFocalLoss()`, 3 classes", *(ms(alone(lambda r=each: several(r), repeats)) for each in both))

    head("FocalLoss(2.0) by rows, bound", "rows", "one thread, ms", f"{max(2, os.cpu_count() or 1)} threads, ms", "ratio")
    bound_by_rows = [
        (rows, FocalLoss().bind(np.resize(y, rows)), np.resize(raw, rows)) for rows in (1000, n // 100, n // 5, n, 5 * n)
    ]

    def with_threads(bound: Any, margins: Any, threads: str) -> Call:
        def call() -> None:
            os.environ["BOOSTIMB_NUM_THREADS"] = threads
            bound(margins)

        return call

    for rows, bound, margins in bound_by_rows:
        many = str(max(2, os.cpu_count() or 1))
        one, several = pairs(with_threads(bound, margins, "1"), with_threads(bound, margins, many), repeats)
        row(f"{rows:,}", ms(one), ms(several), f"{np.median(one / several):.2f}")

    os.environ["BOOSTIMB_NUM_THREADS"] = "1"
    head(f"Public peers, focal loss at gamma 2, {n:,} margins, one thread", "peer", "its call, ms", "ours in turn, ms", "ratio")
    bound = FocalLoss(2.0).bind(y)
    for name, make in peers(y, raw, 2.0).items():
        try:
            label, call = f"{name} {version(name)}", make()
        except (PackageNotFoundError, ImportError) as error:
            row(name, f"did not run: {error}", "", "")
            continue
        with np.errstate(all="ignore"):
            theirs, ours = pairs(call, lambda: bound(raw), repeats)
        row(label, ms(theirs), ms(ours), f"{np.median(theirs / ours):.1f}")


if __name__ == "__main__":
    main()
