"""BoostClassifier and the final model of a search, of more than two classes."""

import numpy as np
import pytest
from imblearn.under_sampling import NearMiss
from sklearn.metrics import log_loss

import boostimb as bi
from boostimb.boosters import NAMES, get_booster
from boostimb.decision import ClassCalibration, class_prior_shift
from boostimb.metrics import ClassAveragePrecision
from boostimb.model import ClassEnsemble, Member
from boostimb.table import TableEncoder

CLASSES = np.array(["a", "b", "c"])


@pytest.fixture(params=NAMES)
def name(request):
    pytest.importorskip(request.param)
    return request.param


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 4))
    y = np.digitize(X[:, 0] + 0.5 * X[:, 1] + 0.5 * rng.normal(size=1200), [1.0, 2.0])
    return X[:800], y[:800], X[800:], y[800:]


def fitted(rows, name, **settings):
    fit = {key: settings.pop(key) for key in ("eval_set", "sample_weight") if key in settings}
    return bi.BoostClassifier(name, n_rounds=25, random_state=0, n_jobs=1, **settings).fit(rows[0], CLASSES[rows[1]], **fit)


def test_it_learns_and_its_labels_come_back(name, rows):
    model = fitted(rows, name)
    proba = model.predict_proba(rows[2])
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert proba.shape == (400, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(rows[2]), CLASSES[proba.argmax(axis=1)])
    prior = np.tile(np.bincount(rows[1]) / 800, (400, 1))
    assert log_loss(rows[3], proba) < 0.8 * log_loss(rows[3], prior)
    assert model.feature_importances_.argmax() == 0


@pytest.mark.parametrize(
    "settings", [{"pos_weight": "balanced"}, {"resampler": "over"}, {"resampler": "under"}, {"resampler": "smote"}]
)
def test_weights_and_resampling_leave_the_rates_as_they_are(name, rows, settings):
    model = fitted(rows, name, **settings)
    np.testing.assert_allclose(model.predict_proba(rows[0]).mean(axis=0), np.bincount(rows[1]) / 800, atol=1e-6)


def test_early_stopping_and_calibration(name, rows):
    held = [(rows[2], CLASSES[rows[3]])]
    model = fitted(rows, name, eval_set=held, early_stopping_rounds=5, calibration="logistic", params={"learning_rate": 0.3})
    values = model.evals_result_
    assert model.best_iteration_ == 1 + int(np.argmax(values))
    proba = model.predict_proba(rows[2])
    assert values[model.best_iteration_ - 1] == pytest.approx(
        ClassAveragePrecision().score(rows[3], raw_of(model, rows[2])), abs=1e-3
    )
    np.testing.assert_allclose(proba.mean(axis=0), np.bincount(rows[3]) / 400, atol=0.01)


def raw_of(model, X):
    fitted = model._fitted
    return fitted.model.raw(fitted.encoder.transform(X), n_jobs=1)


@pytest.mark.parametrize("settings", [{}, {"pos_weight": "balanced"}])
def test_the_exported_file_gives_the_same_probabilities(name, rows, settings, tmp_path):
    model = fitted(rows, name, **settings)
    path = tmp_path / f"model.{get_booster(name).suffix}"
    model.export(path)
    np.testing.assert_allclose(native_proba(name, path, rows[2]), model.predict_proba(rows[2]), atol=1e-5)


def native_proba(name, path, X):
    native = get_booster(name).load(path).native
    if name == "catboost":
        return native.predict(X, prediction_type="Probability")
    if name == "xgboost":
        import xgboost

        return native.predict(xgboost.DMatrix(X))
    return native.predict(X)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_focal_loss_gives_its_posterior_and_no_native_file(name, rows, tmp_path):
    pytest.importorskip(name)
    loss = bi.SoftmaxFocalLoss(2.0)
    model = fitted(rows, name, loss=loss)
    np.testing.assert_allclose(model.predict_proba(rows[2]), loss.predict_proba(raw_of(model, rows[2])))
    with pytest.raises(ValueError, match="logistic function of the margin"):
        model.export(tmp_path / f"model.{get_booster(name).suffix}")


def test_bad_settings(rows):
    for settings, error, text in (
        ({"loss": bi.FocalLoss()}, TypeError, "loss must be a SoftmaxFocalLoss"),
        ({"loss": bi.SoftmaxFocalLoss(0.0, (1, 2))}, ValueError, "one entry for each class"),
        ({"pos_weight": 2.0}, ValueError, "pos_weight must be 1.0 or 'balanced'"),
        ({"metric": bi.PRAUC()}, TypeError, "metric must be a boostimb.metrics.ClassAveragePrecision"),
        ({"threshold": 0.3}, ValueError, "threshold must be 0.5 with several classes"),
        ({"calibration": "isotonic"}, ValueError, "calibration must be one of logistic"),
        ({"eval_set": [(rows[2], np.repeat("a", 400))]}, ValueError, "must hold each class, got no 'b'"),
        ({"eval_set": [(rows[2], np.repeat("d", 400))]}, ValueError, "must hold the labels"),
    ):
        with pytest.raises(error, match=text):
            fitted(rows, "lightgbm", **settings)


def test_contributions_are_of_two_classes(rows):
    with pytest.raises(ValueError, match="contributions are those to one positive class, and this model has 3"):
        fitted(rows, "lightgbm").contributions(rows[2])


def test_a_users_sampler(rows):
    model = fitted(rows, "lightgbm", resampler=NearMiss())
    np.testing.assert_allclose(model.predict_proba(rows[0]).mean(axis=0), np.bincount(rows[1]) / 800, atol=1e-6)


def test_means_are_set_to_rates_with_weights():
    rng = np.random.default_rng(0)
    proba, weight, rates = rng.dirichlet([5, 1, 1], size=200), rng.random(200), np.array([0.2, 0.3, 0.5])
    moved = proba * np.exp(class_prior_shift(proba, rates, weight))
    moved /= moved.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.average(moved, axis=0, weights=weight), rates, atol=1e-8)


# ---- the model of a search ----


@pytest.fixture
def ensemble(rows, request):
    encoder, table = TableEncoder.fit_transform(rows[0])
    members = []
    for at, name in enumerate(request.param):
        booster = get_booster(name)
        data = booster.dataset(table, rows[1], None, {}, n_jobs=1)
        run = booster.start({}, data, bi.SoftmaxFocalLoss(0.0), n_rounds=8, n_jobs=1, seed=at)
        run.advance(8)
        members.append(Member(name, run.model(8), 0.3 + 0.1 * at, 1.1, (0.1, -0.2, 0.3)))
        run.close()
    return ClassEnsemble(members, encoder, CLASSES, ClassCalibration(1.2, (0.0, 0.5, -0.5)), np.array([1.0, 2.0, 0.5]))


@pytest.mark.parametrize("ensemble", [NAMES], indirect=True)
def test_saved_and_loaded(ensemble, rows, tmp_path):
    costs = np.array([[0, 1, 2], [3, 0, 4], [9, 9, 0.0]])
    for each in (None, costs):
        ensemble.costs = each
        ensemble.save(tmp_path / "model")
        again = bi.load(tmp_path / "model")
        np.testing.assert_array_equal(again.predict_proba(rows[2]), ensemble.predict_proba(rows[2]))
        np.testing.assert_array_equal(again.predict(rows[2]), ensemble.predict(rows[2]))
        assert repr(again) == repr(ensemble)
    with pytest.raises(ValueError, match="contributions are those to one positive class, and this model has 3"):
        ensemble.contributions(rows[2])
    assert "3 classes, decided by costs" in repr(ensemble)
    assert again.__sklearn_tags__().classifier_tags.multi_class
    with pytest.raises(ValueError, match=r"one native file holds one booster.*use save\(folder\)"):
        ensemble.export(tmp_path / "model.txt")


@pytest.mark.parametrize("ensemble", [[name, name] for name in NAMES], indirect=True, ids=NAMES)
def test_members_of_one_booster_become_one_native_file(ensemble, rows, tmp_path):
    name = ensemble.members[0].booster
    path = tmp_path / f"model.{get_booster(name).suffix}"
    ensemble.export(path)
    np.testing.assert_allclose(native_proba(name, path, rows[2]), ensemble.predict_proba(rows[2]), atol=1e-5)


@pytest.mark.parametrize("ensemble", [["lightgbm"]], indirect=True)
def test_a_manifest_that_says_something_else(ensemble, tmp_path):
    import json

    from boostimb.model._folder import digest

    ensemble.save(tmp_path / "model")
    path = tmp_path / "model" / "manifest.json"
    manifest = json.loads(path.read_text())
    member = manifest["members"][0]
    for change in (
        {"classes": ["a", "b"]},
        {"classes": ["a", "b", "b"]},
        {"threshold": [1.0, 2.0]},
        {"threshold": [1.0, 2.0, -1.0]},
        {"threshold": 0.5},
        {"threshold": [1.0, 2.0, "3"]},
        {"costs": [[0, 1], [1, 0]]},
        {"costs": "none"},
        {"calibration": {"kind": "logistic", "scale": 1.0, "offset": 0.0}},
        {"calibration": {"kind": "classes", "scale": 1.0, "offset": [0.0, 1.0]}},
        {"members": [{**member, "offset": 0.0}]},
        {"members": [{**member, "offset": [0.0, 1.0]}]},
        {"positive_index": 1},
        {"members": []},
    ):
        changed = {**manifest, **change}
        path.write_text(json.dumps({**changed, "sha256": digest(changed)}))
        with pytest.raises(ValueError, match=r"must|cannot"):
            bi.load(tmp_path / "model")


@pytest.mark.parametrize("ensemble", [["lightgbm"]], indirect=True)
def test_a_member_of_two_classes_is_refused(ensemble, tmp_path):
    import json

    from boostimb.model._folder import digest, sha256

    folder = tmp_path / "model"
    ensemble.save(folder)
    X = np.random.default_rng(0).normal(size=(200, ensemble.n_features_in_))
    two = bi.BoostClassifier("lightgbm", n_rounds=2, random_state=0).fit(X, X[:, 0] > 1)
    two.export(folder / "member-0.txt")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["members"][0]["sha256"] = sha256(folder / "member-0.txt")
    (folder / "manifest.json").write_text(json.dumps({**manifest, "sha256": digest(manifest)}))
    with pytest.raises(ValueError, match=r"as many classes as the manifest: a row has margins of shape \(1,\), not \(1, 3\)"):
        bi.load(folder)
