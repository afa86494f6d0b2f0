"""What to report and to stop on: metrics of labels and scores. No booster is imported here."""

from boostimb.metrics._at_a_point import precision_at_k, precision_at_recall, recall_at_precision
from boostimb.metrics._average_precision import average_precision
from boostimb.metrics._class_confusion import ClassConfusion
from boostimb.metrics._classes import ClassAveragePrecision
from boostimb.metrics._confusion import Confusion, confusion_at
from boostimb.metrics._eval_metric import BoundMetric, EvalMetric
from boostimb.metrics._eval_metrics import PRAUC, BestFScore, ExpectedCost, PrecisionAtRecall, RecallAtPrecision
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._resampled import resampled_average_precision
from boostimb.metrics._sweep import ThresholdSweep, threshold_sweep

__all__ = [
    "PRAUC",
    "BestFScore",
    "BoundLabels",
    "BoundMetric",
    "ClassAveragePrecision",
    "ClassConfusion",
    "Confusion",
    "EvalMetric",
    "ExpectedCost",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "ThresholdSweep",
    "average_precision",
    "confusion_at",
    "precision_at_k",
    "precision_at_recall",
    "recall_at_precision",
    "resampled_average_precision",
    "threshold_sweep",
]
