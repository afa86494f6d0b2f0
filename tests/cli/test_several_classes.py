"""A target of more than two classes: what each command says of it."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score
from sklearn.model_selection import train_test_split

import boostimb as bi
from boostimb.cli import _pieces

CLASSES = ["low", "mid", "top"]


@pytest.fixture(scope="module")
def graded(frame):
    grade = np.array(CLASSES)[np.digitize(frame["amount"].fillna(0) + frame["count"] / 9, [0.9, 1.6])]
    return frame.drop(columns="bought").assign(grade=grade)


@pytest.fixture(scope="module")
def graded_table(graded, folder):
    path = folder / "graded.csv"
    graded.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def graded_run(graded_table, folder, invoke, quick):
    """The folder of a finished run, and what it printed."""
    out = folder / "graded"
    result = invoke("tune", graded_table, "--target", "grade", "--out", out, *quick)
    assert result.exit_code == 0, result.output
    return out, result


def test_the_figures_are_those_of_the_saved_model_on_rows_held_out(graded_run, graded):
    out, result = graded_run
    X, y = graded.drop(columns="grade"), graded["grade"].to_numpy()
    test = np.sort(
        train_test_split(np.arange(600), test_size=0.25, stratify=np.unique(y, return_inverse=True)[1], random_state=0)[1]
    )
    model, figures = bi.load(out / "model"), json.loads((out / "metrics.json").read_text())
    decided, held = model.predict(X.iloc[test]), figures["held_out"]
    assert held["confusion"]["counts"] == confusion_matrix(y[test], decided).tolist()
    assert held["tuned"]["macro_f1"] == pytest.approx(f1_score(y[test], decided, average="macro"))
    ranked = average_precision_score(y[test], model.predict_proba(X.iloc[test]))
    assert held["metric"] == held["tuned"]["average_precision"] == pytest.approx(ranked)
    assert f"{ranked:.4f}" in result.stdout
    assert figures["threshold"] == model.threshold.tolist()
    assert figures["table"]["classes"] == CLASSES
    assert figures["table"]["held_out"]["of_each_class"] == [int((y[test] == label).sum()) for label in CLASSES]
    assert "the likeliest class" in held["baseline"]["what"]


def test_it_prints_scores_and_a_table_of_decisions(graded_run, graded):
    out, result = graded_run
    counts = ", ".join(f"{label} {(graded['grade'] == label).sum()}" for label in CLASSES)
    text = " ".join(result.stdout.split())
    for part in (
        f"600 rows, 4 features, 3 classes of grade: {counts}",
        "Held out and never searched on: 150 rows",
        "average precision, weighted",
        "the largest probability times multiplier (low ",
        "the best f1 out of fold",
        "truth \\ decision low mid top recall precision f1",
        "its decisions on the held-out part",
        "No page was written: pages are of two classes",
        "model.predict_proba(X), model.predict(X)",
    ):
        assert part in text
    assert sorted(path.name for path in out.iterdir()) == ["metrics.json", "model", "report.png"]


@pytest.mark.parametrize("rows", [100_000, 170])
def test_predict_has_a_probability_for_each_class(rows, graded_run, graded, graded_table, tmp_path, invoke, monkeypatch):
    monkeypatch.setattr(_pieces, "ROWS", rows)
    for name in ("d.csv", "d.parquet"):
        result = invoke("predict", graded_run[0], graded_table, "--out", tmp_path / name)
        assert result.exit_code == 0, result.output
        answer = pd.read_csv(tmp_path / name) if name.endswith("csv") else pd.read_parquet(tmp_path / name)
        new = [*(f"probability_{label}" for label in CLASSES), "decision"]
        assert list(answer) == [*graded, *new]
        model, X = bi.load(graded_run[0] / "model"), graded.drop(columns="grade")
        np.testing.assert_array_equal(answer[new[:-1]], model.predict_proba(X))
        np.testing.assert_array_equal(answer["decision"], model.predict(X))
        found = ", ".join(f"{label} {(answer['decision'] == label).sum()}" for label in CLASSES)
        assert f"600 rows scored, decided: {found}. Written to" in result.stderr


@pytest.mark.usefixtures("unplotted")
def test_another_goal_metric_and_levers(graded_table, folder, invoke, quick):
    out = folder / "graded otherwise"
    options = ("--goal", "balanced_accuracy", "--metric", "average_precision_weighted", "--levers", "--out", out)
    result = invoke("tune", graded_table, "-t", "grade", *options, *quick)
    assert result.exit_code == 0, result.output
    assert "the best balanced_accuracy out of fold" in " ".join(result.stdout.split())
    assert "by average precision weighted" in result.stdout
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["held_out"]["metric"] == figures["held_out"]["tuned"]["average_precision_weighted"]


def test_what_is_of_two_classes_says_so(graded_run, graded_table, graded, tmp_path, refused, invoke, quick):
    pytest.importorskip("jinja2")
    out = tmp_path / "out"
    for command in (("report", "-t", "grade", "-o", tmp_path / "r.html"), ("explain",)):
        text = refused(command[0], graded_run[0], graded_table, *command[1:])
        assert f"boostimb {command[0]} takes a model of two classes, and {graded_run[0]} holds one of 3" in text
    for options, says in (
        (("--constraint", "recall>=0.9"), "--constraint must come with a target of two classes"),
        (("--cost-fn", "3"), "--cost-fp and --cost-fn must come with a target of two classes"),
        (("--metric", "recall_at_precision:0.9"), "metric must be one of average_precision, average_precision_weighted"),
        (("--goal", "0.3"), "with several classes"),
    ):
        result = invoke("tune", graded_table, "-t", "grade", "--out", out, *options, *quick)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert says in result.stderr
    graded.assign(probability_mid=1.0).to_csv(tmp_path / "t.csv", index=False)
    assert "has a column 'probability_mid' already" in refused("predict", graded_run[0], tmp_path / "t.csv")
    assert not out.exists()
