"""The trials of one search, made by boostimb.tune and made again the plain way, with Optuna's values and imbalanced-learn.

``python benchmarks/search_speed.py FOLDER [--tables creditcard_fraud_union] [--trials 12] [--threads 2] [--repeats 1]``

FOLDER holds parquet files with the labels in the column ``target``; exact duplicates of rows are dropped. ``tune`` makes its trials
with LightGBM and log-loss. Then the loop that people write takes the same values, trial by trial: on the same five folds the
sampler is fitted anew to the training rows, LGBMClassifier is trained with the trial's parameters and its class weight as
``scale_pos_weight``, stops early on the average precision of the validation rows with the patience of ``tune``, and scikit-learn
scores them. Both are timed whole: ``tune`` with its ensemble, calibration and estimate, the loop with its trials only. The average
precision is of the best trial, out of fold.
"""

import argparse
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.impute import SimpleImputer
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils import check_random_state

import boostimb as bi
from boostimb.search._trial import MAX_ROUNDS, patience  # private: the plain loop has to stop as the search does

SEED = 0
TABLES = ("bank_additional", "give_me_some_credit", "creditcard_fraud_union")


def read(path: Path) -> tuple[pd.DataFrame, Any]:
    frame = pd.read_parquet(path).drop_duplicates(ignore_index=True)
    return frame, frame.pop("target").to_numpy().astype(int)


def by_tune(X: pd.DataFrame, y: Any, trials: int, threads: int) -> bi.TuneResult:
    budget = {"n_trials": trials, "timeout": None, "n_jobs": threads}
    return bi.tune(X, y, booster="lightgbm", losses="log_loss", progress=False, random_state=SEED, **budget)


def resample(sampler: str, ratio: float | None, X: Any, y: Any, categories: list[int]) -> tuple[Any, Any]:
    """Training rows by a sampler that sees them for the first time."""
    if sampler == "none" or ratio is None or y.sum() >= ratio * (y == 0).sum():  # the ratio is there already
        return X, y
    if sampler == "under":
        return RandomUnderSampler(sampling_strategy=ratio, random_state=SEED).fit_resample(X, y)
    if sampler == "over":
        return RandomOverSampler(sampling_strategy=ratio, random_state=SEED).fit_resample(X, y)
    if sampler != "smote":
        raise ValueError(f"the plain loop has no sampler {sampler!r}")
    if not categories:
        return SMOTE(sampling_strategy=ratio, random_state=SEED).fit_resample(X, y)
    if len(categories) == X.shape[1]:
        return SMOTEN(sampling_strategy=ratio, random_state=SEED).fit_resample(X, y)
    return SMOTENC(categories, sampling_strategy=ratio, random_state=SEED).fit_resample(X, y)


def plainly(X: pd.DataFrame, y: Any, trials: list[dict[str, Any]], threads: int) -> float:
    """Make the trials of these values again; return the best average precision."""
    names = list(X.select_dtypes(exclude="number"))
    coded = X.assign(**dict(zip(names, OrdinalEncoder().fit_transform(X[names]).T, strict=True))) if names else X
    values, categories = coded.to_numpy(dtype=float), [X.columns.get_loc(name) for name in names]
    folds = list(StratifiedKFold(5, shuffle=True, random_state=check_random_state(SEED).randint(2**31 - 1)).split(values, y))
    best = 0.0
    for drawn in trials:
        params = {name.removeprefix("lightgbm."): value for name, value in drawn.items() if name.startswith("lightgbm.")}
        sampler = drawn["sampler"]
        oof = np.empty(y.size)
        scores = []
        for train, valid in folds:
            X_train, X_valid = values[train], values[valid]
            if sampler == "smote" and np.isnan(X_train).any():  # it takes no missing values
                imputer = SimpleImputer(strategy="most_frequent" if categories else "median").fit(X_train)
                X_train, X_valid = imputer.transform(X_train), imputer.transform(X_valid)
            X_train, y_train = resample(sampler, drawn.get(f"{sampler}.ratio"), X_train, y[train], categories)
            model = lgb.LGBMClassifier(
                **params,
                n_estimators=MAX_ROUNDS,
                bagging_freq=1,
                metric="average_precision",
                scale_pos_weight=float(((y_train == 0).sum() / y_train.sum()) ** drawn["class_weight"]),
                n_jobs=threads,
                random_state=SEED,
                verbose=-1,
            )
            model.fit(
                X_train,
                y_train,
                eval_X=X_valid,
                eval_y=y[valid],
                categorical_feature=categories,
                callbacks=[lgb.early_stopping(patience(params["learning_rate"]), verbose=False)],
            )
            oof[valid] = model.predict_proba(X_valid)[:, 1]
            scores.append(average_precision_score(y[valid], oof[valid]))
        best = max(best, average_precision_score(y, oof))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="+", default=TABLES)
    for name, default in (("trials", 12), ("threads", 2), ("repeats", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    packages = ("boostimb", "optuna", "lightgbm", "imbalanced-learn", "scikit-learn", "numpy")
    info = Path("/proc/cpuinfo")
    kind = platform.machine()
    if info.exists():
        kind = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), kind)
    print(f"Machine: {kind}, {os.cpu_count()} processors, {given.threads} threads.")
    print(f"Python {platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in packages)}.")
    print(f"A ratio is the median of {given.repeats} pairs, made in turn; seconds are medians too.\n")
    # Compiled before anything is timed: once in an installation, from a file in every later process.
    rng = np.random.default_rng(SEED)
    by_tune(pd.DataFrame(rng.normal(size=(500, 3))), rng.integers(0, 2, 500), 1, given.threads)
    print("| table | rows | trials | tune, s | plain loop, s | plain / tune | best AP, tune | best AP, plain loop |")
    print("|---|---|---|---|---|---|---|---|")
    for table in given.tables:
        X, y = read(given.folder / f"{table}.parquet")
        times = np.empty((2, given.repeats))
        for at in range(given.repeats):
            start = time.perf_counter()
            result = by_tune(X, y, given.trials, given.threads)
            middle = time.perf_counter()
            trials = [trial.params for trial in result.study_.trials]
            best = plainly(X, y, trials, given.threads)
            times[:, at] = middle - start, time.perf_counter() - middle
        ours, plain = np.median(times, axis=1)
        print(
            f"| {table} | {y.size} | {len(trials)} | {ours:.1f} | {plain:.1f} | {np.median(times[1] / times[0]):.2f} "
            f"| {result.cv_results_['score'].max():.4f} | {best:.4f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
