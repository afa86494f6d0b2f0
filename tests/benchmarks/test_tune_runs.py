"""What benchmarks/tune.py runs, skips and writes down; no contender is trained."""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tune

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the script is for Linux")


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200), "target": (np.arange(200) % 10 == 0).astype("int8")})
    pd.concat([frame, frame[:50]]).to_parquet(tmp_path / "small.parquet")
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """Contenders that answer at once; the list of what was asked of whom."""
    calls = []

    def answer(contender, python, train, test, timeout, seed):
        calls.append((seed, contender))
        if contender == "xgboost" and seed == 1 and calls.count((1, "xgboost")) == 1:
            raise KeyboardInterrupt
        return {"error": "no"}

    monkeypatch.setattr(tune, "outcome", answer)
    monkeypatch.setattr(tune.os, "sched_setaffinity", lambda pid, cores: None)
    return calls


def given(folder, *, timeout=60.0, contenders=("lightgbm", "xgboost"), seeds=(0, 1)):
    return argparse.Namespace(
        folder=folder, tables=["small"], seeds=list(seeds), timeout=timeout, contenders=list(contenders), envs=folder,
        results=folder / "results.jsonl",
    )  # fmt: skip


def test_an_interrupted_run_goes_on_where_it_was(folder, asked):
    with pytest.raises(KeyboardInterrupt):
        tune.run(given(folder))
    assert len(tune.read([folder / "results.jsonl"])) == 3
    tune.run(given(folder))
    assert asked == [(0, "lightgbm"), (0, "xgboost"), (1, "lightgbm"), (1, "xgboost"), (1, "xgboost")]
    rows = tune.read([folder / "results.jsonl"])
    assert [(row["seed"], row["contender"]) for row in rows] == asked[:4]
    assert {(row["n_train"], row["n_test"], row["positives"]) for row in rows} == {(120, 80, 8)}  # duplicates are dropped


def test_what_is_there_is_not_run_again_but_another_timeout_is(folder, asked):
    tune.run(given(folder, seeds=[0]))
    tune.run(given(folder, seeds=[0]))
    assert len(asked) == 2
    tune.run(given(folder, seeds=[0], timeout=20.0))
    assert len(asked) == 4


def test_an_absent_environment_is_said_before_anything_runs(folder, asked):
    with pytest.raises(SystemExit, match=r"no environment at .*flaml.bin.python"):
        tune.run(given(folder, contenders=["xgboost", "flaml"]))
    assert not asked


def test_the_splits_of_a_seed_are_the_same_and_apart(folder):
    first, second = (tune.split(folder / "small.parquet", 3) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(a, b)
    assert not set(first[0]["x"]) & set(first[1]["x"])


def test_scores_of_an_answer():
    y = np.array([0, 0, 0, 1, 1])
    found = tune.scores(y, np.array([0.0, 0.1, 0.6, 0.5, 1.0]), np.array([0, 0, 1, 0, 1]))
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["f1"] == 0.5
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.25) / 5)
    assert found["log_loss"] == pytest.approx(-np.log([1.0, 0.9, 0.4, 0.5, 1.0]).mean())
    assert found["test_error"] > 0


def outcome(monkeypatch, folder, code, timeout=5.0):
    """The row of a contender that is this program."""
    script = folder / "tune_contenders.py"
    script.write_text(code, encoding="utf-8")
    monkeypatch.setattr(tune, "__file__", str(folder / "tune.py"))
    return tune.outcome("name", sys.executable, *tune.split(folder / "small.parquet", 0), timeout, 0)


ANSWER = """
import json, sys
import pyarrow.parquet as pq
name, train, test, seconds, seed, answer = sys.argv[1:]
assert "target" in pq.read_schema(train).names and "target" not in pq.read_schema(test).names
n = pq.read_metadata(test).num_rows
with open(answer, "w") as file:
    json.dump({"proba": [VALUE] * n, "label": [1] * n, "claimed": 0.5, "seconds": 1.0}, file)
"""


def test_an_answer_is_scored(monkeypatch, folder):
    row = outcome(monkeypatch, folder, ANSWER.replace("VALUE", "0.1"))
    assert row["error"] is None
    assert row["average_precision"] == pytest.approx(0.1)
    assert row["f1"] == pytest.approx(2 * 0.1 / 1.1)
    assert (row["claimed"], row["seconds"]) == (0.5, 1.0)
    assert "proba" not in json.dumps(row)


@pytest.mark.parametrize("value", ["1.5", "float('nan')"])
def test_an_answer_without_probabilities_is_a_failure(monkeypatch, folder, value):
    assert "does not hold a probability" in outcome(monkeypatch, folder, ANSWER.replace("VALUE", value))["error"]


def test_a_failure_says_its_last_line(monkeypatch, folder):
    assert outcome(monkeypatch, folder, "raise ValueError('why it failed')\n")["error"] == "ValueError: why it failed"


def test_who_takes_too_long_is_stopped_with_all_it_started(monkeypatch, folder):
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(folder / 'child')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    row = outcome(monkeypatch, folder, code, timeout=1.0)
    assert row["error"] == "stopped after 3 s"
    status = Path("/proc") / (folder / "child").read_text() / "status"
    patience = time.monotonic() + 10
    while status.exists() and "State:\tZ" not in status.read_text():  # killed, it may wait for init to fetch it
        assert time.monotonic() < patience
        time.sleep(0.05)
