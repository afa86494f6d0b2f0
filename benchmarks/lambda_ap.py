"""LambdaAPLoss against LogLoss: average precision on rows never seen, with the rounds of each chosen on validation rows.

``python benchmarks/lambda_ap.py FOLDER [--tables mammography ...]``: FOLDER holds parquet files with a column ``target``.

Of each outer fold's training rows a fifth chooses the number of rounds, by early stopping on average precision, and takes no part
in the training. Both losses see the same rows and the same parameters. Exact duplicates of rows are dropped.
"""

import argparse
import platform
from importlib.metadata import version
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split

import boostimb as bi
from boostimb.boosters import lightgbm as bl
from boostimb.boosters import xgboost as bx

LOSSES = {"LogLoss()": bi.LogLoss(), "LambdaAPLoss()": bi.LambdaAPLoss()}
ROUNDS, PATIENCE, RATE = 800, 50, 0.1


def read(path):
    """Features with categories as integers, and labels."""
    frame = pd.read_parquet(path).drop_duplicates(ignore_index=True)
    y = frame.pop("target").to_numpy().astype(int)
    for name in frame.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]:
        codes = frame[name].astype("category").cat.codes
        frame[name] = codes.where(codes >= 0)
    return frame.to_numpy(dtype=np.float64), y


def by_xgboost(loss, X, y, fit, choose, test, threads):
    params = {"max_depth": 5, "eta": RATE, "subsample": 0.8, "colsample_bytree": 0.8, "seed": 0, "nthread": threads}
    train = xgb.QuantileDMatrix(X[fit], y[fit], nthread=threads)
    held = xgb.QuantileDMatrix(X[choose], y[choose], ref=train, nthread=threads)
    model = bx.train(
        params, train, ROUNDS, loss=loss, metric=bi.PRAUC(), evals=[(held, "held")], early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )  # fmt: skip
    rounds = model.best_iteration + 1
    return model.predict(xgb.DMatrix(X[test]), output_margin=True, iteration_range=(0, rounds)), rounds


def by_lightgbm(loss, X, y, fit, choose, test, threads):
    params = {
        "num_leaves": 31, "learning_rate": RATE, "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.8, "seed": 0,
        "verbosity": -1, "num_threads": threads,
    }  # fmt: skip
    train = lgb.Dataset(X[fit], y[fit], params={"verbosity": -1})
    held = lgb.Dataset(X[choose], y[choose], reference=train)
    model = bl.train(params, train, ROUNDS, loss=loss, metric=bi.PRAUC(), valid_sets=[held], early_stopping_rounds=PATIENCE)
    return model.predict(X[test], raw_score=True, num_iteration=model.best_iteration), model.best_iteration


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="+", default=["mammography", "ai4i2020_failure", "adb_wilt", "coil2000", "phoneme"])
    parser.add_argument("--boosters", nargs="+", choices=("xgboost", "lightgbm"), default=["xgboost", "lightgbm"])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in ("xgboost", "lightgbm", "numpy", "boostimb"))
    print(f"{platform.machine()}, Python {platform.python_version()}, {versions}")
    print(
        f"{given.repeats} times {given.folds} folds; a difference is the mean over the test folds, +- its standard error as if "
        "these were independent, which they are not quite.\n"
    )
    print("| table | rows | positives | booster | AP, LogLoss | AP, LambdaAPLoss | difference | folds won | rounds, median |")
    print("|---|---|---|---|---|---|---|---|---|")
    for table in given.tables:
        X, y = read(given.folder / f"{table}.parquet")
        for booster in given.boosters:
            train = {"xgboost": by_xgboost, "lightgbm": by_lightgbm}[booster]
            scores, rounds = [], []
            splits = RepeatedStratifiedKFold(n_splits=given.folds, n_repeats=given.repeats, random_state=0)
            for rest, test in splits.split(X, y):
                fit, choose = train_test_split(rest, test_size=0.2, stratify=y[rest], random_state=0)
                found = [train(loss, X, y, fit, choose, test, given.threads) for loss in LOSSES.values()]
                scores.append([bi.average_precision(y[test], raw) for raw, _ in found])
                rounds.append([each for _, each in found])
            log, lam = np.mean(scores, axis=0)
            gain = np.diff(scores, axis=1)[:, 0]
            error = gain.std(ddof=1) / np.sqrt(gain.size)
            print(
                f"| {table} | {y.size} | {y.mean():.1%} | {booster} | {log:.4f} | {lam:.4f} | {gain.mean():+.4f} +- {error:.4f} "
                f"| {(gain > 0).sum()} of {gain.size} | {' and '.join(f'{each:.0f}' for each in np.median(rounds, axis=0))} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
