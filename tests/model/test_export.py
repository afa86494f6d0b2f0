"""An exported file on the user's own data frame, whose categories have an order of their own."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import boostimb as bi
from boostimb.boosters import get_booster
from boostimb.boosters._xgboost_categories import stored
from boostimb.decision import ClassCalibration, LogisticCalibration
from boostimb.model import ClassEnsemble, Ensemble, Member
from boostimb.table import TableEncoder

SHOPS, FLOORS = ["post", "bar", "bank"], [30, -1, 2]


@pytest.fixture(params=["xgboost", "lightgbm"])
def name(request):
    pytest.importorskip(request.param)
    return request.param


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(3)
    n = 600
    X = pd.DataFrame(
        {
            "shop": pd.Categorical(rng.choice(SHOPS, n), SHOPS),
            "amount": rng.normal(size=n),
            "floor": pd.Categorical(rng.choice(FLOORS, n), FLOORS),
        }
    )
    log_odds = X["amount"] + 2.0 * (X["shop"] == "bar") + 2.0 * (X["floor"] == -1) - 3.0
    X.loc[::9, "shop"] = None
    return X, rng.random(n) < expit(log_odds.to_numpy())


def read(name, path):
    """Return what an exported file predicts, by nothing but its booster."""
    if name == "lightgbm":
        import lightgbm

        return lightgbm.Booster(model_file=path).predict
    import xgboost

    booster = xgboost.Booster(model_file=path)
    return lambda X: booster.predict(xgboost.DMatrix(X, enable_categorical=True))


def check_file(name, model, frame, path):
    model.export(path)
    predict = read(name, path)
    want = model.predict_proba(frame)
    want = want[:, 1] if want.shape[1] == 2 else want
    other = frame.assign(
        **{column: frame[column].cat.set_categories(sorted(frame[column].cat.categories)) for column in ("shop", "floor")}
    )
    np.testing.assert_allclose(predict(frame), want, atol=2e-6)
    np.testing.assert_allclose(predict(other), want, atol=2e-6)
    # Of one row pandas knows no more than its own categories.
    one = frame.iloc[[1]].assign(**{column: frame[column].iloc[[1]].cat.remove_unused_categories() for column in ("shop", "floor")})
    np.testing.assert_allclose(predict(one), want[[1]], atol=2e-6)
    # Our codes, as before.
    table = TableEncoder.fit_transform(frame)[1]
    raw = get_booster(name).load(path).raw(table, n_jobs=1)
    proba = expit(raw) if raw.ndim == 1 else np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(proba, want, atol=2e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_classifier(name, frame, n_classes, tmp_path):
    X, y = frame
    labels = y if n_classes == 2 else y.astype(int) + (X["amount"] > 0.5)
    model = bi.BoostClassifier(name, n_rounds=15, n_jobs=1, random_state=0).fit(X, labels)
    check_file(name, model, X, tmp_path / f"model.{get_booster(name).suffix}")


@pytest.mark.parametrize("n_classes", [2, 3])
def test_an_ensemble(name, frame, n_classes, tmp_path):
    X, y = frame
    booster = get_booster(name)
    encoder, table = TableEncoder.fit_transform(X)
    labels = y if n_classes == 2 else y.astype(int) + (X["amount"] > 0.5).to_numpy()
    loss = bi.LogLoss() if n_classes == 2 else bi.SoftmaxFocalLoss(0.0)
    run = booster.start({}, booster.dataset(table, labels, None, {}, n_jobs=1), loss, n_rounds=8, n_jobs=1, seed=0)
    run.advance(8)
    offset = 0.1 if n_classes == 2 else (0.1, 0.2, 0.3)
    members = (Member(name, run.model(8), 0.6, 1.1, offset), Member(name, run.model(4), 0.4, 0.9, offset))
    run.close()
    model = (
        Ensemble(members, encoder, np.array([0, 1]), 1, LogisticCalibration(1.2, 0.3), 0.5)
        if n_classes == 2
        else ClassEnsemble(members, encoder, np.arange(3), ClassCalibration(1.2, (0.0, 0.5, -0.5)), np.ones(3))
    )
    check_file(name, model, X, tmp_path / f"model.{booster.suffix}")


def test_lightgbm_refuses_a_frame_with_categories_where_there_were_none(frame, tmp_path):
    pytest.importorskip("lightgbm")
    X, y = frame
    numbers = X.assign(shop=X["shop"].cat.codes, floor=X["floor"].cat.codes)
    bi.BoostClassifier("lightgbm", n_rounds=3, random_state=0).fit(numbers, y).export(tmp_path / "model.txt")
    with pytest.raises(ValueError, match="categorical_feature do not match"):
        read("lightgbm", tmp_path / "model.txt")(X)


@pytest.mark.parametrize("levels", [[True, False], [1, 0], [2.5, -1.0], ["b", "é"]], ids=str)
def test_lightgbm_finds_categories_of_any_kind(levels, tmp_path):
    pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"kind": pd.Categorical.from_codes(rng.integers(0, 2, 400), categories=pd.Index(levels))})
    model = bi.BoostClassifier("lightgbm", n_rounds=3, random_state=0).fit(X, rng.random(400) < 0.2 + 0.5 * X["kind"].cat.codes)
    model.export(tmp_path / "model.txt")
    predict = read("lightgbm", tmp_path / "model.txt")
    one = X.iloc[:1].assign(kind=X["kind"].iloc[:1].cat.remove_unused_categories())
    for rows in (X, one):
        np.testing.assert_allclose(predict(rows), model.predict_proba(rows)[:, 1])


def test_xgboost_itself_writes_the_same_names(frame):
    xgboost = pytest.importorskip("xgboost")
    import json

    X, y = frame
    own = xgboost.train({"max_depth": 2}, xgboost.DMatrix(X, y, enable_categorical=True), 1)
    content = json.loads(bytes(own.save_raw("json")))
    assert content["learner"]["gradient_booster"]["model"]["cats"] == stored((tuple(SHOPS), None, tuple(FLOORS)))


def test_xgboost_takes_a_category_that_it_never_saw_for_the_next_one(frame, tmp_path):
    pytest.importorskip("xgboost")
    X, y = frame
    bi.BoostClassifier("xgboost", n_rounds=5, n_jobs=1, random_state=0).fit(X, y).export(tmp_path / "model.ubj")
    predict = read("xgboost", tmp_path / "model.ubj")
    of_bank = X[X["shop"] == "bank"]
    other = of_bank.assign(shop=of_bank["shop"].cat.rename_categories({"bank": "auction"}))
    np.testing.assert_array_equal(predict(other), predict(of_bank))


def test_numbers_that_xgboost_refuses_go_by_their_text():
    names = stored(((0.5, 2),))
    assert bytes(names["enc"][0]["values"]) == b"0.52.0"
    assert names["enc"][0]["offsets"] == [0, 3, 6]


def test_categories_beyond_ascii_are_told(frame, tmp_path):
    pytest.importorskip("xgboost")
    pa = pytest.importorskip("pyarrow")
    X, y = frame
    X = X[["amount", "shop"]].assign(shop=X["shop"].cat.rename_categories({"post": "café"}))
    model = bi.BoostClassifier("xgboost", n_rounds=10, n_jobs=1, random_state=0).fit(X, y)
    with pytest.warns(UserWarning, match="misreads categories beyond ASCII, such as 'café'"):
        model.export(tmp_path / "model.ubj")
    got = read("xgboost", tmp_path / "model.ubj")(pa.Table.from_pandas(X))
    np.testing.assert_allclose(got, model.predict_proba(X)[:, 1], atol=2e-6)


def test_an_xgboost_that_keeps_no_names_is_told(frame, tmp_path, monkeypatch):
    xgboost = pytest.importorskip("xgboost")
    X, y = frame
    model = bi.BoostClassifier("xgboost", n_rounds=3, n_jobs=1, random_state=0).fit(X, y)
    monkeypatch.setattr(xgboost, "__version__", "3.0.5")
    with pytest.warns(UserWarning, match=r"XGBoost 3\.0\.5 keeps no names of categories"):
        model.export(tmp_path / "model.ubj")
