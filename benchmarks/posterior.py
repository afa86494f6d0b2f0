"""What a focal-loss model says about probability: the posterior of the loss against the sigmoid of the margin.

``python benchmarks/posterior.py FOLDER [--tables mammography bank_additional] [--rounds 100]``

FOLDER holds parquet files with the labels in the column ``target``. Each booster is trained on 60% of the distinct rows with
log-loss and with focal loss, nothing is calibrated, and the log-loss on the rest is printed: of the plain model, of focal loss
with ``loss.predict_proba``, and of focal loss with ``sigmoid(margin)``.
"""

import argparse
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import boostimb as bi


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="+", default=["mammography", "bank_additional"])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--gamma", type=float, default=2.0)
    given = parser.parse_args()
    names = ("xgboost", "lightgbm", "catboost")
    print(f"{platform.machine()}, Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names))
    print(f"{given.rounds} rounds, learning rate 0.05, gamma {given.gamma:g}, mean of 3 splits\n")
    print("| table | booster | log-loss model | focal, posterior | ratio | focal, sigmoid(margin) | ratio |")
    print("|---|---|---|---|---|---|---|")
    focal = bi.FocalLoss(gamma=given.gamma)
    for table in given.tables:
        frame = pd.read_parquet(given.folder / f"{table}.parquet").drop_duplicates()
        y = frame.pop("target").to_numpy().astype(int)
        for name in names:
            found = []
            for seed in range(3):
                X_train, X_test, y_train, y_test = train_test_split(frame, y, test_size=0.4, stratify=y, random_state=seed)
                settings = {"booster": name, "n_rounds": given.rounds, "params": {"learning_rate": 0.05}, "random_state": 0}
                plain, model = (bi.BoostClassifier(loss=loss, **settings).fit(X_train, y_train) for loss in (None, focal))
                posterior = model.predict_proba(X_test)[:, 1]
                margin = _margin(focal, posterior)
                found.append([log_loss(y_test, p) for p in (plain.predict_proba(X_test)[:, 1], posterior, expit(margin))])
            a, b, c = np.mean(found, axis=0)
            print(f"| {table} | {name} | {a:.4f} | {b:.4f} | {b / a:.3f} | {c:.4f} | {c / a:.3f} |", flush=True)


def _margin(loss: bi.FocalLoss, proba: np.ndarray) -> np.ndarray:
    """Return the margins that the posterior came from: it rises with the margin, so a fine grid inverts it."""
    grid = np.linspace(-40, 40, 800_001)
    return np.interp(logit(proba), loss.posterior_logit(grid), grid)


if __name__ == "__main__":
    main()
