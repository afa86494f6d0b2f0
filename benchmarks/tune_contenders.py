"""The contenders of benchmarks/tune.py: one trains on one table in a process and an environment of its own.

``python benchmarks/tune_contenders.py NAME TRAIN.parquet TEST.parquet SECONDS SEED ANSWER.json``

TRAIN has the labels in the column ``target``, TEST has no labels. The answer holds the probability and the label of each test row,
what the contender claims to reach, and what it took. Nothing here imports a library of another contender's environment.

Each is called as its documentation says for average precision, and answers with its own ``predict``:

- boostimb: ``tune`` with its defaults.
- flaml, flaml_ensemble: ``AutoML`` with ``metric="ap"``; it cuts at 0.5, and its stacked ensemble makes no claim.
- autogluon, autogluon_bagged: ``TabularPredictor`` with ``eval_metric="average_precision"``, the default preset and
  ``best_quality``; its threshold is then calibrated for F1, as its documentation offers.
- optuna_imblearn: the notebook that one writes by hand, in notebook() below.
- xgboost, lightgbm, catboost and the same with ``scale_pos_weight`` of negatives over positives: defaults, cut at 0.5.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

CORES = 2
FOLDS = 5


@dataclass
class Fitted:
    """A trained contender: how it predicts, and the average precision that it claims, if it does."""

    proba: Callable[[Any], Any]  # of the positive class
    label: Callable[[Any], Any]
    claimed: float | None = None
    interval: tuple[float, float] | None = None


def of_classifier(model: Any, claimed: float | None = None) -> Fitted:
    return Fitted(lambda X: model.predict_proba(X)[:, 1], model.predict, claimed)


def boostimb(X: Any, y: Any, seconds: float, seed: int) -> Fitted:
    import boostimb as bi

    result = bi.tune(X, y, timeout=seconds, random_state=seed)
    low, high = result.score_interval_
    return Fitted(lambda T: result.predict_proba(T)[:, 1], result.predict, result.corrected_score_, (float(low), float(high)))


def flaml(X: Any, y: Any, seconds: float, seed: int, *, ensemble: bool) -> Fitted:
    from flaml import AutoML

    automl = AutoML()
    automl.fit(
        X, y, task="classification", metric="ap", time_budget=seconds, ensemble=ensemble, n_jobs=CORES, seed=seed, verbose=0
    )  # fmt: skip
    # best_loss is that of the best single model, which an ensemble is not.
    return of_classifier(automl, None if ensemble else 1 - automl.best_loss)


def autogluon(X: Any, y: Any, seconds: float, seed: int, *, presets: str) -> Fitted:
    """Its own seed stays as it is: the one given here is that of the split."""
    from autogluon.tabular import TabularPredictor

    predictor = TabularPredictor(label="target", eval_metric="average_precision", path="autogluon", verbosity=0)
    predictor.fit(X.assign(target=y), time_limit=seconds, presets=presets, num_cpus=CORES)
    predictor.set_decision_threshold(predictor.calibrate_decision_threshold(metric="f1", verbose=False))
    claimed = predictor.info()["best_model_score_val"]
    return Fitted(lambda T: predictor.predict_proba(T)[1], predictor.predict, float(claimed))


def notebook(X: Any, y: Any, seconds: float, seed: int) -> Fitted:
    """Optuna over LightGBM in a pipeline of imbalanced-learn, the cut swept over the out-of-fold scores, one refit."""
    import optuna
    from imblearn.over_sampling import SMOTE, RandomOverSampler
    from imblearn.pipeline import Pipeline
    from imblearn.under_sampling import RandomUnderSampler
    from lightgbm import LGBMClassifier
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.metrics import average_precision_score, precision_recall_curve
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import OrdinalEncoder

    deadline = time.monotonic() + seconds
    samplers = {"under": RandomUnderSampler, "over": RandomOverSampler, "smote": SMOTE}
    present = y.mean() / (1 - y.mean())
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(X, y))

    def pipeline(values: dict[str, Any]) -> Any:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
        categories = make_column_selector(dtype_exclude="number")
        steps = [("encode", make_column_transformer((encoder, categories), remainder="passthrough"))]
        params = dict(values)
        if (sampler := params.pop("sampler")) != "none":
            if sampler == "smote":  # it takes no missing values, which LightGBM and the others do
                steps.append(("impute", SimpleImputer(strategy="median")))
            steps.append(("sampler", samplers[sampler](sampling_strategy=params.pop("ratio"), random_state=seed)))
        model = LGBMClassifier(**params, subsample_freq=1, n_jobs=CORES, random_state=seed, verbose=-1)
        return Pipeline([*steps, ("model", model)])

    def objective(trial: optuna.Trial) -> float:
        values = {
            "n_estimators": trial.suggest_int("n_estimators", 50, 1000, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 4, 128, log=True),
            "min_child_samples": trial.suggest_int("min_child_samples", 1, 100, log=True),
            "subsample": trial.suggest_float("subsample", 0.5, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
            "reg_alpha": trial.suggest_float("reg_alpha", 1e-8, 10.0, log=True),
            "reg_lambda": trial.suggest_float("reg_lambda", 1e-8, 10.0, log=True),
            "scale_pos_weight": trial.suggest_float("scale_pos_weight", 1.0, 1 / present, log=True),
            "sampler": trial.suggest_categorical("sampler", ["none", *samplers]),
        }
        if values["sampler"] != "none":  # a fold's own ratio may lie a little above that of the table
            values["ratio"] = trial.suggest_float("ratio", min(1.0, 1.1 * present), 1.0, log=True)
        oof, scores = np.empty(len(y)), []
        for step, (train, valid) in enumerate(folds):
            model = pipeline(values).fit(X.iloc[train], y[train])
            oof[valid] = model.predict_proba(X.iloc[valid])[:, 1]
            scores.append(average_precision_score(y[valid], oof[valid]))
            trial.report(float(np.mean(scores)), step)
            late = time.monotonic() > deadline and trial.number > 0
            if step + 1 < FOLDS and (late or trial.should_prune()):
                raise optuna.TrialPruned
        precision, recall, cuts = precision_recall_curve(y, oof)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
        trial.set_user_attr("values", values)
        trial.set_user_attr("threshold", float(cuts[np.argmax(f1[:-1])]))
        return float(np.mean(scores))

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial(  # LightGBM as it comes
        {
            "n_estimators": 100, "learning_rate": 0.1, "num_leaves": 31, "min_child_samples": 20, "subsample": 1.0,
            "colsample_bytree": 1.0, "reg_alpha": 1e-8, "reg_lambda": 1e-8, "scale_pos_weight": 1.0, "sampler": "none",
        }
    )  # fmt: skip
    study.optimize(objective, timeout=seconds)
    best = study.best_trial
    model = pipeline(best.user_attrs["values"]).fit(X, y)
    return Fitted(
        lambda T: model.predict_proba(T)[:, 1],
        lambda T: model.predict_proba(T)[:, 1] >= best.user_attrs["threshold"],
        study.best_value,
    )


def weight(y: Any, weighted: bool) -> dict[str, float]:
    return {"scale_pos_weight": float((y == 0).sum() / y.sum())} if weighted else {}


def xgboost(X: Any, y: Any, seconds: float, seed: int, *, weighted: bool) -> Fitted:
    from xgboost import XGBClassifier

    model = XGBClassifier(**weight(y, weighted), enable_categorical=True, n_jobs=CORES, random_state=seed)
    return of_classifier(model.fit(X, y))


def lightgbm(X: Any, y: Any, seconds: float, seed: int, *, weighted: bool) -> Fitted:
    from lightgbm import LGBMClassifier

    return of_classifier(LGBMClassifier(**weight(y, weighted), n_jobs=CORES, random_state=seed, verbose=-1).fit(X, y))


def catboost(X: Any, y: Any, seconds: float, seed: int, *, weighted: bool) -> Fitted:
    from catboost import CatBoostClassifier

    categories = list(X.select_dtypes(exclude="number"))

    def texts(T: Any) -> Any:
        """CatBoost takes no missing category: it becomes one of its own."""
        return T.assign(**{name: T[name].astype(object).where(T[name].notna(), "missing") for name in categories})

    model = CatBoostClassifier(
        **weight(y, weighted), cat_features=categories, thread_count=CORES, random_seed=seed, verbose=0, allow_writing_files=False
    )
    model.fit(texts(X), y)
    return Fitted(lambda T: model.predict_proba(texts(T))[:, 1], lambda T: model.predict(texts(T)))


BOOSTERS = ("lightgbm", "xgboost", "catboost")
# What to run, and the packages that are loaded before the clock starts.
CONTENDERS: dict[str, tuple[Callable[..., Fitted], tuple[str, ...]]] = {
    "boostimb": (boostimb, ("boostimb", "optuna", "imblearn", *BOOSTERS)),
    "flaml": (partial(flaml, ensemble=False), ("flaml", *BOOSTERS)),
    "flaml_ensemble": (partial(flaml, ensemble=True), ("flaml", *BOOSTERS)),
    "autogluon": (partial(autogluon, presets="medium_quality"), ("autogluon.tabular", *BOOSTERS)),
    "autogluon_bagged": (partial(autogluon, presets="best_quality"), ("autogluon.tabular", *BOOSTERS)),
    "optuna_imblearn": (notebook, ("optuna", "imblearn", "lightgbm")),
    **{
        name + ("_weighted" if weighted else ""): (partial(fit, weighted=weighted), (name,))
        for name, fit in (("xgboost", xgboost), ("lightgbm", lightgbm), ("catboost", catboost))
        for weighted in (False, True)
    },
}
# The environment of each, below --envs; that of boostimb itself for the others.
ENVIRONMENTS = {"flaml": "flaml", "flaml_ensemble": "flaml", "autogluon": "autogluon", "autogluon_bagged": "autogluon"}


def versions(modules: tuple[str, ...]) -> dict[str, str]:
    found = {name: import_module(name).__version__ for name in (*modules, "sklearn", "pandas", "numpy")}
    return {"Python": platform.python_version(), **found}


def peak_mib() -> float:
    """Memory of the largest process of this one and those that it started, in MiB.

    The peak that the parent would see counts the parent's own size, which a child has for a moment before it starts.
    """
    import resource  # not on Windows, where the tests of the rest still run

    status = Path("/proc/self/status").read_text(encoding="utf-8")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("seed", type=int)
    parser.add_argument("answer", type=Path)
    given = parser.parse_args()
    fit, modules = CONTENDERS[given.name]
    used = versions(modules)
    X, test = pd.read_parquet(given.train), pd.read_parquet(given.test)
    y = X.pop("target").to_numpy().astype(int)
    started = time.monotonic()
    fitted = fit(X, y, given.seconds, given.seed)
    seconds = time.monotonic() - started
    answer = {
        "proba": np.asarray(fitted.proba(test), dtype=float).tolist(),
        "label": np.asarray(fitted.label(test)).astype(int).tolist(),
        "claimed": None if fitted.claimed is None else float(fitted.claimed),
        "interval": fitted.interval,
        "seconds": seconds,
        "peak_mib": peak_mib(),
        "versions": used,
    }
    given.answer.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
