"""The public names: listed, loadable, documented, and every example in the package runs."""

import ast
import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import boostimb

ROOT = Path(boostimb.__file__).parent
OPTIONAL = {
    "xgboost",
    "lightgbm",
    "catboost",
    "matplotlib",
    "jinja2",
    "typer",
    "rich",
    "pandas",
    "pyarrow",
    "polars",
    "dask",
    "cupy",
    "torch",
}


def isort_key(name):
    """The order that ruff's RUF022 keeps: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name.lstrip("_")[0].isupper() else 2), name


def modules():
    names = (".".join(("boostimb", *path.relative_to(ROOT).with_suffix("").parts)) for path in sorted(ROOT.rglob("*.py")))
    return [name.removesuffix(".__init__") for name in names]


def load(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = getattr(error.__cause__ or error, "name", None)
        if missing in OPTIONAL:
            pytest.skip(f"{missing} is not installed")
        raise


@pytest.mark.parametrize("name", [name for name in modules() if (ROOT / Path(*name.split(".")[1:]) / "__init__.py").exists()])
def test_all_is_sorted_and_true(name):
    module = load(name)
    names = getattr(module, "__all__", None)
    assert names is not None or not [n for n in vars(module) if isort_key(n)[0] < 2 and not n.startswith("_")]
    names = names or []
    assert list(names) == sorted(set(names), key=isort_key)
    assert all(getattr(module, public) is not None for public in names)


def test_type_checkers_see_what_users_get():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"]
    seen = {alias.name: node.module.removeprefix("boostimb.") for node in block.body for alias in node.names}
    assert seen == boostimb._HOME
    assert set(boostimb.__all__) == set(boostimb._HOME)


def test_names_are_found_by_dir_and_others_are_not_there():
    assert set(boostimb.__all__) <= set(dir(boostimb))
    with pytest.raises(AttributeError, match="no_such_name"):
        boostimb.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", boostimb.__all__)
def test_public_name_is_documented_with_an_example(name):
    thing = getattr(boostimb, name)
    assert inspect.getmodule(thing).__name__.startswith(f"boostimb.{boostimb._HOME[name]}")
    text = inspect.getdoc(thing) or ""
    assert "Examples\n--------" in text
    runs = [example for example in doctest.DocTestParser().get_examples(text) if doctest.SKIP not in example.options]
    assert runs, "an example that is skipped shows nothing to be true"


@pytest.mark.parametrize("name", modules())
def test_examples_run(name):
    if name.endswith("__main__"):
        pytest.skip("runs the program")
    failed, _ = doctest.testmod(load(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert failed == 0
