"""What a search tells of itself: the page, the notebook, the warnings, and models for context."""

import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import RepeatedStratifiedKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import boostimb as bi
from boostimb.metrics import confusion_at
from boostimb.report import in_plain_words
from boostimb.search import page_of
from boostimb.validation import ImbalanceWarning

pytest.importorskip("jinja2")

QUICK = {"booster": "lightgbm", "cv": 3, "progress": False, "random_state": 0, "n_jobs": 1, "timeout": None}
NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def table(small):
    """The small table, with categories, gaps and a column that is called by HTML."""
    X, y = small
    frame = pd.DataFrame(X, columns=["a", "b", NASTY, "d"])
    frame["kind"] = np.where(X[:, 3] > 0, "x", None)
    frame.loc[::7, "a"] = np.nan
    return frame, np.where(y == 1, NASTY, "no")


@pytest.fixture(scope="module")
def result(table):
    return bi.tune(*table, pos_label=NASTY, n_trials=4, constraints={"recall": ">=0.5"}, **QUICK)


@pytest.fixture(scope="module")
def context(table):
    return bi.context_models(*table, pos_label=NASTY, cv=3, random_state=0, n_jobs=1)


def test_the_page_tells_what_the_result_holds(result, context, tmp_path):
    page = page_of(result, "A table", context)
    assert page.decision == result.confusion()
    assert page.estimate.corrected == result.corrected_score_
    assert (page.estimate.low, page.estimate.high) == result.score_interval_
    assert page.constraints == result.constraint_report_
    assert page.levers.summary == result.lever_report().summary
    assert page.history.scores == tuple(result.cv_results_["score"])
    assert [name for name, _ in page.importances] == ["a", "b", NASTY, "d", "kind"]
    assert sum(share for _, share in page.importances) == pytest.approx(1)
    assert page.facts["Settings"]["boosters"] == "lightgbm"
    assert page.facts["Versions"]["boostimb"] == bi.__version__
    assert [each.name for each in page.models[:3]] == ["this model", "plain LightGBM", "always the majority"]
    assert page.models[0].average_precision == pytest.approx(result.best_score_)
    assert page.models[1].average_precision == pytest.approx(result.baseline_score_)
    assert page.models_note == "All models were scored on the same folds."
    assert confusion_at(page.y, result.oof_proba_, 0.5) == page.models[0].half
    text = result.report(tmp_path / "report.html", title=NASTY, context=context).read_text(encoding="utf-8")
    assert in_plain_words(result.confusion()) in text
    assert NASTY not in text
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert data["cuts"]["values"][data["chosen"]] == result.threshold_


def test_another_threshold_and_costs_reach_the_page(table):
    result = bi.tune(*table, pos_label=NASTY, n_trials=1, **QUICK)
    result.set_threshold(cost_matrix=[[0, 2], [30, 1]])
    page = page_of(result, "Costs")
    assert (page.costs.fp, page.costs.fn, page.costs.tp, page.costs.given) == (2, 30, 1, True)
    assert page.chosen_by == "the lowest mean cost"
    assert page.threshold == result.threshold_


def test_context_of_other_rows_is_refused(result, context, tmp_path):
    other = replace(context, y=context.y[::-1])
    with pytest.raises(ValueError, match="context must be of the same rows as the search"):
        result.report(tmp_path / "report.html", context=other)
    assert not (tmp_path / "report.html").exists()
    elsewhere = replace(context, fold=(context.fold + 1) % 3)
    assert page_of(result, "", elsewhere).models_note == "The models for context were scored on other folds."


def test_a_notebook_shows_the_answer_first(result):
    page = result._repr_html_()
    assert page.index(in_plain_words(result.confusion())) < page.index("average precision")
    for told in (f"{result.corrected_score_:.4f}", f"{result.baseline_score_:.4f}", "recall &gt;= 0.5", "A plain LightGBM"):
        assert told in page
    assert result.confusion()._repr_html_().count("<td>") == 4


def test_warnings_of_the_search_are_kept_whatever_the_filters(small):
    X, y = small
    few = y.copy()
    few[np.flatnonzero(y)[10:]] = 0
    with warnings.catch_warnings(action="ignore"):
        result = bi.tune(X, few, n_trials=1, constraints={"recall": ">=0.99", "precision": ">=0.99"}, **QUICK)
    warned = page_of(result, "").warned
    assert warned[0].startswith("only 10 positives")
    assert "no threshold keeps" in warned[1]
    with pytest.warns(ImbalanceWarning) as seen:
        bi.tune(X, few, n_trials=1, constraints={"recall": ">=0.99", "precision": ">=0.99"}, **QUICK)
    assert [str(each.message) for each in seen] == list(warned)
    assert {each.filename for each in seen} == {__file__}


def test_context_models_are_scored_out_of_fold(context, table, result):
    y = table[1]
    assert np.array_equal(context.fold, result._finished.fold)
    names = [each.name for each in context.models]
    assert len(names) == 7
    majority = context.models[0]
    assert majority.half.accuracy == np.mean(y == "no")
    assert (majority.half.recall, majority.roc_auc, majority.average_precision) == (0, 0.5, pytest.approx(np.mean(y != "no")))
    forest = context.models[names.index("random forest, plain")]
    assert forest.average_precision > 2 * majority.average_precision
    assert forest.cut.f1 > 0
    for at in (each.half for each in context.models):
        assert at.tp + at.fn == (y != "no").sum()


def test_context_models_are_scikit_learn_s(small):
    from sklearn.model_selection import cross_val_predict

    X, y = (each[:400] for each in small)
    report = bi.context_models(X, y, cv=2, random_state=0, n_jobs=1)
    folds = [(np.flatnonzero(report.fold != k), np.flatnonzero(report.fold == k)) for k in range(2)]
    for name, weight in (("plain", None), ("balanced", "balanced")):
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight=weight, max_iter=1000))
        proba = cross_val_predict(model, X, y, cv=folds, method="predict_proba")[:, 1]
        scores = next(each for each in report.models if each.name == f"logistic regression, {name}")
        assert scores.average_precision == pytest.approx(average_precision_score(y, proba), rel=1e-6)
        assert scores.half.f1 == pytest.approx(f1_score(y, proba >= 0.5))


@pytest.mark.parametrize("cv", [TimeSeriesSplit(3), RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)])
def test_context_models_score_the_rows_that_the_search_scores(small, cv, tmp_path):
    X, y = (each[:400] for each in small)
    report = bi.context_models(X, y, cv=cv, random_state=0, n_jobs=1)
    proba, times = np.zeros(400), np.zeros(400)
    for train, valid in cv.split(X, y):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X[train], y[train])
        proba[valid] += model.predict_proba(X[valid])[:, 1]
        times[valid] += 1
    there = times > 0
    assert report.y.size == there.sum()
    proba = proba[there] / times[there]
    scores = next(each for each in report.models if each.name == "logistic regression, plain")
    assert scores.average_precision == pytest.approx(average_precision_score(y[there], proba), rel=1e-6)
    result = bi.tune(X, y, n_trials=1, **{**QUICK, "cv": cv})
    assert page_of(result, "", report).models_note == "All models were scored on the same folds."


def test_the_page_says_that_its_rows_are_not_weighted(small):
    X, y = (each[:400] for each in small)
    weight = np.where(X[:, 0] > 0, 3.0, 1.0)
    told = [
        page_of(bi.tune(X, y, n_trials=1, sample_weight=weight, weight_evaluation=weighed, **QUICK), "").warned
        for weighed in (False, True)
    ]
    assert not any("each row once" in text for text in told[0])
    assert sum("each row once" in text for text in told[1]) == 1


def test_labels_without_meaning_teach_no_model(small):
    """With SMOTE before the split, copies of the rows that are scored would be among those trained on."""
    X, y = (each[:400] for each in small)
    report = bi.context_models(X, np.random.default_rng(0).permutation(y), cv=2, random_state=0, n_jobs=1)
    assert all(each.roc_auc < 0.65 for each in report.models)


def test_context_reads_as_text_json_and_html(context):
    told = json.loads(json.dumps(context.to_dict()))
    assert [each["name"] for each in told["models"]] == [each.name for each in context.models]
    assert told["models"][1]["at_tuned_cut"]["f1"] == context.models[1].cut.f1
    assert "is right in" in str(context)
    assert "Decisions at 0.5" in str(context)
    assert context._repr_html_().count("<table>") == 3
