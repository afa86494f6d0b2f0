"""The same metric object in each booster and interface: the right value, with weights, and early stopping that goes up."""

import inspect

import numpy as np
import pytest

from boostimb.metrics import PRAUC, BestFScore, ExpectedCost, PrecisionAtRecall, RecallAtPrecision

METRICS = [PRAUC(), RecallAtPrecision(0.3), PrecisionAtRecall(0.5), BestFScore(beta=2.0), ExpectedCost(fp=1.0, fn=8.0)]
ROUNDS, PATIENCE, RATE = 120, 8, 0.5
# One thread: on tables as small as these, threads wait for each other.

each_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


class Split:
    def __init__(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(3000, 4))
        y = (X[:, 0] + rng.normal(size=3000) > 2).astype(int)
        w = rng.integers(1, 5, 3000) / 2
        self.X, self.y, self.w = X[:1500], y[:1500], w[:1500]
        self.Xs, self.ys, self.ws = X[1500:], y[1500:], w[1500:]


@pytest.fixture(scope="module")
def split():
    return Split()


def check(metric, history, best_round):
    """The booster stopped early, and at the best value; return that."""
    gain = np.array(history) * (1 if metric.greater_is_better else -1)
    assert best_round == int(np.argmax(gain))
    assert len(history) == best_round + 1 + PATIENCE < ROUNDS
    assert gain[best_round] > gain.min()
    return history[best_round]


@each_metric
@pytest.mark.parametrize("weighted", [False, True])
def test_xgboost_train(metric, weighted, split):
    xgb = pytest.importorskip("xgboost")
    data = xgb.DMatrix(split.X, split.y, weight=split.w if weighted else None)
    held = xgb.QuantileDMatrix(split.Xs, split.ys, weight=split.ws if weighted else None, ref=data)
    seen = {}
    params = {"objective": "binary:logistic", "eta": RATE, "max_depth": 4, "disable_default_eval_metric": 1, "nthread": 1}
    model = xgb.train(
        params, data, ROUNDS, evals=[(held, "held")], custom_metric=metric, early_stopping_rounds=PATIENCE,
        evals_result=seen, verbose_eval=False,
    )  # fmt: skip
    check(metric, seen["held"][metric.name], model.best_iteration)
    want = metric.score(split.ys, model.predict(held), split.ws if weighted else None)
    assert seen["held"][metric.name][-1] == pytest.approx(want, abs=1e-6)  # XGBoost's log keeps six decimals


@each_metric
@pytest.mark.parametrize("weighted", [False, True])
def test_xgboost_classifier(metric, weighted, split):
    xgb = pytest.importorskip("xgboost")
    model = xgb.XGBClassifier(
        n_estimators=ROUNDS, learning_rate=RATE, max_depth=4, eval_metric=metric, early_stopping_rounds=PATIENCE, n_jobs=1
    )
    more = {"sample_weight": split.w, "sample_weight_eval_set": [split.ws]} if weighted else {}
    model.fit(split.X, split.y, eval_set=[(split.Xs, split.ys)], verbose=False, **more)
    history = model.evals_result()["validation_0"][metric.name]
    best_value = check(metric, history, model.best_iteration)
    best = model.predict_proba(split.Xs)[:, 1]
    assert best_value == pytest.approx(metric.score(split.ys, best, split.ws if weighted else None), abs=1e-6)


@each_metric
@pytest.mark.parametrize("weighted", [False, True])
def test_lightgbm_train(metric, weighted, split):
    lgb = pytest.importorskip("lightgbm")
    data = lgb.Dataset(split.X, split.y, weight=split.w if weighted else None)
    held = lgb.Dataset(split.Xs, split.ys, weight=split.ws if weighted else None, reference=data)
    seen = {}
    params = {"objective": "binary", "metric": "none", "learning_rate": RATE, "verbosity": -1, "num_threads": 1}
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    model = lgb.train(params, data, ROUNDS, valid_sets=[held], feval=metric, callbacks=[stop, lgb.record_evaluation(seen)])
    history = seen["valid_0"][metric.name]
    best_value = check(metric, history, model.best_iteration - 1)
    want = metric.score(split.ys, model.predict(split.Xs), split.ws if weighted else None)
    assert best_value == pytest.approx(want, abs=1e-9)


@each_metric
@pytest.mark.parametrize("weighted", [False, True])
def test_lightgbm_classifier(metric, weighted, split):
    lgb = pytest.importorskip("lightgbm")
    model = lgb.LGBMClassifier(n_estimators=ROUNDS, learning_rate=RATE, metric="none", verbosity=-1, n_jobs=1)
    more = {"sample_weight": split.w, "eval_sample_weight": [split.ws]} if weighted else {}
    # eval_set is deprecated from LightGBM 4.7 on, which is the first to know eval_X.
    if "eval_X" in inspect.signature(model.fit).parameters:
        more |= {"eval_X": split.Xs, "eval_y": split.ys}
    else:
        more |= {"eval_set": [(split.Xs, split.ys)]}
    model.fit(split.X, split.y, eval_metric=metric, callbacks=[lgb.early_stopping(PATIENCE, verbose=False)], **more)
    history = model.evals_result_["valid_0"][metric.name]
    best_value = check(metric, history, model.best_iteration_ - 1)
    best = model.predict_proba(split.Xs)[:, 1]
    assert best_value == pytest.approx(metric.score(split.ys, best, split.ws if weighted else None), abs=1e-9)


@each_metric
@pytest.mark.parametrize("interface", ["train", "classifier"])
@pytest.mark.parametrize("weighted", [False, True])
def test_catboost(metric, interface, weighted, split):
    cb = pytest.importorskip("catboost")
    data = cb.Pool(split.X, split.y, weight=split.w if weighted else None)
    held = cb.Pool(split.Xs, split.ys, weight=split.ws if weighted else None)
    params = {
        "iterations": ROUNDS, "learning_rate": RATE, "loss_function": "Logloss", "eval_metric": metric, "verbose": 0,
        "allow_writing_files": False, "thread_count": 1, "random_seed": 0,
    }  # fmt: skip
    if interface == "train":
        model = cb.train(data, params, eval_set=held, early_stopping_rounds=PATIENCE)
    else:
        model = cb.CatBoostClassifier(**params, early_stopping_rounds=PATIENCE).fit(data, eval_set=held)
    history = model.get_evals_result()["validation"][type(metric).__name__]
    best_value = check(metric, history, model.get_best_iteration())
    best = model.predict(split.Xs, prediction_type="RawFormulaVal")
    assert best_value == pytest.approx(metric.score(split.ys, best, split.ws if weighted else None), abs=1e-7)


def test_cross_validation_of_the_boosters(split):
    xgb, lgb = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    table = xgb.cv(
        {"objective": "binary:logistic", "eta": RATE, "nthread": 1, "disable_default_eval_metric": 1},
        xgb.DMatrix(split.X, split.y), 20, nfold=3, stratified=True, custom_metric=PRAUC(),
        early_stopping_rounds=5, as_pandas=False,
    )  # fmt: skip
    values = table[f"test-{PRAUC().name}-mean"]
    assert int(np.argmax(values)) == len(values) - 1  # cut at the best round
    found = lgb.cv(
        {"objective": "binary", "metric": "none", "learning_rate": RATE, "verbosity": -1, "num_threads": 1},
        lgb.Dataset(split.X, split.y), 20, nfold=3, feval=PRAUC(), callbacks=[lgb.early_stopping(5, verbose=False)],
    )  # fmt: skip
    values = found[f"valid {PRAUC().name}-mean"]
    assert int(np.argmax(values)) == len(values) - 1


def test_a_validation_set_without_positives_stops_nothing(split):
    lgb = pytest.importorskip("lightgbm")
    data = lgb.Dataset(split.X, split.y)
    held = lgb.Dataset(split.Xs[split.ys == 0], split.ys[split.ys == 0], reference=data)
    seen = {}
    params = {"objective": "binary", "metric": "none", "verbosity": -1, "num_threads": 1}
    lgb.train(params, data, 3, valid_sets=[held], feval=PRAUC(), callbacks=[lgb.record_evaluation(seen)])
    assert seen["valid_0"][PRAUC().name] == [0.0, 0.0, 0.0]
