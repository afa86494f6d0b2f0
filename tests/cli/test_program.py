"""The program around the commands: help, version, extras, and the tables that it reads."""

import os
import subprocess
import sys

import numpy as np
import pytest

import boostimb
from boostimb.cli import _example, main
from boostimb.cli._tables import read_table


def test_the_version(invoke):
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"boostimb {boostimb.__version__}\n")


@pytest.mark.parametrize(
    ("args", "example"),
    [
        (("tune", "--help"), "boostimb tune --example digits"),
        (("predict", "-h"), "boostimb predict boostimb-model new.csv --out decisions.csv"),
        (("explain", "--help"), "boostimb explain boostimb-model flagged.csv --top 5 --out reasons.csv"),
    ],
)
def test_help_has_examples(args, example, invoke):
    result = invoke(*args)
    assert result.exit_code == 0
    assert example in result.stdout


def test_no_command_shows_the_commands(invoke):
    assert "tune" in invoke().output
    assert invoke("tunes").exit_code == 2


def test_python_m_runs_it_and_help_loads_nothing_heavy():
    code = (
        "import runpy, sys\nsys.argv = ['boostimb', 'tune', '--help']\n"
        "try:\n    runpy.run_module('boostimb', run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "assert not {'pandas', 'sklearn', 'optuna', 'lightgbm', 'matplotlib'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: boostimb tune" in result.stdout


@pytest.mark.parametrize("how", ["--debug", "BOOSTIMB_DEBUG", ""])
def test_a_bug_is_one_line_unless_its_traceback_is_asked_for(how):
    code = (
        "import sys, boostimb.cli._tables as tables\n"
        "def broken(path, decimal): raise RuntimeError('broken')\n"
        "tables.read_table = broken\n"
        "from boostimb.cli import main\n"
        f"sys.argv = ['boostimb', 'tune', 't.csv', '-t', 'y', *{[how] if how.startswith('-') else []}]\n"
        "main()"
    )
    env = {**os.environ, **({how: "1"} if how.isupper() else {})}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert result.returncode == 1
    assert ("Traceback" in result.stderr) == bool(how)
    if not how:
        assert result.stderr.startswith("Error: RuntimeError: broken. This is a bug")


def test_a_missing_extra_is_named(monkeypatch, capsys):
    monkeypatch.setattr("boostimb.cli.find_spec", lambda name: None if name == "rich" else name)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert capsys.readouterr().err == "Error: the command line needs the package 'rich': pip install 'boostimb[cli]'\n"


def test_a_missing_pyarrow_is_named(monkeypatch, tmp_path, invoke):
    (tmp_path / "t.parquet").write_bytes(b"")
    monkeypatch.setattr("boostimb.cli._tables.find_spec", lambda name: None)
    result = invoke("tune", tmp_path / "t.parquet", "--target", "y")
    assert result.exit_code == 2
    assert "a Parquet file needs the package 'pyarrow': pip install 'boostimb[cli]'" in result.stderr


def test_a_tsv_is_split_at_tabs_alone(tmp_path):
    (tmp_path / "t.tsv").write_text("amount, EUR\tfraud\n1\t0\n")
    assert read_table(tmp_path / "t.tsv").to_dict("list") == {"amount, EUR": [1], "fraud": [0]}


def test_the_digits_are_the_same_each_time_and_rare():
    one, other = _example.digits(), _example.digits()
    assert one.equals(other)
    assert one["is_8"].mean() == pytest.approx(0.02, abs=5e-4)
    assert np.unique(one["is_8"]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((17, 4, 4, 975), "Of 1,000 cases it flags 21, 17 of them rightly, and misses 4."),
        ((49, 11, 16, 2720), "Of 1,000 cases it flags 21, 18 of them rightly, and misses 6."),
        ((30, 10, 10, 99_950), "Of 100,000 cases it flags 40, 30 of them rightly, and misses 10."),
        ((0, 0, 5, 95), "Of 1,000 cases it flags 0, 0 of them rightly, and misses 50."),
    ],
)
def test_the_decision_in_plain_words(counts, words):
    from boostimb.metrics import confusion_at
    from boostimb.report import in_plain_words

    tp, fp, fn, tn = counts
    y = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
    flagged = np.repeat([1.0, 1.0, 0.0, 0.0], [tp, fp, fn, tn])
    assert in_plain_words(confusion_at(y, flagged, 0.5)) == words
