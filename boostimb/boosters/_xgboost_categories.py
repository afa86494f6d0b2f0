"""The names of categories in an XGBoost model, as XGBoost writes them since version 3.1 for a model of a data frame.

With them it takes the categories of a frame by their names. Without, or in an older version, it takes the codes of the frame,
in whatever order its categories are.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from boostimb.table import Categories, Category

_INT64 = 15  # the type's number in XGBoost's JSON
_LARGEST = np.iinfo(np.int64).max


def stored(categories: Categories) -> dict[str, Any]:
    """Return what is to be ``cats`` in the model's JSON: of each column its categories in the order of the codes."""
    columns = [_as_stored(levels or ()) for levels in categories]
    return {
        "enc": [_column(levels) for levels in columns],
        "feature_segments": [0, *accumulate(map(len, columns))],
        "sorted_idx": [at for levels in columns for at in _sorted_places(levels)],
    }


def beyond_ascii(categories: Categories) -> str | None:
    """Return a category that XGBoost 3.2 cannot read from a pandas frame: it counts the letters of a text for its bytes."""
    texts = (level for levels in categories for level in levels or () if isinstance(level, str))
    return next((text for text in texts if not text.isascii()), None)


def _as_stored(levels: Sequence[Category]) -> list[str] | list[int]:
    """XGBoost takes texts and integers; other numbers, which it refuses in a frame, go by the text that pandas has for them."""
    if all(isinstance(level, int) and abs(level) <= _LARGEST for level in levels):
        return [int(level) for level in levels]
    return [level if isinstance(level, str) else str(float(level)) for level in levels]


def _column(levels: list[str] | list[int]) -> dict[str, Any]:
    if levels and isinstance(levels[0], int):
        return {"type": _INT64, "values": levels}
    parts = [_bytes(str(level)) for level in levels]
    offsets = [0, *accumulate(map(len, parts))] if parts else []
    return {"offsets": offsets, "values": [byte for part in parts for byte in part]}


def _bytes(text: str) -> list[int]:
    """Return UTF-8 in signed bytes, in which XGBoost stores and orders texts."""
    return np.frombuffer(text.encode(), np.int8).tolist()


def _sorted_places(levels: list[str] | list[int]) -> list[int]:
    keys: list[Any] = [_bytes(level) if isinstance(level, str) else level for level in levels]  # lists or ints, never both
    return sorted(range(len(keys)), key=keys.__getitem__)
