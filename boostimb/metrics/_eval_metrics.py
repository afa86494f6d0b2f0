"""The eval metrics for a rare positive class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from boostimb.metrics._average_precision import average_precision_of
from boostimb.metrics._eval_metric import EvalMetric
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import sweep_of
from boostimb.validation import check_number


@dataclass(frozen=True)
class PRAUC(EvalMetric):
    """Average precision, the area under the precision-recall curve without interpolation.

    Scikit-learn's number in every booster, where XGBoost's own ``aucpr`` interpolates and CatBoost's ``PRAUC`` is a
    trapezoid that rewards ties. A set without positives scores 0.0, one without negatives 1.0.

    Examples
    --------
    >>> from boostimb import PRAUC
    >>> PRAUC().score([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    0.8333333333333333

    >>> import xgboost as xgb  # doctest: +SKIP
    >>> xgb.train(params, dtrain, evals=[(dvalid, "valid")], custom_metric=PRAUC(), early_stopping_rounds=50)  # doctest: +SKIP
    """

    @property
    def name(self) -> str:
        """``aucpr_exact``: XGBoost's ``aucpr`` interpolates, this does not."""
        return "aucpr_exact"

    def score_bound(self, labels: BoundLabels, y_score: ArrayLike) -> float:
        """Average precision for prepared labels."""
        return average_precision_of(labels, y_score)


@dataclass(frozen=True)
class RecallAtPrecision(EvalMetric):
    """The highest recall of any cut with at least this precision; 0.0 where no cut reaches it or there is no positive.

    Parameters
    ----------
    precision : float
        The precision to be kept, 0 < precision <= 1.

    Examples
    --------
    >>> from boostimb import RecallAtPrecision
    >>> RecallAtPrecision(0.9).score([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    0.5
    """

    precision: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", check_number("precision", self.precision, above=0, most=1))

    @property
    def name(self) -> str:
        """For example ``precision_0.9_recall``."""
        return f"precision_{self.precision:g}_recall"

    def score_bound(self, labels: BoundLabels, y_score: ArrayLike) -> float:
        """Recall for prepared labels."""
        return sweep_of(labels, y_score, frontier=True).recall_at_precision(self.precision)


@dataclass(frozen=True)
class PrecisionAtRecall(EvalMetric):
    """The highest precision of any cut with at least this recall; 0.0 where there is no positive.

    Parameters
    ----------
    recall : float
        The recall to be kept, 0 < recall <= 1.

    Examples
    --------
    >>> from boostimb import PrecisionAtRecall
    >>> PrecisionAtRecall(0.9).score([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    0.6666666666666666
    """

    recall: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "recall", check_number("recall", self.recall, above=0, most=1))

    @property
    def name(self) -> str:
        """For example ``precision_at_recall_0.9``."""
        return f"precision_at_recall_{self.recall:g}"

    def score_bound(self, labels: BoundLabels, y_score: ArrayLike) -> float:
        """Precision for prepared labels."""
        return sweep_of(labels, y_score, frontier=True).precision_at_recall(self.recall)


@dataclass(frozen=True)
class BestFScore(EvalMetric):
    """The highest F score of any cut; 0.0 where there is no positive.

    It is optimistic as an estimate, because the cut is chosen on the rows that are scored, and fit for early stopping, where
    every round has the same advantage.

    Parameters
    ----------
    beta : float
        How many times as much recall counts as precision, above 0.

    Examples
    --------
    >>> from boostimb import BestFScore
    >>> BestFScore().score([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    0.8
    """

    beta: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", check_number("beta", self.beta, above=0))

    @property
    def name(self) -> str:
        """For example ``precision_recall_f1``."""
        return f"precision_recall_f{self.beta:g}"

    def score_bound(self, labels: BoundLabels, y_score: ArrayLike) -> float:
        """F score for prepared labels."""
        return float(np.max(sweep_of(labels, y_score, frontier=True).f_score(self.beta)))


@dataclass(frozen=True)
class ExpectedCost(EvalMetric):
    """The lowest mean cost of a sample that any cut has; it goes down.

    Like `BestFScore` it is optimistic as an estimate and fit for early stopping.

    Parameters
    ----------
    fp, fn : float
        Cost of a false positive and of a false negative, in any unit.
    tp, tn : float
        Cost of a true positive (a review, say) and of a true negative; gains are negative.

    Examples
    --------
    >>> from boostimb.metrics import ExpectedCost
    >>> ExpectedCost(fp=1, fn=10).score([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    0.25
    """

    fp: float
    fn: float
    tp: float = 0.0
    tn: float = 0.0

    def __post_init__(self) -> None:
        for field in ("fp", "fn", "tp", "tn"):
            object.__setattr__(self, field, check_number(field, getattr(self, field)))

    @property
    def name(self) -> str:
        """For example ``cost_fp1_fn10_tp0_tn0``."""
        return f"cost_fp{self.fp:g}_fn{self.fn:g}_tp{self.tp:g}_tn{self.tn:g}"

    @property
    def greater_is_better(self) -> bool:
        """A cost goes down."""
        return False

    def score_bound(self, labels: BoundLabels, y_score: ArrayLike) -> float:
        """Lowest mean cost for prepared labels."""
        sweep = sweep_of(labels, y_score, frontier=self.fp >= self.tn)
        return float(np.min(sweep.mean_cost(self.tn, self.fp, self.fn, self.tp)))
