"""Average precision as the objective of XGBoost and LightGBM, and why not of CatBoost."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from boostimb import LambdaAPLoss, average_precision


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 4))
    y = (X[:, 0] + 0.5 * X[:, 1] + rng.normal(size=1200) > 2).astype(int)
    return X[:800], y[:800], X[800:], y[800:]


def test_xgboost(table):
    xgb = pytest.importorskip("xgboost")
    X, y, held, truth = table
    settings = {"max_depth": 3, "tree_method": "exact", "base_score": 0.5}
    model = xgb.train({**settings, "nthread": 1, "objective": "binary:logistic"}, xgb.DMatrix(X, y), 20, obj=LambdaAPLoss())
    raw = model.predict(xgb.DMatrix(held), output_margin=True)
    assert average_precision(truth, raw) > 2 * truth.mean()
    same = xgb.XGBClassifier(objective=LambdaAPLoss(), n_estimators=20, n_jobs=1, learning_rate=0.3, **settings)
    same = clone(same).fit(X, y, sample_weight=np.ones(y.size))
    assert_allclose(same.predict(held, output_margin=True), raw, atol=1e-5)


def test_lightgbm(table):
    lgb = pytest.importorskip("lightgbm")
    X, y, held, truth = table
    settings = {"num_leaves": 7, "learning_rate": 0.1, "deterministic": True, "verbosity": -1}
    model = lgb.train({**settings, "num_threads": 1, "objective": LambdaAPLoss()}, lgb.Dataset(X, y), 20)
    raw = model.predict(held)
    assert average_precision(truth, raw) > 2 * truth.mean()
    same = lgb.LGBMClassifier(objective=LambdaAPLoss(), n_estimators=20, n_jobs=1, **settings)
    same = clone(same).fit(X, y, sample_weight=np.ones(y.size))
    assert_allclose(same.predict(held, raw_score=True), raw, atol=1e-9)


def test_catboost_gets_an_error_that_says_why(table):
    cb = pytest.importorskip("catboost")
    X, y, _, _ = table
    with pytest.raises(NotImplementedError, match="a thousand rows at a time"):
        LambdaAPLoss().calc_ders_range(np.zeros(2), np.zeros(2), None)
    model = cb.CatBoostClassifier(
        iterations=2, thread_count=1, verbose=0, allow_writing_files=False, loss_function=LambdaAPLoss(), eval_metric="Logloss"
    )
    with pytest.raises(cb.CatBoostError, match="LambdaAPLoss cannot train CatBoost"):
        model.fit(X, y)
