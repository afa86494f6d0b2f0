"""Rounds per second of XGBoost on a GPU with our losses, against its own logistic loss, in pairs within one process.

``python benchmarks/gpu.py [--rows 10000000] [--features 20] [--rounds 50] [--pairs 5] [--depth 6]``

Needs the extras ``xgboost`` and ``gpu``, and a CUDA device; says so and ends where one of them is missing. ``--cpu`` runs the same
routes on the processor with NumPy in the place of CuPy: it shows that the program works, and says nothing about a GPU.

The routes: ``host`` is ``boostimb.boosters.xgboost.train``, and any call of ``xgboost.train(obj=loss)``, where XGBoost copies the
margins to the host each round; ``device`` is ``boostimb.boosters.xgboost_gpu.train``, where they stay.
"""

import argparse
import gc
import importlib.metadata as metadata
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np


def library(cpu: bool) -> Any:
    """CuPy where it has a device, NumPy if asked for; else the reason on the screen and the end."""
    if cpu:
        return np
    try:
        cupy = import_module("cupy")
    except ImportError:
        print("skipped: CuPy is not installed (pip install 'boostimb[gpu]')")
        sys.exit(0)
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        print(f"skipped: no CUDA device: {error}")
        sys.exit(0)
    return cupy


def show_machine(xp: Any) -> None:
    names = ("boostimb", "xgboost", "numpy", *(("cupy-cuda12x",) if xp is not np else ()))
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {metadata.version(name)}" for name in names))
    if xp is np:
        print(f"processor only: {platform.processor() or platform.machine()}")
        return
    properties = xp.cuda.runtime.getDeviceProperties(0)
    version = xp.cuda.runtime.runtimeGetVersion()
    print(f"{properties['name'].decode()}, {properties['totalGlobalMem'] / 2**30:.0f} GiB, CUDA runtime {version}")


def table(xp: Any, rows: int, features: int) -> tuple[Any, Any]:
    rng = xp.random.default_rng(0)
    X = rng.standard_normal((rows, features), dtype=xp.float32)
    odds = 2 * X[:, 0] + X[:, 1] * X[:, 2] - 5
    y = (rng.random(rows, dtype=xp.float32) < 1 / (1 + xp.exp(-odds))).astype(xp.float32)
    return X, y


def seconds(xp: Any, train: Callable[[int], object], rounds: int) -> float:
    """Time of one round: of many rounds less that of one, so that what is done once does not count."""

    def timed(n: int) -> float:
        gc.collect()
        start = time.perf_counter()
        train(n)
        if xp is not np:
            xp.cuda.runtime.deviceSynchronize()
        return time.perf_counter() - start

    return (timed(1 + rounds) - timed(1)) / rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 10_000_000), ("features", 20), ("rounds", 50), ("pairs", 5), ("depth", 6)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--cpu", action="store_true", help="the same routes on the processor, with NumPy")
    options = parser.parse_args()
    xp = library(options.cpu)

    import xgboost as xgb

    import boostimb as bi
    from boostimb.boosters import xgboost as by_host
    from boostimb.boosters import xgboost_gpu as on_device

    show_machine(xp)
    X, y = table(xp, options.rows, options.features)
    rate = float(y.mean())
    print(f"{options.rows:,} x {options.features}, {100 * rate:.2f}% positives, depth {options.depth}, {options.rounds} rounds\n")
    params = {"device": "cpu" if options.cpu else "cuda", "max_depth": options.depth, "eta": 0.1, "verbosity": 0}
    data = xgb.QuantileDMatrix(X, y)
    native = {**params, "objective": "binary:logistic", "base_score": rate}
    focal = bi.FocalLoss(2.0)
    # gamma 0 with equal weights is log-loss through our formulas; LogLoss itself runs on XGBoost's own objective.
    own_log_loss = bi.FocalLoss(0.0, alpha=0.5)
    held = on_device.Rows(X[: options.rows // 10], y[: options.rows // 10])
    rest = xgb.QuantileDMatrix(held.X, held.y, ref=data)
    cases: list[tuple[str, Callable[[int], object], Callable[[int], object]]] = []

    def plain(n: int) -> object:
        return xgb.train(native, data, n)

    for name, loss in (("FocalLoss(2.0)", focal), ("LogLoss", bi.LogLoss()), ("log-loss by our formulas", own_log_loss)):
        cases.append((f"{name}, host", lambda n, loss=loss: by_host.train(params, data, n, loss=loss), plain))
        cases.append((f"{name}, device", lambda n, loss=loss: on_device.train(params, on_device.Rows(X, y), n, loss=loss), plain))
    cases.append(
        (
            "FocalLoss(2.0) and PRAUC of a tenth, device",
            lambda n: on_device.train(params, on_device.Rows(X, y), n, loss=focal, metric=bi.PRAUC(), valid=held),
            lambda n: xgb.train({**native, "eval_metric": "aucpr"}, data, n, evals=[(rest, "held")], verbose_eval=False),
        )
    )
    print("| loss and route | rounds/s | native logistic, rounds/s | time of a round against native | spread |")
    print("|---|---|---|---|---|")
    for name, ours, theirs in cases:
        ours(1)
        times = [(seconds(xp, ours, options.rounds), seconds(xp, theirs, options.rounds)) for _ in range(options.pairs)]
        ratio = [a / b for a, b in times]
        a, b = (1 / statistics.median(column) for column in zip(*times, strict=True))
        print(f"| {name} | {a:.1f} | {b:.1f} | {statistics.median(ratio):.2f} | {min(ratio):.2f} to {max(ratio):.2f} |", flush=True)


if __name__ == "__main__":
    main()
