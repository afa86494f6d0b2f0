"""Bounds that a threshold must keep, such as recall >= 0.9."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from boostimb.metrics import ThresholdSweep
from boostimb.metrics._sweep import SLACK
from boostimb.typing import BoolArray, FloatArray
from boostimb.validation import check_choice

RATES = ("alerts", "balanced_accuracy", "f1", "mcc", "precision", "recall", "specificity")
_BOUND = re.compile(r"\s*(>=|<=)\s*([-+0-9.eE_]+)\s*(?:(%)|(?:/|per)\s*([0-9.eE_]+))?\s*")


class InfeasibleError(ValueError):
    """No threshold keeps the constraints; the text names what can be reached."""


@dataclass(frozen=True)
class Constraint:
    """A bound on one rate of the confusion matrix.

    Parameters
    ----------
    rate : str
        'recall', 'precision', 'specificity', 'alerts' (the share of samples predicted positive), 'f1', 'mcc' or
        'balanced_accuracy'.
    sign : str
        '>=' or '<='.
    bound : float
        A share in [0, 1]; for 'mcc' in [-1, 1].
    """

    rate: str
    sign: str
    bound: float

    def __post_init__(self) -> None:
        check_choice("the rate of a constraint", self.rate, RATES)
        check_choice("the sign of a constraint", self.sign, (">=", "<="))
        least = -1.0 if self.rate == "mcc" else 0.0
        if not least <= self.bound <= 1.0:
            budget = "; a budget of 50 alerts in 20000 cases is '<=50/20000'" if self.rate == "alerts" else ""
            raise ValueError(f"the bound on {self.rate} must lie in [{least:g}, 1], got {self.bound:g}{budget}")

    def __str__(self) -> str:
        return f"{self.rate} {self.sign} {self.bound:g}"

    def values(self, sweep: ThresholdSweep) -> FloatArray:
        """Return the rate at each cut, shape (n_cuts,)."""
        if self.rate == "f1":
            return sweep.f_score()
        rate: FloatArray = getattr(sweep, self.rate)
        return rate

    def allows(self, sweep: ThresholdSweep) -> BoolArray:
        """Return which cuts keep the bound, shape (n_cuts,)."""
        values = self.values(sweep)
        return values >= self.bound - SLACK if self.sign == ">=" else values <= self.bound + SLACK


def parse_constraints(constraints: Mapping[str, str] | tuple[Constraint, ...] | None) -> tuple[Constraint, ...]:
    """Return the constraints that a mapping writes, for example ``{"recall": ">=0.9", "alerts": "<=50/20000"}``.

    Parameters
    ----------
    constraints : mapping of str to str, optional
        From a rate ('alerts', 'balanced_accuracy', 'f1', 'mcc', 'precision', 'recall', 'specificity') to a bound: '>=' or '<='
        and a share, which is a number ('0.01'), a percentage ('1%') or two numbers ('50/5000' or '50 per 5000'). 'alerts' is the
        share of samples that is predicted positive: 50 alerts among the 20,000 cases of a day are '<=50/20000'.

    Raises
    ------
    ValueError
        If a rate is not known, or a bound cannot be read or lies outside the rate's range.

    Examples
    --------
    >>> from boostimb.decision import parse_constraints
    >>> [str(c) for c in parse_constraints({"recall": ">=90%", "alerts": "<=50 per 20000"})]
    ['recall >= 0.9', 'alerts <= 0.0025']
    """
    if constraints is None:
        return ()
    if isinstance(constraints, tuple):
        return constraints
    if not isinstance(constraints, Mapping):
        raise ValueError(f"constraints must be a dict such as {{'recall': '>=0.9'}}, got {constraints!r}")
    return tuple(_parse(rate, bound) for rate, bound in constraints.items())


def allowed_cuts(constraints: tuple[Constraint, ...], sweep: ThresholdSweep) -> BoolArray:
    """Return which cuts keep every constraint, or raise an InfeasibleError."""
    allowed = [constraint.allows(sweep) for constraint in constraints]
    together: BoolArray = np.logical_and.reduce(allowed) if allowed else np.ones(sweep.values.size, dtype=np.bool_)
    if not together.any():
        raise InfeasibleError(_why_infeasible(constraints, allowed, sweep))
    return together


def _parse(rate: str, bound: str) -> Constraint:
    check_choice("the rate of a constraint", rate, RATES)
    match = _BOUND.fullmatch(bound) if isinstance(bound, str) else None
    try:
        if match is None:
            raise ValueError
        share = float(match[2]) / (100.0 if match[3] else float(match[4] or 1))
    except (ValueError, ZeroDivisionError):
        such = "'<=0.01', '<=1%' or '<=50/20000'" if rate == "alerts" else "'>=0.9', '>=90%' or '>=9/10'"
        raise ValueError(f"the bound on {rate} must be '>=' or '<=' and a share, such as {such}, got {bound!r}") from None
    return Constraint(rate, match[1], share)


def _why_infeasible(constraints: tuple[Constraint, ...], allowed: list[BoolArray], sweep: ThresholdSweep) -> str:
    """Say for each constraint how far the cuts that keep the others come."""
    lines = []
    for i, constraint in enumerate(constraints):
        others = [cuts for j, cuts in enumerate(allowed) if j != i]
        kept = np.logical_and.reduce(others) if others else np.ones(sweep.values.size, dtype=np.bool_)
        if not kept.any():
            continue
        values = np.where(kept, constraint.values(sweep), np.nan)
        best = int(np.nanargmax(values) if constraint.sign == ">=" else np.nanargmin(values))
        word = "highest" if constraint.sign == ">=" else "lowest"
        rest = " and ".join(str(c) for j, c in enumerate(constraints) if j != i)
        lines.append(
            f"{'with ' + rest + ' ' if rest else ''}the {word} {constraint.rate} is {values[best]:.6g}, "
            f"at threshold {sweep.threshold(best):.6g}"
        )
    return f"no threshold keeps {' and '.join(map(str, constraints))}" + "".join(f"; {line}" for line in lines)
