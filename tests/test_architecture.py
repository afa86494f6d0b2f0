"""Who may import whom, read from the source, and what a plain ``import boostimb`` loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import boostimb

ROOT = Path(boostimb.__file__).parent

# A package may import those of the levels before its own, and of its own level those that SAME_LEVEL names.
LEVELS = (
    {"typing", "validation", "table", "notebook", "compiled_kernels"},
    {"losses", "metrics", "decision"},
    {"boosters", "resampling"},
    {"model"},
    {"report"},  # draws arrays; a search's result opens its own pictures
    {"search"},
    {"cli"},
    {"__main__"},
)
SAME_LEVEL = {
    "validation": {"typing"},
    "table": {"typing", "validation"},
    "decision": {"metrics"},  # a threshold is chosen by a metric
}
# The modules that may import a library, as the start of their path below boostimb/.
ONLY_IN = {
    "xgboost": ("boosters/xgboost",),
    "lightgbm": ("boosters/lightgbm",),
    "catboost": ("boosters/catboost", "boosters/_catboost"),
    "optuna": ("search/",),
    "imblearn": ("resampling/",),
    "jinja2": ("report/",),
    "matplotlib": ("report/",),
    "torch": ("losses/_torch",),
    "typer": ("cli",),
    "rich": ("cli",),
}


def module_files():
    return sorted(ROOT.rglob("*.py"))


def name_of(path):
    return path.relative_to(ROOT).with_suffix("").as_posix()


def package_of(path):
    """The part of boostimb that a file belongs to; None for boostimb/__init__.py, which imports all, lazily."""
    first = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return None if first == "__init__" else first


def imports(path):
    """Every module that the file imports, anywhere in it, as a dotted name; ``from a import b`` gives a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def parts_used(path):
    """Parts of boostimb that a file imports, other than its own."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("boostimb.")} - {"__version__", package_of(path)}


def level_of(part):
    return next(i for i, level in enumerate(LEVELS) if part in level)


def test_every_part_has_a_level():
    known = set().union(*LEVELS)
    assert {package_of(path) for path in module_files()} - {None} <= known


@pytest.mark.parametrize("path", [path for path in module_files() if package_of(path)], ids=name_of)
def test_imports_go_downwards_only(path):
    part = package_of(path)
    allowed = set().union(*LEVELS[: level_of(part)]) | SAME_LEVEL.get(part, set())
    assert parts_used(path) <= allowed


@pytest.mark.parametrize("path", module_files(), ids=name_of)
def test_each_library_is_imported_in_its_place_only(path):
    for library, places in ONLY_IN.items():
        if any(name.split(".")[0] == library for name in imports(path)):
            assert name_of(path).startswith(places), f"{library} in {name_of(path)}"


@pytest.mark.parametrize("library", ["numba", "llvmlite"])
def test_only_kernels_are_compiled(library):
    users = {path.stem for path in module_files() if any(name.split(".")[0] == library for name in imports(path))}
    assert {stem for stem in users if not stem.endswith("_kernels")} == set()


def test_losses_and_metrics_know_nothing_of_each_other_or_of_boosters():
    for part, forbidden in (("losses", {"metrics", "boosters"}), ("metrics", {"losses", "boosters"})):
        for path in (ROOT / part).glob("*.py"):
            assert not parts_used(path) & forbidden, name_of(path)


def loaded_by(statement, *libraries):
    """Which of the libraries a fresh interpreter has loaded after the statement."""
    code = f"import sys\n{statement}\nprint(*[name for name in {libraries!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    return set(result.stdout.split())


HEAVY = (
    "xgboost",
    "lightgbm",
    "catboost",
    "optuna",
    "numba",
    "matplotlib",
    "pandas",
    "polars",
    "pyarrow",
    "imblearn",
    "sklearn",
    "scipy",
)


def test_import_boostimb_loads_nothing_heavy():
    assert loaded_by("import boostimb", *HEAVY, "numpy") == set()


@pytest.mark.parametrize(
    ("statement", "may_load"),
    [
        ("from boostimb import LogLoss, FocalLoss, AsymmetricLoss; FocalLoss()", {"scipy", "sklearn"}),
        ("from boostimb import PRAUC, average_precision; PRAUC()", {"scipy", "sklearn"}),
        ("from boostimb.table import TableEncoder; TableEncoder.fit([[1.0]])", {"scipy"}),
        ("from boostimb.resampling import Resampler; Resampler('smote')", {"scipy"}),
        ("from boostimb.boosters import get_booster; get_booster", {"scipy", "sklearn"}),
    ],
)
def test_a_part_loads_no_more_than_it_needs(statement, may_load):
    assert loaded_by(statement, *HEAVY) <= may_load


def test_a_data_frame_library_is_not_loaded_for_another_s_frame():
    polars = "import polars; from boostimb.table import TableEncoder; TableEncoder.fit(polars.DataFrame({'a': ['x']}))"
    assert not loaded_by(polars, *HEAVY) & {"pandas", "sklearn", "numba"}
