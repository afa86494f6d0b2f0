"""The drop-in ``train`` of each booster: start, weights, direction, and a saved model that needs nothing of ours."""

import importlib

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

import boostimb as bi
from boostimb.boosters import NAMES


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 5))
    y = (rng.random(4000) < expit(2 * X[:, 0] + X[:, 1] - 4.5)).astype(int)
    return X[:3000], y[:3000], X[3000:], y[3000:]


class Native:
    """One way to say the same to the three boosters."""

    def __init__(self, name):
        self.name = name
        self.lib = importlib.import_module(name)
        self.ours = importlib.import_module(f"boostimb.boosters.{name}")

    def data(self, X, y, weight=None, reference=None):
        if self.name == "xgboost":
            return self.lib.DMatrix(X, y, weight=weight)
        if self.name == "lightgbm":
            return self.lib.Dataset(X, y, weight=weight, reference=reference, free_raw_data=False)
        return self.lib.Pool(X, y, weight=weight)

    def params(self, **more):
        quiet = {"xgboost": {"verbosity": 0}, "lightgbm": {"verbosity": -1}}.get(
            self.name, {"verbose": 0, "allow_writing_files": False, "random_seed": 0}
        )
        return {**quiet, "learning_rate": 0.2, **more}

    def train(self, rows, n_rounds, loss, weight=None, **options):
        return self.ours.train(self.params(), self.data(rows[0], rows[1], weight), n_rounds, loss=loss, **options)

    def proba(self, model, X):
        if self.name == "xgboost":
            return model.predict(self.lib.DMatrix(X))
        return model.predict(X) if self.name == "lightgbm" else model.predict(X, prediction_type="Probability")[:, 1]

    def raw(self, model, X):
        if self.name == "xgboost":
            return model.predict(self.lib.DMatrix(X), output_margin=True)
        return model.predict(X, raw_score=True) if self.name == "lightgbm" else model.predict(X, prediction_type="RawFormulaVal")


@pytest.fixture(params=NAMES)
def native(request):
    pytest.importorskip(request.param)
    return Native(request.param)


@pytest.mark.parametrize("loss", [bi.LogLoss(), bi.LogLoss(pos_weight=8.0), bi.FocalLoss(gamma=2.0), bi.AsymmetricLoss()])
def test_a_model_of_one_tiny_step_says_the_rate_of_positives(native, rows, loss):
    X, y, *_ = rows
    model = native.ours.train(native.params(learning_rate=1e-6), native.data(X, y), 1, loss=loss)
    proba = loss.predict_proba(native.raw(model, X)) if loss.posterior_shift is None else native.proba(model, X)
    np.testing.assert_allclose(proba, y.mean(), rtol=1e-3)


@pytest.mark.parametrize("loss", [bi.FocalLoss(gamma=1.5), bi.LogLoss(pos_weight=3.0)])
def test_weights_of_two_count_as_rows_given_twice(native, rows, loss):
    X, y, Xs, _ = rows
    X, y = np.round(X[:600]), y[:600]  # few distinct values, so that repeated rows make no other bins
    weighted, repeated = {
        "xgboost": ({"min_child_weight": 0},) * 2,
        "lightgbm": ({"min_data_in_leaf": 0, "min_data_in_bin": 1, "min_data_per_group": 1},) * 2,
        # CatBoost multiplies l2_leaf_reg by the mean weight.
        "catboost": [{"bootstrap_type": "No", "random_strength": 0, "boosting_type": "Plain", "l2_leaf_reg": l2} for l2 in (1, 2)],
    }[native.name]
    once = native.ours.train(native.params(**weighted), native.data(X, y, np.full(y.size, 2.0)), 15, loss=loss)
    twice = native.ours.train(native.params(**repeated), native.data(np.tile(X, (2, 1)), np.tile(y, 2)), 15, loss=loss)
    np.testing.assert_allclose(native.raw(once, np.round(Xs)), native.raw(twice, np.round(Xs)), atol=2e-4)


def test_zero_weights_leave_rows_out_of_the_gradient(native, rows):
    _, y, Xs, _ = rows
    weight = np.where(y == 1, 1.0, np.arange(y.size) % 2)  # half the negatives are gone
    loss = bi.FocalLoss(gamma=1.0)
    with_all, with_half = (loss.predict_proba(native.raw(native.train(rows, 20, loss, w), Xs)).mean() for w in (None, weight))
    assert with_half > 1.25 * with_all


@pytest.mark.parametrize("n_features", [5, 25])
def test_log_loss_through_our_kernel_is_the_boosters_own(native, rows, n_features):
    """At gamma 0 and equal weights focal loss is log-loss, on the route of a custom objective with all of its defaults."""
    _, y, *_ = rows
    X = np.random.default_rng(0).normal(size=(y.size, n_features)) + 0.3 * y[:, None]
    calm = {"bootstrap_type": "No", "random_strength": 0} if native.name == "catboost" else {}
    ours, own = (
        native.ours.train(native.params(**calm), native.data(X, y), 15, loss=loss)
        for loss in (bi.FocalLoss(gamma=0.0, alpha=0.5), bi.LogLoss())
    )
    np.testing.assert_allclose(native.proba(ours, X), native.proba(own, X), atol=2e-5)


@pytest.mark.parametrize("loss", [bi.LogLoss(), bi.FocalLoss(gamma=2.0)])
def test_early_stopping_goes_up_average_precision(native, rows, loss):
    X, y, Xs, ys = rows
    train = native.data(X, y)
    valid = native.data(Xs, ys, reference=train)
    history = {}
    options = {
        "xgboost": lambda: {"evals": [(valid, "valid")], "verbose_eval": False, "evals_result": history},
        "lightgbm": lambda: {"valid_sets": [valid], "callbacks": [native.lib.record_evaluation(history)]},
        "catboost": lambda: {"eval_set": valid},
    }[native.name]()
    model = native.ours.train(
        native.params(learning_rate=0.05), train, 500, loss=loss, metric=bi.PRAUC(), early_stopping_rounds=30, **options
    )
    if native.name == "catboost":
        history, best = model.get_evals_result()["validation"], model.best_iteration_
        assert model.tree_count_ == best + 1
    else:
        (history,), best = history.values(), model.best_iteration - (native.name == "lightgbm")  # LightGBM counts from 1
    values = next(entries for name, entries in history.items() if name != "Logloss")
    assert len(values) < 500
    assert np.argmax(values) == best == len(values) - 31


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", [bi.FocalLoss(gamma=2.0), bi.FocalLoss(gamma=0.0, alpha=0.3)], ids=repr)
def test_catboost_without_a_metric_shows_the_log_loss_of_the_models_probabilities(loss, weighted, rows):
    pytest.importorskip("catboost")
    native = Native("catboost")
    X, y, Xs, ys = rows
    weight = 1.0 + np.arange(ys.size) % 3 if weighted else None
    model = native.train((X, y), 6, loss, eval_set=native.data(Xs, ys, weight), early_stopping_rounds=5)
    (history,) = model.get_evals_result()["validation"].values()
    proba = model.predict(Xs, prediction_type="Probability")
    assert history[-1] == pytest.approx(log_loss(ys, proba, sample_weight=weight), abs=1e-6)
    assert model.best_iteration_ == np.argmin(history) == 5


@pytest.mark.parametrize("loss", [bi.LogLoss(pos_weight=4.0), bi.FocalLoss(gamma=2.0)])
def test_shap_values_add_up_to_the_margin(native, rows, loss):
    _, _, Xs, _ = rows
    model = native.train(rows, 25, loss)
    if native.name == "xgboost":
        contributions = model.predict(native.lib.DMatrix(Xs), pred_contribs=True)
    elif native.name == "lightgbm":
        contributions = model.predict(Xs, pred_contrib=True)
    else:
        contributions = model.get_feature_importance(native.data(Xs, np.zeros(len(Xs))), type="ShapValues")
    np.testing.assert_allclose(contributions.sum(axis=1), native.raw(model, Xs), atol=1e-5)


@pytest.mark.parametrize("loss", [bi.FocalLoss(gamma=1.0), bi.LogLoss(pos_weight=9.0), bi.FocalLoss(0.0, alpha=0.8)], ids=repr)
@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_training_goes_on_from_a_model(name, loss, rows):
    native = Native(name)
    X, y, Xs, _ = rows
    key = {"xgboost": "xgb_model", "lightgbm": "init_model"}[name]
    whole = native.train(rows, 20, loss)
    half = native.train(rows, 10, loss)
    more = native.ours.train(native.params(), native.data(X, y), 10, loss=loss, **{key: half})
    np.testing.assert_allclose(native.raw(more, Xs), native.raw(whole, Xs), atol=1e-4)


def test_training_goes_on_from_a_model_of_log_odds_only(rows):
    xgb, native = pytest.importorskip("xgboost"), Native("xgboost")
    X, y, Xs, _ = rows
    data = native.data(X, y)
    for objective in ("binary:logitraw", "reg:squarederror"):
        with pytest.raises(ValueError, match=f"xgb_model must be a model of .* got one of '{objective}'"):
            native.ours.train(native.params(), data, 1, xgb_model=xgb.train({"objective": objective}, data, 2))
    own = xgb.train({"objective": "binary:logistic"}, data, 2)
    same = native.ours.train(native.params(learning_rate=1e-6), data, 1, loss=bi.LogLoss(pos_weight=9.0), xgb_model=own)
    np.testing.assert_allclose(native.raw(same, Xs), native.raw(own, Xs), atol=1e-5)


@pytest.mark.parametrize(
    "params", [{"booster": "dart", "rate_drop": 0.5}, {"booster": "gblinear", "updater": "coord_descent"}], ids=str
)
def test_the_shift_to_the_posterior_leaves_a_model_of_xgboost_as_it_is(params, rows):
    xgb, native = pytest.importorskip("xgboost"), Native("xgboost")
    X, y, Xs, _ = rows
    loss = bi.LogLoss(pos_weight=4.0)
    settings = native.params(**params)
    ours = native.ours.train(settings, native.data(X, y), 8, loss=loss)
    start = {"objective": "binary:logistic", "scale_pos_weight": 4.0, "base_score": expit(loss.init_raw(y))}
    own = xgb.train({**settings, **start}, native.data(X, y), 8)
    np.testing.assert_allclose(native.raw(ours, Xs), native.raw(own, Xs) - np.log(4.0), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("xgboost", "objective"),
        ("xgboost", "scale_pos_weight"),
        ("xgboost", "base_score"),
        ("lightgbm", "is_unbalance"),
        ("lightgbm", "pos_bagging_fraction"),
        ("lightgbm", "application"),
        ("catboost", "class_weights"),
        ("catboost", "loss_function"),
    ],
)
def test_a_parameter_that_the_loss_carries_is_refused(name, key, rows):
    native = Native(name)
    with pytest.raises(ValueError, match=f"{key!r} must not be in params"):
        native.ours.train({**native.params(), key: 1}, native.data(rows[0], rows[1]), 2, loss=bi.LogLoss())


def test_labels_other_than_0_and_1_are_refused(native, rows):
    X, y, *_ = rows
    with pytest.raises(ValueError, match="labels 0 and 1"):
        native.ours.train(native.params(), native.data(X, y * 2), 2, loss=bi.FocalLoss())


@pytest.mark.parametrize("loss", [bi.LogLoss(pos_weight=9.0), bi.SoftmaxFocalLoss(0.0, class_weight=(1, 9))], ids=repr)
def test_xgboost_refuses_a_base_margin_that_would_cost_the_posterior(loss, rows):
    xgb = pytest.importorskip("xgboost")
    native = Native("xgboost")
    X, y, *_ = rows
    margin = np.zeros(y.size if isinstance(loss, bi.LogLoss) else (y.size, 2))
    with pytest.raises(ValueError, match="dtrain must have no base_margin with"):
        native.ours.train(native.params(), xgb.DMatrix(X, y, base_margin=margin), 1, loss=loss)
    plain = bi.LogLoss() if isinstance(loss, bi.LogLoss) else bi.SoftmaxFocalLoss(0.0)
    native.ours.train(native.params(), xgb.DMatrix(X, y, base_margin=margin), 1, loss=plain)


def test_xgboost_goes_on_from_a_file_too(rows, tmp_path):
    pytest.importorskip("xgboost")
    native, loss = Native("xgboost"), bi.LogLoss(pos_weight=9.0)
    first = native.train(rows, 4, loss)
    first.save_model(tmp_path / "first.ubj")
    one, other = (native.train(rows, 4, loss, xgb_model=start) for start in (first, tmp_path / "first.ubj"))
    np.testing.assert_array_equal(native.raw(one, rows[2]), native.raw(other, rows[2]))
