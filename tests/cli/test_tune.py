"""`boostimb tune`: what it prints and saves, on real runs."""

import json
import os
import signal
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import train_test_split

import boostimb as bi
from boostimb.cli._errors import reported
from boostimb.cli._options import in_options
from boostimb.decision import ConstraintReport, parse_class_decision, parse_goal, warn_of_doubt
from boostimb.metrics import ExpectedCost
from boostimb.search import said_of_plain

pytestmark = pytest.mark.usefixtures("unplotted")


def held_out(frame):
    positive = (frame["bought"] == "yes").to_numpy()
    train, test = train_test_split(np.arange(len(frame)), test_size=0.25, stratify=positive, random_state=0)
    return np.sort(train), np.sort(test), positive


def test_a_run_saves_a_model_that_gives_the_figures_printed(run, frame):
    out, result = run
    _, test, positive = held_out(frame)
    model = bi.load(out / "model")
    X = frame.drop(columns="bought").iloc[test]
    proba = model.predict_proba(X)[:, 1]
    figures = json.loads((out / "metrics.json").read_text())
    tuned = figures["held_out"]["tuned"]
    assert tuned["average_precision"] == pytest.approx(average_precision_score(positive[test], proba))
    assert tuned["f1"] == pytest.approx(f1_score(positive[test], model.predict(X) == "yes"))
    assert figures["threshold"] == model.threshold
    assert f"{tuned['average_precision']:.4f}" in result.stdout
    assert figures["table"]["held_out"] == {"rows": 150, "positives": int(positive[test].sum())}
    assert list(model.classes_) == ["no", "yes"]


def test_the_held_out_rows_are_not_searched_on(run, frame):
    """A search on the training rows alone finds the same model."""
    train, test, _ = held_out(frame)
    X, y = frame.drop(columns="bought"), frame["bought"].to_numpy()
    options = {"booster": "lightgbm", "resamplers": "none", "n_trials": 1, "timeout": None, "cv": 2}
    again = bi.tune(X.iloc[train], y[train], pos_label="yes", n_jobs=1, random_state=0, progress=False, **options)
    model = bi.load(run[0] / "model")
    np.testing.assert_array_equal(again.predict_proba(X.iloc[test]), model.predict_proba(X.iloc[test]))
    figures = json.loads((run[0] / "metrics.json").read_text())["out_of_fold"]
    assert (figures["corrected"], tuple(figures["interval"])) == (again.corrected_score_, again.score_interval_)
    assert (figures["baseline"], figures["baseline_name"]) == (again.baseline_score_, again.baseline_name_)


def test_the_baseline_is_what_lightgbm_gives_by_itself(run, frame):
    from lightgbm import LGBMClassifier

    train, test, positive = held_out(frame)
    X = frame.drop(columns="bought").astype({"job": "category"})
    plain = LGBMClassifier(n_jobs=1, verbose=-1).fit(X.iloc[train], positive[train])
    expected = average_precision_score(positive[test], plain.predict_proba(X.iloc[test])[:, 1])
    figures = json.loads((run[0] / "metrics.json").read_text())["held_out"]["baseline"]
    assert figures["average_precision"] == pytest.approx(expected, abs=0.02)  # the seeds of its binning differ
    assert "plain lightgbm: its default parameters, 100 rounds" in figures["what"]


def test_it_prints_scores_decision_and_how_to_go_on(run):
    out, result = run
    text = " ".join(result.stdout.split())
    for part in (
        "shop.csv: 600 rows, 4 features",
        "bought = yes",
        "Scores on the held-out part",
        "plain lightgbm",
        "Brier score (lower is better)",
        "Plain lightgbm: its default parameters, 100 rounds on the same training rows",
        "95%:",
        "corrected for the search",
        "Decision: positive from probability",
        "the best f1 out of fold",
        "Of 1,000 cases it flags",
        "positive (bought = yes)",
        "import boostimb as bi",
        f"model = bi.load({str(out)!r})",
    ):
        assert part in text
    assert max(map(len, result.stdout.split("Saved")[0].splitlines())) <= 80
    assert (out / "report.png").read_bytes().startswith(b"\x89PNG")


def test_the_lines_that_it_prints_run(run, table):
    _, result = run
    code = [line.strip() for line in result.stdout.splitlines()[-3:]]
    names = {"X": pd.read_csv(table)[["amount", "age", "count", "job"]]}
    exec("\n".join([*code[:2], f"answer = {code[2]}"]), names)
    assert [part.shape for part in names["answer"]] == [(600,), (600,)]


def test_parquet_gives_the_model_that_csv_gives(run, frame, folder, invoke, quick):
    frame.to_parquet(folder / "shop.parquet")
    result = invoke("tune", folder / "shop.parquet", "-t", "bought", "--pos-label", "yes", "-o", folder / "from_parquet", *quick)
    assert result.exit_code == 0
    X = frame.drop(columns="bought")
    one, other = (bi.load(path / "model").predict_proba(X) for path in (run[0], folder / "from_parquet"))
    np.testing.assert_array_equal(one, other)


def test_constraints_and_goals_reach_the_threshold(table, folder, invoke, quick):
    out = folder / "kept [1]"
    options = ("--pos-label", "yes", "--constraint", "recall>=90%", "--goal", "fbeta:2", "--out", out)
    result = invoke("tune", table, "--target", "bought", *options, *quick)
    assert result.exit_code == 0
    assert "the best fbeta:2 out of fold with recall >= 0.9" in " ".join(result.stdout.split())
    assert f"boostimb predict '{out}' NEW.csv" in result.stdout
    assert json.loads((out / "metrics.json").read_text())["settings"]["constraints"] == {"recall": ">=90%"}


def test_confidence_and_budget_reach_the_threshold_and_levers_are_told(table, folder, invoke, quick):
    found = {}
    for confidence in ("0.6", "0.99"):
        out = folder / f"budget {confidence}"
        options = ("--goal", "recall", "--constraint", "alerts<=15/300", "--confidence", confidence, "--levers", "--out", out)
        result = invoke("tune", table, "-t", "bought", "--pos-label", "yes", *options, *quick)
        assert result.exit_code == 0
        assert "What each lever bought, out of fold" in result.stdout
        assert "by average precision" in result.stdout
        found[confidence] = json.loads((out / "metrics.json").read_text())
        assert found[confidence]["settings"]["confidence"] == float(confidence)
    assert found["0.99"]["threshold"] > found["0.6"]["threshold"]


def test_another_metric_is_searched_by(table, folder, invoke, quick):
    out = folder / "metric"
    options = ("--metric", "recall_at_precision:0.5", "--out", out)
    result = invoke("tune", table, "-t", "bought", "--pos-label", "yes", *options, *quick)
    assert result.exit_code == 0
    assert "Recall at precision:0.5" in result.stdout
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["out_of_fold"]["metric"] == "recall_at_precision:0.5"
    assert 0 < figures["held_out"]["metric"] <= 1


def test_a_constraint_that_cannot_be_kept_is_said(table, folder, invoke, quick):
    options = ("--pos-label", "yes", "--constraint", "recall>=0.99", "--constraint", "precision>=0.99")
    result = invoke("tune", table, "--target", "bought", *options, "--out", folder / "infeasible", *quick)
    assert result.exit_code == 0
    assert "Note: no threshold keeps recall >= 0.99 and precision >= 0.99" in result.stderr


def test_a_threshold_may_be_given(table, folder, invoke, quick):
    out = folder / "given"
    assert invoke("tune", table, "-t", "bought", "--pos-label", "yes", "--goal", "0.25", "-o", out, *quick).exit_code == 0
    assert bi.load(out / "model").threshold == 0.25


def test_the_example_needs_no_table(folder, invoke, quick):
    result = invoke("tune", "--example", "digits", "--timeout", "20", "--out", folder / "digits", *quick)
    assert result.exit_code == 0
    assert "Digits (is it an 8?): 1,656 rows, 64 features, 33 positives" in " ".join(result.stdout.split())
    assert bi.load(folder / "digits" / "model").n_features_in_ == 64


def test_an_earlier_run_is_replaced(table, folder, invoke, quick):
    out = folder / "twice"
    args = ("tune", table, "-t", "bought", "--pos-label", "yes", "-o", out, *quick)
    first, second = (invoke(*args, "--goal", goal).stderr for goal in ("0.25", "0.5"))
    assert bi.load(out / "model").threshold == 0.5
    note = f"Note: {out} holds an earlier run, which this one will replace"
    assert note not in first
    assert note in second


def test_without_matplotlib_all_but_the_plot_is_there(table, folder, invoke, quick):
    out = folder / "no_plot"
    result = invoke("tune", table, "-t", "bought", "--pos-label", "yes", "-o", out, *quick)
    assert result.exit_code == 0
    assert "No plot was drawn: it needs Matplotlib, pip install 'boostimb[plots]'" in result.stdout
    assert sorted(path.name for path in out.iterdir()) == ["metrics.json", "model", "report.html"]


@pytest.mark.parametrize(("labels", "pos_label"), [((1, 2), "2"), ((False, True), None), ((0.0, 1.0), None), ((-1, 1), None)])
def test_labels_of_any_kind(labels, pos_label, frame, folder, invoke, quick):
    path, out = folder / "labels.csv", folder / "labels"
    frame.assign(bought=np.where(frame["bought"] == "yes", labels[1], labels[0])).to_csv(path, index=False)
    result = invoke("tune", path, "-t", "bought", "-o", out, *(() if pos_label is None else ("--pos-label", pos_label)), *quick)
    assert result.exit_code == 0, result.output
    assert bi.load(out / "model").classes_.tolist() == list(labels)
    assert json.loads((out / "metrics.json").read_text())["table"]["positive"] == labels[1]


def test_repeated_rows_are_pointed_out_and_dropped_when_told(frame, folder, invoke, quick):
    path = folder / "repeated.csv"
    pd.concat([frame, frame.iloc[:50]]).to_csv(path, index=False)
    args = ("tune", path, "-t", "bought", "--pos-label", "yes", "-o", folder / "repeated", *quick)
    n_repeated = int(pd.concat([frame, frame.iloc[:50]]).duplicated().sum())
    assert n_repeated >= 50
    kept, dropped = invoke(*args), invoke(*args, "--drop-duplicates")
    assert f"{n_repeated} of 650 rows repeat an earlier one exactly" in kept.stderr
    assert "--drop-duplicates keeps one of each" in kept.stderr
    assert f"dropped {n_repeated} rows" in dropped.stderr
    assert f"{650 - n_repeated} rows" in dropped.stdout


def told(result):
    """What was printed, in one line."""
    return " ".join(result.stdout.split())


def test_costs_choose_the_threshold(table, folder, invoke, quick):
    found = {}
    for cost in (2, 50):
        out = folder / f"cost {cost}"
        result = invoke("tune", table, "-t", "bought", "--pos-label", "yes", "--cost-fn", cost, "-o", out, *quick)
        assert result.exit_code == 0, result.output
        found[cost] = json.loads((out / "metrics.json").read_text())
        assert "the lowest mean cost out of fold" in told(result)
        at = found[cost]["held_out"]["confusion"]
        assert f"That costs {1000 * (at['fp'] + cost * at['fn']) / 150:,.1f} per 1,000 cases" in told(result)
        assert found[cost]["settings"]["costs"] == [1.0, cost]
    assert found[50]["threshold"] < found[2]["threshold"]
    assert "the lowest mean cost out of fold" in (out / "report.html").read_text()


def test_groups_stay_together_and_weights_count(frame, folder, monkeypatch, invoke, quick):
    path, out, asked = folder / "grouped.csv", folder / "grouped", {}
    group = np.arange(len(frame)) % 60
    frame.assign(customer=group, worth=1.0 + group).to_csv(path, index=False)

    def tune(X, y, **options):
        asked.update(options, X=X)
        return bi.tune(X, y, **options)

    monkeypatch.setattr("boostimb.cli._run.tune", tune)
    options = ("--groups", "customer", "--weights", "worth", "-o", out)
    result = invoke("tune", path, "-t", "bought", "--pos-label", "yes", *options, *quick)
    assert result.exit_code == 0, result.output
    assert "on the same training rows, by their weights, no class weight" in told(result)
    rows = asked["X"].index.to_numpy()
    assert list(asked["X"]) == ["amount", "age", "count", "job"]
    np.testing.assert_array_equal(asked["groups"], group[rows])
    np.testing.assert_array_equal(asked["sample_weight"], 1.0 + group[rows])
    assert 400 <= rows.size <= 500
    assert not set(group[rows]) & set(np.delete(group, rows))


def test_decimal_commas_are_read_and_written_when_told(frame, folder, run, invoke, refused, quick):
    path, out = folder / "commas.csv", folder / "commas"
    frame.to_csv(path, index=False, sep=";", decimal=",")
    frame.to_csv(folder / "points.csv", index=False)
    wrong = invoke("tune", folder / "points.csv", "-t", "age", "--decimal", ",", "-o", out, *quick)
    assert "Note: column 'amount' is taken as text, such as '" in wrong.stderr
    result = invoke("tune", path, "-t", "bought", "--pos-label", "yes", "--decimal", ",", "-o", out, *quick)
    assert result.exit_code == 0, result.output
    assert "NEW.csv --decimal , --out decisions.csv" in told(result)
    expected = bi.load(run[0] / "model").predict_proba(frame.drop(columns="bought"))[:, 1]
    assert "column 'amount' is text, and reads as numbers with a decimal comma" in refused("predict", out, path)
    assert invoke("predict", out, path, "--decimal", ",", "-o", folder / "decided.csv").exit_code == 0
    answer = pd.read_csv(folder / "decided.csv", sep=";", decimal=",")
    np.testing.assert_array_equal(answer["probability"], expected)
    assert list(answer) == [*frame, "score", "probability", "decision"]
    assert invoke("explain", out, path, "--decimal", ",", "-o", folder / "why.csv").exit_code == 0
    np.testing.assert_array_equal(pd.read_csv(folder / "why.csv", sep=";", decimal=",")["probability"], expected)
    assert invoke("report", out, path, "--decimal", ",", "-t", "bought", "-o", folder / "why.html").exit_code == 0


def test_it_says_where_the_plain_booster_is_not_reached():
    class Result:
        search_metric = bi.PRAUC()
        corrected_score_, baseline_score_, baseline_name_ = 0.4, 0.41, "plain booster"

    assert "does not reach that of the plain booster" in said_of_plain(Result)
    Result.baseline_score_ = 0.4
    assert said_of_plain(Result) == ""
    Result.search_metric, Result.baseline_score_ = ExpectedCost(fp=1, fn=10), 0.3
    assert "does not reach" in said_of_plain(Result)


def test_numbers_that_a_few_fields_make_text_are_pointed_out(frame, folder, invoke, quick):
    path = folder / "question.csv"
    frame.assign(age=frame["age"].round(0).astype(str).where(frame.index % 50 > 0, "?")).to_csv(path, index=False)
    result = invoke("tune", path, "-t", "bought", "--pos-label", "yes", "-o", folder / "question", *quick)
    assert "column 'age' is taken as text because of 12 of its 600 values, such as '?'; the others are numbers" in result.stderr
    assert result.stderr.count("Note") == 1


def test_columns_that_count_or_name_the_rows_are_pointed_out(frame, folder, invoke, quick):
    path = folder / "suspects.csv"
    frame.assign(row=range(len(frame)), name=[f"customer {i}" for i in range(len(frame))]).to_csv(path, index=False)
    result = invoke("tune", path, "-t", "bought", "--pos-label", "yes", "-o", folder / "suspects", *quick)
    assert "column 'row' counts the rows" in result.stderr
    assert "--drop row" in result.stderr
    assert "column 'name' (450 in 450 rows)" in result.stderr
    assert "drop it (--drop)" in result.stderr
    pytest.importorskip("jinja2")
    assert "drop it (--drop)" in (folder / "suspects" / "report.html").read_text(encoding="utf-8")
    quiet = invoke(
        "tune", path, "-t", "bought", "--pos-label", "yes", "--drop", "row", "--drop", "name", "-o", folder / "quiet", *quick
    )
    assert "Note" not in quiet.stderr


def test_semicolons_tabs_marks_and_gzip(frame, folder, run, invoke, quick):
    X = frame.drop(columns="bought")
    expected = bi.load(run[0] / "model").predict_proba(X)
    for name, options in {
        "semicolon.csv": {"sep": ";", "encoding": "utf-8-sig"},
        "packed.tsv.gz": {"sep": "\t"},
    }.items():
        frame.to_csv(folder / name, index=False, **options)
        out = folder / f"{name} out"
        assert invoke("tune", folder / name, "-t", "bought", "--pos-label", "yes", "-o", out, *quick).exit_code == 0
        np.testing.assert_array_equal(bi.load(out / "model").predict_proba(X), expected)


def test_a_note_ends_with_one_dot_and_keeps_those_inside(capsys):
    with reported(debug=False):
        warnings.warn("constraints={'precision': '>=...'} bounds it", UserWarning, stacklevel=1)
        warnings.warn("a sentence.", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "Note: --constraint 'precision>=...' bounds it.\nNote: a sentence.\n"


@pytest.mark.parametrize(
    ("text", "in_a_shell"),
    [
        ("keep them in one fold by groups=. If", "keep them in one fold by --groups. If"),
        ("groups must not be missing", "--groups must not be missing"),
        ("3 groups with positives", "3 groups with positives"),
        ("column 'sample_weight' is text", "column 'sample_weight' is text"),
        (
            "cv=sklearn.model_selection.TimeSeriesSplit(5); or drop it",
            "in Python by sklearn.model_selection.TimeSeriesSplit(5); or drop it (--drop)",
        ),
        ("or state the costs as cost_matrix", "or state the costs as --cost-fp and --cost-fn"),
        ("use fewer folds, or another cv", "use fewer folds"),
        ("compare best_score_ with it. Where", "compare the score out of fold with it. Where"),
    ],
)
def test_arguments_are_called_as_the_options_are(text, in_a_shell):
    assert in_options(text) == in_a_shell


def test_ways_out_that_a_shell_has_not_are_left_out():
    doubted = ConstraintReport("recall", ">=", 0.5, 0.6, 0.4)
    with pytest.warns(UserWarning, match="no threshold keeps") as told:
        warn_of_doubt((doubted,), 0.9)
    assert in_options(str(told[0].message)).endswith("More labelled positives or a weaker bound help")
    with pytest.raises(ValueError, match="with several classes") as refused:
        parse_class_decision(0.3, None, None, 3)
    assert in_options(str(refused.value)).endswith("'mcc' or 'balanced_accuracy' with several classes; got 0.3")
    with pytest.raises(ValueError, match="goal must be one of") as refused:
        parse_goal("f3")
    assert "under a constraint, or a number: the threshold" in in_options(str(refused.value))


def test_an_interrupt_keeps_the_best_so_far(table, folder, monkeypatch, invoke, quick):
    def interrupt(study, trial):
        raise KeyboardInterrupt

    monkeypatch.setattr("boostimb.cli._run.tune", partial(bi.tune, callbacks=[interrupt]))
    out = folder / "interrupted"
    result = invoke("tune", table, "-t", "bought", "--pos-label", "yes", "-o", out, *quick, "--trials", "9")
    assert result.exit_code == 0
    assert "Note: interrupted: the result is the best of 1 finished trials." in result.stderr
    assert json.loads((out / "metrics.json").read_text())["search"]["trials"] == 1


def test_an_interrupt_after_the_search_leaves_the_model(table, folder, monkeypatch, invoke, quick):
    def interrupt(*args):
        raise KeyboardInterrupt

    out = folder / "unscored"
    args = ("tune", table, "-t", "bought", "--pos-label", "yes", "-o", out, *quick)
    assert invoke(*args).exit_code == 0
    monkeypatch.setattr("boostimb.cli._run.baseline", interrupt)
    result = invoke(*args)
    assert result.exit_code == 130
    assert f"Interrupted: the model is in {out}, without its scores." in result.stderr
    assert bi.load(out / "model").n_features_in_ == 4
    assert [path.name for path in out.iterdir()] == ["model"]  # and not those of the earlier run


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child process")
def test_an_interrupt_before_the_first_result_ends_with_130_and_leaves_nothing(table, folder):
    command = [sys.executable, "-u", "-m", "boostimb", "tune", str(table), "-t", "bought", "--pos-label", "yes"]
    process = subprocess.Popen([*command, "-o", str(folder / "early")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()  # the table has been read, and the search begins
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "Interrupted: what was not finished is not saved.\n")
    assert not (folder / "early").exists()
