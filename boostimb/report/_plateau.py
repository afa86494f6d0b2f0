"""The thresholds that these rows cannot tell from the best one."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from boostimb.metrics import ThresholdSweep
from boostimb.report._interval import COVERAGE
from boostimb.typing import FloatArray


class Influence(NamedTuple):
    """What one row adds to a measure at each cut, less its share of the whole, by what becomes of the row; each of shape (n_cuts,).

    The sum of squares over the rows is the variance of the measure (delta method).
    """

    tp: FloatArray
    fp: FloatArray
    fn: FloatArray
    tn: FloatArray


def influence_on_f1(sweep: ThresholdSweep) -> Influence:
    """F1 is 2 tp over the sum of alerts and positives; each row moves both."""
    f1, total = sweep.f_score(), sweep.tp + sweep.fp + sweep.n_pos
    return Influence((2 - 2 * f1) / total, -f1 / total, -f1 / total, np.zeros(total.size))


def influence_on_cost(sweep: ThresholdSweep, tn: float, fp: float, fn: float, tp: float) -> Influence:
    """Return each row's cost less the mean, as its share of the mean."""
    mean, n = sweep.mean_cost(tn, fp, fn, tp), sweep.n_pos + sweep.n_neg
    return Influence(*((cost - mean) / n for cost in (tp, fp, fn, tn)))


def errors_of_difference(sweep: ThresholdSweep, influence: Influence, best: int) -> FloatArray:
    """Return the standard error of the difference between each cut and row ``best``, on the same rows.

    Most rows are decided alike at both cuts, so that it is far smaller than the error of either value.
    """
    at = Influence(*(each[best] for each in influence))
    variance = np.zeros(sweep.values.size)
    sides = (
        (sweep.tp, sweep.n_pos, influence.tp, influence.fn, at.tp, at.fn),
        (sweep.fp, sweep.n_neg, influence.fp, influence.tn, at.fp, at.tn),
    )
    for flagged, total, alert, quiet, alert_at, quiet_at in sides:
        most = np.maximum(flagged, flagged[best])
        between = np.where(flagged > flagged[best], alert - quiet_at, quiet - alert_at)
        variance += np.minimum(flagged, flagged[best]) * (alert - alert_at) ** 2
        variance += np.abs(flagged - flagged[best]) * between**2 + (total - most) * (quiet - quiet_at) ** 2
    errors: FloatArray = np.sqrt(variance)
    return errors


@dataclass(frozen=True)
class Plateau:
    """The best cut, and the thresholds around it that are as good for all that these rows can tell."""

    low: float
    high: float
    at: float
    best: float  # value of the measure


def plateau(sweep: ThresholdSweep, values: FloatArray, influence: Influence) -> Plateau:
    """Return the cuts from the first to the last that is not worse than the best by more than chance explains, at 95%.

    Some between them may be: of many cuts the best is so by luck too, and its neighbours are then worse by so many rows in a row.
    """
    best = int(np.argmax(values))
    noise = float(ndtri((1 + COVERAGE) / 2)) * errors_of_difference(sweep, influence, best)
    first, last = np.flatnonzero(values[best] - values <= noise)[[0, -1]]
    # Any threshold above the next lower score decides as the cut does.
    return Plateau(float(sweep.below[last]), float(sweep.values[first]), sweep.threshold(best), float(values[best]))
