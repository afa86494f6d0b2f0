"""What the user chose for the search, read from the options."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boostimb.boosters import get_booster, installed
from boostimb.cli._errors import InputError, refused_as_input
from boostimb.decision import parse_decision
from boostimb.metrics import PRAUC, BestFScore, ClassAveragePrecision, PrecisionAtRecall, RecallAtPrecision
from boostimb.typing import Metric
from boostimb.validation import check_number, missing_extra

NAMED = ("average_precision", "average_precision_weighted")
METRICS = (
    "average_precision, average_precision_weighted (of several classes), recall_at_precision:0.9, precision_at_recall:0.9, "
    "best_fscore:1 (with any number)"
)
_WITH_NUMBER = {"recall_at_precision": RecallAtPrecision, "precision_at_recall": PrecisionAtRecall, "best_fscore": BestFScore}


@dataclass(frozen=True)
class Settings:
    """The options of a search, checked as far as they can be without the table."""

    boosters: tuple[str, ...] | str
    metric_name: str
    metric: Metric
    goal: str | float
    constraints: Mapping[str, str] | None
    costs: tuple[float, float] | None  # of a false alarm and of a missed positive
    confidence: float
    resamplers: tuple[str, ...] | str
    timeout: float | None
    n_trials: int | None
    folds: int
    seed: int
    n_jobs: int

    @property
    def cost_matrix(self) -> list[list[float]] | None:
        """The costs as `boostimb.tune` takes them."""
        return _matrix(self.costs)

    def check_classes(self, several: bool) -> None:
        """Raise for what only a positive class has, where there are several classes, and the other way round."""
        if not several and isinstance(self.metric, ClassAveragePrecision):
            raise InputError(
                f"--metric {self.metric_name} must come with a target of several classes: with two, take average_precision"
            )
        if several and (self.constraints or self.costs):
            option = "--constraint" if self.constraints else "--cost-fp and --cost-fn"
            raise InputError(
                f"{option} must come with a target of two classes: leave it out, or make the label to find 1 and the rest 0"
            )


def parse_names(text: str) -> tuple[str, ...] | str:
    """Return the names in a list with commas; "auto" stays as it is.

    Examples
    --------
    >>> parse_names("none, smote"), parse_names("auto")
    (('none', 'smote'), 'auto')
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return "auto" if names == ("auto",) else names


def parse_boosters(text: str) -> tuple[str, ...] | str:
    """Return the boosters to search among, each of them installed."""
    names = parse_names(text)
    if names == "auto":
        if not installed():
            raise missing_extra("lightgbm", "boostimb tune")
        return names
    with refused_as_input():
        for name in names:
            get_booster(name)
    return names


def parse_metric(text: str) -> Metric:
    """Return the metric that a text writes.

    Examples
    --------
    >>> parse_metric("recall_at_precision:0.9")
    RecallAtPrecision(precision=0.9)
    """
    name, _, number = text.strip().partition(":")
    if name in NAMED and not number:
        return PRAUC() if name == NAMED[0] else ClassAveragePrecision("weighted")
    try:
        kind, value = _WITH_NUMBER[name], float(number)
    except (KeyError, ValueError):
        raise InputError(f"--metric must be one of {METRICS}; got {text!r}") from None
    with refused_as_input():
        return kind(value)


def parse_costs(false_alarm: float | None, missed: float | None) -> tuple[float, float] | None:
    """Return the costs of a false alarm and of a missed positive, 1 where only the other is given.

    Examples
    --------
    >>> parse_costs(None, 25.0), parse_costs(None, None)
    ((1.0, 25.0), None)
    """
    if false_alarm is None and missed is None:
        return None
    costs = 1.0 if false_alarm is None else false_alarm, 1.0 if missed is None else missed
    with refused_as_input():
        return check_number("--cost-fp", costs[0], above=0.0), check_number("--cost-fn", costs[1], above=0.0)


def parse_goal(
    text: str, constraints: Sequence[str], costs: tuple[float, float] | None = None, confidence: float | None = None
) -> tuple[str | float, dict[str, str] | None]:
    """Return goal and constraints as `boostimb.tune` takes them, checked.

    Examples
    --------
    >>> parse_goal("0.3", []), parse_goal("f1", ["recall>=90%"])
    ((0.3, None), ('f1', {'recall': '>=90%'}))
    """
    bounds: dict[str, str] = {}
    for constraint in constraints:
        match = re.fullmatch(r"\s*(\w+)\s*([<>]=.*)", constraint)
        if match is None:
            raise InputError(f"--constraint must be a rate and a bound, such as 'recall>=0.9', got {constraint!r}")
        if match[1] in bounds:
            raise InputError(f"--constraint must name each rate once, and {match[1]!r} comes twice")
        bounds[match[1]] = match[2].strip()
    try:
        goal: str | float = float(text)
    except ValueError:
        goal = text
    with refused_as_input():
        parse_decision(goal, bounds or None, _matrix(costs), confidence)
    return goal, bounds or None


def _matrix(costs: tuple[float, float] | None) -> list[list[float]] | None:
    return None if costs is None else [[0.0, costs[0]], [costs[1], 0.0]]
