"""`boostimb report`, and the page that `boostimb tune` leaves beside its model."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

import boostimb as bi
from boostimb.metrics import confusion_at
from boostimb.report import in_plain_words

pytest.importorskip("jinja2")


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return text, json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def chosen(data):
    return {key: data["cuts"][key][data["chosen"]] for key in ("values", "tp", "fp")}


def test_a_run_leaves_a_page_on_its_held_out_part(run, frame):
    out, result = run
    text, data = data_of(out / "report.html")
    figures = json.loads((out / "metrics.json").read_text())
    confusion = figures["held_out"]["confusion"]
    assert data["n"] == figures["table"]["held_out"]["rows"]
    assert chosen(data) == {"values": figures["threshold"], "tp": confusion["tp"], "fp": confusion["fp"]}
    assert "150 rows held out" in text
    assert "plain lightgbm" in text
    assert str(out / "report.html") in result.stdout


def test_a_saved_model_on_a_labelled_table(run, frame, folder, invoke):
    test = train_test_split(np.arange(len(frame)), test_size=0.25, stratify=frame["bought"] == "yes", random_state=0)[1]
    table, out = folder / "held out.csv", folder / "deep" / "page.html"
    held = frame.iloc[np.sort(test)]
    held.to_csv(table, index=False)
    result = invoke("report", run[0], table, "--target", "bought", "--out", out)
    assert result.exit_code == 0, result.output
    model = bi.load(run[0] / "model")
    y, proba = held["bought"] == "yes", model.predict_proba(held.drop(columns="bought"))[:, 1]
    at = confusion_at(y, proba, model.threshold)
    text, data = data_of(out)
    assert chosen(data) == {"values": model.threshold, "tp": at.tp, "fp": at.fp}
    assert in_plain_words(at) in text
    assert in_plain_words(at) in result.stderr
    assert "label yes" in text


def test_labels_that_are_no_texts(frame, folder, invoke, refused, quick):
    marked = frame.assign(bought=frame["bought"] == "yes")
    marked.to_parquet(folder / "kinds.parquet")
    marked.to_csv(folder / "kinds.csv", index=False)
    assert invoke("tune", folder / "kinds.csv", "-t", "bought", "-o", folder / "kinds", *quick).exit_code == 0
    pages = []
    for table in ("kinds.csv", "kinds.parquet"):
        assert invoke("report", folder / "kinds", folder / table, "-t", "bought", "-o", folder / "kinds.html").exit_code == 0
        pages.append(data_of(folder / "kinds.html")[1]["cuts"])
    assert pages[0] == pages[1]
    frame.assign(bought=0.5).to_csv(folder / "numbers.csv", index=False)
    said = " ".join(refused("report", folder / "kinds", folder / "numbers.csv", "-t", "bought").split())
    assert said.endswith("[False, True]; got 0.5")


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        ({}, ("-t", "bougt"), "did you mean 'bought' or 'count'?"),
        ({"bought": "maybe"}, ("-t", "bought"), "must hold the labels of the model, ['no', 'yes']; got 'maybe'"),
        ({"bought": "no"}, ("-t", "bought"), "must hold both classes, and 0 of its 600 rows are positive"),
        ({"bought": None}, ("-t", "bought"), "is missing in 600 rows"),
        ({}, ("-t", "bought", "-o", "page.txt"), "--out must end in .html, got 'page.txt'"),
        ({}, ("-t", "age"), "the model was trained with it"),
    ],
)
def test_bad_input(change, options, says, run, frame, folder, refused):
    table = folder / "bad.csv"
    frame.assign(**change).to_csv(table, index=False)
    assert says in " ".join(refused("report", run[0], table, *options).split())


def test_without_jinja_the_rest_is_there(table, folder, invoke, refused, quick, run, monkeypatch):
    monkeypatch.setattr("boostimb.cli._report.find_spec", lambda name: None)
    monkeypatch.setattr("boostimb.cli._save.find_spec", lambda name: None)
    out = folder / "no_page"
    result = invoke("tune", table, "-t", "bought", "--pos-label", "yes", "-o", out, *quick)
    assert "No page was written: it needs Jinja, pip install 'boostimb[report]'" in result.stdout
    assert sorted(path.name for path in out.iterdir()) == ["metrics.json", "model"]
    assert "pip install 'boostimb[report]'" in refused("report", run[0], table, "-t", "bought")


def test_the_page_is_as_large_for_many_rows(run, frame, folder, invoke):
    table = folder / "long.parquet"
    pd.concat([frame] * 40).to_parquet(table)
    assert invoke("report", run[0], table, "-t", "bought", "-o", folder / "long.html").exit_code == 0
    assert (folder / "long.html").stat().st_size < 100_000
