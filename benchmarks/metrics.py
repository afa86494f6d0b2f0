"""Metrics and thresholds: milliseconds a call against scikit-learn, in pairs in one process.

Run ``python benchmarks/metrics.py`` (about six minutes, 2 GiB; nearly all of it is scikit-learn at 10 million rows). ``--rows``
takes other sizes, ``--repeats`` another number of pairs.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve
from sklearn.model_selection import TunedThresholdClassifierCV

from boostimb import PRAUC, average_precision, best_threshold
from boostimb.metrics import resampled_average_precision

Call = Callable[[], Any]


def pairs(first: Call, second: Call, repeats: int) -> tuple[Any, Any]:
    """Time two calls in turn, so that whatever else the machine does falls on both. Seconds, shape (repeats,) each."""
    times = np.empty((2, repeats))
    for i in range(repeats):
        for j, call in enumerate((first, second)):
            start = time.perf_counter()
            call()
            times[j, i] = time.perf_counter() - start
    return times[0], times[1]


def ms(times: Any) -> str:
    """Median and quartiles in milliseconds."""
    low, middle, high = np.percentile(times * 1e3, [25, 50, 75])
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def ratio(theirs: Any, ours: Any) -> str:
    """Median of the pairs."""
    return f"{np.median(theirs / ours):.1f}"


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
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "scikit-learn", "boostimb"))
    print(f"Machine: {cpu or platform.machine()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}.")
    print(f"Python {platform.python_version()}, {packages}. One thread on either side, unless a row says otherwise.")
    print("Milliseconds: median (quartiles) of calls in turn with the call they are compared to; a ratio is the median of pairs.")


def data(n: int, rate: float, dtype: Any) -> tuple[Any, Any, Any]:
    """Labels as integers, scores in which the positives lie two standard deviations higher, and weights."""
    rng = np.random.default_rng(0)
    y = (rng.random(n) < rate).astype(np.int64)
    return y, (rng.normal(size=n) + 2 * y).astype(dtype), rng.uniform(0.5, 2, n)


def repeats_for(n: int, most: int) -> int:
    """Fewer pairs where one takes seconds."""
    return most if n <= 1_000_000 else max(3, most // 4)


def ranking(rows: list[int], most: int) -> None:
    head(
        "Average precision (bound: labels prepared once, as in every boosting round)",
        "rows", "positives", "scores", "weights", "scikit-learn, ms", "boostimb, ms", "ratio", "bound, ms", "difference",
    )  # fmt: skip
    for n in rows:
        for rate in (0.02, 0.5):
            for dtype in (np.float32, np.float64):
                y, score, weights = data(n, rate, dtype)
                for weight in (None, weights):
                    bound = PRAUC().bind(y, weight)
                    difference = abs(average_precision_score(y, score, sample_weight=weight) - average_precision(y, score, weight))
                    theirs, ours = pairs(
                        lambda y=y, s=score, w=weight: average_precision_score(y, s, sample_weight=w),
                        lambda y=y, s=score, w=weight: average_precision(y, s, w),
                        repeats_for(n, most),
                    )
                    prepared, _ = pairs(lambda b=bound, s=score: b(s), lambda: None, repeats_for(n, most))
                    said = "no" if weight is None else "yes"
                    row(
                        f"{n:,}", f"{rate:.0%}", dtype.__name__, said, ms(theirs), ms(ours), ratio(theirs, ours), ms(prepared),
                        f"{difference:.0e}",
                    )  # fmt: skip


def shapes(n: int, most: int) -> None:
    head(
        f"Average precision by the shape of the scores, {n:,} rows, 2% positives, float64",
        "scores", "scikit-learn, ms", "boostimb, ms", "ratio", "weighted: scikit-learn, ms", "boostimb, ms", "ratio",
    )  # fmt: skip
    y, score, weight = data(n, 0.02, np.float64)
    for name, values in {
        "margins": score,
        "probabilities": expit(2 * score - 6),
        "margins in 80 leaves": score.round(1),
        "probabilities in 1000 steps": expit(2 * score - 6).round(3),
    }.items():
        cells = []
        for w in (None, weight):
            theirs, ours = pairs(
                lambda s=values, w=w: average_precision_score(y, s, sample_weight=w),
                lambda s=values, w=w: average_precision(y, s, w),
                most,
            )
            cells += [ms(theirs), ms(ours), ratio(theirs, ours)]
        row(name, *cells)


def from_the_curve(y: Any, score: Any) -> float:
    """The cut of the highest F1, as it is written with scikit-learn's curve."""
    precision, recall, cuts = precision_recall_curve(y, score)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    return float(cuts[np.argmax(f1[:-1])])


def from_a_grid(y: Any, score: Any) -> float:
    """The same from a hundred cuts, which is how TunedThresholdClassifierCV searches."""
    cuts = np.linspace(score.min(), score.max(), 100)
    return float(max(cuts, key=lambda cut: f1_score(y, score >= cut)))


def thresholds(rows: list[int], most: int) -> None:
    head(
        f"The threshold of the highest F1, 2% positives, float64 (the grid of {TunedThresholdClassifierCV.__name__} is inexact)",
        "rows", "precision_recall_curve, ms", "grid of 100, ms", "best_threshold, ms", "ratio to the curve", "ratio to the grid",
        "F1 lost by the grid",
    )  # fmt: skip
    for n in rows:
        y, score, _ = data(n, 0.02, np.float64)
        found = best_threshold(y, score)
        lost = found.score - f1_score(y, score >= from_a_grid(y, score))
        curve, ours = pairs(
            lambda y=y, s=score: from_the_curve(y, s), lambda y=y, s=score: best_threshold(y, s), repeats_for(n, most)
        )
        grid, again = pairs(lambda y=y, s=score: from_a_grid(y, s), lambda y=y, s=score: best_threshold(y, s), 2)
        row(f"{n:,}", ms(curve), ms(grid), ms(ours), ratio(curve, ours), ratio(grid, again), f"{lost:.4f}")


def resamples(rows: list[int]) -> None:
    vectors, draws, probe = 20, 200, 3
    head(
        f"Average precision of {vectors} score vectors under {draws} bootstrap resamples, 5% positives, float32 (scikit-learn: "
        f"{probe} calls, scaled up)",
        "rows", "scikit-learn, s", "one thread, s", "two threads, s", "ratio, one thread",
    )  # fmt: skip
    for n in rows:
        rng = np.random.default_rng(0)
        y = rng.random(n) < 0.05
        scores = rng.normal(size=(vectors, n)).astype(np.float32) + y
        counts = rng.poisson(1, (draws, n)).astype(np.uint8)
        theirs, _ = pairs(lambda y=y, s=scores, c=counts: average_precision_score(y, s[0], sample_weight=c[0]), lambda: None, probe)
        one, two = pairs(
            lambda y=y, s=scores, c=counts: resampled_average_precision(y, s, c),
            lambda y=y, s=scores, c=counts: resampled_average_precision(y, s, c, n_jobs=2),
            2,
        )
        whole = float(np.median(theirs)) * vectors * draws
        row(f"{n:,}", f"{whole:.3g}", f"{one.min():.3g}", f"{two.min():.3g}", f"{whole / one.min():.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    about_the_machine()
    # The kernels are compiled before anything is timed: once an installation, from a file in every later process.
    for dtype in (np.float32, np.float64):
        y, score, weight = data(1000, 0.1, dtype)
        for w in (None, weight):
            average_precision(y, score, w)
        best_threshold(y, score)
    resampled_average_precision(y, score[None], np.ones((1, y.size), np.uint8))
    ranking(options.rows, options.repeats)
    shapes(min(1_000_000, max(options.rows)), options.repeats)
    thresholds([n for n in options.rows if n <= 1_000_000], options.repeats)
    resamples([n for n in (10_000, 200_000) if n <= max(options.rows)])


if __name__ == "__main__":
    main()
