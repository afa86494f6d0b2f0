"""What each booster passes to an objective, brought to one form.

The objects are told apart by what they can do, so that no booster is imported here.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.validation import to_host


def native_data(second: Any) -> bool:
    """Whether the second argument is a booster's data set (``DMatrix``, ``Dataset``) rather than margins."""
    return hasattr(second, "get_label") and hasattr(second, "get_weight")


def objective_arguments(
    first: Any, second: Any, sample_weight: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[Any], ArrayLike | None]:
    """Return (y_true, raw, sample_weight) from the arguments of an objective in any of the four call conventions.

    ``xgb.train`` and ``lgb.train`` call ``f(raw, data)``; ``XGBClassifier`` and ``LGBMClassifier`` call
    ``f(y_true, raw, sample_weight)``.
    """
    first, second = to_host(first), to_host(second)
    if native_data(second):
        raw, y_true, sample_weight = np.asarray(first), second.get_label(), second.get_weight()
        if y_true is None:
            raise ValueError("the training data must have labels, got none")
    else:
        raw, y_true = np.asarray(second), first
    # XGBoost says "no weights" by an empty array, LightGBM by None.
    if sample_weight is not None and np.size(sample_weight) == 0:
        sample_weight = None
    return np.asarray(y_true), raw, sample_weight
