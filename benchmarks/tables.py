"""Every table of a folder end to end: tune under a budget, save, load, predict.

``python benchmarks/tables.py FOLDER [--tables a b] [--timeout 20] [--seed 0]``

FOLDER holds parquet files whose last column ``target`` is 1 for the rare class, or the number of one of several classes. Exact
duplicates of rows are dropped; all other rows are searched on, in five folds, or as many as the rarest class has rows. Each table
is a process of its own with two cores. It is saved and loaded again, and the loaded model has to give the same probabilities,
finite ones that sum to 1. A table that fails, or takes more than three times the timeout, is a line that says so. Linux only.
Seconds are those of ``tune``, the peak is that of the process.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tune import PATIENCE, ask, machine
from tune_contenders import CORES, peak_mib

import boostimb as bi


def end_to_end(path: Path, timeout: float, seed: int) -> dict[str, Any]:
    """Do all of it with one table."""
    frame = pd.read_parquet(path).drop_duplicates(ignore_index=True)
    y = frame.pop("target").to_numpy().astype(int)
    counts = np.bincount(y)
    about = {"rows": y.size, "columns": frame.shape[1], "classes": int((counts > 0).sum())}
    about["folds"] = int(min(5, counts[counts > 0].min()))  # each needs a row of every class
    about["rate"] = float((counts[1] if about["classes"] == 2 else counts[counts > 0].min()) / y.size)
    warnings.simplefilter("ignore")
    started = time.monotonic()
    result = bi.tune(frame, y, cv=about["folds"], timeout=timeout, n_jobs=CORES, progress=False, random_state=seed)
    seconds = time.monotonic() - started
    with tempfile.TemporaryDirectory() as folder:
        result.save(folder)
        model = bi.load(folder)
    proba = model.predict_proba(frame)
    if not np.isfinite(proba).all() or np.abs(proba.sum(axis=1) - 1).max() > 1e-6 or proba.min() < 0:
        raise SystemExit("the probabilities are not finite, or do not sum to 1")
    if np.abs(proba - result.predict_proba(frame)).max() > 1e-6 or (model.predict(frame) != result.predict(frame)).any():
        raise SystemExit("the loaded model does not predict what the saved one does")
    figures = {"score": result.best_score_, "corrected": result.corrected_score_, "plain": result.baseline_score_}
    return {**about, **figures, "trials": len(result.cv_results_["trial"]), "seconds": seconds, "peak_mib": peak_mib()}


def line(path: Path, timeout: float, seed: int) -> tuple[bool, str]:
    """Return whether a table came through, and its line."""
    with tempfile.TemporaryDirectory(prefix="tables-") as name:
        folder = Path(name)
        child = [sys.executable, str(Path(__file__).absolute()), str(path.absolute()), "--one", str(timeout), str(seed)]
        error = ask(child, folder, PATIENCE * timeout + 60)  # reading and predicting half a million rows is not in the budget
        if error is not None:
            return False, f"| {path.stem} | failed: {error.replace('|', '/')} |" + " |" * 10
        found = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    figures = " | ".join(f"{found[key]:.4f}" for key in ("score", "corrected", "plain"))
    about = f"{found['rows']:,} | {found['columns']} | {found['classes']} | {found['rate']:.4%} | {found['folds']}"
    cost = f"{found['trials']} | {found['seconds']:.1f} | {found['peak_mib']:.0f}"
    return True, f"| {path.stem} | {about} | {figures} | {cost} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="+")
    parser.add_argument("--timeout", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    paths = sorted(given.folder.glob("*.parquet"))
    if given.tables is not None:
        paths = [given.folder / f"{name}.parquet" for name in given.tables]
    if not paths:
        parser.error(f"no parquet files in {given.folder}")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])  # of every process that is started here, too
    names = ("boostimb", "xgboost", "lightgbm", "catboost", "optuna")
    print(f"{machine()}, " + ", ".join(f"{name} {metadata.version(name)}" for name in names))
    print(
        f"timeout {given.timeout:g} s, seed {given.seed}; scores are average precision, out of fold; the rate is that of class 1,"
    )
    print("or of the rarest of several classes\n")
    print("| table | rows | columns | classes | rate | folds | score | corrected | plain | trials | seconds | peak, MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    failed = 0
    for path in paths:
        came_through, text = line(path, given.timeout, given.seed)
        failed += not came_through
        print(text, flush=True)
    print(f"\n{len(paths) - failed} of {len(paths)} tables came through")


if __name__ == "__main__":
    if "--one" in sys.argv:
        table, _, seconds, seed = sys.argv[1:]
        Path("answer.json").write_text(json.dumps(end_to_end(Path(table), float(seconds), int(seed))), encoding="utf-8")
    else:
        main()
