"""The three boosters as the search sees them: one behaviour, three implementations."""

import threading

import numpy as np
import pytest
from scipy.special import expit

import boostimb as bi
from boostimb.boosters import NAMES, get_booster, installed
from boostimb.table import Table, TableEncoder

LOSSES = [bi.LogLoss(), bi.LogLoss(pos_weight=6.0), bi.FocalLoss(gamma=2.0), bi.FocalLoss(gamma=0.0), bi.AsymmetricLoss()]


@pytest.fixture(params=NAMES)
def booster(request):
    pytest.importorskip(request.param)
    return get_booster(request.param)


@pytest.fixture(scope="module")
def table():
    import pandas as pd

    rng = np.random.default_rng(1)
    n = 2500
    frame = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n), "kind": rng.choice(["u", "v", "w"], n)})
    y = rng.random(n) < expit(2 * frame["a"].to_numpy() + 1.5 * (frame["kind"] == "w").to_numpy() - 4)
    frame.loc[::9, "b"] = np.nan
    frame.loc[::11, "kind"] = None
    return TableEncoder.fit_transform(frame)[1], y


def begin(booster, table, loss, *, n_rounds=60, evaluate=None, params=None, seen=None):
    data, y = table
    rows = np.arange(data.n_rows)
    train, valid = rows % 4 != 0, rows % 4 == 0
    bins = booster.dataset(data.take(train), y[train], None, {}, n_jobs=1)
    held = booster.dataset(data.take(valid), y[valid], None, {}, n_jobs=1, reference=bins)
    metric = bi.PRAUC().bind(y[valid])

    def watch(raw):
        if seen is not None:
            seen.append(np.array(raw, dtype=np.float64))
        return metric(raw)

    run = booster.start(params or {}, bins, loss, n_rounds=n_rounds, valid=held, evaluate=evaluate or watch, n_jobs=1, seed=0)
    return run, data.take(valid), y[valid]


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_run_shows_the_margins_that_its_model_gives(booster, table, loss):
    seen = []
    run, held, y = begin(booster, table, loss, seen=seen)
    values = run.advance(7) + run.advance(5)
    assert len(values) == len(seen) == 12
    assert values[-1] == pytest.approx(bi.average_precision(y, seen[-1]))
    for n_rounds in (3, 12):
        model = run.model(n_rounds)
        assert model.n_rounds == n_rounds
        np.testing.assert_allclose(model.raw(held, n_jobs=1), seen[n_rounds - 1], atol=2e-5)
    run.close()


def test_no_more_rounds_than_the_limit(booster, table):
    run, *_ = begin(booster, table, bi.LogLoss(), n_rounds=6)
    assert len(run.advance(4)) == 4
    assert len(run.advance(4)) == 2
    run.close()


def test_merging_and_file(booster, table, tmp_path):
    run, held, _ = begin(booster, table, bi.FocalLoss(gamma=1.0))
    run.advance(20)
    model, part = run.model(20), run.model(7)
    run.close()
    raw = model.raw(held, n_jobs=1)
    both = booster.merge([model, part], [0.4, 0.2], 0.7)
    np.testing.assert_allclose(both.raw(held, n_jobs=1), 0.4 * raw + 0.2 * part.raw(held, n_jobs=1) + 0.7, atol=5e-6)
    moved = booster.merge([model], [0.6], -1.5)
    np.testing.assert_allclose(moved.raw(held, n_jobs=1), 0.6 * raw - 1.5, atol=5e-6)
    np.testing.assert_array_equal(model.raw(held, n_jobs=1), raw)  # the first one is as it was
    path = tmp_path / f"model.{booster.suffix}"
    moved.save(path)
    np.testing.assert_allclose(booster.load(path).raw(held, n_jobs=1), 0.6 * raw - 1.5, atol=5e-6)
    gain = moved.importances()
    assert gain.shape == (3,)
    assert gain.sum() == pytest.approx(1.0)
    assert gain[0] == gain.max()


def test_resampled_rows_take_the_bins_of_the_fold(booster, table):
    data, y = table
    whole = booster.dataset(data, y, None, {}, n_jobs=1)
    rows = np.concatenate([np.flatnonzero(y), np.flatnonzero(y), np.flatnonzero(~y)[::2]])
    part = booster.dataset(data.take(rows), y[rows], None, {}, n_jobs=1, reference=whole)
    run = booster.start({}, part, bi.LogLoss(), n_rounds=5, n_jobs=1, seed=0)
    run.advance(5)
    assert np.isfinite(run.model(5).raw(data, n_jobs=1)).all()
    run.close()


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("xgboost", {"max_bin": 4}),
        ("lightgbm", {"max_bin": 4}),
        ("lightgbm", {"max_bins": 4}),
        ("lightgbm", {"max_bin_by_feature": [4, 4]}),
        ("lightgbm", {"subsample_for_bin": 30, "data_seed": 3}),
        ("lightgbm", {"zero_as_missing": True}),
        ("catboost", {"max_bin": 4}),
        ("catboost", {"dev_max_subset_size_for_build_borders": 30}),
    ],
    ids=str,
)
def test_a_parameter_of_the_bins_counts_by_any_of_its_names(name, params):
    pytest.importorskip(name)
    booster, rng = get_booster(name), np.random.default_rng(0)
    y = rng.random(400) < 0.3
    values = np.where(rng.random((400, 2)) < 0.2, rng.normal(size=(400, 2)) + y[:, None], 0.0)
    table = Table(values, None, (None, None))

    def raw(given):
        run = booster.start(given, booster.dataset(table, y, None, given, n_jobs=1), bi.LogLoss(), n_rounds=3, n_jobs=1, seed=0)
        run.advance(3)
        margins = run.model(3).raw(table, n_jobs=1)
        run.close()
        return margins

    assert booster.binning({**params, "learning_rate": 0.1}) == booster.binning(params) != booster.binning({})
    assert np.abs(raw(params) - raw({})).max() > 0.01


@pytest.mark.parametrize(
    ("params", "says"),
    [({"cat_feature": [0]}, "set categorical_features"), ({"feature_pre_filter": True}, "feature_pre_filter must be False")],
)
def test_what_lightgbm_would_read_otherwise_is_refused(table, params, says):
    booster = get_booster("lightgbm")
    with pytest.raises(ValueError, match=says):
        booster.dataset(*table, None, params, n_jobs=1)


def test_folds_side_by_side_are_as_folds_one_by_one(booster, table):
    def one():
        run, held, _ = begin(booster, table, bi.FocalLoss(gamma=1.0))
        values = [*run.advance(10), *run.advance(10)]
        raw = run.model(20).raw(held, n_jobs=1)
        run.close()
        return values, raw

    want, results = one(), []
    threads = [threading.Thread(target=lambda: results.append(one())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for values, raw in results:
        assert values == want[0]
        np.testing.assert_array_equal(raw, want[1])


@pytest.mark.parametrize("values", [np.ones((200, 2)), np.full((200, 1), np.nan)])
def test_a_table_without_a_column_that_varies_is_refused(booster, values):
    table = TableEncoder.fit_transform(values)[1]
    with pytest.raises(ValueError, match="a column that varies"):
        booster.dataset(table, np.arange(200) % 10 == 0, None, {}, n_jobs=1)


def test_a_column_of_one_value_and_missing_ones_can_be_split(booster):
    y = np.arange(600) % 10 == 0
    table = TableEncoder.fit_transform(np.where(y, np.nan, 1.0)[:, None])[1]
    run = booster.start({}, booster.dataset(table, y, None, {}, n_jobs=1), bi.LogLoss(), n_rounds=20, n_jobs=1, seed=0)
    run.advance(20)
    assert bi.average_precision(y, run.model(20).raw(table, n_jobs=1)) == 1.0
    run.close()


def test_an_error_in_the_metric_reaches_the_caller(booster, table):
    def fail(_):
        raise ZeroDivisionError("the metric broke")

    run, *_ = begin(booster, table, bi.LogLoss(), evaluate=fail)
    with pytest.raises(Exception, match="the metric broke"):
        run.advance(3)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        *((key, "set n_rounds instead") for key in ("num_tree", "nrounds", "n_iter", "max_iter", "n_estimators")),
        ("n_iter_no_change", "set early_stopping_rounds instead"),
        ("random_state", "it is called (random_)?seed"),
    ],
)
def test_a_name_that_would_be_ignored_is_refused(booster, key, reason):
    with pytest.raises(ValueError, match=f"'{key}' must not be in params: {reason}"):
        booster.start({key: 1}, None, bi.LogLoss(), n_rounds=1, n_jobs=1, seed=0)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_the_seed_is_called_seed(name, table):
    pytest.importorskip(name)
    booster = get_booster(name)
    with pytest.raises(ValueError, match="'random_seed' must not be in params: it is called seed"):
        booster.start({"random_seed": 1}, None, bi.LogLoss(), n_rounds=1, n_jobs=1, seed=0)
    some = {"bagging_fraction": 0.5, "bagging_freq": 1} if name == "lightgbm" else {"subsample": 0.5}
    raw = []
    for seed in (1, 2):
        run, held, _ = begin(booster, table, bi.LogLoss(), n_rounds=3, params={**some, "seed": seed})
        run.advance(3)
        raw.append(run.model(3).raw(held, n_jobs=1))
        run.close()
    assert np.abs(raw[0] - raw[1]).max() > 1e-3


def test_names():
    assert set(installed()) <= set(NAMES)
    with pytest.raises(ValueError, match="booster must be one of xgboost, lightgbm, catboost; got 'gbm'"):
        get_booster("gbm")


def test_a_booster_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr("boostimb.boosters.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'boostimb\[catboost\]'"):
        get_booster("catboost")
    assert installed() == ()


def test_validation_rows_may_miss_every_value(booster, table):
    """Nothing is said of it: a warning is an error here."""
    data, y = table
    numbers = TableEncoder.fit_transform(data.values[:, :2])[1]
    bins = booster.dataset(numbers, y, None, {}, n_jobs=1)
    empty = TableEncoder.fit_transform(np.full((30, 2), np.nan))[1]
    booster.dataset(empty, y[:30], None, {}, n_jobs=1, reference=bins)
