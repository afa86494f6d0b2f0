"""The thin base of every eval metric: one value that each booster and interface takes as it is.

A metric of your own is a frozen dataclass that inherits from `EvalMetric` and defines ``name`` and ``score_bound``; one that
goes down also defines ``greater_is_better``.
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics._labels import BoundLabels


class _NotGiven:
    """Marks an argument that the caller left out, apart from one given as None."""

    def __repr__(self) -> str:
        return "not given"


_NOT_GIVEN: Final = _NotGiven()

# Scores in, value out: a metric whose labels and weights are already fixed.
BoundMetric = Callable[[ArrayLike], float]


class EvalMetric(ABC):
    """A metric of labels and scores that XGBoost, LightGBM and CatBoost accept in every interface.

    ========================================  ==============================================================
    where                                     how the booster calls it
    ========================================  ==============================================================
    ``xgb.train(custom_metric=m)``            ``m(scores, DMatrix) -> (name, value)``
    ``lgb.train(feval=m)``                    ``m(scores, Dataset) -> (name, value, greater_is_better)``
    ``XGBClassifier(eval_metric=m)``          ``m(y_true, y_score[, sample_weight=w]) -> value``
    ``LGBMClassifier.fit(eval_metric=m)``     ``m(y_true, y_score, weight, group) -> (name, value, greater)``
    ``CatBoostClassifier(eval_metric=m)``     ``evaluate``, ``is_max_optimal``, ``get_final_error``
    ========================================  ==============================================================

    The scores may be margins or probabilities: every metric here reads their order only. Weights are honoured wherever the
    booster hands them over. The value is finite also where a validation set holds one class only; each metric says which.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from boostimb.metrics import EvalMetric
    >>> @dataclass(frozen=True)
    ... class Top(EvalMetric):
    ...     k: int
    ...
    ...     @property
    ...     def name(self):
    ...         return f"precision_top_{self.k}"
    ...
    ...     def score_bound(self, labels, y_score):
    ...         highest = np.argsort(labels.scores(y_score))[-self.k :]
    ...         return float(labels.y[highest].mean())
    >>> Top(2).score([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    0.5
    """

    # CatBoost compiles the methods of a metric by numba unless this is set, and warns where it cannot.
    no_jit: ClassVar[bool] = True

    @property
    @abstractmethod
    def name(self) -> str:
        """The name under which a booster lists it.

        XGBoost's early stopping goes up for names that start with auc, pre, map or ndcg and for no other, and splits its log
        at colons and blanks: so a name starts with one of these if and only if the metric goes up, and holds none of those.
        """

    @abstractmethod
    def score_bound(self, labels: BoundLabels, y_score: ArrayLike) -> float:
        """Value for prepared labels: what a subclass defines."""

    @property
    def greater_is_better(self) -> bool:
        """Whether early stopping goes up."""
        return True

    @property
    def __name__(self) -> str:
        """The name once more: XGBClassifier reads it from here."""
        return self.name

    def score(self, y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the value of the metric.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0 and 1.
        y_score : array-like of shape (n,)
            Finite scores, higher for the positive class.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0, not all zero.

        Raises
        ------
        ValueError
            If lengths differ, a label is not 0 or 1, a score is not finite, or a weight is negative.
        """
        return self.score_bound(BoundLabels.of(y_true, sample_weight), y_score)

    def bind(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> BoundMetric:
        """Check labels and weights once; the function returned maps scores to the value and may run in many threads."""
        labels = BoundLabels.of(y_true, sample_weight)

        def value(y_score: ArrayLike) -> float:
            return self.score_bound(labels, y_score)

        return value

    # --- what the boosters call ---

    def __call__(
        self,
        first: ArrayLike,
        second: Any,
        sample_weight: ArrayLike | None = None,
        group: object = _NOT_GIVEN,
    ) -> float | tuple[str, float] | tuple[str, float, bool]:
        """Answer a booster; the form of the call tells which one it is (the table above).

        LGBMClassifier counts the parameters and, finding four, passes all four by position; XGBClassifier never passes a
        ``group``. The native interfaces pass (scores, data) where the scikit-learn ones pass (y_true, y_score).
        """
        origins = {cls.__module__.partition(".")[0] for cls in type(second).__mro__}
        if "xgboost" in origins:
            weight = second.get_weight()  # empty where there are no weights
            return self.name, self._score_of_xgboost(second.get_label(), first, weight if weight.size else None)
        if "lightgbm" in origins:
            return self.name, self.score(second.get_label(), first, second.get_weight()), self.greater_is_better
        if group is _NOT_GIVEN:
            # XGBClassifier, or its twin for Dask; someone else's call only as long as XGBoost is not even loaded.
            of_xgboost = "xgboost" in sys.modules
            return self._score_of_xgboost(first, second, sample_weight) if of_xgboost else self.score(first, second, sample_weight)
        return self.name, self.score(first, second, sample_weight), self.greater_is_better

    def _score_of_xgboost(self, y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None) -> float:
        """Value for all the rows; of every worker where XGBoost trains on several, which would average what they return."""
        from boostimb.metrics._distributed import score_of_workers, workers

        collective = workers()
        if collective is None:
            return self.score(y_true, y_score, sample_weight)
        return score_of_workers(collective, self.score, y_true, y_score, sample_weight)

    def is_max_optimal(self) -> bool:
        """CatBoost asks: does early stopping go up."""
        return self.greater_is_better

    def evaluate(self, approxes: Sequence[NDArray[np.float64]], target: ArrayLike, weight: ArrayLike | None) -> tuple[float, float]:
        """CatBoost asks: the value over the whole set, which arrives in one call, and a weight that plays no part."""
        return self.score(target, approxes[0], weight), 1.0

    def get_final_error(self, error: float, weight: float) -> float:
        """CatBoost asks: the value from what `evaluate` returned."""
        return error
