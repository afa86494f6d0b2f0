"""How sure it is that a bound which holds on the rows at hand holds for the true rate too."""

from typing import NamedTuple

import numpy as np
from scipy.special import betainc, betaincc

from boostimb.decision._calibration import effective_size
from boostimb.decision._constraints import Constraint
from boostimb.metrics import ThresholdSweep
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._sweep import SLACK
from boostimb.typing import BoolArray, FloatArray

# What `tune` asks for where nothing is said.
CONFIDENCE = 0.9


class CaseWeight(NamedTuple):
    """The weight that counts as one case of a class: its sum over its effective size, 1 where there are no weights."""

    pos: float
    neg: float

    @classmethod
    def of(cls, labels: BoundLabels) -> "CaseWeight":
        """Measure both; 1 for a class that is not there."""
        return cls(_case_weight(labels, labels.y), _case_weight(labels, ~labels.y))


def chance_of_missing(constraint: Constraint, sweep: ThresholdSweep, case: CaseWeight) -> FloatArray | None:
    """Return for each cut the chance that the true rate breaks the bound; None for a rate that is no proportion.

    A true proportion of which k of n cases were seen is taken as Beta(k + 1/2, n - k + 1/2), which comes from Jeffreys' prior and
    keeps the stated chance well at small n too (Brown, Cai and DasGupta 2001, "Interval estimation for a binomial proportion").
    With weights n is the number of equal cases that leave the rate p as uncertain: where a case of the hits weighs a and one of
    the misses b, it is the total weight over a (1 - p) + b p. For a = b that is Kish's effective size.
    """
    tp, fp, fn, tn = sweep.tp, sweep.fp, sweep.n_pos - sweep.tp, sweep.n_neg - sweep.fp
    parts: dict[str, tuple[FloatArray, FloatArray | float, FloatArray | float]] = {
        "recall": (tp + fn, case.pos, case.pos),
        "specificity": (tn + fp, case.neg, case.neg),
        "precision": (tp + fp, case.pos, case.neg),
        "alerts": (tp + fp + fn + tn, _mixed(tp, fp, case), _mixed(fn, tn, case)),
    }
    if constraint.rate not in parts:
        return None
    total, hit, miss = parts[constraint.rate]
    rate = constraint.values(sweep)
    n = total / (hit * (1 - rate) + miss * rate)
    tail = betainc if constraint.sign == ">=" else betaincc
    return np.asarray(tail(n * rate + 0.5, n * (1 - rate) + 0.5, constraint.bound), dtype=np.float64)


def surest_cuts(constraints: tuple[Constraint, ...], sweep: ThresholdSweep, labels: BoundLabels, confidence: float) -> BoolArray:
    """Return which cuts keep each constraint with the confidence; if none does, those whose least sure constraint is surest."""
    case = CaseWeight.of(labels)
    worst = np.zeros(sweep.values.size)
    for constraint in constraints:
        chance = chance_of_missing(constraint, sweep, case)
        if chance is not None:
            np.maximum(worst, chance, out=worst)
    most = max(1 - confidence, float(worst.min()))
    surest: BoolArray = worst <= most + SLACK
    return surest


def _case_weight(labels: BoundLabels, member: BoolArray) -> float:
    if labels.weight is None or not member.any():
        return 1.0
    return float(labels.weight[member].sum()) / effective_size(labels, member)


def _mixed(pos: FloatArray, neg: FloatArray, case: CaseWeight) -> FloatArray:
    """Weight of a case among so much weight of both classes; the larger one where there is none."""
    out = np.full(pos.shape, max(case))
    return np.divide(pos * case.pos + neg * case.neg, pos + neg, out=out, where=pos + neg > 0)
