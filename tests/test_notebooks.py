"""Every notebook of docs/ runs from top to bottom, on less data and with seconds for minutes, and is kept without outputs.

docs/build.py executes them in full for the site.
"""

import ast
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("pandas")
for booster in ("xgboost", "lightgbm", "catboost"):
    pytest.importorskip(booster)

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "docs" / "notebooks").glob("*.ipynb"))
INSTALL = '%pip install -q "boostimb[all]"'
SHORTER = {
    r"\btimeout=\d+": "timeout=4",
    r"^(ROWS = [\d_]+)": r"\1 // 5",
    r"^(ROUNDS = \d+)": r"\1 // 5",
    r"^REPEATS = \d+": "REPEATS = 1",
}


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code(path):
    """The sources of the code cells after the one that installs, shortened."""
    for cell in cells(path):
        if cell["cell_type"] == "code" and "skip-execution" not in cell["metadata"].get("tags", ()):
            text = "".join(cell["source"])
            for what, instead in SHORTER.items():
                text = re.sub(what, instead, text, flags=re.MULTILINE)
            yield text


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs_and_installs_in_one_cell(path):
    coded = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in coded)
    assert "".join(cells(path)[0]["source"]).startswith("# ")
    assert "".join(coded[0]["source"]) == INSTALL
    assert [cell for cell in coded if cell["metadata"].get("tags") == ["skip-execution"]] == coded[:1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path, monkeypatch, one_thread):
    from matplotlib import pyplot as plt

    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))  # there is no window
    module = ModuleType("notebook")
    monkeypatch.setitem(sys.modules, "notebook", module)  # where pickle finds the classes of a notebook
    for number, text in enumerate(code(path), 1):
        # As an interactive session: the value of an expression is shown, so its repr runs too.
        tree = ast.Interactive(ast.parse(text).body)
        exec(compile(tree, f"{path.name}, code cell {number}", "single"), vars(module))
    plt.close("all")
