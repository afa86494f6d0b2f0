"""A model folder: whole, equal, and nothing in it trusted."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import boostimb as bi
from boostimb.boosters import get_booster
from boostimb.decision import IsotonicCalibration, LogisticCalibration
from boostimb.model import Ensemble
from boostimb.model._folder import digest, sha256


@pytest.fixture
def folder(built, tmp_path):
    built[0].save(tmp_path / "model")
    return tmp_path / "model"


def test_a_loaded_model_is_the_saved_one(built, folder):
    model, X = built
    again = bi.load(folder)
    np.testing.assert_allclose(again.predict_proba(X), model.predict_proba(X), atol=1e-9)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.classes_.tolist() == ["fine", "fraud"]
    assert again.threshold == 0.25
    assert list(again.feature_names_in_) == list(X.columns)
    assert {p.suffix for p in folder.iterdir()} == {".json", ".ubj", ".txt", ".cbm"}


def test_the_members_are_a_weighted_sum(built):
    model, X = built
    table = model.encoder.transform(X)
    want = sum(m.weight * (1.1 * m.model.raw(table, n_jobs=1) - 0.1) for m in model.members)
    np.testing.assert_allclose(model.decision_function(X), want)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], LogisticCalibration(1.2, 0.3).apply(want))
    other = Ensemble(model.members, model.encoder, model.classes, 0, model.calibration, 0.25)
    np.testing.assert_array_equal(other.predict_proba(X)[:, 0], model.predict_proba(X)[:, 1])
    assert set(other.predict(X)) == {"fine", "fraud"}
    np.testing.assert_array_equal(other.decision_function(X), -want)  # scikit-learn's sign: positive means classes_[1]
    with pytest.raises(TypeError, match="FrozenEstimator"):
        model.fit(X, X)
    assert model.feature_importances_.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    "classes", [np.array([0, 1]), np.array([False, True]), np.array([-1.5, 2.0]), np.array(["a", "b"], dtype=object)]
)
def test_labels_keep_their_type(built, tmp_path, classes):
    model, X = built
    Ensemble(model.members, model.encoder, classes, 1, model.calibration, np.inf).save(tmp_path / "m")
    again = bi.load(tmp_path / "m")
    assert again.classes_.dtype == classes.dtype
    assert again.predict(X.head()).tolist() == [classes.tolist()[0]] * 5  # an infinite threshold says nobody


def test_isotonic_calibration_is_kept(built, tmp_path):
    model, _ = built
    Ensemble(model.members, model.encoder, model.classes, 1, IsotonicCalibration((-3.0, 0.0), (0.01, 0.6)), 0.5).save(
        tmp_path / "m"
    )
    assert bi.load(tmp_path / "m").calibration == IsotonicCalibration((-3.0, 0.0), (0.01, 0.6))
    with pytest.raises(ValueError, match="one native file"):
        bi.load(tmp_path / "m").export(tmp_path / "m.txt")  # of several boosters, too


def test_saving_again_takes_the_place_of_the_old_one(built, folder):
    model, X = built
    model.save(folder)
    np.testing.assert_allclose(bi.load(folder).predict_proba(X), model.predict_proba(X), atol=1e-9)
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


def test_nothing_of_the_users_is_overwritten(built, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "thesis.tex").write_text("three years")
    (tmp_path / "file").write_text("x")
    built[0].save(tmp_path / "mixed")
    (tmp_path / "mixed" / "diary.md").write_text("y")
    for name in ("notes", "file", "mixed"):
        with pytest.raises(FileExistsError, match="holds no boostimb model"):
            built[0].save(tmp_path / name)
    assert (tmp_path / "mixed" / "diary.md").read_text() == "y"
    assert (tmp_path / "notes" / "thesis.tex").read_text() == "three years"


@pytest.mark.parametrize(
    "files",
    [
        {"manifest.json": '{"name": "my web application"}'},
        {"manifest.json": "[" * 100_000},
        {"manifest.json": "[]"},
        {"member-0.txt": "Alice", "member-1.txt": "Bob"},
        {"manifest.json/icon.png": ""},
    ],
    ids=["other manifest", "endless manifest", "list", "members", "folder"],
)
def test_a_folder_whose_names_only_look_like_a_model_s_is_not_replaced(built, tmp_path, files):
    for file, text in files.items():
        (tmp_path / "theirs" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "theirs" / file).write_text(text)
    with pytest.raises(FileExistsError, match=r"holds no boostimb model: .*choose another folder"):
        built[0].save(tmp_path / "theirs")
    assert {file: (tmp_path / "theirs" / file).read_text() for file in files} == files


def test_an_empty_folder_is_filled(built, tmp_path):
    (tmp_path / "new").mkdir()
    built[0].save(tmp_path / "new")
    bi.load(tmp_path / "new")


def test_the_old_model_stays_where_the_new_one_cannot_take_its_place(built, folder, monkeypatch):
    model, X = built
    rename = Path.rename

    def fails_for_the_new_one(self, target):
        if self.name == "model" and self != folder:
            raise OSError("stale file handle")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(OSError, match="stale file handle"):
        model.save(folder)
    np.testing.assert_allclose(bi.load(folder).predict_proba(X), model.predict_proba(X), atol=1e-9)
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


def change(folder, edit):
    """Edit the manifest as one would who knows the format: its checksum fits."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    if manifest.get("sha256") != "wrong":
        manifest["sha256"] = digest(manifest)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda m: m.update(format="other"), "not the manifest of a boostimb model"),
        (lambda m: m.update(version=2), "format version 1, got 2"),
        (lambda m: m.update(version=True), "format version 1, got True"),
        (lambda m: m.update(sha256="wrong"), "was changed after the model was saved"),
        (lambda m: m.update(more=1), "must have the entries"),
        (lambda m: m.pop("table"), "must have the entries"),
        (lambda m: m.update(boostimb=1), "must be the version that wrote the model"),
        (lambda m: m.update(threshold="0.5"), "threshold must be a number"),
        (lambda m: m.update(threshold=True), "threshold must be a number"),
        (lambda m: m.update(threshold=1e31), "threshold must be a number from -1e[+]30 to 1e[+]30, got 1e[+]31"),
        (lambda m: m.update(positive_index=True), "positive_index must be 0 or 1"),
        (lambda m: m.update(members=[]), "at least one"),
        (lambda m: m.update(members=["member-0.txt"]), "a member must be an object"),
        (lambda m: m.update(dtype="V8"), "dtype must be"),
        (lambda m: m.update(dtype="<i9"), "dtype must be"),
        (lambda m: m.update(classes=["a", "a"]), "two labels of type <U5, the lesser first"),
        (lambda m: m.update(classes=["fraud", "fine"]), "two labels of type <U5, the lesser first"),
        (lambda m: m.update(classes=["fine", "frauds"]), "two labels of type <U5"),
        (lambda m: m.update(classes=[0.5, 1.5], dtype="<i8"), "two labels of type <i8"),
        (lambda m: m.update(classes=[0, 300], dtype="|i1"), "two labels of type |i1"),
        (lambda m: m.update(classes=[False, 1], dtype="<i8"), "two labels of type <i8"),
        (lambda m: m.update(calibration={"kind": "spline"}), "kind"),
        (lambda m: m["calibration"].update(scale=-1.0), "scale must be a finite number > 0"),
        (lambda m: m["calibration"].update(offset=1e300), "calibration's offset must be a number from"),
        (lambda m: m["members"][0].update(file="../../etc/passwd"), "must be called member-0.ubj, got"),
        (lambda m: m["members"][0].update(file="/etc/passwd"), "must be called member-0.ubj, got"),
        (lambda m: m["members"][1].update(file="member-0.ubj"), "must be called member-1.txt, got"),
        (lambda m: m["members"][0].update(booster="pickle"), "booster must be one of"),
        (lambda m: m["members"][0].update(booster=["xgboost"]), "booster must be one of"),
        (lambda m: m["members"][0].update(weight=None), "weight must be"),
        (lambda m: m["members"][0].update(weight=0.0), "weight must be > 0"),
        (lambda m: m["members"][0].update(offset=10**400), "not a JSON file of finite numbers: numbers must be finite"),
        (lambda m: m["members"][0].update(sha256="0" * 64), "was changed after"),
        (lambda m: m["members"].pop(), "member-2.cbm is none of them"),
        (lambda m: m["table"].update(names=[1, 2, 3]), "names must be"),
        (lambda m: m["table"].update(names=None, categories=[None] * 4), "must be a model of 4 features"),
    ],
)
def test_a_manifest_that_no_save_wrote_is_refused(folder, edit, says):
    change(folder, edit)
    with pytest.raises(ValueError, match=says):
        bi.load(folder)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"threshold": 0.25', '"threshold": NaN', "numbers must be finite, got NaN"),
        ('"threshold": 0.25', '"threshold": -Infinity', "numbers must be finite, got -Infinity"),
        ('"threshold": 0.25', '"threshold": 1e999', "numbers must be finite, got 1e999"),
        ('"threshold": 0.25', '"threshold": ' + "9" * 5000, "not a JSON file of finite numbers"),
        ('"threshold": 0.25', '"threshold": 0.25, "threshold": 0.75', "there twice"),
        ('"threshold": 0.25', '"threshold": 0.75', "was changed after the model was saved"),
        ('"threshold": 0.25', '"threshold": ' + "[" * 100_000, "not a JSON file"),
        ('"threshold": 0.25', '"threshold": ' + "[" * 900 + "]" * 900, "was changed|not a JSON file"),
        ("{", "", "not a JSON file"),
    ],
)
def test_a_manifest_that_is_not_plain_json_is_refused(folder, old, new, says):
    path = folder / "manifest.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=says):
        bi.load(folder)


def test_the_folder_that_holds_it_as_model_will_do(built, folder):
    np.testing.assert_array_equal(bi.load(folder.parent).predict(built[1]), built[0].predict(built[1]))


def test_a_file_that_was_changed_or_is_missing(folder):
    file = next(folder.glob("*.txt"))
    file.write_bytes(file.read_bytes().replace(b"leaf_value=", b"leaf_value=9", 1))
    with pytest.raises(ValueError, match="was changed after the model was saved"):
        bi.load(folder)
    file.unlink()
    with pytest.raises(ValueError, match=r"member-1\.txt is missing"):
        bi.load(folder)
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError, match="no boostimb model at"):
        bi.load(folder)


def test_a_file_that_the_booster_cannot_read(folder):
    """A checksum that fits: the booster's own refusal is ours, too."""
    for at, (file, text) in enumerate((("member-0.ubj", b"x"), ("member-1.txt", b"tree\n"), ("member-2.cbm", b"x"))):
        before = (folder / file).read_bytes()
        (folder / file).write_bytes(text)
        change(folder, lambda m, at=at, file=file: m["members"][at].update(sha256=sha256(folder / file)))
        with pytest.raises(ValueError, match="refused a model file"):
            bi.load(folder)
        (folder / file).write_bytes(before)
        change(folder, lambda m, at=at, file=file: m["members"][at].update(sha256=sha256(folder / file)))


def test_links_and_what_lies_beside_the_model(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere.ubj"
    (folder / "member-0.ubj").rename(elsewhere)
    (folder / "member-0.ubj").symlink_to(elsewhere)
    with pytest.raises(ValueError, match=r"member-0.ubj must be a file, and neither a link nor a folder"):
        bi.load(folder)
    (folder / "member-0.ubj").unlink()
    (folder / "member-0.ubj").mkdir()
    with pytest.raises(ValueError, match="neither a link nor a folder"):
        bi.load(folder)
    (folder / "member-0.ubj").rmdir()
    elsewhere.rename(folder / "member-0.ubj")
    bi.load(folder)
    (tmp_path / "current").symlink_to(folder)  # the user's own link to the folder is theirs to set
    bi.load(tmp_path / "current")
    (folder / "sitecustomize.py").write_text("raise SystemExit")
    with pytest.raises(ValueError, match=r"sitecustomize\.py is none of them"):
        bi.load(folder)


def test_members_of_one_booster_export_to_one_file(built, tmp_path):
    model, X = built
    for member in model.members:
        members = (member, replace(member, weight=0.3, scale=0.8, offset=1.0))
        one = Ensemble(members, model.encoder, model.classes, 1, model.calibration, 0.5)
        path = tmp_path / f"one.{get_booster(member.booster).suffix}"
        if member.booster == "catboost":  # it merges target statistics of other rows into wrong ones
            with pytest.raises(ValueError, match="several models with target statistics of categories"):
                one.export(path)
            continue
        one.export(path)
        raw = get_booster(member.booster).load(path).raw(model.encoder.transform(X), n_jobs=1)
        np.testing.assert_allclose(1 / (1 + np.exp(-raw)), one.predict_proba(X)[:, 1], atol=2e-6)
