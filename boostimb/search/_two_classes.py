"""A search over a positive class and a negative one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from boostimb.boosters import AnyLoss
from boostimb.decision import (
    Calibration,
    Decision,
    InfeasibleError,
    LogisticCalibration,
    Threshold,
    calibrate,
    crossfit_score,
    parse_decision,
)
from boostimb.decision._crossfit import decision_score
from boostimb.decision._goal import Cost, FixedThreshold
from boostimb.losses import AsymmetricLoss, FocalLoss, LogLoss
from boostimb.metrics import PRAUC, BestFScore, Confusion, confusion_at, resampled_average_precision
from boostimb.model import Ensemble, Member
from boostimb.table import TableEncoder
from boostimb.typing import BoolArray, BoundMetric, FloatArray, IntArray, LabelArray, MarginArray, Metric
from boostimb.validation import Labels, check_choice, check_loss, check_metric

LOSSES = ("log_loss", "focal", "asymmetric")


@dataclass(frozen=True)
class TwoClasses:
    """What a search asks of labels True and False, and of margins of shape (n,)."""

    # ---- what the user asks for ----

    def metric(self, metric: str | Metric) -> Metric:
        """Return the metric that a name stands for, or the user's own, checked."""
        if isinstance(metric, str):
            if metric != "average_precision":
                raise ValueError(
                    f"metric must be 'average_precision' or a metric such as boostimb.RecallAtPrecision(0.9), got {metric!r}; "
                    "what the threshold is chosen by is the goal"
                )
            return PRAUC()
        return check_metric(metric)

    def losses(self, chosen: Sequence[Any], boosters: Sequence[str]) -> None:
        """Raise for a loss that is not of two classes."""
        for entry in chosen:
            if isinstance(entry, str):
                check_choice("losses", entry, LOSSES)
            else:
                check_loss(entry, f"losses must hold names ({', '.join(LOSSES)}) or losses for two classes")

    def check_calibration(self, method: str) -> None:
        """Take any method."""

    def decision(
        self, goal: Any, constraints: Mapping[str, str] | None, costs: ArrayLike | None, confidence: float | None, n_classes: int
    ) -> Decision:
        """Read what is asked of the threshold."""
        return parse_decision(goal, constraints, costs, confidence)

    # ---- training ----

    def loss(self, name: Any, gamma: float, class_weight: float, sums: Sequence[float]) -> AnyLoss:
        """Return a loss by its name, with the class weight ``(n_neg / n_pos) ** class_weight``; ``sums`` are (n_pos, n_neg)."""
        n_pos, n_neg = sums
        pos_weight = (n_neg / n_pos) ** class_weight if class_weight else 1.0
        if name == "focal":
            return FocalLoss(gamma=gamma, pos_weight=pos_weight)
        if name == "asymmetric":
            return AsymmetricLoss(gamma_neg=gamma, pos_weight=pos_weight)
        return LogLoss(pos_weight=pos_weight)

    def evaluate(self, bound: BoundMetric, loss: AnyLoss, sums: Sequence[float], natural: Sequence[float]) -> BoundMetric:
        """Return the metric as it is: a shift of all margins changes no order."""
        return bound

    # ---- margins ----

    def shape(self, y: LabelArray) -> tuple[int, ...]:
        """Return the shape of the margins."""
        return (y.size,)

    def fit(self, margins: MarginArray, y: LabelArray, weight: FloatArray | None = None) -> LogisticCalibration:
        """Fit the calibration of one trial."""
        return LogisticCalibration.fit(margins, y, weight)

    def comparable(self, line: Any, margins: MarginArray) -> MarginArray:
        """Return the margins as they are: calibration changes no order."""
        return margins

    def held(self, margins: MarginArray, y: LabelArray, weight: FloatArray | None, rest: IntArray, rows: IntArray) -> MarginArray:
        """Return margins of some rows that the metric ranks them by; ``rest`` are others, which a calibration may be fitted on."""
        return margins[rows]

    def score(self, metric: Metric, y: LabelArray, margins: MarginArray, part: IntArray, weight: FloatArray | None) -> float:
        """Return the metric of out-of-fold margins.

        A metric that contains its own best cut is cross-fitted: the cut is chosen on all folds but one and scored on the one left.
        """
        if isinstance(metric, BestFScore):
            return crossfit_score(y, margins, part, f"fbeta:{metric.beta}", weight)
        return metric.score(y, margins, weight)

    def log_losses(self, y: LabelArray, logits: FloatArray) -> FloatArray:
        """Return the log-loss of each row."""
        # log(1 + exp(-u)) with u the log-odds of the true class; log1p and exp are several times as fast as logaddexp.
        u = np.where(y, logits, -logits)
        losses: FloatArray = np.log1p(np.exp(-np.abs(u))) - np.minimum(u, 0.0)
        return losses

    def briers(self, y: LabelArray, logits: FloatArray) -> FloatArray:
        """Return the squared error of each row's probability."""
        errors: FloatArray = (expit(logits) - y) ** 2
        return errors

    def resampled(self, metric: Metric, y: LabelArray, table: NDArray[Any], counts: NDArray[Any], n_jobs: int) -> FloatArray:
        """Return average precision, to which there is a fast way, of each row of ``table`` under each resample, (B, T)."""
        return resampled_average_precision(y, table, counts, n_jobs=n_jobs)

    # ---- the final model and its decisions ----

    def calibrate(self, logits: MarginArray, y: LabelArray, weight: FloatArray | None, method: str) -> Calibration:
        """Fit the map from the members' sum to the probability."""
        return calibrate(logits, y, weight, method=method)

    def model(self, members: Sequence[Member], encoder: TableEncoder, labels: Any, outer: Any, n_jobs: int | None) -> Ensemble:
        """Return the final model, which decides at 0.5."""
        assert isinstance(labels, Labels)
        return Ensemble(members, encoder, labels.classes, labels.positive_index, outer, 0.5, n_jobs)

    def threshold(self, decision: Any, y: LabelArray, proba: FloatArray, weight: FloatArray | None) -> float:
        """Return the best cut of one trial; NaN where none keeps the constraints."""
        try:
            return float(decision.choose(y, proba, weight).value)
        except InfeasibleError:
            return float("nan")

    def decided(self, found: Threshold | None, proba: FloatArray) -> BoolArray:
        """Return which rows are flagged, by what was found or at 0.5."""
        return np.asarray(proba >= (0.5 if found is None else found.value), dtype=np.bool_)

    def decision_score(self, decision: Decision, y: LabelArray, decided: Any, weight: FloatArray | None) -> float:
        """Return what decisions are worth under what was asked for."""
        return decision_score(decision.goal, np.asarray(y, dtype=np.bool_), decided, weight)

    def told(self, decision: Decision) -> tuple[str, str, float, bool]:
        """Return how a decision is called, what it is judged by, what makes more of that better, and whether it was asked for."""
        aim, bounds = decision.goal, decision.constraints
        sign = 1.0 if aim.greater_is_better else -1.0
        if isinstance(aim, FixedThreshold):
            return f"threshold {aim.name} as given", "f1", sign, True
        measure = "mean cost" if isinstance(aim, Cost) else aim.name
        if bounds:
            return f"threshold with {' and '.join(map(str, bounds))}", measure, sign, True
        return "tuned threshold", measure, sign, False

    def settle(self, model: Any, found: Threshold) -> None:
        """Let a model decide by what was found."""
        model.threshold = found.value

    def confusion(self, model: Any, y: LabelArray, proba: FloatArray, weight: FloatArray | None) -> Confusion:
        """Return counts and rates of a model's decisions."""
        return confusion_at(y, proba, model.threshold, weight)
