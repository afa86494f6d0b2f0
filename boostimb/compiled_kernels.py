"""How kernels are compiled. Importing this module imports numba: only modules of kernels do so."""

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Compile with the options of ``numba.njit``, and keep the result on disk where there is a place for it."""
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # numba finds no folder that it may write to
        return njit(**options)(function)
