"""Nested cross-validation: is the corrected score what a search's model is worth on rows that no search has seen?

``python benchmarks/nested.py FOLDER [--tables stroke coil2000] [--timeout 60] [--outer 5] [--seeds 0]``

FOLDER holds parquet files whose last column ``target`` is 1 for the rare class. Exact duplicates of rows are dropped. Outside, five
stratified folds: ``ImbalanceSearchCV`` searches on four of them, and its average precision is that of the fifth; their mean has a
standard error over the folds. Beside it stand the mean of the scores that these five searches gave themselves, as they stand and
corrected, and one search on all rows with the same budget: its corrected score, the 95% interval, and whether that holds the outer
mean. A search on four fifths of the rows has less to learn from, which speaks against coverage.
"""

import argparse
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, cross_validate
from tune import machine
from tune_contenders import CORES

import boostimb as bi


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="+", default=["stroke", "coil2000"])
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--outer", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    names = ("boostimb", "scikit-learn", "xgboost", "lightgbm", "catboost", "optuna")
    print(f"{machine()}, " + ", ".join(f"{name} {metadata.version(name)}" for name in names))
    print(f"average precision; {given.outer} outer folds, {given.timeout:g} s a search\n")
    print("| table | seed | outer mean | error | inner scores | inner, corrected | all rows, corrected | 95% interval | holds it |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    held = []
    for table in given.tables:
        frame = pd.read_parquet(given.folder / f"{table}.parquet").drop_duplicates(ignore_index=True)
        y = frame.pop("target").to_numpy().astype(int)
        for seed in given.seeds:
            search = bi.ImbalanceSearchCV(timeout=given.timeout, n_jobs=CORES, progress=False, random_state=seed)
            outer = StratifiedKFold(given.outer, shuffle=True, random_state=seed)
            found = cross_validate(search, frame, y, cv=outer, return_estimator=True, error_score="raise")
            scores = found["test_score"]
            mean, error = scores.mean(), scores.std(ddof=1) / np.sqrt(scores.size)
            naive, corrected = (
                np.mean([getattr(each, name) for each in found["estimator"]]) for name in ("best_score_", "corrected_score_")
            )
            whole = search.fit(frame, y)
            low, high = whole.score_interval_
            held.append(low <= mean <= high)
            print(
                f"| {table} | {seed} | {mean:.4f} | {error:.4f} | {naive:.4f} | {corrected:.4f} | {whole.corrected_score_:.4f} | "
                f"[{low:.4f}, {high:.4f}] | {'yes' if held[-1] else 'no'} |",
                flush=True,
            )
    print(f"\n{sum(held)} of {len(held)} intervals hold the outer mean")


if __name__ == "__main__":
    main()
