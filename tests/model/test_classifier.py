"""BoostClassifier: scikit-learn's own checks, and what they do not look at."""

import pickle
import warnings
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.under_sampling import NearMiss
from sklearn.base import clone
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import boostimb as bi
from boostimb.boosters import NAMES
from boostimb.validation import ImbalanceWarning

# CatBoost draws a random number for each row and scales its regularisation by the mean weight, so a row of weight 2 is not the
# same as two rows.
EXPECTED = {
    "catboost": {
        "check_sample_weight_equivalence_on_dense_data": "CatBoost's randomness and regularisation count rows, not weights",
        "check_sample_weight_equivalence_on_sparse_data": "CatBoost's randomness and regularisation count rows, not weights",
    },
}


@pytest.fixture(params=NAMES)
def name(request):
    pytest.importorskip(request.param)
    return request.param


@pytest.mark.filterwarnings("ignore")  # the checks warn on purpose
def test_scikit_learn_checks(name):
    check_estimator(
        bi.BoostClassifier(booster=name, n_rounds=15, n_jobs=1), expected_failed_checks=EXPECTED.get(name), on_skip=None
    )


def test_pandas_polars_and_numpy_give_one_model(name, frame):
    X, y = frame
    model = bi.BoostClassifier(booster=name, n_rounds=25, random_state=0).fit(X, y)
    again = bi.BoostClassifier(booster=name, n_rounds=25, random_state=0).fit(pl.from_pandas(X), y)
    proba = model.predict_proba(X)
    np.testing.assert_array_equal(again.predict_proba(pl.from_pandas(X)), proba)
    assert list(model.feature_names_in_) == list(X.columns)
    assert model.n_features_in_ == 3
    assert average_precision_score(y, proba[:, 1]) > 0.4
    numbers = X[["amount", "hour"]]
    a = bi.BoostClassifier(booster=name, n_rounds=25, random_state=0).fit(numbers, y).predict_proba(numbers)
    b = bi.BoostClassifier(booster=name, n_rounds=25, random_state=0).fit(numbers.to_numpy(), y).predict_proba(numbers.to_numpy())
    np.testing.assert_array_equal(a, b)


def test_labels_come_back_as_they_were(name, frame):
    X, y = frame
    for labels in (np.where(y == 1, "yes", "no"), y.astype(bool), np.where(y == 1, 7.0, -1.0), pd.Series(y, dtype="int8")):
        model = bi.BoostClassifier(booster=name, n_rounds=10, threshold=0.2).fit(X, labels)
        predicted = model.predict(X)
        assert set(predicted) == set(np.asarray(labels))
        assert ((predicted == model.classes_[1]) == (model.predict_proba(X)[:, 1] >= 0.2)).all()


@pytest.mark.parametrize(
    "options",
    [
        {"pos_weight": 12.0},
        {"pos_weight": "balanced"},
        {"resampler": "under"},
        {"resampler": "over"},
        {"resampler": "smote"},
        {"resampler": NearMiss()},
        {"loss": bi.FocalLoss(gamma=2.0, pos_weight=5.0)},
        {"loss": bi.AsymmetricLoss()},
    ],
    ids=str,
)
def test_probabilities_keep_the_rate_of_positives(name, frame, options):
    X, y = frame
    train = np.arange(len(y)) % 3 > 0
    model = bi.BoostClassifier(booster=name, n_rounds=60, params={"learning_rate": 0.05}, random_state=0, **options)
    proba = model.fit(X[train], y[train]).predict_proba(X[~train])[:, 1]
    assert 0.6 * y.mean() < proba.mean() < 1.6 * y.mean()


def test_pos_weight_multiplies_that_of_the_loss(frame):
    X, y = frame
    a = bi.BoostClassifier(pos_weight=6.0, n_rounds=20).fit(X, y)
    b = bi.BoostClassifier(loss=bi.LogLoss(pos_weight=2.0), pos_weight=3.0, n_rounds=20).fit(X, y)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X))
    balanced = bi.BoostClassifier(pos_weight="balanced", n_rounds=20).fit(X, y)
    ratio = float((y == 0).sum() / (y == 1).sum())
    np.testing.assert_allclose(
        balanced.predict_proba(X), bi.BoostClassifier(pos_weight=ratio, n_rounds=20).fit(X, y).predict_proba(X)
    )


def test_early_stopping_takes_the_best_round_of_the_metric(name, frame):
    X, y = frame
    train = np.arange(len(y)) % 3 > 0
    model = bi.BoostClassifier(booster=name, n_rounds=600, early_stopping_rounds=20, params={"learning_rate": 0.3}, random_state=0)
    model.fit(X[train], y[train], eval_set=[(X[~train], y[~train])])
    values = model.evals_result_
    assert len(values) < 600
    assert model.best_iteration_ == 1 + np.argmax(values)
    assert len(values) == model.best_iteration_ + 20
    assert average_precision_score(y[~train], model.predict_proba(X[~train])[:, 1]) == pytest.approx(max(values), abs=1e-6)
    whole = bi.BoostClassifier(booster=name, n_rounds=30, early_stopping_rounds=None, random_state=0)
    assert whole.fit(X[train], y[train], eval_set=[(X[~train], y[~train])]).best_iteration_ == 30


def test_nothing_to_split_leaves_the_start_alone():
    """Thirty rows are too few for two leaves of LightGBM, which then trains no round at all."""
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.arange(30) % 3 == 0
    model = bi.BoostClassifier("lightgbm").fit(X, y, eval_set=[(X, y)])
    assert model.evals_result_ == []
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], y.mean())


@pytest.mark.parametrize("greater_is_better", [True, False])
def test_early_stopping_looks_at_every_round(greater_is_better):
    """The better values at the end come in the same stride, when the patience is spent already."""

    values = [v if greater_is_better else -v for v in (0.1, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.6, 0.7)]
    for patience, n_kept in ((2, 4), (6, 8), (7, 10)):
        rounds = iter(values)
        run = SimpleNamespace(advance=lambda n, rounds=rounds: list(islice(rounds, n)))
        model = bi.BoostClassifier(early_stopping_rounds=patience)
        assert model._boost(run, 30, greater_is_better, stops=True) == values[:n_kept]


@pytest.mark.parametrize("method", ["logistic", "isotonic"])
def test_calibration_on_held_out_rows(frame, method):
    X, y = frame
    train, calibrate, test = (np.arange(len(y)) % 3 == k for k in range(3))
    settings = {"loss": bi.LogLoss(pos_weight=20.0), "n_rounds": 400, "early_stopping_rounds": None, "random_state": 0, "n_jobs": 1}
    held_out = [(X[calibrate], y[calibrate])]
    plain = bi.BoostClassifier(**settings).fit(X[train], y[train], eval_set=held_out)
    mapped = bi.BoostClassifier(**settings, calibration=method).fit(X[train], y[train], eval_set=held_out)
    a, b = (log_loss(y[test], model.predict_proba(X[test])[:, 1]) for model in (plain, mapped))
    assert b < 0.9 * a  # 400 rounds are far too many, so the plain probabilities are too sure of themselves


def test_export_writes_the_probabilities(name, frame, tmp_path):
    X, y = frame
    X = X[["amount", "hour"]].to_numpy()
    suffix = {"xgboost": "ubj", "lightgbm": "txt", "catboost": "cbm"}[name]
    half = np.arange(len(y)) % 2 == 0
    for options in (
        {"loss": bi.LogLoss(pos_weight=7.0)},
        {"resampler": "under"},
        {"loss": bi.FocalLoss(gamma=2.0), "calibration": "logistic", "early_stopping_rounds": None},
    ):
        model = bi.BoostClassifier(booster=name, n_rounds=20, random_state=0, **options)
        model.fit(X[half], y[half], eval_set=[(X[~half], y[~half])])
        path = tmp_path / f"model.{suffix}"
        model.export(path)
        if name == "xgboost":
            import xgboost

            got = xgboost.Booster(model_file=path).predict(xgboost.DMatrix(X))
        elif name == "lightgbm":
            import lightgbm

            got = lightgbm.Booster(model_file=path).predict(X)
        else:
            import catboost

            got = catboost.CatBoost().load_model(str(path)).predict(X, prediction_type="Probability")[:, 1]
        np.testing.assert_allclose(got, model.predict_proba(X)[:, 1], atol=2e-6)


def test_export_refuses_what_no_native_file_can_hold(frame, tmp_path):
    X, y = frame
    model = bi.BoostClassifier(loss=bi.FocalLoss(), n_rounds=3).fit(X, y)
    with pytest.raises(ValueError, match="logistic function of the margin"):
        model.export(tmp_path / "model.txt")
    with pytest.raises(ValueError, match=r"must end in \.txt"):
        bi.BoostClassifier(n_rounds=3).fit(X, y).export(tmp_path / "model.json")


def test_pickle_clone_and_seed(name, frame):
    X, y = frame
    model = bi.BoostClassifier(booster=name, loss=bi.FocalLoss(gamma=1.0), resampler="under", n_rounds=10, random_state=5).fit(X, y)
    proba = model.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), proba)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), proba)


def test_inside_a_pipeline_and_cross_validation(frame):
    X, y = frame
    pipeline = make_pipeline(StandardScaler(), bi.BoostClassifier(n_rounds=20))
    assert cross_val_score(pipeline, X[["amount", "hour"]], y, scoring="average_precision", cv=3).mean() > 2 * y.mean()


def test_importances_and_native_model(name, frame):
    X, y = frame
    model = bi.BoostClassifier(booster=name, n_rounds=20).fit(X, y)
    assert model.feature_importances_.argmax() == 0
    assert model.feature_importances_.sum() == pytest.approx(1.0)
    assert type(model.booster_).__module__.startswith(name)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"booster": "gbm"}, "booster must be one of"),
        ({"n_rounds": 0}, "n_rounds must be an integer >= 1, got 0"),
        ({"threshold": 1.5}, "threshold must be a finite number >= 0 and <= 1, got 1.5"),
        ({"pos_weight": -1.0}, "pos_weight must be a finite number > 0, got -1.0"),
        ({"pos_weight": "heavy"}, "pos_weight must be one of balanced"),
        ({"resampler": "smoke"}, "must be one of none, under"),
        ({"calibration": "platt"}, "calibration must be one of"),
        ({"calibration": "logistic"}, r"pass eval_set=\[\(X, y\)\]"),
        ({"params": {"scale_pos_weight": 3}}, "'scale_pos_weight' must not be in params"),
        ({"early_stopping_rounds": 0}, "early_stopping_rounds must be an integer >= 1"),
        ({"loss": "focal"}, "loss must be a loss for two classes"),
        ({"loss": bi.FocalLoss}, "loss must be a loss for two classes"),
        ({"metric": "average_precision"}, "metric must be a metric such as"),
        ({"params": [1]}, "params must be a dict"),
        ({"params": {"boosting": "dart"}}, "boosting must be gbdt or"),
        ({"params": {"linear_tree": True}}, "'linear_tree' must not be in params"),
        ({"params": {"n_estimators": 5}}, "set n_rounds instead"),
        ({"params": {"num_leaves": 1}}, "lightgbm refused its parameters"),
        ({"booster": "xgboost", "params": {"booster": "dart"}}, "booster must be gbtree"),
        ({"booster": "catboost", "params": {"depth": 20}}, "catboost refused its parameters"),
        ({"booster": "catboost", "params": {"verbose": 0}}, "the training is silent"),
    ],
    ids=str,
)
def test_bad_settings(options, says, frame):
    with pytest.raises((ValueError, TypeError), match=says):
        bi.BoostClassifier(**options).fit(*frame)


def test_bad_input(frame):
    X, y = frame
    model = bi.BoostClassifier(n_rounds=2)
    for bad_y, says in (
        (np.zeros(len(y)), "one class"),
        ("is_fraud", r"y must be the labels themselves, .*got the text 'is_fraud': .* write y=X.pop\('is_fraud'\)"),
        (y[:-1], "inconsistent"),
        (np.where(y, np.nan, 0.0), "must not be missing"),
        (np.where(y, "a", None), "must not be missing"),
        (np.where(y, np.inf, 0.0), "finite labels, got inf"),
        (np.where(y, -np.inf, 0.0).astype(object), "finite labels, got -inf"),
    ):
        with pytest.raises(ValueError, match=says):
            model.fit(X, bad_y)
    for weight, says in (
        (np.full(len(y), -1.0), "sample_weight must be >= 0, got -1.0"),
        (np.zeros(len(y)), "only zeros"),
        (1.0 - y, "two classes"),
        (np.ones(3), "inconsistent"),
        (np.full(len(y), np.nan), "sample_weight must be finite"),
    ):
        with pytest.raises(ValueError, match=says):
            model.fit(X, y, sample_weight=weight)
    for held_out, says in (
        ([], "a list of one"),
        ([(X, y), (X, y)], "a list of one"),
        ([(X, y + 1)], "labels"),
        ([(X, y[:-1])], "inconsistent"),
        ([(X, np.zeros(len(y)))], "y of eval_set must hold both classes"),
        ([(X[["amount"]], y)], "feature names"),
    ):
        with pytest.raises(ValueError, match=says):
            model.fit(X, y, eval_set=held_out)
    with pytest.raises(ValueError, match="xgboost reads numbers as float32"):
        bi.BoostClassifier("xgboost", n_rounds=2).fit(X[["amount", "hour"]] * 1e300, y)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(np.full((len(y), 1), np.inf), y)


def test_weights_that_sum_to_one_count_as_those_of_mean_one(frame):
    X, y = frame
    weight = np.where(y == 1, 2.0, 1.0)
    weight /= weight.mean()
    want = bi.BoostClassifier(n_rounds=5).fit(X, y, sample_weight=weight).predict_proba(X)
    with pytest.warns(UserWarning, match="They are divided by their mean"):
        model = bi.BoostClassifier(n_rounds=5).fit(X, y, sample_weight=weight / len(y))
    np.testing.assert_allclose(model.predict_proba(X), want, rtol=1e-6)


def test_a_positive_class_that_is_the_frequent_one_is_told(frame):
    X, y = frame
    model = bi.BoostClassifier(n_rounds=2)
    with pytest.warns(ImbalanceWarning, match="'ok', the greater of two labels.*pass y == 'fraud' if 'fraud' is the class"):
        model.fit(X, np.where(y == 1, "fraud", "ok"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, 1 - y)  # of 0 and 1, 1 is positive
        model.fit(X, np.where(y == 1, "fraud", "an order"))


def test_labels_that_come_as_objects(frame):
    X, y = frame
    want = bi.BoostClassifier(n_rounds=5).fit(X, y).predict_proba(X)
    for labels in (y.astype(object), y.astype(bool).astype(object)):
        np.testing.assert_array_equal(bi.BoostClassifier(n_rounds=5).fit(X, labels).predict_proba(X), want)
    with pytest.raises(ValueError, match="labels of one type"):
        bi.BoostClassifier(n_rounds=5).fit(X, np.array(["a", *y[1:]], dtype=object))
    with pytest.raises(ValueError, match="must not be missing"):
        bi.BoostClassifier(n_rounds=5).fit(X, pd.Series(np.where(y, "a", "b"), dtype="string").where(np.arange(len(y)) > 3))


def test_sample_weight_matters_to_every_booster(name, frame):
    X, y = frame
    weight = np.where(y == 1, 10.0, 1.0)
    a = bi.BoostClassifier(booster=name, n_rounds=30, random_state=0).fit(X, y).predict_proba(X)[:, 1]
    b = bi.BoostClassifier(booster=name, n_rounds=30, random_state=0).fit(X, y, sample_weight=weight).predict_proba(X)[:, 1]
    assert b.mean() > 2 * a.mean()  # weights are the user's word on how often such rows occur
