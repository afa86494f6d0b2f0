"""A study that outlives its process: nothing finished is lost, and nothing foreign is taken in."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from types import SimpleNamespace

import numpy as np
import optuna
import pytest

import boostimb as bi
from boostimb.search._space import Levers
from boostimb.search._store import TrialStore, artifact_folder
from boostimb.search._study import open_storage, open_study
from boostimb.table import TableEncoder

QUICK = {"booster": "lightgbm", "cv": 3, "progress": False, "random_state": 0, "n_jobs": 1, "timeout": None}


@pytest.fixture
def begun(small, tmp_path):
    """A study of four trials in a database, and what it is called by."""
    where = {"storage": f"sqlite:///{tmp_path}/study.db", "study_name": "s"}
    return bi.tune(*small, n_trials=4, **where, **QUICK), where, tmp_path / "study.db.artifacts"


def finished(result):
    return dict(zip(result.cv_results_["trial"].tolist(), result.cv_results_["score"].tolist(), strict=True))


def test_a_study_goes_on(begun, small):
    first, where, _ = begun
    second = bi.tune(*small, n_trials=2, **where, **QUICK)
    assert len(second.study_.trials) == 6
    assert finished(second).items() >= finished(first).items()
    again = bi.tune(*small, n_trials=1, **where, **{**QUICK, "random_state": None})  # with the folds that it was begun with
    assert finished(again).items() >= finished(second).items()


@pytest.mark.parametrize("booster", ["lightgbm", "xgboost", "catboost"])
def test_what_is_read_is_what_was_made(small, tmp_path, booster):
    pytest.importorskip(booster)
    path = tmp_path / "journal.log"
    made = bi.tune(*small, n_trials=3, storage=path, study_name="s", **{**QUICK, "booster": booster})
    storage = open_storage(path)
    store = TrialStore(optuna.load_study(study_name="s", storage=storage), storage, tmp_path / "journal.log.artifacts")
    loaded = store.load(lambda params: SimpleNamespace(booster=params["booster"]), set())
    read = {row["trial"]: (row, outcome) for row, outcome in loaded}
    assert list(read) == made.cv_results_["trial"].tolist()
    table = TableEncoder.fit_transform(small[0])[1]
    for (row, outcome), margins, params in zip(read.values(), made._finished.margins, made.cv_results_["params"], strict=True):
        assert row["params"] == params
        np.testing.assert_array_equal(outcome.margins, margins)
        # Each row is out of fold for one of the models: that one gives its margin.
        raw = np.stack([model.raw(table, n_jobs=1) for model in outcome.models])
        fold = made._finished.fold
        np.testing.assert_allclose(raw[fold, np.arange(fold.size)], margins, atol=1e-5)
    assert not list(store.load(lambda params: SimpleNamespace(booster=params["booster"]), set(read)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda X, y: ({"X": X + 1, "y": y}, {}), "another table"),
        (lambda X, y: ({"X": X, "y": np.roll(y, 1)}, {}), "another labels"),
        (lambda X, y: ({"X": X, "y": y}, {"sample_weight": np.where(y == 1, 2.0, 1.0)}), "another sample_weight"),
        (lambda X, y: ({"X": X, "y": y}, {"random_state": 1}), r"another folds \(cv, groups or random_state\)"),
        (lambda X, y: ({"X": X, "y": y}, {"resamplers": ["none"]}), "another resamplers"),
        (lambda X, y: ({"X": X, "y": y}, {"space": {"lightgbm": {"num_leaves": 7}}}), "another space"),
    ],
)
def test_a_study_of_something_else_is_refused(begun, small, change, says):
    _, where, _ = begun
    data, settings = change(*small)
    with pytest.raises(ValueError, match=says):
        bi.tune(**data, n_trials=1, **{**where, **QUICK, **settings})


def test_a_study_that_boostimb_did_not_make_is_refused(small, tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    optuna.create_study(storage=url, study_name="s", direction="maximize").optimize(lambda trial: 0.5, n_trials=1)
    with pytest.raises(ValueError, match=r"has trials that boostimb\.tune did not make"):
        bi.tune(*small, n_trials=1, storage=url, study_name="s", **QUICK)


def test_a_file_that_is_lost_or_damaged_is_named(begun, small):
    _, where, folder = begun
    file = min(folder.iterdir())
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"the file of trial \d is damaged|is damaged"):
        bi.tune(*small, n_trials=1, **where, **QUICK)
    file.unlink()
    with pytest.raises(FileNotFoundError, match="margins and models of trial"):
        bi.tune(*small, n_trials=1, **where, **QUICK)


def test_where_the_files_are(tmp_path):
    assert artifact_folder("sqlite:////data/study.db", None).as_posix() == "/data/study.db.artifacts"
    assert artifact_folder(tmp_path / "log", None) == tmp_path / "log.artifacts"
    assert artifact_folder("postgresql://host/db", "shared").as_posix() == "shared"
    for storage in ("postgresql://host/db", optuna.storages.InMemoryStorage()):
        with pytest.raises(ValueError, match="artifacts must name a folder"):
            artifact_folder(storage, None)


def test_workers_that_begin_together_share_database_and_seed(tmp_path):
    """Each makes the tables of a new database, and all but the first find them there."""
    workers, failed, seeds = 3, [], []

    def begin(url, gate):
        gate.wait()
        try:
            storage = open_storage(url)
            study = open_study(bi.PRAUC(), storage, "shared")
        except ValueError as error:
            failed.append(str(error))
            return
        seeds.append((url, TrialStore(study, storage, tmp_path / "files").seed(None)))

    for at in range(4):
        gate, url = threading.Barrier(workers), f"sqlite:///{tmp_path}/{at}.db"
        threads = [threading.Thread(target=begin, args=(url, gate)) for _ in range(workers)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert failed == []
    assert len(seeds) == 4 * workers
    assert len(set(seeds)) == 4


def test_artifacts_come_with_a_storage(small):
    with pytest.raises(ValueError, match="artifacts must come with storage"):
        bi.tune(*small, n_trials=1, artifacts="here", **QUICK)


@pytest.mark.slow
def test_killed_twenty_times(small, tmp_path, monkeypatch):
    """No finished trial is lost, whenever the process is killed, and the model is the one of a search that nothing interrupted."""
    np.savez(tmp_path / "d.npz", X=small[0], y=small[1])
    url = f"sqlite:///{tmp_path}/study.db"
    script = textwrap.dedent(f"""
        import numpy as np, boostimb as bi
        d = np.load({str(tmp_path / "d.npz")!r})
        bi.tune(d["X"], d["y"], n_trials=500, storage={url!r}, study_name="s", **{QUICK!r})
    """)
    rng, seen = np.random.default_rng(0), dict[int, float]()
    for _ in range(20):
        process = subprocess.Popen([sys.executable, "-c", script])
        time.sleep(4.0 + 3.0 * rng.random())
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        trials = optuna.load_study(study_name="s", storage=url).trials
        done = {trial.number: trial.value for trial in trials if trial.state.name == "COMPLETE"}
        assert done.items() >= seen.items()
        seen = done
    assert len(seen) > 5
    result = bi.tune(*small, n_trials=1, storage=url, study_name="s", **QUICK)
    assert finished(result).items() >= seen.items()

    made = result.cv_results_["params"].tolist()
    monkeypatch.setattr(Levers, "starts", lambda levers: made)
    at_once = bi.tune(*small, n_trials=len(made), **QUICK)
    np.testing.assert_array_equal(at_once.cv_results_["score"], result.cv_results_["score"])
    np.testing.assert_array_equal(at_once.oof_proba_, result.oof_proba_)
    np.testing.assert_allclose(at_once.predict_proba(small[0]), result.predict_proba(small[0]), rtol=1e-12)
