"""Which columns of numbers the user calls categorical."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boostimb.table._table import CategoricalFeatures


def categorical_positions(chosen: CategoricalFeatures, names: tuple[str, ...] | None, n_features: int) -> set[int]:
    """Positions of the columns that the user calls categorical."""
    rule = 'categorical_features must be "auto", column names, column positions or a boolean mask'
    if chosen is None or (isinstance(chosen, str) and chosen == "auto"):
        return set()
    if isinstance(chosen, str | bytes | Mapping):
        raise ValueError(f"{rule}, got {chosen!r}")
    entries = np.asarray(_as_list(chosen, rule), dtype=object)
    if entries.ndim != 1:
        raise ValueError(f"{rule}, got an array of shape {entries.shape}")
    if all(isinstance(entry, bool | np.bool_) for entry in entries) and len(entries):
        if len(entries) != n_features:
            raise ValueError(f"categorical_features as a mask must have {n_features} entries, one a column, got {len(entries)}")
        return set(np.flatnonzero(entries.astype(bool)).tolist())
    positions = set()
    for entry in entries:
        if isinstance(entry, str):
            if names is None or entry not in names:
                raise ValueError(f"categorical_features names the column {entry!r}, but X has {_known(names)}")
            positions.add(names.index(entry))
        elif isinstance(entry, int | np.integer) and not isinstance(entry, bool):
            if not 0 <= entry < n_features:
                raise ValueError(f"categorical_features holds the position {entry}, but X has the columns 0 to {n_features - 1}")
            positions.add(int(entry))
        else:
            raise ValueError(f"{rule}, got the entry {entry!r}")
    return positions


def _as_list(chosen: ArrayLike, rule: str) -> list[Any]:
    try:
        return list(chosen)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{rule}, got {chosen!r}") from None


def _known(names: tuple[str, ...] | None) -> str:
    if names is None:
        return "no column names: give positions"
    return "the columns " + ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
