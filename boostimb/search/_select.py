"""From the out-of-fold margins of the trials to the members of the final model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boostimb.decision import LogisticCalibration
from boostimb.typing import BoolArray, Float32Array, FloatArray, Metric

# Candidates and steps of the greedy choice. More of either follows the noise of the out-of-fold scores.
CANDIDATES = 15
STEPS = 12


@dataclass(frozen=True)
class Choice:
    """Trials and their weights; their weighted calibrated log-odds are the model's out-of-fold log-odds."""

    trials: tuple[int, ...]  # positions in the matrix of margins
    weights: tuple[float, ...]  # sum 1
    calibrations: tuple[LogisticCalibration, ...]
    logits: FloatArray


def choose_best(y: BoolArray, margins: Sequence[Float32Array], scores: FloatArray) -> Choice:
    """Return the one trial with the best score; ``scores`` are oriented so that more is better."""
    best = int(np.argmax(scores))
    calibration = LogisticCalibration.fit(margins[best], y)
    return Choice((best,), (1.0,), (calibration,), calibration.logit(margins[best]))


def choose_ensemble(y: BoolArray, margins: Sequence[Float32Array], scores: FloatArray, metric: Metric) -> Choice:
    """Add trials one by one, each time the one that raises the score of the mean log-odds most.

    Greedy selection with replacement (Caruana et al. 2004, "Ensemble selection from libraries of models", section 2.1), from
    the best trials; it starts with the best one, and ends where no addition raises the score.
    """
    sign = 1.0 if metric.greater_is_better else -1.0
    candidates = np.argsort(scores)[::-1][:CANDIDATES]
    calibrations = [LogisticCalibration.fit(margins[at], y) for at in candidates]
    logits = [calibration.logit(margins[at]) for calibration, at in zip(calibrations, candidates, strict=True)]
    value = metric.bind(y)
    counts = np.zeros(len(candidates), dtype=np.intp)
    counts[0], total, best = 1, logits[0], sign * value(logits[0])
    for step in range(1, STEPS):
        trials = [sign * value((total + logit) / (step + 1)) for logit in logits]
        at = int(np.argmax(trials))
        if trials[at] <= best:
            break
        counts[at] += 1
        total, best = total + logits[at], trials[at]
    used = np.flatnonzero(counts)
    return Choice(
        tuple(int(candidates[at]) for at in used),
        tuple(float(counts[at] / counts.sum()) for at in used),
        tuple(calibrations[at] for at in used),
        total / counts.sum(),
    )
