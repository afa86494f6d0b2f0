"""The cuts that a report offers: few, with exact counts, the chosen one among them."""

import json
import re

import numpy as np
import pytest
from scipy.special import expit

from boostimb.metrics import confusion_at
from boostimb.report import Page, write_page
from boostimb.report._cuts import MOST, cuts_of
from boostimb.report._scored import Scored


def rows(n, rate=0.02, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < rate
    return y, expit(rng.normal(size=n) + 3 * y - 4)


@pytest.mark.parametrize(("n", "threshold"), [(60, 0.2), (300, 0.5), (20_000, 0.31)])
def test_every_cut_counts_what_the_decision_counts(n, threshold):
    y, proba = rows(n, rate=0.1)
    cuts = cuts_of(Scored.of(y, proba), threshold)
    assert len(cuts.values) <= MOST + 10
    assert cuts.values[cuts.chosen] == threshold
    assert (np.diff(cuts.values) > 0).all()
    for value, tp, fp in zip(cuts.values, cuts.tp, cuts.fp, strict=True):
        at = confusion_at(y, proba, value)
        assert (at.tp, at.fp) == (tp, fp)
    assert (cuts.tp[0], cuts.fp[0]) == (y.sum(), (~y).sum())
    assert (cuts.tp[-1], cuts.fp[-1]) == (0, 0)


def test_small_tables_offer_every_cut():
    y, proba = rows(80, rate=0.2)
    assert len(cuts_of(Scored.of(y, proba), 0.5).values) == 81


@pytest.mark.parametrize("threshold", [1.5, np.inf, 0.0, -1.0])
def test_a_threshold_beyond_all_scores(threshold):
    y, proba = rows(200, rate=0.1)
    cuts = cuts_of(Scored.of(y, proba), threshold)
    assert cuts.chosen == (len(cuts.values) - 1 if threshold > 1 else 0)
    assert np.isfinite(cuts.values).all()


def test_float32_and_ties():
    y, proba = rows(500, rate=0.1)
    proba = proba.astype(np.float32).round(2)
    cuts = cuts_of(Scored.of(y, proba), 0.1)
    for value, tp, fp in zip(cuts.values, cuts.tp, cuts.fp, strict=True):
        at = confusion_at(y, proba, value)
        assert (at.tp, at.fp) == (tp, fp)


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_a_page_of_many_rows_is_small(tmp_path):
    pytest.importorskip("jinja2")
    y, proba = rows(300_000, rate=0.002)
    path = write_page(Page("Many", y, proba, 0.2), tmp_path / "report.html")
    assert path.stat().st_size < 100_000
    data = data_of(path)
    assert (data["n"], data["nPos"]) == (300_000, int(y.sum()))
    assert sum(data["scores"]["pos"]) == y.sum()
    assert sum(each["n"] for each in data["calibration"]["bins"]) == y.size
