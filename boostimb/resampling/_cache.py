"""What the resamplings of one training table have in common, found once."""

from collections.abc import Callable
from typing import Any, Self, TypeVar

T = TypeVar("T")


class ResamplingCache:
    """Neighbours, and the rows of samplers without a ratio, of the tables that it is used with.

    A search keeps one for each training fold: many ratios are then tried on one search for neighbours. What is found in it is
    told by the content of the arrays, so a cache never gives the rows of another table.

    Examples
    --------
    >>> cache = ResamplingCache()
    >>> cache.recall(("sum", [1, 2]), lambda: 1 + 2), cache.recall(("sum", [1, 2]), lambda: 0)
    (3, 3)
    """

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself: imbalanced-learn clones a sampler's neighbours, and a clone's parameters are deep copies."""
        return self

    def recall(self, key: tuple[Any, ...], compute: Callable[[], T]) -> T:
        """Return what ``compute`` gave when the content of ``key``, arrays and texts, was first met."""
        from joblib import hash as content_hash

        content = content_hash(key)
        if content not in self._found:
            self._found[content] = compute()
        found: T = self._found[content]
        return found
