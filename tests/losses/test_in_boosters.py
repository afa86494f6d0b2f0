"""The same objects inside XGBoost, LightGBM and CatBoost, native and through scikit-learn.

What is tested is what the booster hands over and how it reads the answer, so that a new version that changes either is noticed.
"""

import inspect
import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit
from sklearn.base import clone

from boostimb import AsymmetricLoss, FocalLoss, LDAMLoss, LogLoss, SoftmaxFocalLoss

LOSSES = [LogLoss(pos_weight=2.0), FocalLoss(2.0, alpha=0.75), AsymmetricLoss(), LDAMLoss(100, 1100)]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 4))
    y = (X[:, 0] + 0.5 * X[:, 1] + rng.normal(size=1200) > 2).astype(int)
    return X, y, np.where(y == 1, 4, 1)


@pytest.fixture(scope="module")
def classes(table):
    X = table[0]
    return X, np.digitize(X[:, 0] + X[:, 1], [-0.5, 1.5])


def repeated(X, y, weight):
    return np.repeat(X, weight, axis=0), np.repeat(y, weight)


@pytest.fixture
def xgb():
    return pytest.importorskip("xgboost")


@pytest.fixture
def lgb():
    return pytest.importorskip("lightgbm")


@pytest.fixture
def cb():
    return pytest.importorskip("catboost")


def xgb_margins(xgb, loss, X, y, weight=None, rows=None):
    rows = X if rows is None else rows
    params = {"base_score": 0.5, "objective": "binary:logistic", "tree_method": "exact", "max_depth": 3, "nthread": 1}
    model = xgb.train(params, xgb.DMatrix(X, y, weight=weight), 8, obj=loss)
    return model.predict(xgb.DMatrix(rows), output_margin=True)


LIGHT = {"num_leaves": 7, "min_data_in_leaf": 0, "verbosity": -1, "num_threads": 1, "deterministic": True}


def lgb_margins(lgb, loss, X, y, weight=None, rows=None):
    model = lgb.train({**LIGHT, "objective": loss}, lgb.Dataset(X, y, weight=weight), 8)
    return model.predict(X if rows is None else rows)


def cat_model(cb, loss, metric="Logloss", **options):
    options = {"leaf_estimation_iterations": 1, "bootstrap_type": "No", "random_strength": 0, "boosting_type": "Plain", **options}
    return cb.CatBoostClassifier(
        iterations=8, depth=3, learning_rate=0.3, thread_count=1, random_seed=0, verbose=0, allow_writing_files=False,
        loss_function=loss, eval_metric=metric, **options,
    )  # fmt: skip


def cat_margins(cb, loss, X, y, weight=None, rows=None):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = cat_model(cb, loss).fit(X, y, sample_weight=weight)
    return model.predict(X if rows is None else rows, prediction_type="RawFormulaVal")


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
class TestWeightsAreRepeats:
    """A row with weight 4 is four rows: weights reach the gradients, once."""

    def test_xgboost(self, xgb, loss, table):
        X, y, weight = table
        got = xgb_margins(xgb, loss, X, y, weight)
        assert_allclose(got, xgb_margins(xgb, loss, *repeated(X, y, weight), rows=X), atol=1e-3)
        assert np.abs(got - xgb_margins(xgb, loss, X, y)).max() > 0.1

    def test_lightgbm(self, lgb, loss, table):
        X, y, weight = np.round(table[0], 1), *table[1:]  # few values, so that repeats do not move the bins
        got = lgb_margins(lgb, loss, X, y, weight)
        assert_allclose(got, lgb_margins(lgb, loss, *repeated(X, y, weight), rows=X), atol=1e-3)
        assert np.abs(got - lgb_margins(lgb, loss, X, y)).max() > 0.1

    def test_catboost(self, cb, loss, table):
        X, y, weight = table
        X = np.round(X, 1)
        plain, got = cat_margins(cb, loss, X, y), cat_margins(cb, loss, X, y, weight)
        # CatBoost's L2 term grows with the mean weight, so that repeats and weights are not the same model, only near it.
        assert_allclose(got.mean(), cat_margins(cb, loss, *repeated(X, y, weight), rows=X).mean(), atol=0.1)
        assert got.mean() > plain.mean() + 0.02


class TestLogLossIsTheBoostersOwn:
    """With the same start, the trees of our log-loss are those of the native objective."""

    def test_xgboost(self, xgb, table):
        X, y, weight = table
        params = {"objective": "binary:logistic", "base_score": 0.5, "tree_method": "exact", "max_depth": 3, "nthread": 1}
        native = xgb.train(params, xgb.DMatrix(X, y, weight=weight), 8).predict(xgb.DMatrix(X), output_margin=True)
        assert_allclose(xgb_margins(xgb, LogLoss(), X, y, weight), native, atol=2e-5)

    def test_lightgbm(self, lgb, table):
        X, y, weight = table
        params = {**LIGHT, "objective": "binary", "boost_from_average": False}
        native = lgb.train(params, lgb.Dataset(X, y, weight=weight), 8).predict(X, raw_score=True)
        assert_allclose(lgb_margins(lgb, LogLoss(), X, y, weight), native, atol=2e-5)

    def test_catboost(self, cb, table):
        X, y, weight = table
        native = cat_model(cb, "Logloss", boost_from_average=False, score_function="L2").fit(X, y, sample_weight=weight)
        ours = cat_model(cb, LogLoss(), score_function="L2").fit(X, y, sample_weight=weight)
        raw = [model.predict(X, prediction_type="RawFormulaVal") for model in (native, ours)]
        assert_allclose(raw[1], raw[0], atol=2e-5)


def test_catboosts_own_focal_loss_has_our_derivatives(cb, table):
    """An implementation that is not ours, to the last digit: the same trees."""
    X, y, _ = table
    native = cat_model(cb, "Focal:focal_alpha=0.75;focal_gamma=2.0", leaf_estimation_method="Newton", score_function="L2")
    ours = cat_model(cb, FocalLoss(2.0, alpha=0.75, hessian="exact"), leaf_estimation_method="Newton", score_function="L2")
    raw = [model.fit(X, y).predict(X, prediction_type="RawFormulaVal") for model in (native, ours)]
    assert_allclose(raw[1], raw[0], atol=2e-5)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
class TestScikitLearnClassesDoTheSame:
    def test_xgboost(self, xgb, loss, weighted, table):
        X, y, weight = table
        weight = weight if weighted else None
        model = xgb.XGBClassifier(
            objective=loss, n_estimators=8, base_score=0.5, tree_method="exact", max_depth=3, n_jobs=1, learning_rate=0.3
        )
        model = clone(model).fit(X, y, sample_weight=weight)
        assert_allclose(model.predict(X, output_margin=True), xgb_margins(xgb, loss, X, y, weight), atol=1e-6)
        assert clone(model).get_params()["objective"] == loss
        again = pickle.loads(pickle.dumps(model))
        assert_allclose(again.predict_proba(X), model.predict_proba(X))

    def test_lightgbm(self, lgb, loss, weighted, table):
        X, y, weight = table
        weight = weight if weighted else None
        model = lgb.LGBMClassifier(
            objective=loss, n_estimators=8, num_leaves=7, min_child_samples=0, verbosity=-1, n_jobs=1, deterministic=True
        )
        model = clone(model).fit(X, y, sample_weight=weight)
        assert_allclose(model.predict(X, raw_score=True), lgb_margins(lgb, loss, X, y, weight), atol=1e-9)
        again = pickle.loads(pickle.dumps(model))
        assert again.get_params()["objective"] == loss


def test_the_call_has_the_parameters_that_the_boosters_look_for():
    """XGBClassifier asks for the name sample_weight; LGBMClassifier counts: with two parameters it would drop the weights."""
    for loss in (LogLoss(), SoftmaxFocalLoss()):
        assert list(inspect.signature(loss).parameters) == ["y_true", "y_pred", "sample_weight"]


def test_xgboost_starts_where_it_is_told_and_gives_the_rate_of_positives(xgb, table):
    X, y, _ = table
    for loss in LOSSES:
        params = {"objective": "binary:logistic", "base_score": float(expit(loss.init_raw(y))), "eta": 1e-6}
        model = xgb.train(params, xgb.DMatrix(X, y), 1, obj=loss)
        raw = model.predict(xgb.DMatrix(X), output_margin=True)
        assert loss.predict_proba(raw).mean() == pytest.approx(y.mean(), rel=1e-4)


def test_focal_models_are_calibrated_by_the_posterior_and_not_by_the_sigmoid(xgb, table):
    X, y, _ = table
    loss = FocalLoss(2.0)
    raw = xgb_margins(xgb, loss, X, y)
    # Eight rounds from a rate of 0.5 have not quite arrived; the sigmoid would not at any number of rounds.
    assert abs(loss.predict_proba(raw).mean() - y.mean()) < 0.25 * abs(expit(raw).mean() - y.mean())


def test_several_classes_in_xgboost(xgb, classes):
    X, y = classes
    native = xgb.train({"num_class": 3, "nthread": 1}, xgb.DMatrix(X, y), 8, obj=SoftmaxFocalLoss())
    raw = native.predict(xgb.DMatrix(X), output_margin=True)
    assert (SoftmaxFocalLoss().predict_proba(raw).argmax(axis=1) == y).mean() > 0.9
    model = xgb.XGBClassifier(objective=SoftmaxFocalLoss(), n_estimators=8, n_jobs=1).fit(X, y, sample_weight=np.ones(y.size))
    assert_allclose(model.predict(X, output_margin=True), raw, atol=1e-4)


def test_several_classes_in_lightgbm(lgb, classes):
    X, y = classes
    params = {**LIGHT, "num_class": 3, "objective": SoftmaxFocalLoss()}
    raw = lgb.train(params, lgb.Dataset(X, y), 8).predict(X)
    assert (SoftmaxFocalLoss().predict_proba(raw).argmax(axis=1) == y).mean() > 0.9
    model = lgb.LGBMClassifier(
        objective=SoftmaxFocalLoss(), n_estimators=8, num_leaves=7, min_child_samples=0, verbosity=-1, n_jobs=1, deterministic=True
    ).fit(X, y)
    assert_allclose(model.predict(X, raw_score=True), raw, atol=1e-9)


def test_several_classes_in_catboost(cb, classes):
    X, y = classes
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = cat_model(cb, SoftmaxFocalLoss(), "MultiClass").fit(X, y)
    raw = model.predict(X, prediction_type="RawFormulaVal")
    assert (SoftmaxFocalLoss().predict_proba(raw).argmax(axis=1) == y).mean() > 0.9


def test_labels_that_a_loss_cannot_take_stop_the_training(xgb, table):
    X, y, _ = table
    with pytest.raises(ValueError, match="y_true must hold the labels 0 and 1 only, got 2"):
        xgb.train({}, xgb.DMatrix(X, y * 2), 1, obj=FocalLoss())
