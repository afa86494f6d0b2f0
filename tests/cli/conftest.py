"""One small table, one run on it, and a way to call the command line."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")
pytest.importorskip("lightgbm")

from typer.testing import CliRunner

from boostimb.cli._app import app

QUICK = ("--booster", "lightgbm", "--resamplers", "none", "--trials", "1", "--folds", "2", "--n-jobs", "1")


def _invoke(*args):
    result = CliRunner().invoke(app, [str(arg) for arg in args], env={"COLUMNS": "80"}, catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def _refused(*args):
    result = _invoke(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.fixture(scope="session")
def invoke():
    """Run a command in this process; what is no exit of its own is raised."""
    return _invoke


@pytest.fixture(scope="session")
def refused():
    """Run a command that must refuse its input, and return what it says: on stderr, with nothing on stdout."""
    return _refused


@pytest.fixture(scope="session")
def quick():
    """The options of a search that takes a second."""
    return QUICK


@pytest.fixture(scope="session")
def frame():
    """600 rows at 10% with numbers, text, missing values and labels "no" and "yes"."""
    rng = np.random.default_rng(0)
    n = 600
    job = rng.choice(["nurse", "cook", "01"], n)
    x = rng.normal(size=n)
    y = x + (job == "cook") + 0.3 * rng.normal(size=n) > 1.9
    return pd.DataFrame(
        {
            "amount": np.where(rng.random(n) < 0.1, np.nan, x),
            "age": rng.uniform(18, 90, n),
            "count": rng.integers(0, 9, n),
            "job": np.where(rng.random(n) < 0.1, None, job),
            "bought": np.where(y, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="session")
def table(frame, folder):
    path = folder / "shop.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def run(table, folder):
    """The folder of a finished run, and what it printed."""
    out = folder / "run"
    result = _invoke("tune", table, "--target", "bought", "--pos-label", "yes", "--out", out, *QUICK)
    assert result.exit_code == 0, result.output
    return out, result


@pytest.fixture
def unplotted(monkeypatch):
    """Leave the plot out, which takes most of a small run; `run` has one."""
    monkeypatch.setattr("boostimb.cli._save.find_spec", lambda name: None)
