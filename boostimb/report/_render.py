"""From a report's content to HTML. Every text goes through Jinja's escaping, numbers for the curves through JSON."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from boostimb.notebook import Grid
from boostimb.report._axes import percent
from boostimb.report._cuts import cuts_of
from boostimb.report._models import grids_of_models
from boostimb.report._page import Estimate, History, Page
from boostimb.report._reliability import reliability
from boostimb.report._scored import Scored
from boostimb.report._threshold import limits, ticks
from boostimb.report._words import in_plain_words
from boostimb.validation import missing_extra

FOLDER = Path(__file__).parent / "page"
_BINS = 48
_MOST_FEATURES = 20
_TINY = 1e-6


def render(page: Page) -> str:
    """Return the page as HTML."""
    if find_spec("jinja2") is None:
        raise missing_extra("jinja2", "a report")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"percent": percent, "number": lambda value, digits=3: f"{value:,.{digits}f}"}
    scored = Scored.of(page.y, page.proba)
    at = scored.at(page.threshold)
    return environment.get_template("page.html").render(
        page=page,
        at=at,
        n=scored.y.size,
        n_pos=int(scored.sweep.n_pos),
        rate=scored.rate,
        answer=in_plain_words(at),
        plain_answer=None if page.plain is None else in_plain_words(page.plain),
        estimate=page.estimate,
        bar=None if page.estimate is None else _bar(page.estimate),
        models=grids_of_models(page.models, page.cut),
        importances=_largest(page.importances),
        facts=[Grid(name, ("", ""), tuple(table.items())) for name, table in page.facts.items() if table],
        data=_data(page, scored),
    )


def _data(page: Page, scored: Scored) -> dict[str, Any]:
    """Return what the curves are drawn from, as JSON can hold it."""
    cuts = cuts_of(scored, page.threshold)
    low, high = limits(scored, page.threshold)
    data = {
        "n": scored.y.size,
        "nPos": int(scored.sweep.n_pos),
        "cuts": {"values": cuts.values, "tp": cuts.tp, "fp": cuts.fp},
        "chosen": cuts.chosen,
        "axis": {"low": low, "high": high, "ticks": ticks(low, high)},
        "costs": {"tn": page.costs.tn, "tp": page.costs.tp},
        "scores": _histogram(scored),
        "calibration": [each._asdict() for each in reliability(scored.y, scored.proba)],
        "history": None,
    }
    if page.history is not None and page.estimate is not None:
        data["history"] = _history(page.history, page.estimate.plain)
    return data


def _histogram(scored: Scored) -> dict[str, list[float] | list[int]]:
    """Return how many rows of either class score how much, in bins of equal width in log-odds."""
    odds = logit(np.clip(scored.proba.astype(np.float64), _TINY, 1 - _TINY))
    edges = np.linspace(odds.min() - 1e-9, odds.max() + 1e-9, _BINS + 1)
    counts = {name: np.histogram(odds[rows], edges)[0].tolist() for name, rows in (("pos", scored.y), ("neg", ~scored.y))}
    return {"edges": edges.tolist(), **counts}


def _history(history: History, plain: float) -> Mapping[str, Any]:
    scores = np.array(history.scores)
    best: NDArray[Any] = (np.maximum if history.greater_is_better else np.minimum).accumulate(scores)
    return {
        "numbers": list(history.numbers),
        "scores": scores.tolist(),
        "best": best.tolist(),
        "boosters": list(history.boosters),
        "plain": plain,
    }


def _bar(estimate: Estimate) -> dict[str, float]:
    """Return where the marks of the score go on a line from 0 to 100."""
    values = (estimate.low, estimate.high, estimate.plain, estimate.naive)
    pad = 0.08 * (max(values) - min(values)) or 0.01
    low, high = min(values) - pad, max(values) + pad
    names = ("low", "high", "plain", "naive", "corrected")
    return {name: round(100 * (getattr(estimate, name) - low) / (high - low), 2) for name in names}


def _largest(importances: tuple[tuple[str, float], ...]) -> list[tuple[str, float]]:
    return sorted(importances, key=lambda each: -each[1])[:_MOST_FEATURES]
