"""What one model is worth by all the usual numbers, to be set beside others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from boostimb.metrics import Confusion, confusion_at
from boostimb.notebook import Grid
from boostimb.typing import BoolArray, FloatArray


@dataclass(frozen=True)
class ModelScores:
    """The scores of one model on rows that it has not seen.

    Attributes
    ----------
    name : str
        What the model is.
    average_precision, roc_auc : float
        How well it ranks; more is better.
    brier, log_loss : float
        How far its probabilities are off; less is better.
    half, cut : Confusion
        Its decisions at 0.5, and at a cut that was chosen for it.

    Examples
    --------
    >>> import numpy as np
    >>> y, proba = np.array([False, False, True, True]), np.array([0.1, 0.2, 0.3, 0.9])
    >>> scores = ModelScores.of("a toy", y, proba, proba >= 0.25)
    >>> scores.half.recall, scores.cut.recall, scores.roc_auc
    (0.5, 1.0, 1.0)
    """

    name: str
    average_precision: float
    roc_auc: float
    brier: float
    log_loss: float
    half: Confusion
    cut: Confusion

    @classmethod
    def of(cls, name: str, y: BoolArray, proba: FloatArray, alerts: BoolArray) -> Self:
        """Score probabilities of shape (n,), and the decisions ``alerts`` that were made of them."""
        from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

        return cls(
            name,
            average_precision=float(average_precision_score(y, proba)),
            roc_auc=float(roc_auc_score(y, proba)),
            brier=float(brier_score_loss(y, proba)),
            log_loss=float(log_loss(y, proba)),
            half=confusion_at(y, proba, 0.5),
            cut=confusion_at(y, alerts, 0.5),
        )


def grids_of_models(models: Sequence[ModelScores], cut: str) -> tuple[Grid, ...]:
    """Return the scores as tables of text; ``cut`` says which cut was chosen for each model."""
    ranks = [(each.average_precision, each.roc_auc, each.brier, each.log_loss) for each in models]
    head = ("", "average precision", "ROC-AUC", "Brier score", "log-loss")
    rows = tuple((each.name, *(f"{value:.4f}" for value in values)) for each, values in zip(models, ranks, strict=True))
    return (
        Grid("Ranking (more is better) and probabilities (less is better)", head, rows),
        _decisions("Decisions at 0.5", models, [each.half for each in models]),
        _decisions(f"Decisions at {cut}", models, [each.cut for each in models]),
    )


def _decisions(caption: str, models: Sequence[ModelScores], decisions: Sequence[Confusion]) -> Grid:
    rows = (
        (each.name, *(f"{value:.3f}" for value in (at.accuracy, at.precision, at.recall, at.f1, at.mcc)))
        for each, at in zip(models, decisions, strict=True)
    )
    return Grid(caption, ("", "accuracy", "precision", "recall", "F1", "MCC"), tuple(rows))
