"""What `BoostClassifier` does its own way where there are more than two classes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from boostimb.boosters import Booster, Model
from boostimb.decision import ClassCalibration, class_prior_shift
from boostimb.losses import SoftmaxFocalLoss
from boostimb.metrics import ClassAveragePrecision
from boostimb.model._margin_sum import MarginSum
from boostimb.table import Table, TableEncoder
from boostimb.typing import FloatArray, IntArray
from boostimb.validation import check_choice


def class_loss(loss: Any, pos_weight: Any, y: IntArray) -> SoftmaxFocalLoss:
    """Return the loss, with the weights of the classes in it."""
    chosen = SoftmaxFocalLoss(0.0) if loss is None else loss
    if not isinstance(chosen, SoftmaxFocalLoss):
        raise TypeError(f"loss must be a SoftmaxFocalLoss with several classes, got {loss!r}")
    counts = np.bincount(y)
    weights = chosen.weights_of(counts.size)  # which raises if their number is another
    if isinstance(pos_weight, str):
        check_choice("pos_weight", pos_weight, ("balanced",))
        weights = weights * counts.max() / counts
    elif pos_weight != 1.0:
        raise ValueError(f"pos_weight must be 1.0 or 'balanced' with several classes, got {pos_weight!r}: give the loss its own")
    return SoftmaxFocalLoss(chosen.gamma, None if (weights == 1).all() else tuple(weights.tolist()))


def class_metric(metric: Any) -> ClassAveragePrecision:
    """Return the metric that early stopping looks at."""
    if metric is not None and not isinstance(metric, ClassAveragePrecision):
        raise TypeError(f"metric must be a boostimb.metrics.ClassAveragePrecision with several classes, got {metric!r}")
    return ClassAveragePrecision() if metric is None else metric


@dataclass(frozen=True)
class FittedClasses:
    """What ``fit`` found, beside the attributes that scikit-learn names."""

    booster: str
    model: Model
    loss: SoftmaxFocalLoss
    encoder: TableEncoder
    calibration: ClassCalibration | None
    shift: FloatArray  # of the logarithms of the probabilities, where weights or resampling moved them

    @classmethod
    def of(
        cls,
        booster: str,
        model: Model,
        loss: SoftmaxFocalLoss,
        encoder: TableEncoder,
        *,
        held_out: tuple[Table, Any] | None,
        natural: tuple[Table, IntArray, FloatArray | None] | None,
        n_classes: int,
        n_jobs: int,
    ) -> "FittedClasses":
        """Calibrate on ``held_out`` where it is given, or else set the mean probabilities to the rates of ``natural`` rows."""
        if held_out is not None:
            table, y = held_out
            return cls(booster, model, loss, encoder, ClassCalibration.fit(model.raw(table, n_jobs=n_jobs), y), np.zeros(n_classes))
        if natural is None:
            return cls(booster, model, loss, encoder, None, np.zeros(n_classes))
        table, y, weight = natural
        proba = loss.predict_proba(model.raw(table, n_jobs=n_jobs))
        return cls(booster, model, loss, encoder, None, class_prior_shift(proba, np.bincount(y, weight).astype(np.float64), weight))

    def proba(self, raw: FloatArray) -> FloatArray:
        """Return the probability of each class from margins, shape (n, n_classes)."""
        if self.calibration is not None:
            return self.calibration.apply(raw)
        proba = self.loss.predict_proba(raw) * np.exp(self.shift)
        total: FloatArray = proba / proba.sum(axis=1, keepdims=True)
        return total

    @property
    def line(self) -> tuple[float, FloatArray] | None:
        """(scale, shifts) where the probabilities are the softmax of lines over the margins, else None."""
        if self.calibration is not None:
            return self.calibration.scale, np.array(self.calibration.offset)
        if self.loss.gamma > 0:
            return None
        return 1.0, self.shift - np.log(self.loss.weights_of(self.shift.size))

    def merged(self, booster: Booster) -> Model | None:
        """Return the model with the lines in its leaves; None where there are none."""
        return None if self.line is None else MarginSum([self.model], self.line[:1], self.line[1]).merged(booster)
