"""Every Python block of the README and of docs/ runs, on a small table and in a folder of its own."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if page.exists()]
BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    return [match.group(1) for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def table():
    """What a page takes as given: 600 rows for training, 200 for each of the other sets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 4))
    y = (X[:, 0] + 0.5 * X[:, 1] + rng.normal(scale=0.5, size=1000) > 1.6).astype(int)
    parts = np.split(np.arange(1000), [600, 800])
    names = ("X", "y"), ("X_valid", "y_valid"), ("X_test", "y_test")
    given = {name: each[rows] for pair, rows in zip(names, parts, strict=True) for name, each in zip(pair, (X, y), strict=True)}
    return given | {"X_new": given["X_test"]}


def preamble():
    lgb = pytest.importorskip("lightgbm")
    given = table()
    train_set = lgb.Dataset(given["X"], given["y"])
    valid_set = lgb.Dataset(given["X_valid"], given["y_valid"], reference=train_set)
    return given | {"params": {"num_leaves": 7, "verbosity": -1, "num_threads": 1}, "train_set": train_set, "valid_set": valid_set}


def test_there_are_blocks_to_run():
    assert sum(len(blocks(page)) for page in PAGES) >= 5


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_in_order(page, tmp_path, monkeypatch):
    """In one module, since a block builds on those before it. A search gets 5 seconds in the place of minutes."""
    monkeypatch.chdir(tmp_path)
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)  # where pickle finds the classes of a page
    vars(module).update(preamble())
    for number, code in enumerate(blocks(page), 1):
        code = re.sub(r"\btimeout=\d+", "timeout=5", code)
        exec(compile(code, f"{page.name}, Python block {number}", "exec"), vars(module))
