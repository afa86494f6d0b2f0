"""What the parts of the search are worth, each against the same trials without it.

``python benchmarks/ablation.py FOLDER [--tables a b] [--seeds 0] [--seconds 30]``

FOLDER holds tables as parquet files whose last column ``target`` is 1 for the rare class. Exact duplicates are dropped, and 60% of
the rest are for training. On each table one search runs for some seconds, and what is compared is made of its trials: ways to
choose among their out-of-fold margins, scored by the same fold models on the same test rows; models of all rows in place of the
fold models, and beside them; models of five other folds beside them. Apart from that there are a search as long that draws at
random where ``tune`` learns, and plain boosters by their number of bins.
"""

import argparse
import platform
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from scipy.special import expit
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import train_test_split

import boostimb as bi
from boostimb.boosters import get_booster
from boostimb.decision import LogisticCalibration
from boostimb.metrics import average_precision

# Private parts of boostimb: the point is to take them apart. They change with the search.
from boostimb.resampling import Resampler, resolve_resamplers
from boostimb.search import _search
from boostimb.search._final import _train_again
from boostimb.search._folds import Data, Fold, LeftOut, make_folds
from boostimb.search._progress import Progress
from boostimb.search._select import choose_ensemble, even_weights, greedy_weights
from boostimb.search._space import _FIXED, DEFAULTS, Levers, Plan
from boostimb.search._trial import Outcome, Workers, run_trial
from boostimb.table import Table, TableEncoder

TABLES = (
    "mammography", "oil_spill", "sick", "stroke", "adb_wilt", "ozone_eighthr", "keel_yeast6", "coil2000", "phoneme",
    "ai4i2020_failure", "creditcard_fraud_union", "bank_additional",
)  # fmt: skip
BOOSTERS = ("lightgbm", "xgboost", "catboost")
BINS = (
    *(("lightgbm", "max_bin", bins) for bins in (63, 127, 255)),
    *(("xgboost", "max_bin", bins) for bins in (128, 256)),
    *(("catboost", "border_count", bins) for bins in (128, 254)),
)


class AtRandom(optuna.samplers.RandomSampler):
    """The starts of a search, and after them values at random."""

    def __init__(self, starts: Sequence[Mapping[str, Any]], seed: int) -> None:
        super().__init__(seed)
        self._starts = starts

    def sample_independent(self, study: optuna.Study, trial: optuna.trial.FrozenTrial, name: str, distribution: Any) -> Any:
        """Return the value of a start, or one at random."""
        if trial.number < len(self._starts) and name in self._starts[trial.number]:
            return self._starts[trial.number][name]
        return super().sample_independent(study, trial, name, distribution)


def mean_of_fold_models(outcome: Outcome, folds: Sequence[Fold], test: Table) -> np.ndarray:
    """Train the plan of an outcome on the training rows of other folds for as many rounds; return the mean margins of test rows."""
    booster, plan = get_booster(outcome.plan.booster), outcome.plan

    def margins(fold: Fold) -> np.ndarray:
        train, sums = fold.train(booster, plan.params, plan.resampler, 1)
        run = booster.start(plan.params, train, plan.loss_for(*sums), n_rounds=outcome.n_rounds, n_jobs=1, seed=fold.seed)
        run.advance(outcome.n_rounds)
        try:
            return run.model(outcome.n_rounds).raw(test, n_jobs=1)
        finally:
            run.close()

    with ThreadPoolExecutor(2) as pool:
        return np.mean(list(pool.map(margins, folds)), axis=0)


def greedy_by_average_precision(y: np.ndarray, logits: np.ndarray, most: int = 15, steps: int = 12) -> np.ndarray:
    """Weights of the trials by greedy selection for average precision, from the trials that have most of it."""

    def value(margins: np.ndarray) -> float:
        return average_precision(y, margins.astype(np.float32))

    scores = np.array([value(each) for each in logits])
    best = np.argsort(-scores)[:most]
    counts = np.zeros(len(logits))
    counts[best[0]], total, score = 1.0, logits[best[0]], scores[best[0]]
    for step in range(1, steps):
        values = [value((total + logits[at]) / (step + 1)) for at in best]
        if max(values) <= score:
            break
        at = best[int(np.argmax(values))]
        counts[at] += 1
        total, score = total + logits[at], max(values)
    return counts / counts.sum()


def spread(at: Sequence[int], n: int) -> np.ndarray:
    """Equal weights on some trials."""
    weights = np.zeros(n)
    weights[list(at)] = 1 / len(at)
    return weights


def by_log_loss(y: np.ndarray, margins: list[np.ndarray], among: np.ndarray | None = None) -> np.ndarray:
    """Weights of the trials as `boostimb.tune` chooses them."""
    among = np.arange(len(margins)) if among is None else among
    choice = choose_ensemble(y, [margins[at] for at in among])
    weights = np.zeros(len(margins))
    weights[among[list(choice.trials)]] = choice.weights
    return weights


def measure(path: Path, seed: int, seconds: float) -> Iterator[tuple[str, float, float, float]]:
    """Yield a variant, its average precision and log-loss on test rows, and what it promised out of fold."""
    frame = pd.read_parquet(path).drop_duplicates()
    X, y = frame.drop(columns="target"), frame["target"].to_numpy() == 1
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, stratify=y, random_state=seed)
    encoder, table = TableEncoder.fit_transform(X_train, "auto", estimator_name="ablation")
    test = encoder.transform(X_test)
    data = Data(table, y_train, None)
    folds = make_folds(data, 5, seed)
    left_out = LeftOut.of(folds)
    samplers = resolve_resamplers("auto", table, y_train)
    levers = Levers(BOOSTERS, ("log_loss", "focal"), samplers, (int(y_train.sum()), int((~y_train).sum())))

    def told(name: str, logits: np.ndarray, on_test: np.ndarray) -> tuple[str, float, float, float]:
        line = LogisticCalibration.fit(logits, y_train)
        promised = average_precision_score(y_train, logits)
        return name, average_precision_score(y_test, on_test), log_loss(y_test, expit(line.logit(on_test))), promised

    with ExitStack() as stack:
        workers = Workers.of(2, [stack.enter_context(ThreadPoolExecutor(1)) for _ in folds])

        def searched(at_random: bool) -> tuple[_search.Search, np.ndarray, np.ndarray]:
            """Search for some seconds; return the calibrated log-odds of all trials out of fold and on test rows."""
            search = _search.Search(levers, folds, bi.PRAUC(), lambda *_: 0.5, workers, seed, "bag")
            if at_random:
                search.study.sampler = AtRandom(levers.starts(), seed)
            search.run(None, time.monotonic() + seconds, (), Progress(False, "", None, seconds))
            logits = np.stack([each.line.logit(each.outcome.margins) for each in search.trained])
            on_test = [np.mean([model.raw(test, n_jobs=2) for model in each.outcome.models], axis=0) for each in search.trained]
            return search, logits, np.stack([each.line.logit(raw) for each, raw in zip(search.trained, on_test, strict=True)])

        search, logits, on_test = searched(at_random=False)
        trained = search.trained
        margins = [each.outcome.margins for each in trained]

        def of_trials(name: str, weights: np.ndarray, rows: np.ndarray = on_test) -> tuple[str, float, float, float]:
            return told(name, weights @ logits, weights @ rows)

        order, names = np.argsort(-search.scores), np.array([each.outcome.plan.booster for each in trained])
        weights = by_log_loss(y_train, margins)
        yield of_trials("ensemble by log-loss, fold models: as in tune", weights)
        yield of_trials("the greedy half of it alone", greedy_weights(y_train, logits))
        yield of_trials("the even half of it alone", even_weights(y_train, logits))
        yield of_trials("ensemble by average precision", greedy_by_average_precision(y_train, logits))
        yield of_trials("the five best trials by average precision", spread(order[:5], len(order)))
        yield of_trials("the best trial by average precision", spread(order[:1], len(order)))
        yield of_trials("the first trial: plain LightGBM", spread([0], len(order)))
        for booster in BOOSTERS:
            among = np.flatnonzero(names == booster)
            if among.size:
                yield of_trials(f"ensemble by log-loss, {booster} alone", by_log_loss(y_train, margins, among))
        used = np.flatnonzero(weights)
        again = _train_again([trained[at].outcome for at in used], data, workers, seed, None)
        whole = on_test.copy()
        for at, model in zip(used, again, strict=True):
            assert model is not None  # there is no deadline
            whole[at] = trained[at].line.logit(model.raw(test, n_jobs=2))
        yield of_trials("ensemble by log-loss, models of all rows", weights, whole)
        yield of_trials("ensemble by log-loss, 0.6 fold models and 0.4 models of all rows", weights, 0.6 * on_test + 0.4 * whole)
        others, twice = make_folds(data, 5, seed + 1), on_test.copy()
        for at in used:
            more = trained[at].line.logit(mean_of_fold_models(trained[at].outcome, others, test))
            twice[at] = (on_test[at] + more) / 2
        yield of_trials("ensemble by log-loss, models of five more folds beside them", weights, twice)
        search, logits, on_test = searched(at_random=True)
        weights = by_log_loss(y_train, [each.outcome.margins for each in search.trained])
        yield told("ensemble by log-loss, a search at random", weights @ logits, weights @ on_test)
        for booster, parameter, bins in BINS:
            params = {**_FIXED[booster], **DEFAULTS[booster], parameter: bins}
            plan = Plan(booster, params, 0.0, "log_loss", 0.0, Resampler("none"))
            outcome = run_trial(plan, folds, left_out, bi.PRAUC(), workers, np.inf)
            seen = np.mean([model.raw(test, n_jobs=2) for model in outcome.models], axis=0)
            yield told(f"plain {booster}, {bins} bins", outcome.margins, seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0,))
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    _search.CANDIDATES = 10**6  # every trial keeps its models
    found: dict[str, dict[tuple[str, int], tuple[float, float, float]]] = {}
    for name in given.tables:
        for seed in given.seeds:
            for variant, *values in measure(given.folder / f"{name}.parquet", seed, given.seconds):
                found.setdefault(variant, {})[name, seed] = tuple(values)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("boostimb", "xgboost", "lightgbm", "catboost", "optuna"))
    print(f"{platform.machine()}, Python {platform.python_version()}, {versions}")
    print(f"{len(given.tables)} tables, {len(given.seeds)} split(s), searches of {given.seconds:g} s. A difference is to the first")
    print("line, over the tables that have both, +- its standard error.\n")
    print("| variant | average precision, test | difference | log-loss, test | promised less true |\n|---|---|---|---|---|")
    mean: Callable[[np.ndarray], str] = lambda values: f"{values.mean():.4f}"  # noqa: E731
    first = found["ensemble by log-loss, fold models: as in tune"]
    for variant, cells in found.items():
        values = np.array(list(cells.values()))
        gain = np.array([cells[key][0] - first[key][0] for key in cells])
        error = gain.std(ddof=1) / np.sqrt(gain.size) if gain.size > 1 else np.nan
        print(
            f"| {variant} | {mean(values[:, 0])} | {gain.mean():+.4f} +- {error:.4f} | {mean(values[:, 1])} | "
            f"{(values[:, 2] - values[:, 0]).mean():+.4f} |"
        )


if __name__ == "__main__":
    main()
