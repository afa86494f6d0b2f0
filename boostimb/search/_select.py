"""From the out-of-fold margins of the trials to the members of the final model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostimb.search._task import task_of
from boostimb.typing import Float32Array, FloatArray, IntArray, LabelArray
from boostimb.validation import members

# Candidates and steps of the greedy choice. More of either changes nothing: it ends after a few steps.
CANDIDATES = 25
STEPS = 25
# Trials that are as good as the best one, as far as can be told: so many standard errors behind it, and so many of them.
ERRORS, ALIKE = 1.0, 5
# Rows that the choice looks at, where a table has more.
ROWS = 100_000


@dataclass(frozen=True)
class Choice:
    """Trials and their weights; their weighted calibrated log-odds are the model's out-of-fold log-odds."""

    trials: tuple[int, ...]  # positions in the matrix of margins
    weights: tuple[float, ...]  # sum 1
    calibrations: tuple[Any, ...]  # of the task's kind
    logits: FloatArray


def choose_best(y: LabelArray, margins: Sequence[Float32Array], scores: FloatArray, *, weight: FloatArray | None = None) -> Choice:
    """Return the one trial with the best score; ``scores`` are oriented so that more is better."""
    best = int(np.argmax(scores))
    calibration = task_of(y).fit(margins[best], y, weight)
    return Choice((best,), (1.0,), (calibration,), calibration.logit(margins[best]))


def choose_ensemble(
    y: LabelArray,
    margins: Sequence[Float32Array],
    calibrations: Sequence[Any] | None = None,
    *,
    weight: FloatArray | None = None,
) -> Choice:
    """Choose trials and weights by the log-loss of their weighted log-odds.

    By log-loss and not by the search metric: with few positives, average precision follows single rows, and what is greedy for it
    follows them too, and promises more than it keeps (benchmarks/ablation.py compares the two).

    Parameters
    ----------
    y : ndarray of bool or int, shape (n,)
        Labels.
    margins : sequence of T ndarrays of shape (n,) or (n, n_classes)
        Out-of-fold margins of the trials.
    calibrations : sequence of T calibrations, optional
        Their calibrations, fitted here where they are not given.
    weight : ndarray of shape (n,), optional
        Weights of the samples.
    """
    if calibrations is None:
        calibrations = [task_of(y).fit(each, y, weight) for each in margins]
    best, logits = candidates(y, margins, calibrations, weight)
    rows, share = thinned(y, thin_to(y, ROWS), weight)
    weights = ensemble_weights(y[rows], logits[:, rows], share)
    used = np.flatnonzero(weights)
    return Choice(
        tuple(int(best[at]) for at in used),
        tuple(weights[used].tolist()),
        tuple(calibrations[best[at]] for at in used),
        mixed(weights, logits),
    )


def candidates(
    y: LabelArray,
    margins: Sequence[Float32Array],
    calibrations: Sequence[Any],
    weight: FloatArray | None = None,
) -> tuple[IntArray, FloatArray]:
    """Return the trials of the lowest log-loss, best first, and their calibrated log-odds, shape (n_candidates, n)."""
    losses = [log_loss(y, line.logit(each), weight) for line, each in zip(calibrations, margins, strict=True)]
    best = np.argsort(losses, kind="stable")[:CANDIDATES]
    return best, np.stack([calibrations[at].logit(margins[at]) for at in best])


def mixed(weights: FloatArray, logits: FloatArray) -> FloatArray:
    """Return the weighted sum of the rows of ``logits``."""
    total: FloatArray = weights @ logits.reshape(len(logits), -1)
    return total.reshape(logits.shape[1:])


def thin_to(y: LabelArray, most: int) -> int:
    """Return so many rows of several classes as cost twice as much as ``most`` of two; of two just these."""
    columns = task_of(y).shape(y)[1:]
    return 2 * most // columns[0] if columns else most


def thinned(y: LabelArray, most: int, weight: FloatArray | None = None) -> tuple[IntArray, FloatArray]:
    """Return at most ``most`` rows, evenly spread over each class, and their weights, which make up for those left out."""
    rows, weights = [], []
    classes = [np.flatnonzero(each) for each in members(y)]
    for member in classes:
        each = most // len(classes)
        kept = member if member.size <= each else member[np.linspace(0, member.size - 1, each).astype(np.intp)]
        rows.append(kept)
        share = member.size / kept.size
        weights.append(np.full(kept.size, share) if weight is None else share * weight[kept])
    return np.concatenate(rows), np.concatenate(weights)


def ensemble_weights(y: LabelArray, logits: FloatArray, weight: FloatArray | None = None) -> FloatArray:
    """Return the mean of the greedy weights and of even weights on what is as good as the best row.

    Even weights temper what the greedy choice takes from single samples where positives are few. Arguments and result as of
    `greedy_weights`.
    """
    return (greedy_weights(y, logits, weight) + even_weights(y, logits, weight)) / 2


def even_weights(y: LabelArray, logits: FloatArray, weight: FloatArray | None = None) -> FloatArray:
    """Share the weight evenly among the rows whose log-loss is within a standard error, of the paired difference, of the least.

    Arguments and result as of `greedy_weights`; the best of the rows where they are many.
    """
    share = np.full(y.size, 1 / y.size) if weight is None else weight / weight.sum()
    losses = np.stack([task_of(y).log_losses(y, each) for each in logits])
    order = np.argsort(losses @ share, kind="stable")
    behind = losses - losses[order[0]]
    mean = behind @ share
    error = np.sqrt((behind - mean[:, None]) ** 2 @ share**2)
    alike = order[(mean <= ERRORS * error)[order]][:ALIKE]
    weights = np.zeros(len(logits))
    weights[alike] = 1 / alike.size
    return weights


def greedy_weights(y: LabelArray, logits: FloatArray, weight: FloatArray | None = None) -> FloatArray:
    """Add rows of ``logits`` one by one, each time the one that lowers the log-loss of their mean most.

    Greedy selection with replacement (Caruana et al. 2004, "Ensemble selection from libraries of models", section 2.1); it starts
    with the best row, and ends where no addition lowers the loss.

    Parameters
    ----------
    y : ndarray of bool or int, shape (n,)
        Labels.
    logits : ndarray of shape (T, n) or (T, n, n_classes)
        Log-odds, or calibrated margins of several classes.
    weight : ndarray of shape (n,), optional
        Weights of the samples.

    Returns
    -------
    ndarray of shape (T,)
        Weights of the rows, of sum 1.
    """
    losses = [log_loss(y, each, weight) for each in logits]
    at = int(np.argmin(losses))
    counts = np.zeros(len(logits))
    counts[at], total, best = 1.0, logits[at], losses[at]
    for step in range(1, STEPS):
        losses = [log_loss(y, (total + each) / (step + 1), weight) for each in logits]
        at = int(np.argmin(losses))
        if losses[at] >= best:
            break
        counts[at] += 1
        total, best = total + logits[at], losses[at]
    return counts / counts.sum()


def log_loss(y: LabelArray, logits: FloatArray, weight: FloatArray | None = None) -> float:
    """Return the mean log-loss of log-odds."""
    return float(np.average(task_of(y).log_losses(y, logits), weights=weight))
