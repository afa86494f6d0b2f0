"""Every Python block of the README and of docs/ runs, on a small table and in a folder of its own."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import boostimb

for booster in ("xgboost", "lightgbm", "catboost"):
    pytest.importorskip(booster)

ROOT = Path(__file__).resolve().parents[1]
# The pages among the notebooks are written by docs/build.py; test_notebooks.py runs their sources.
PAGES = [ROOT / "README.md", *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "notebooks")]
BLOCK = re.compile(r"^```python([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS = re.compile(r'title="needs the extra (\w+)"')


def blocks(page, *, extra=None):
    """The blocks that run everywhere; with ``extra`` those too that need it."""
    found = [(NEEDS.search(match.group(1)), match.group(2)) for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]
    return [code for needs, code in found if needs is None or needs.group(1) == extra]


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
    import lightgbm as lgb

    given = table()
    train_set = lgb.Dataset(given["X"], given["y"])
    valid_set = lgb.Dataset(given["X_valid"], given["y_valid"], reference=train_set)
    return given | {"params": {"num_leaves": 7, "verbosity": -1, "num_threads": 1}, "train_set": train_set, "valid_set": valid_set}


def nav_pages(entries):
    """The pages that a nav of mkdocs.yml names."""
    for entry in entries:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        yield from nav_pages(value) if isinstance(value, list) else [value]


def test_the_site_shows_every_page_once():
    yaml = pytest.importorskip("yaml")
    named = sorted(nav_pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    pages = [*PAGES[1:], ROOT / "docs" / "notebooks" / "index.md"]
    notebooks = [path.with_suffix(".md") for path in (ROOT / "docs" / "notebooks").glob("*.ipynb")]
    assert named == sorted(path.relative_to(ROOT / "docs").as_posix() for path in (*pages, *notebooks))


def test_the_reference_names_every_public_name():
    named = set(re.findall(r"^::: boostimb\.(\w+)$", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(boostimb.__all__) <= named


def test_there_are_blocks_to_run():
    assert sum(len(blocks(page)) for page in PAGES) >= 5


@pytest.fixture
def run(tmp_path, monkeypatch, one_thread):
    """Run blocks in one module, since a block builds on those before it. A search gets 5 seconds in the place of minutes."""
    monkeypatch.chdir(tmp_path)
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)  # where pickle finds the classes of a page
    vars(module).update(preamble())

    def in_order(page, codes):
        for number, code in enumerate(codes, 1):
            code = re.sub(r"\btimeout=\d+", "timeout=5", code)
            exec(compile(code, f"{page.name}, Python block {number}", "exec"), vars(module))

    return in_order


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_in_order(page, run):
    run(page, blocks(page))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # those of dask and distributed are not ours
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, extra="dask") != blocks(page)], ids=lambda page: page.name)
def test_the_blocks_that_need_dask_run(page, run):
    pytest.importorskip("dask", reason="the extra dask is not installed")
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    run(page, blocks(page, extra="dask"))
