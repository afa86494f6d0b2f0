"""From a report's content to HTML. Every text goes through Jinja's escaping, numbers for the curves through JSON."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.notebook import Grid
from boostimb.report._axes import percent
from boostimb.report._calibration import bins_of
from boostimb.report._cuts import cuts_of
from boostimb.report._interval import rate_interval
from boostimb.report._models import grids_of_models
from boostimb.report._over_thresholds import over_thresholds
from boostimb.report._page import Estimate, History, Page
from boostimb.report._probability_axis import clipped, padded, ticks_between
from boostimb.report._scored import Scored
from boostimb.report._scores import histogram
from boostimb.report._words import in_plain_words
from boostimb.validation import missing_extra

FOLDER = Path(__file__).parent / "page"
_MOST_FEATURES = 20
_ROOM = 0.17  # of an axis, between two ticks: 0.999 beside 0.9999 needs as much on a phone


def render(page: Page) -> str:
    """Return the page as HTML."""
    if find_spec("jinja2") is None:
        raise missing_extra("jinja2", "a report")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"percent": percent, "number": _number}
    scored = Scored.of(page.y, page.proba)
    at = page.decision
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
    over = over_thresholds(scored, page.threshold)
    plateau = scored.f1_plateau()
    edges, positives, negatives = histogram(scored, page.threshold)
    return {
        "n": scored.y.size,
        "nPos": int(scored.sweep.n_pos),
        "cuts": {"values": cuts.values, "tp": cuts.tp, "fp": cuts.fp},
        "chosen": cuts.chosen,
        "axis": _axis(over.low, over.high),
        "plateau": [over.inside(plateau.low), over.inside(plateau.high)],
        "costs": {"tn": page.costs.tn, "tp": page.costs.tp},
        "scores": {
            "axis": _axis(float(edges[0]), float(edges[-1])),
            "edges": edges.tolist(),
            "pos": positives.tolist(),
            "neg": negatives.tolist(),
        },
        "calibration": _calibration(scored),
        "history": None if page.history is None or page.estimate is None else _history(page.history, page.estimate),
    }


def _number(value: float, digits: int = 3) -> str:
    return f"{value:,.{digits}f}"


def _axis(low: float, high: float) -> dict[str, Any]:
    return {"low": low, "high": high, "ticks": ticks_between(low, high, _ROOM)}


def _calibration(scored: Scored) -> dict[str, Any]:
    bins = bins_of(scored, None)
    mean, rate = clipped(bins.expected / bins.n), bins.hits / bins.n
    low, high = rate_interval(bins.hits, bins.n - bins.hits)
    inside = clipped(np.concatenate([mean, low[bins.hits > 0], high[bins.hits < bins.n]]))
    columns = {"n": bins.n, "mean": mean, "rate": rate, "low": low, "high": high}
    rows = [dict(zip(columns, values, strict=True)) for values in np.column_stack(list(columns.values())).tolist()]
    return {"axis": _axis(*padded(float(inside.min()), float(inside.max()))), "bins": rows}


def _history(history: History, estimate: Estimate) -> Mapping[str, Any]:
    scores = np.array(history.scores)
    best: NDArray[Any] = (np.maximum if history.greater_is_better else np.minimum).accumulate(scores)
    return {
        "numbers": list(history.numbers),
        "scores": scores.tolist(),
        "best": best.tolist(),
        "up": history.greater_is_better,
        "boosters": list(history.boosters),
        "plain": estimate.plain,
        "beside": estimate.beside,
        "metric": estimate.metric,
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
