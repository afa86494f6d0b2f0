"""Focal loss of three classes, trained for real in each booster: the right gradient, start, weights and saved model."""

import importlib
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import softmax
from sklearn.metrics import log_loss

import boostimb as bi
from boostimb.boosters import NAMES, get_booster
from boostimb.table import Table, TableEncoder

LOSSES = [bi.SoftmaxFocalLoss(), bi.SoftmaxFocalLoss(0.0, class_weight=(1, 2, 6)), bi.SoftmaxFocalLoss(1.0, class_weight=(1, 2, 6))]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 4))
    y = np.digitize(X[:, 0] + 0.5 * X[:, 1] + 0.7 * rng.normal(size=1200), [1.0, 2.0])
    return X[:800], y[:800], X[800:], y[800:]


@pytest.fixture(scope="module")
def weight(rows):
    return np.where(rows[1] == 2, 4.0, 1.0)


class Native:
    """The three boosters and their scikit-learn classes, said in one way."""

    def __init__(self, name):
        self.name, self.lib = name, importlib.import_module(name)
        self.ours = importlib.import_module(f"boostimb.boosters.{name}")

    def data(self, X, y=None, weight=None, **more):
        kind = {"xgboost": "DMatrix", "lightgbm": "Dataset", "catboost": "Pool"}[self.name]
        return getattr(self.lib, kind)(X, y, weight=weight, **more)

    def params(self, **more):
        return {
            "xgboost": {"nthread": 1, "max_depth": 3},
            "lightgbm": {"num_threads": 1, "num_leaves": 7, "verbosity": -1, "min_data_in_leaf": 10},
            "catboost": {"thread_count": 1, "depth": 3, "verbose": 0, "allow_writing_files": False, "random_seed": 0},
        }[self.name] | {"learning_rate": 0.2, **more}

    def train(self, rows, n_rounds, loss, weight=None, **params):
        """The drop-in train."""
        return self.ours.train(self.params(**params), self.data(rows[0], rows[1], weight), n_rounds, loss=loss)

    def own_train(self, rows, n_rounds, loss, weight=None):
        """The booster's own train, which starts at margins of 0."""
        data, params = self.data(rows[0], rows[1], weight), self.params()
        if self.name == "xgboost":
            return self.lib.train({**params, "num_class": 3, "base_score": 0.0}, data, n_rounds, obj=loss)
        if self.name == "lightgbm":
            return self.lib.train({**params, "num_class": 3, "objective": loss}, data, n_rounds)
        return self.lib.train(data, {**params, "loss_function": loss, "eval_metric": "MultiClass"}, iterations=n_rounds)

    def classifier(self, rows, n_rounds, loss, weight=None):
        params = self.params()
        if self.name == "xgboost":
            model = self.lib.XGBClassifier(objective=loss, n_estimators=n_rounds, base_score=0.0, **params)
        elif self.name == "lightgbm":
            model = self.lib.LGBMClassifier(objective=loss, n_estimators=n_rounds, **params)
        else:
            model = self.lib.CatBoostClassifier(loss_function=loss, eval_metric="MultiClass", iterations=n_rounds, **params)
        return model.fit(rows[0], rows[1], sample_weight=weight)

    def raw(self, model, X):
        if self.name == "xgboost":
            return model.predict(X if hasattr(model, "fit") else self.data(X), output_margin=True)
        how = {"raw_score": True} if self.name == "lightgbm" else {"prediction_type": "RawFormulaVal"}
        return model.predict(X, **how)

    def proba(self, model, X):
        if self.name == "catboost":
            return model.predict(X, prediction_type="Probability")
        return model.predict(self.data(X) if self.name == "xgboost" else X)

    def reload(self, model, folder):
        path = str(folder / ("model." + {"xgboost": "ubj", "lightgbm": "txt", "catboost": "cbm"}[self.name]))
        model.save_model(path)
        if self.name == "catboost":
            return self.lib.CatBoost().load_model(path)
        return self.lib.Booster(model_file=path)


@pytest.fixture(params=NAMES)
def native(request):
    pytest.importorskip(request.param)
    return Native(request.param)


@pytest.mark.parametrize("interface", ["own_train", "classifier", "train"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_training_beats_the_prior(native, interface, loss, rows, weight):
    _, y, Xs, ys = rows
    n_rounds = 6 if native.name == "catboost" else 25  # CatBoost asks for one row at a time
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = getattr(native, interface)(rows, n_rounds, loss, weight)
    # At gamma 0 the drop-in train leaves a model whose own probabilities are the posterior.
    whole = interface == "train" and loss.gamma == 0
    proba = native.proba(model, Xs) if whole else loss.predict_proba(native.raw(model, Xs))
    held = np.where(ys == 2, 4.0, 1.0)
    prior = np.tile(np.bincount(y, weights=weight) / weight.sum(), (ys.size, 1))
    assert log_loss(ys, proba, sample_weight=held) < 0.9 * log_loss(ys, prior, sample_weight=held)


def test_the_first_trees_follow_the_gradient(native, rows, weight):
    """One round of tiny steps on one feature that tells the classes apart: each leaf is the Newton step of its rows."""
    y = rows[1]
    loss = bi.SoftmaxFocalLoss(class_weight=(1, 2, 6))
    X = y[:, None].astype(float)
    exact = {
        "xgboost": {"lambda": 0.0, "min_child_weight": 0.0},
        "lightgbm": {"min_sum_hessian_in_leaf": 0.0},
        "catboost": {"l2_leaf_reg": 1e-9, "random_strength": 0, "bootstrap_type": "No", "leaf_estimation_method": "Newton"},
    }[native.name]
    model = native.ours.train(native.params(learning_rate=1e-3, **exact), native.data(X, y, weight), 1, loss=loss)
    init = loss.init_raw(y, weight)
    step = (native.raw(model, X) - init) / 1e-3
    grad, hess = loss.grad_hess(y, np.tile(init, (y.size, 1)), weight)
    for label in range(3):
        if native.name == "catboost":  # its step takes the whole matrix; margins are the same up to a constant
            minus_grad, matrix = loss.calc_ders_multi(init, label, 1.0)
            want = np.linalg.lstsq(-np.asarray(matrix), minus_grad, rcond=None)[0]
            got = step[y == label][0]
            assert_allclose(got - got.mean(), want - want.mean(), rtol=0.02)
        else:
            want = -(grad[y == label].sum(axis=0) / hess[y == label].sum(axis=0))
            assert_allclose(step[y == label][0], want, rtol=0.01)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_model_of_one_tiny_step_says_the_rates(native, loss, rows, weight):
    model = native.train(rows, 1, loss, weight, learning_rate=1e-6)
    want = np.bincount(rows[1], weights=weight) / weight.sum()
    raw = native.raw(model, rows[2])
    proba = native.proba(model, rows[2])
    if loss.gamma:
        proba = loss.predict_proba(raw)
    assert_allclose(proba, np.tile(want, (400, 1)), rtol=1e-3)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_saved_model_gives_softmax_by_its_plain_predict(native, loss, rows, tmp_path):
    model = native.train(rows, 5, loss)
    again = native.reload(model, tmp_path)
    assert_allclose(native.raw(again, rows[2]), native.raw(model, rows[2]), atol=1e-6)
    assert_allclose(native.proba(again, rows[2]), softmax(native.raw(model, rows[2]), axis=1), atol=1e-6)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_at_gamma_0_it_is_the_boosters_own_cross_entropy(name, rows, weight):
    """Their hessians are ours times 2 and times K / (K - 1): with no regularisation, smaller steps make up for it."""
    pytest.importorskip(name)
    native = Native(name)
    X, y, Xs, _ = rows
    factor = {"xgboost": 2.0, "lightgbm": 1.5}[name]
    free = {"xgboost": {"lambda": 0.0, "min_child_weight": 0.0}, "lightgbm": {"min_sum_hessian_in_leaf": 0.0}}[name]
    ours = native.ours.train(
        native.params(learning_rate=0.1 / factor, **free), native.data(X, y, weight), 10, loss=bi.SoftmaxFocalLoss(0.0)
    )
    start = bi.SoftmaxFocalLoss(0.0).init_raw(y, weight)
    if name == "xgboost":
        params = native.params(learning_rate=0.1, objective="multi:softprob", num_class=3, base_score=start.tolist(), **free)
        own = native.lib.train(params, native.data(X, y, weight), 10)
    else:
        params = native.params(learning_rate=0.1, objective="multiclass", num_class=3, **free)
        own = native.lib.train(params, native.data(X, y, weight), 10)
    assert_allclose(native.proba(ours, Xs), native.proba(own, Xs), atol=2e-4)


def test_early_stopping(native, rows):
    X, y, Xs, ys = rows
    train = native.data(X, y)
    loss = bi.SoftmaxFocalLoss()
    n_rounds = 120
    options = {
        "xgboost": lambda: {"evals": [(native.data(Xs, ys), "held")], "verbose_eval": False},
        "lightgbm": lambda: {"valid_sets": [native.data(Xs, ys, reference=train)]},
        "catboost": lambda: {"eval_set": native.data(Xs, ys)},
    }[native.name]()
    model = native.ours.train(native.params(learning_rate=0.5), train, n_rounds, loss=loss, early_stopping_rounds=3, **options)
    best = {"xgboost": "best_iteration", "lightgbm": "best_iteration", "catboost": "best_iteration_"}[native.name]
    assert 0 < getattr(model, best) < n_rounds - 2
    if native.name == "lightgbm":
        raw = model.predict(Xs, raw_score=True)  # of the best round
        assert model.best_score["valid_0"]["multi_logloss"] == pytest.approx(log_loss(ys, loss.predict_proba(raw)), rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_training_goes_on_from_a_model(name, loss, rows):
    pytest.importorskip(name)
    native = Native(name)
    key, keep = {"xgboost": ("xgb_model", {}), "lightgbm": ("init_model", {"free_raw_data": False})}[name]
    whole, half = native.train(rows, 8, loss), native.train(rows, 4, loss)
    more = native.ours.train(native.params(), native.data(rows[0], rows[1], **keep), 4, loss=loss, **{key: half})
    assert_allclose(native.raw(more, rows[2]), native.raw(whole, rows[2]), atol=1e-4)


def test_what_several_classes_cannot_have(native, rows):
    data = native.data(rows[0], rows[1])
    with pytest.raises(ValueError, match="metric must be None with a loss of several classes"):
        native.ours.train(native.params(), data, 1, loss=bi.SoftmaxFocalLoss(), metric=bi.PRAUC())
    gap = native.data(rows[0], np.where(rows[1] == 1, 0, rows[1]))
    with pytest.raises(ValueError, match="every label"):
        native.ours.train(native.params(), gap, 1, loss=bi.SoftmaxFocalLoss())


@pytest.mark.parametrize("loss", [bi.FocalLoss(), bi.SoftmaxFocalLoss()], ids=repr)
def test_catboost_on_a_gpu_names_the_processor(loss, rows):
    pytest.importorskip("catboost")
    native = Native("catboost")
    y = rows[1] if isinstance(loss, bi.SoftmaxFocalLoss) else rows[1] > 0
    with pytest.raises(ValueError, match="task_type must be 'CPU'"):
        native.ours.train(native.params(task_type="GPU"), native.data(rows[0], y), 1, loss=loss)


# ---- as the search sees them ----

SET_BY_START = ("nthread", "num_threads", "thread_count", "verbose", "verbosity", "allow_writing_files", "random_seed")


def test_trees_side_by_side_keep_their_classes(rows):
    xgboost = pytest.importorskip("boostimb.boosters.xgboost")
    table, y = Table(rows[0], None, (None,) * 4), rows[1]
    for labels, loss in ((y, bi.SoftmaxFocalLoss(0.0)), (y > 0, bi.LogLoss())):
        params = {"num_parallel_tree": 3, "subsample": 0.5}
        run = xgboost.start(params, xgboost.dataset(table, labels, None, {}, n_jobs=1), loss, n_rounds=4, n_jobs=1, seed=0)
        run.advance(4)
        whole, part = run.model(4), run.model(1)
        merged = xgboost.merge([whole, part], [0.4, 0.2], np.zeros(3 if labels is y else 1))
        assert merged.n_rounds == 5
        assert_allclose(merged.raw(table, n_jobs=1), 0.4 * whole.raw(table, n_jobs=1) + 0.2 * part.raw(table, n_jobs=1), atol=5e-6)


def test_leaves_of_several_numbers_are_refused(rows):
    xgboost = pytest.importorskip("boostimb.boosters.xgboost")
    data = xgboost.dataset(Table(rows[0], None, (None,) * 4), rows[1], None, {}, n_jobs=1)
    with pytest.raises(ValueError, match="multi_strategy must be one_output_per_tree"):
        xgboost.start({"multi_strategy": "multi_output_tree"}, data, bi.SoftmaxFocalLoss(0.0), n_rounds=4, n_jobs=1, seed=0)


@pytest.mark.parametrize("params", [{"booster": "dart", "rate_drop": 0.5}, {"multi_strategy": "multi_output_tree"}], ids=str)
def test_other_models_of_xgboost_say_the_rates_too(params, rows):
    native = Native("xgboost")
    model = native.train(rows, 8, bi.SoftmaxFocalLoss(0.0, (1.0, 2.0, 3.0)), **params)
    # After eight rounds the margins are still on their way; unshifted, the weights would make the rarest class 0.14.
    assert_allclose(native.proba(model, rows[0]).mean(axis=0), np.bincount(rows[1]) / rows[1].size, atol=0.015)


def begin(native, rows, loss, weight=None, seen=None):
    X, y, Xs, ys = rows
    booster = get_booster(native.name)
    params = {key: value for key, value in native.params().items() if key not in SET_BY_START}
    (_, train), (_, held) = (TableEncoder.fit_transform(part) for part in (X, Xs))
    bins = booster.dataset(train, y, weight, params, n_jobs=1)
    valid = booster.dataset(held, ys, None, params, n_jobs=1, reference=bins)

    def watch(raw):
        seen.append(np.array(raw, dtype=np.float64))
        return float(len(seen))

    evaluate = None if seen is None else watch
    run = booster.start(params, bins, loss, n_rounds=9, valid=valid, evaluate=evaluate, n_jobs=1, seed=0)
    return booster, run, held


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_run_shows_the_margins_that_its_model_gives(native, loss, rows, weight):
    seen = []
    if native.name == "catboost" and loss.gamma > 0:
        with pytest.raises(ValueError, match="gamma must be 0 for several classes in CatBoost"):
            begin(native, rows, loss, weight, seen)
        return
    _, run, held = begin(native, rows, loss, weight, seen)
    assert run.advance(4) + run.advance(5) == list(range(1, 10))
    for n_rounds in (3, 9):
        model = run.model(n_rounds)
        assert model.n_rounds == n_rounds
        assert_allclose(model.raw(held, n_jobs=1), seen[n_rounds - 1], atol=2e-5)
    assert_allclose(run.margins, seen[-1])
    run.close()


def test_a_run_learns_what_the_drop_in_train_learns(native, rows, weight):
    """CatBoost's own cross-entropy starts at 0, and ours at the rates."""
    loss = LOSSES[1]
    _, run, held = begin(native, rows, loss, weight)
    run.advance(9)
    raw = run.model(9).raw(held, n_jobs=1)
    run.close()
    want = native.train(rows, 9, loss, weight)
    proba = softmax(raw - np.log(loss.class_weight), axis=1)
    assert np.abs(proba - native.proba(want, rows[2])).mean() < (0.05 if native.name == "catboost" else 0.01)


def test_merging_and_file(native, rows, tmp_path):
    booster, run, held = begin(native, rows, bi.SoftmaxFocalLoss(0.0))
    run.advance(9)
    model, part = run.model(9), run.model(4)
    run.close()
    shift = np.array([0.5, -0.2, 1.5])
    raw = model.raw(held, n_jobs=1)
    want = 0.4 * raw + 0.2 * part.raw(held, n_jobs=1) + shift
    merged = booster.merge([model, part], [0.4, 0.2], shift)
    assert_allclose(merged.raw(held, n_jobs=1), want, atol=5e-6)
    assert_allclose(model.raw(held, n_jobs=1), raw)  # the first one is as it was
    path = tmp_path / f"model.{booster.suffix}"
    merged.save(path)
    again = booster.load(path)
    assert_allclose(again.raw(held, n_jobs=1), want, atol=5e-6)
    assert_allclose(native.proba(again.native, rows[2]), softmax(want, axis=1), atol=5e-6)
    assert again.importances().sum() == pytest.approx(1.0)
    assert again.importances().argmax() == 0
