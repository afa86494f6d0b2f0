"""A search over more than two classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from boostimb.boosters import AnyLoss
from boostimb.decision import ClassCalibration, ClassCosts, ClassDecision, ClassThreshold, decide, parse_class_decision
from boostimb.losses import SoftmaxFocalLoss
from boostimb.metrics import ClassAveragePrecision, ClassConfusion
from boostimb.model import ClassEnsemble, Member
from boostimb.table import TableEncoder
from boostimb.typing import BoundMetric, FloatArray, IntArray, LabelArray, MarginArray, Metric
from boostimb.validation import check_choice

LOSSES = ("log_loss", "focal")
METRICS = ("average_precision", "average_precision_weighted")


@dataclass(frozen=True)
class SeveralClasses:
    """What a search asks of labels 0, 1, ..., and of margins of shape (n, n_classes)."""

    # ---- what the user asks for ----

    def metric(self, metric: str | Metric) -> Metric:
        """Return the metric that a name stands for, or one of that kind."""
        if isinstance(metric, ClassAveragePrecision):
            return metric
        if not isinstance(metric, str):
            raise ValueError(f"metric must be one of {', '.join(METRICS)} with several classes; got {metric!r}")
        check_choice("metric", metric, METRICS)
        return ClassAveragePrecision("macro" if metric == METRICS[0] else "weighted")

    def losses(self, chosen: Sequence[Any], boosters: Sequence[str]) -> None:
        """Raise for a loss that several classes do not have, or if there is none for CatBoost."""
        for entry in chosen:
            if entry not in LOSSES and not isinstance(entry, SoftmaxFocalLoss):
                raise ValueError(
                    f"losses must hold names ({', '.join(LOSSES)}) or SoftmaxFocalLoss objects with several classes, got {entry!r}"
                )
        if "catboost" in boosters and not any(map(suits_catboost, chosen)):
            raise ValueError(
                "losses must hold 'log_loss' or SoftmaxFocalLoss(0.0) for several classes in CatBoost, which shows no margins of "
                f"ours; got {list(chosen)!r}: add one, or leave catboost out of booster"
            )

    def check_calibration(self, method: str) -> None:
        """Raise for a method that several classes do not have."""
        if method == "isotonic":
            raise ValueError("calibration must be 'auto' or 'logistic' with several classes, got 'isotonic'")

    def decision(
        self, goal: Any, constraints: Mapping[str, str] | None, costs: ArrayLike | None, confidence: float | None, n_classes: int
    ) -> ClassDecision:
        """Read what is asked of the decisions."""
        return parse_class_decision(goal, constraints, costs, n_classes)

    # ---- training ----

    def loss(self, name: Any, gamma: float, class_weight: float, sums: Sequence[float]) -> AnyLoss:
        """Return a loss by its name, with the class weights ``(n_largest / n_class) ** class_weight``."""
        weights = (max(sums) / np.array(sums)) ** class_weight
        return SoftmaxFocalLoss(gamma if name == "focal" else 0.0, None if class_weight == 0 else tuple(weights.tolist()))

    def evaluate(self, bound: BoundMetric, loss: AnyLoss, sums: Sequence[float], natural: Sequence[float]) -> BoundMetric:
        """Return the metric as a function of margins that class weights and resampling have moved.

        They raise some classes over others in every row, which changes how rows rank for a class; what they did to the rates is
        taken off first.
        """
        assert isinstance(loss, SoftmaxFocalLoss)
        shift = np.log(loss.weights_of(len(sums)) * np.array(sums) / np.array(natural))
        return bound if np.ptp(shift) < 1e-9 else lambda raw: bound(np.asarray(raw - shift.astype(raw.dtype)))

    # ---- margins ----

    def shape(self, y: LabelArray) -> tuple[int, ...]:
        """Return the shape of the margins."""
        return y.size, int(y.max()) + 1

    def fit(self, margins: MarginArray, y: LabelArray, weight: FloatArray | None = None) -> ClassCalibration:
        """Fit the calibration of one trial."""
        return ClassCalibration.fit(margins, np.asarray(y, dtype=np.intp), weight)

    def comparable(self, line: Any, margins: MarginArray) -> MarginArray:
        """Return calibrated margins: a shift between the classes changes how rows rank for each."""
        calibrated: MarginArray = line.logit(margins).astype(np.float32)
        return calibrated

    def held(self, margins: MarginArray, y: LabelArray, weight: FloatArray | None, rest: IntArray, rows: IntArray) -> MarginArray:
        """Return calibrated margins of some rows; the calibration is fitted on others, ``rest``."""
        line = self.fit(margins[rest], y[rest], None if weight is None else weight[rest])
        return self.comparable(line, margins[rows])

    def score(self, metric: Metric, y: LabelArray, margins: MarginArray, part: IntArray, weight: FloatArray | None) -> float:
        """Return the metric of calibrated out-of-fold margins."""
        return metric.score(y, margins, weight)

    def log_losses(self, y: LabelArray, logits: FloatArray) -> FloatArray:
        """Return the log-loss of each row."""
        beside = np.ascontiguousarray(logits.T) - logits[np.arange(y.size), y]  # 0 for the true class: the sum below is 1 at least
        top = np.maximum(beside.max(axis=0), 0.0) if beside.size and beside.max() > 500 else 0.0  # exp must not overflow
        losses: FloatArray = np.log(np.exp(beside - top).sum(axis=0)) + top
        return losses

    def briers(self, y: LabelArray, logits: FloatArray) -> FloatArray:
        """Return the sum over the classes of the squared errors of the probabilities, for each row."""
        errors = softmax(logits, axis=1)
        errors[np.arange(y.size), y] -= 1.0
        total: FloatArray = (errors**2).sum(axis=1)
        return total

    def resampled(self, metric: Metric, y: LabelArray, table: NDArray[Any], counts: NDArray[Any], n_jobs: int) -> FloatArray:
        """Return the metric of each set of margins in ``table`` under each resample, shape (B, T)."""
        assert isinstance(metric, ClassAveragePrecision)
        return metric.resampled(np.asarray(y, dtype=np.intp), table, counts, n_jobs=n_jobs)

    # ---- the final model and its decisions ----

    def calibrate(self, logits: MarginArray, y: LabelArray, weight: FloatArray | None, method: str) -> ClassCalibration:
        """Fit the map from the members' sum to the probabilities."""
        return ClassCalibration.fit(logits, np.asarray(y, dtype=np.intp), weight)

    def model(self, members: Sequence[Member], encoder: TableEncoder, labels: Any, outer: Any, n_jobs: int | None) -> ClassEnsemble:
        """Return the final model, which decides for the likeliest class."""
        return ClassEnsemble(members, encoder, labels.classes, outer, np.ones(labels.classes.size), None, n_jobs)

    def threshold(self, decision: Any, y: LabelArray, proba: FloatArray, weight: FloatArray | None) -> list[float]:
        """Return the multipliers of one trial, each moved to its best place once."""
        found: list[float] = decision.choose(y, proba, weight, quick=True).value.tolist()
        return found

    def decided(self, found: ClassThreshold | None, proba: FloatArray) -> IntArray:
        """Return the class that is decided for, by what was found or the likeliest."""
        return proba.argmax(axis=1) if found is None else decide(proba, found.value, found.costs)

    def decision_score(self, decision: ClassDecision, y: LabelArray, decided: Any, weight: FloatArray | None) -> float:
        """Return what decisions are worth under what was asked for."""
        return decision.score(np.asarray(y, dtype=np.intp), decided, weight)

    def told(self, decision: ClassDecision) -> tuple[str, str, float, bool]:
        """Return how a decision is called, what it is judged by, what makes more of that better, and whether it was asked for."""
        if isinstance(decision.goal, ClassCosts):
            return "decision by costs", "mean cost", -1.0, False
        return "tuned multipliers", decision.goal.measure, 1.0, False

    def settle(self, model: Any, found: ClassThreshold) -> None:
        """Let a model decide by what was found."""
        model.threshold, model.costs = found.value, found.costs

    def confusion(self, model: Any, y: LabelArray, proba: FloatArray, weight: FloatArray | None) -> ClassConfusion:
        """Return counts and rates of a model's decisions."""
        return ClassConfusion.of(y, decide(proba, model.threshold, model.costs), model.classes_, weight)


def suits_catboost(loss: Any) -> bool:
    """Whether CatBoost takes a loss of several classes in a search."""
    return loss == "log_loss" or (isinstance(loss, SoftmaxFocalLoss) and loss.gamma == 0)
