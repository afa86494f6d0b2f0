"""`boostimb predict` on a file far larger than a piece: rows a second, and the most memory that it held.

``python benchmarks/predict.py FOLDER [--rows 5_000_000] [--columns 20] [--formats csv parquet csv.gz]``

Makes the files in FOLDER (some 2 GB) and leaves them there for the next run. The model is an ensemble over all three boosters
with one column of text. Each file is scored by the command in a process of its own; the memory is that process's peak, as the
system counts it.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

import boostimb as bi
from boostimb.decision import LogisticCalibration
from boostimb.model import Ensemble, Member

LIMIT = 1.5  # GiB that it has to stay below


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--formats", nargs="+", default=["csv", "parquet", "csv.gz"])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    names = ("pandas", "pyarrow", "xgboost", "lightgbm", "catboost")
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"{given.rows:,} rows x {given.columns} columns, one of them text; 3 boosters x {given.rounds} rounds\n")
    model = given.folder / "model"
    ensemble(given.columns, given.rounds).save(model)
    print("| file | size | written | seconds | rows/s | peak memory |")
    print("|---|---|---|---|---|---|")
    peaks = []
    for ending in given.formats:
        table = given.folder / f"rows-{given.rows}-{given.columns}.{ending}"
        if not table.exists():
            write(table, given.rows, given.columns)
        for only in (False, True):
            out = given.folder / f"scored.{ending}"
            command = [sys.executable, "-m", "boostimb", "predict", model, table, "--out", out, *(["--only"] if only else [])]
            seconds, peak = measured(list(map(str, command)))
            peaks.append(peak)
            size, what = table.stat().st_size / 2**30, "new columns" if only else "all columns"
            print(
                f"| {ending} | {size:.2f} GiB | {what} | {seconds:.0f} | {given.rows / seconds:,.0f} | {peak:.2f} GiB |", flush=True
            )
            out.unlink()
    print(f"\nThe most: {max(peaks):.2f} GiB; below {LIMIT} GiB: {'yes' if max(peaks) < LIMIT else 'no'}")


def frame(rng: np.random.Generator, n: int, n_columns: int) -> pd.DataFrame:
    numbers = rng.normal(size=(n, n_columns - 1)).round(6)
    return pd.DataFrame(numbers, columns=[f"x{i}" for i in range(n_columns - 1)]).assign(
        shop=rng.choice(["bakery", "bar", "bank"], n)
    )


def ensemble(n_columns: int, n_rounds: int) -> Ensemble:
    rng = np.random.default_rng(0)
    X = frame(rng, 20_000, n_columns)
    y = (X["x0"] + (X["shop"] == "bar") + rng.normal(size=len(X)) > 3.3).astype(int)
    fitted = [bi.BoostClassifier(name, n_rounds=n_rounds, random_state=0).fit(X, y) for name in ("xgboost", "lightgbm", "catboost")]
    members = [Member(each.booster, each._fitted.model, 1 / 3, 1.0, 0.0) for each in fitted]
    return Ensemble(members, fitted[0]._fitted.encoder, np.array([0, 1]), 1, LogisticCalibration(1.0, 0.0), 0.3)


def write(table: Path, n: int, n_columns: int) -> None:
    """Write the rows in pieces, so that this process stays small too."""
    rng = np.random.default_rng(1)
    sizes = [min(500_000, n - start) for start in range(0, n, 500_000)]
    if table.suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        first = pa.Table.from_pandas(frame(rng, sizes[0], n_columns), preserve_index=False)
        with parquet.ParquetWriter(table, first.schema) as writer:
            writer.write_table(first)
            for size in sizes[1:]:
                writer.write_table(pa.Table.from_pandas(frame(rng, size, n_columns), schema=first.schema, preserve_index=False))
        return
    for at, size in enumerate(sizes):
        frame(rng, size, n_columns).to_csv(table, index=False, mode="a" if at else "w", header=not at)


def measured(command: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds and the GiB of its peak memory."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    return seconds, usage.ru_maxrss / 2**20  # Linux counts in KiB


if __name__ == "__main__":
    main()
