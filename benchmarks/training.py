"""What a round costs with our losses and metrics, against the boosters' own, in pairs within one process.

``python benchmarks/training.py [--rows 1000000] [--features 20] [--threads 2] [--rounds 20] [--pairs 5]``
"""

import argparse
import importlib.metadata as metadata
import platform
import statistics
import time
from collections.abc import Callable

import catboost as cb
import lightgbm as lgb
import numpy as np
import xgboost as xgb
from scipy.special import expit

import boostimb as bi
from boostimb.boosters import catboost as bc
from boostimb.boosters import lightgbm as bl
from boostimb.boosters import xgboost as bx


def table(rows: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, features), dtype=np.float32)
    y = (rng.random(rows) < expit(2 * X[:, 0] + X[:, 1] * X[:, 2] - 5)).astype(np.float32)
    return X, y


def seconds(train: Callable[[int], object], rounds: int) -> float:
    """Time of one round: of many rounds less that of one, so that what is done once does not count."""
    start = time.perf_counter()
    train(1)
    middle = time.perf_counter()
    train(1 + rounds)
    return (time.perf_counter() - middle - (middle - start)) / rounds


def compare(what: str, ours: Callable[[int], object], native: Callable[[int], object], rounds: int, pairs: int) -> float:
    """Print a row, and return the seconds that a round of ours takes beyond a native one."""
    times = [(seconds(ours, rounds), seconds(native, rounds)) for _ in range(pairs)]
    ratio = [a / b for a, b in times]
    a, b = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
    print(f"| {what} | {a:.1f} | {b:.1f} | {statistics.median(ratio):.2f} | {min(ratio):.2f} to {max(ratio):.2f} |", flush=True)
    return statistics.median(a - b for a, b in times)


def added(
    what: str,
    ours: tuple[Callable[[int], object], Callable[[int], object]],
    native: tuple[Callable[[int], object], Callable[[int], object]],
    rounds: int,
    pairs: int,
) -> None:
    """What an eval metric adds to a round: with it less without it."""
    times = []
    for _ in range(pairs):
        a, a0, b, b0 = (seconds(train, rounds) for train in (*ours, *native))
        times.append((a - a0, b - b0))
    a, b = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
    ratio = [a / b for a, b in times]
    print(f"| {what} | {a:.1f} | {b:.1f} | {statistics.median(ratio):.2f} | {min(ratio):.2f} to {max(ratio):.2f} |", flush=True)


class Nothing:
    """A CatBoost objective without arithmetic: what CatBoost itself spends on calling one, a thousand rows at a time."""

    no_jit = True

    def __init__(self) -> None:
        self._ders: dict[int, np.ndarray] = {}
        self.calls = 0

    def __deepcopy__(self, _: object) -> "Nothing":
        return self  # CatBoost copies its parameters, and the calls would be counted in the copy

    def calc_ders_range(self, approxes: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        n = len(approxes)
        self.calls += 1
        if n not in self._ders:
            self._ders[n] = np.tile([0.01, -0.1], (n, 1))
        return self._ders[n]


def microseconds_alone(rows: int) -> float:
    """Time of a call of our objective in one thread, with nobody else who wants the interpreter."""
    rng = np.random.default_rng(0)
    raw, targets = rng.normal(size=rows), (rng.random(rows) < 0.04).astype(np.float32)
    objective, calls = bi.FocalLoss(gamma=2.0).in_chunks(start=-3.0), 2000
    times = []
    for _ in range(11):
        start = time.perf_counter()
        for _ in range(calls):
            objective.calc_ders_range(raw, targets, None)
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("rows", 1_000_000), ("features", 20), ("threads", 2), ("rounds", 20), ("pairs", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--only", choices=("xgboost", "lightgbm", "catboost"))
    given = parser.parse_args()
    X, y = table(given.rows, given.features)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("xgboost", "lightgbm", "catboost", "numpy", "numba"))
    print(f"{platform.machine()}, Python {platform.python_version()}, {versions}")
    print(
        f"{given.rows} rows x {given.features}, {y.mean():.2%} positives, {given.threads} threads, median of {given.pairs} pairs\n"
    )
    print("| a round of | ours, ms | native, ms | ratio | range |\n|---|---|---|---|---|")
    rounds, pairs = given.rounds, given.pairs
    losses = {"LogLoss()": bi.LogLoss(), "FocalLoss(2.0)": bi.FocalLoss(gamma=2.0)}
    rate = float(y.mean())

    if given.only in (None, "xgboost"):
        data = xgb.QuantileDMatrix(X, y, nthread=given.threads)
        params = {"max_depth": 6, "eta": 0.1, "nthread": given.threads, "seed": 0}
        own = {**params, "objective": "binary:logistic", "base_score": rate}
        for name, loss in losses.items():
            compare(
                f"XGBoost, {name}", lambda n, loss=loss: bx.train(params, data, n, loss=loss), lambda n: xgb.train(own, data, n),
                rounds, pairs,
            )  # fmt: skip
        evals = {"evals": [(data, "train")], "verbose_eval": False}
        added(
            "XGBoost, adding PRAUC() / aucpr",
            (lambda n: bx.train(params, data, n, metric=bi.PRAUC(), **evals), lambda n: bx.train(params, data, n)),
            (lambda n: xgb.train({**own, "eval_metric": "aucpr"}, data, n, **evals), lambda n: xgb.train(own, data, n)),
            rounds, pairs,
        )  # fmt: skip
    if given.only in (None, "lightgbm"):
        params = {"num_leaves": 31, "learning_rate": 0.1, "num_threads": given.threads, "verbosity": -1, "seed": 0}
        data = lgb.Dataset(X, y, params={"verbosity": -1}, free_raw_data=False).construct()
        held = lgb.Dataset(X, y, reference=data, free_raw_data=False).construct()
        own = {**params, "objective": "binary"}
        for name, loss in losses.items():
            compare(
                f"LightGBM, {name}", lambda n, loss=loss: bl.train(params, data, n, loss=loss), lambda n: lgb.train(own, data, n),
                rounds, pairs,
            )  # fmt: skip
        none = {**own, "metric": "none"}
        sets = {"valid_sets": [held]}
        added(
            "LightGBM, adding PRAUC() / average_precision",
            (
                lambda n: bl.train(params, data, n, metric=bi.PRAUC(), **sets),
                lambda n: bl.train({**params, "metric": "none"}, data, n, **sets),
            ),
            (
                lambda n: lgb.train({**own, "metric": "average_precision"}, data, n, **sets),
                lambda n: lgb.train(none, data, n, **sets),
            ),
            rounds,
            pairs,
        )
    if given.only in (None, "catboost"):
        params = {
            "depth": 6,
            "learning_rate": 0.1,
            "thread_count": given.threads,
            "verbose": 0,
            "allow_writing_files": False,
            "random_seed": 0,
            "leaf_estimation_iterations": 1,
        }
        data = cb.Pool(X, y)
        data.quantize(border_count=128)
        own = {**params, "loss_function": "Logloss"}
        for name, loss in losses.items():
            ours = compare(
                f"CatBoost, {name}", lambda n, loss=loss: bc.train(params, data, n, loss=loss),
                lambda n: cb.train(data, {**own, "iterations": n}), rounds, pairs,
            )  # fmt: skip
        empty = Nothing()
        nothing = {**params, "loss_function": empty, "eval_metric": "Logloss"}
        cb.train(data, {**nothing, "iterations": 1})
        calls = empty.calls
        alone = compare(
            "CatBoost, an objective that computes nothing",
            lambda n: cb.train(data, {**nothing, "iterations": n}),
            lambda n: cb.train(data, {**own, "iterations": n}),
            rounds,
            pairs,
        )
        size = round(2 * given.rows / calls)  # every row once for the tree and once for its leaves
        print(
            f"\nCatBoost calls an objective {calls:,} times a round. A call takes {1e6 * alone / calls:.1f} us more than native "
            f"log-loss where it computes nothing, and {1e6 * ours / calls:.1f} us with FocalLoss(2.0), which alone takes "
            f"{microseconds_alone(size):.1f} us for {size} rows."
        )


if __name__ == "__main__":
    main()
