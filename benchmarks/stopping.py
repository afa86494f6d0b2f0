"""When to end a trial: the rounds that other rules would have made, and what they would have lost.

``python benchmarks/stopping.py FOLDER [--tables stroke] [--trials 30] [--threads 2]``

FOLDER holds parquet files with the labels in the column ``target``; exact duplicates of rows are dropped. On each table ``tune``
makes its trials with LightGBM and log-loss, none given up, each until its mean curve has not risen at all for the rounds of its
patience. The curves of its folds are then gone through again under other rules: how many standard errors over the folds a gain must
have to be one, and by how many a trial must be behind to be given up. A trial's score is the highest point of its smoothed mean
curve that the rule lets it come to; what is compared is the mean of the five best. Shares and differences are to trials that are
never given up and go on for any gain.
"""

import argparse
import platform
import warnings
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

import boostimb as bi
from boostimb.search import _race, _search, _trial  # private: the rules are theirs
from boostimb.search._trial import Outcome, Rise, patience, run_trial

TABLES = ("mammography", "stroke", "bank_additional", "creditcard_fraud_union")
RISE, BEHIND = (0.0, 0.5, 1.0, 2.0), (np.inf, 2.0, 1.5, 1.0)
STRIDE, BEST = 5, 5


def curves_of(path: Path, trials: int, threads: int) -> list[Outcome]:
    """Make the trials."""
    made: list[Outcome] = []

    def kept(*given: object, **options: object) -> Outcome:
        made.append(run_trial(*given, **options))  # type: ignore[arg-type]
        return made[-1]

    frame = pd.read_parquet(path).drop_duplicates(ignore_index=True)
    y = frame.pop("target").to_numpy().astype(int)
    _race.ERRORS, _trial.RISE_ERRORS, _search.run_trial = np.inf, 0.0, kept
    budget = {"n_trials": trials, "timeout": None, "n_jobs": threads}
    bi.tune(frame, y, booster="lightgbm", losses="log_loss", progress=False, random_state=0, refit="bag", **budget)
    return made


def replay(made: list[Outcome], rise_errors: float, behind: float) -> tuple[int, int, float]:
    """Return the rounds that the trials come to under a rule, how many are finished, and the mean score of the best of them."""
    _trial.RISE_ERRORS, _race.ERRORS = rise_errors, behind
    race, rounds, scores = _race.Race(), 0, []
    for outcome in made:
        curves, step = outcome.curves, outcome.plan.learning_rate
        rise, hopeless, best, at = Rise(patience(step)), False, -np.inf, 0
        for done in (*range(STRIDE, curves.shape[1], STRIDE), curves.shape[1]):
            now = float(_race.smoothed_at(curves, done).mean())
            best, at = max((best, at), (now, done))
            over = rise.is_over(curves[:, :done])
            hopeless = not over and race.is_hopeless(curves[:, :done], step)
            if over or hopeless:
                break
        rounds += done
        if not hopeless:
            race.finish(curves[:, :done], step, at)
            scores.append(best)
    return rounds, len(scores), float(np.mean(sorted(scores)[-BEST:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    versions = ", ".join(f"{name} {version(name)}" for name in ("boostimb", "lightgbm", "optuna"))
    print(f"Python {platform.python_version()}, {versions}, {given.trials} trials.\n")
    made = {table: curves_of(given.folder / f"{table}.parquet", given.trials, given.threads) for table in given.tables}
    print(f"| a gain is | given up at | {' | '.join(f'{table}: rounds, finished, best' for table in made)} |")
    print("|---|---|" + "---|" * len(made))
    first: dict[str, tuple[int, int, float]] = {}
    for behind, rise in product(BEHIND, RISE):
        cells = []
        for table, outcomes in made.items():
            rounds, finished, best = replay(outcomes, rise, behind)
            all_rounds, _, all_best = first.setdefault(table, (rounds, finished, best))
            cells.append(f"{rounds / all_rounds:.2f}, {finished}, {best - all_best:+.4f}")
        print(f"| {rise:g} errors | {f'{behind:g} errors' if np.isfinite(behind) else 'never'} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
