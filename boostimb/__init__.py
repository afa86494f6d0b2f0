"""Losses, metrics and a search for gradient boosting where the positive class is rare.

Every name below loads its module when it is first used, so that ``import boostimb`` itself loads no booster, no
Optuna, no numba and no plotting library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from boostimb.decision import Threshold, best_threshold
    from boostimb.losses import (
        AsymmetricLoss,
        FocalLoss,
        LambdaAPLoss,
        LDAMLoss,
        LogLoss,
        MarginLoss,
        SoftmaxFocalLoss,
        class_weights,
        effective_number_weights,
    )
    from boostimb.metrics import (
        PRAUC,
        BestFScore,
        ExpectedCost,
        PrecisionAtRecall,
        RecallAtPrecision,
        average_precision,
        precision_at_k,
        precision_at_recall,
        recall_at_precision,
    )
    from boostimb.model import BoostClassifier, load
    from boostimb.search import ImbalanceSearchCV, TuneResult, context_models, tune

_HOME = {
    "AsymmetricLoss": "losses",
    "BestFScore": "metrics",
    "BoostClassifier": "model",
    "ExpectedCost": "metrics",
    "FocalLoss": "losses",
    "ImbalanceSearchCV": "search",
    "LDAMLoss": "losses",
    "LambdaAPLoss": "losses",
    "LogLoss": "losses",
    "MarginLoss": "losses",
    "PRAUC": "metrics",
    "PrecisionAtRecall": "metrics",
    "RecallAtPrecision": "metrics",
    "SoftmaxFocalLoss": "losses",
    "Threshold": "decision",
    "TuneResult": "search",
    "average_precision": "metrics",
    "best_threshold": "decision",
    "class_weights": "losses",
    "context_models": "search",
    "effective_number_weights": "losses",
    "load": "model",
    "precision_at_k": "metrics",
    "precision_at_recall": "metrics",
    "recall_at_precision": "metrics",
    "tune": "search",
}

__all__ = [
    "PRAUC",
    "AsymmetricLoss",
    "BestFScore",
    "BoostClassifier",
    "ExpectedCost",
    "FocalLoss",
    "ImbalanceSearchCV",
    "LDAMLoss",
    "LambdaAPLoss",
    "LogLoss",
    "MarginLoss",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SoftmaxFocalLoss",
    "Threshold",
    "TuneResult",
    "average_precision",
    "best_threshold",
    "class_weights",
    "context_models",
    "effective_number_weights",
    "load",
    "precision_at_k",
    "precision_at_recall",
    "recall_at_precision",
    "tune",
]


def __getattr__(name: str) -> object:
    """Load a public name from the package it lives in, and keep it."""
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module 'boostimb' has no attribute {name!r}") from None
    value = getattr(import_module(f"boostimb.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
