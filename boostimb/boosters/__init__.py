"""How to train: one module a booster, each the only place that imports it.

``boostimb.boosters.xgboost``, ``.lightgbm`` and ``.catboost`` hold a ``train`` with the arguments of the booster's own, and the
functions of the Booster protocol, through which the estimator and the search see all three alike.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from boostimb.boosters._base import AnyLoss, Booster, Model, Params, Run
from boostimb.validation import check_choice, missing_extra

__all__ = ["NAMES", "AnyLoss", "Booster", "Model", "Params", "Run", "get_booster", "installed"]

NAMES = ("xgboost", "lightgbm", "catboost")


def installed() -> tuple[str, ...]:
    """Return the names of the boosters that are installed."""
    return tuple(name for name in NAMES if find_spec(name) is not None)


def get_booster(name: str) -> Booster:
    """Return a booster by name.

    Parameters
    ----------
    name : {"xgboost", "lightgbm", "catboost"}
        Name of its package.

    Returns
    -------
    Booster
        The module that trains with it.

    Raises
    ------
    ValueError
        If the name is not one of the three.
    ImportError
        If the package is not installed; the text says how to install it.

    Examples
    --------
    >>> from boostimb.boosters import get_booster
    >>> get_booster("lightgbm").suffix
    'txt'
    """
    check_choice("booster", name, NAMES)
    if find_spec(name) is None:
        raise missing_extra(name, f"booster={name!r}")
    return cast(Booster, import_module(f"boostimb.boosters.{name}"))
