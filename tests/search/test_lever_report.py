"""The report on the levers: margins in which each lever is known to help, to hurt or to do nothing."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss

import boostimb as bi
from boostimb.decision import crossfit_score, parse_decision
from boostimb.search._lever_effects import DRAWS, Finished, _best_of_as_many
from boostimb.search._lever_effects import lever_report as report_of
from boostimb.search._lever_report import WIDTH, LeverReport, compared, compared_by_rows, not_compared

N, RATE = 6000, 0.05
START = {"booster": "lightgbm", "lightgbm.num_leaves": 31, "class_weight": 0.0, "loss": "log_loss", "sampler": "none"}


def lever_report(search, goal="f1", constraints=None, cost_matrix=None):
    return report_of(search, parse_decision(goal, constraints, cost_matrix))


def trial(leaves=8, **changes):
    return {**START, "lightgbm.num_leaves": leaves, **changes}


def search_of(params, quality, *, n=N, n_folds=5, seed=0, scale=None, **changes):
    """Trials whose margins are a common signal and noise of their own, the less the higher their quality."""
    rng = np.random.default_rng(seed)
    y = rng.random(n) < RATE
    signal = 2.0 * y + rng.normal(size=n)
    raw = [2 * (signal + rng.normal(size=n) * (1.2 - each)) - 5 for each in quality]
    margins = [(z * (scale or 1.0)).astype(np.float32) for z in raw]
    fold = np.empty(n, dtype=np.intp)
    for side in (y, ~y):
        fold[side] = np.arange(np.count_nonzero(side)) % n_folds
    settings = {
        "stopped": (),
        "starts": [START],
        "losses": ("log_loss", "focal"),
        "samplers": ("none", "smote", "under"),
        "metric": bi.PRAUC(),
        "metric_name": "average_precision",
        "ensemble": True,
        "calibration": "logistic",
    }
    return Finished(y, fold, margins, params, **{**settings, **changes})


def rows_of(report):
    return {(row.lever, row.measure): row for row in report.rows}


def verdict(report, lever, measure="average precision"):
    return rows_of(report)[lever, measure].verdict


def mixed(rng, count=24):
    """Trials in which every lever is on about as often as off, one independently of the other."""
    return [
        trial(int(leaves), class_weight=float(weight), loss=loss, sampler=sampler)
        for leaves, weight, loss, sampler in zip(
            rng.integers(2, 30, count),
            rng.permutation(np.repeat([0.0, 0.8], count // 2)),
            rng.permutation(np.repeat(["log_loss", "focal"], count // 2)),
            rng.permutation(np.repeat(["none", "smote"], count // 2)),
            strict=True,
        )
    ]


@pytest.fixture(scope="module")
def one_helps_one_hurts():
    params = [START, *mixed(np.random.default_rng(3))]
    quality = [0.6 + 0.4 * (p["sampler"] == "smote") - 0.4 * (p["loss"] == "focal") for p in params]
    return search_of(params, quality)


def test_a_lever_that_helps_one_that_hurts_and_one_that_does_nothing(one_helps_one_hurts):
    report = lever_report(one_helps_one_hurts)
    assert verdict(report, "sampler smote") == "helps"
    assert verdict(report, "loss focal") == "hurts"
    assert verdict(report, "class weight") == "nothing measurable"
    assert verdict(report, "sampler under") == "not tried"
    helps, hurts = (rows_of(report)[name, "average precision"] for name in ("sampler smote", "loss focal"))
    assert helps.gain > helps.half_width > helps.error > 0
    assert hurts.gain < -hurts.half_width
    assert helps.on - helps.off == pytest.approx(helps.gain)
    assert (helps.trials_off, helps.trials_on) == (13, 12)
    assert "What helps: sampler smote (average precision 0." in report.summary
    assert "What hurts: loss focal" in report.summary
    assert re.search("Nothing measurable from: .*class weight", report.summary)


def test_margins_that_know_nothing_of_the_labels_seldom_get_a_verdict():
    verdicts = []
    for seed in range(15):
        params = [START, *mixed(np.random.default_rng(seed))]
        search = search_of(params, [0.5] * len(params), n=1500, seed=seed)
        permuted = replace(search, margins=[np.random.default_rng(seed).permutation(z) for z in search.margins])
        verdicts += [row.verdict for row in lever_report(permuted).rows if row.trials_off and row.trials_on]
    assert len(verdicts) >= 90
    assert np.mean([word in ("helps", "hurts") for word in verdicts]) <= 0.05


def test_more_trials_on_one_side_are_no_advantage():
    """Forty trials with a lever and four without, all of one kind: their best differ, and the lever does nothing."""
    rng, gains, naive = np.random.default_rng(0), [], []
    for _ in range(60):
        quality = rng.normal(scale=0.02, size=(44, 1))
        scores = 0.5 + quality + rng.normal(scale=0.002, size=(44, 5))
        off, on, _ = _best_of_as_many(scores[:4], scores[4:])
        gains.append(np.mean(on - off))
        naive.append(quality[4:].max() - quality[:4].max())
    assert np.mean(naive) > 0.02
    assert abs(np.mean(gains)) < 0.3 * np.mean(naive)


def test_the_spread_of_the_draw_is_that_of_repeated_searches():
    """The variance reported beside the mean, against the variance of the same comparison made of new trials."""
    rng, spreads, gains = np.random.default_rng(1), [], []
    for _ in range(300):
        scores = 0.5 + rng.normal(scale=0.02, size=(16, 1)) + np.zeros(5)
        off, on, spread = _best_of_as_many(scores[:8], scores[8:])
        gains.append(np.mean(on - off))
        spreads.append(spread)
    assert 0.5 * np.var(gains) < np.mean(spreads) < 2 * np.var(gains)
    assert DRAWS >= 200


def test_the_error_is_that_of_nadeau_and_bengio():
    off, on = np.array([0.5, 0.6, 0.55, 0.4]), np.array([0.52, 0.63, 0.54, 0.44])
    row = compared("a", "m", (2, 2), 1.0, off, on)
    assert row.error == pytest.approx(np.std(on - off, ddof=1) * np.sqrt(1 / 4 + 1 / 3))
    assert row.half_width == pytest.approx(3.182446 * row.error, rel=1e-6)
    assert compared("a", "m", (2, 2), 1.0, off, on, spread=0.09).error == pytest.approx(np.hypot(row.error, 0.3))


def test_a_measure_that_goes_down_keeps_its_values_and_turns_its_gain():
    row = compared("a", "cost", (2, 2), -1.0, -np.array([3.0, 4.0, 5.0]), -np.array([1.0, 2.0, 3.1]))
    assert (row.off, row.on) == (4.0, pytest.approx(6.1 / 3))
    assert row.gain > 0
    assert row.verdict == "helps"


def test_alone_is_a_plain_booster_with_one_lever_more():
    params = [
        START,
        {**START, "class_weight": 0.5},
        {**START, "sampler": "smote", "smote.ratio": 0.3},
        {**START, "loss": "focal", "focal_gamma": 2.0, "class_weight": 0.5},  # two at a time
        trial(9, sampler="smote"),  # and other parameters
    ]
    search = search_of(params, [0.3, 0.3, 0.7, 0.9, 0.9])
    rows = rows_of(lever_report(search))
    alone = rows["sampler smote alone", "average precision"]
    assert (alone.trials_off, alone.trials_on) == (1, 1)
    values = [
        np.mean([average_precision_score(search.y[search.fold == k], search.margins[at][search.fold == k]) for k in range(5)])
        for at in (0, 2)
    ]
    assert (alone.off, alone.on) == pytest.approx(tuple(values))
    assert alone.verdict == "helps"
    assert rows["class weight alone", "average precision"].verdict == "nothing measurable"
    assert ("loss focal alone", "average precision") not in rows
    assert rows["sampler smote", "average precision"].verdict == "too few trials"


def test_two_boosters_are_two_pairs_of_one_comparison():
    other = {**START, "booster": "xgboost", "xgboost.max_depth": 6}
    del other["lightgbm.num_leaves"]
    params = [START, other, {**START, "class_weight": 0.5}, {**other, "class_weight": 0.5}]
    rows = rows_of(lever_report(search_of(params, [0.5, 0.5, 0.5, 0.5], starts=params)))
    alone = rows["class weight alone", "average precision"]
    assert (alone.trials_off, alone.trials_on) == (2, 2)


def test_equal_margins_differ_by_nothing():
    params = [START, *mixed(np.random.default_rng(0), 12)]
    search = search_of(params, [0.5] * 13)
    report = lever_report(replace(search, margins=[search.margins[0]] * 13))
    row = rows_of(report)["sampler smote", "average precision"]
    assert row.gain == 0
    assert {r.verdict for r in report.rows if r.measure == "average precision"} == {"nothing measurable", "not tried"}


def test_what_a_sampler_buys_is_not_the_doing_of_the_boosters_parameters():
    params = [START, *(trial(leaves, sampler="smote") for leaves in range(6)), *(trial(leaves) for leaves in range(3))]
    rows = rows_of(lever_report(search_of(params, [0.3, *[0.9] * 6, *[0.3] * 3])))
    own = rows["the booster's own parameters", "average precision"]
    assert (own.trials_off, own.trials_on, own.verdict) == (1, 3, "nothing measurable")
    assert rows["sampler smote", "average precision"].verdict == "helps"


def test_a_slight_class_weight_counts_as_none():
    ratio = (1 - RATE) / RATE
    slight, real = np.log(1.3) / np.log(ratio), np.log(2.0) / np.log(ratio)
    params = [START, *(trial(class_weight=w) for w in (slight, slight, real, real, 1.0))]
    row = rows_of(lever_report(search_of(params, [0.5] * 6)))["class weight", "average precision"]
    assert (row.trials_off, row.trials_on) == (3, 3)


def test_a_space_without_plain_boosters_and_losses_of_the_users_own():
    focal = repr(bi.FocalLoss(gamma=1.0))
    params = [{key: v for key, v in trial(loss=focal).items() if key != "class_weight"} for _ in range(4)]
    report = lever_report(search_of(params, [0.5] * 4, starts=[], losses=(focal,)))
    assert verdict(report, "everything together") == "never off"
    assert verdict(report, "class weight") == "not tried"
    assert verdict(report, f"loss {focal}") == "never off"
    assert report.summary.startswith("No plain booster finished")


def test_calibration_is_what_it_does_to_the_best_trial():
    """Margins that are twice too wide: calibration helps, and each value is that of scikit-learn."""
    good = search_of([START, trial()], [0.9, 0.2], scale=2.0)
    rows = rows_of(lever_report(good))
    for measure, function in (("log-loss", log_loss), ("Brier score", brier_score_loss)):
        row = rows["calibration", measure]
        want = function(good.y, expit(good.margins[0].astype(float)))
        assert row.off == pytest.approx(want, rel=1e-5)
        assert row.verdict == "helps"
        assert row.gain == pytest.approx(row.off - row.on)
    honest = logit(bi.decision.LogisticCalibration.fit(good.margins[0], good.y).apply(good.margins[0])).astype(np.float32)
    already = replace(good, margins=[honest, good.margins[1]])
    assert verdict(lever_report(already), "calibration", "log-loss") != "helps"


def test_the_threshold_is_compared_with_one_half(one_helps_one_hurts):
    search = one_helps_one_hurts
    rows = rows_of(lever_report(search, "fbeta:2"))
    assert rows["tuned threshold", "fbeta:2"].verdict == "helps"
    cost = rows_of(lever_report(search, "f1", cost_matrix=[[0, 1], [30, 0]]))["tuned threshold", "mean cost"]
    assert cost.off > cost.on > 0
    assert cost.verdict == "helps"

    def hits(y_true, y_pred):
        return float(np.mean(y_pred[y_true == 1]) - np.mean(y_pred))

    assert rows_of(lever_report(search, hits))["tuned threshold", "hits"].verdict == "helps"


def test_the_threshold_is_scored_as_crossfit_score_scores_it():
    search = search_of([START], [0.9], ensemble=False)
    row = rows_of(lever_report(search))["tuned threshold", "f1"]
    assert row.on == pytest.approx(crossfit_score(search.y, search.margins[0], search.fold, "f1"), abs=0.005)


def test_the_jackknife_gives_the_error_of_a_mean():
    rng = np.random.default_rng(0)
    y, gain = rng.random(4000) < 0.1, rng.normal(0.1, 1.0, size=4000)
    row = compared_by_rows("a", "m", -1.0, y, lambda some: (0.0, -float(gain[some].mean())))
    assert row.gain == pytest.approx(gain.mean())
    assert row.error == pytest.approx(1 / np.sqrt(4000), rel=0.3)
    assert row.half_width == pytest.approx(2.0096 * row.error, rel=1e-3)


def test_a_threshold_that_was_asked_for_gets_no_verdict(one_helps_one_hurts):
    search = one_helps_one_hurts
    given = rows_of(lever_report(search, 0.3))["threshold 0.3 as given", "f1"]
    assert given.verdict == "asked for"
    assert given.on != given.off
    bound = rows_of(lever_report(search, "f1", {"recall": ">=0.9"}))["threshold with recall >= 0.9", "f1"]
    assert bound.verdict == "asked for"
    never = rows_of(lever_report(search, "f1", {"precision": ">=1", "recall": ">=1"}))
    assert never["threshold with precision >= 1 and recall >= 1", "f1"].verdict == "no such threshold"


def test_two_folds_say_little_and_say_so():
    params = [START, *mixed(np.random.default_rng(0), 12)]
    report = lever_report(search_of(params, [0.6] * 13, n_folds=2))
    assert report.n_folds == 2
    assert all(np.isfinite(row.half_width) for row in report.rows if row.gain is not None)
    assert verdict(report, "sampler smote") == "nothing measurable"


def test_an_ensemble_of_good_trials_helps_and_one_trial_is_none():
    params = [START, *(trial(leaves) for leaves in range(6))]
    search = search_of(params, [0.2] * 7)
    report = lever_report(search)
    assert verdict(report, "ensemble") == "helps"
    assert verdict(report, "everything together") == "helps"
    assert report.summary.startswith("The search's model is better than the plain booster: average precision 0.")
    alone = lever_report(replace(search, ensemble=False))
    assert ("ensemble", "average precision") not in rows_of(alone)
    assert verdict(alone, "everything together") == "nothing measurable"


def test_an_ensemble_is_not_scored_on_the_rows_that_chose_it():
    """Margins without any signal: chosen and scored on the same rows, an ensemble would look better than chance."""
    gains = []
    for seed in range(10):
        params = [START, *(trial(leaves) for leaves in range(19))]
        search = search_of(params, [0.5] * 20, n=1000, seed=seed)
        rng = np.random.default_rng(seed)
        noise = replace(search, margins=[rng.normal(size=1000).astype(np.float32) for _ in params])
        row = rows_of(lever_report(noise))["everything together", "average precision"]
        gains.append(row.gain)
    assert abs(np.mean(gains)) < 3 * np.std(gains) / np.sqrt(len(gains)) + 1e-3


def test_a_metric_of_the_users_own_choice():
    params = [START, *mixed(np.random.default_rng(0), 12)]
    quality = [0.4 + 0.5 * (p["sampler"] == "smote") for p in params]
    search = search_of(params, quality, metric=bi.ExpectedCost(fp=1, fn=10), metric_name="expected cost")
    row = rows_of(lever_report(search))["sampler smote", "expected cost"]
    assert row.on < row.off
    assert row.gain > 0
    assert row.verdict == "helps"


def test_the_same_search_gives_the_same_report(one_helps_one_hurts):
    assert lever_report(one_helps_one_hurts) == lever_report(one_helps_one_hurts)


def test_the_text_fits_and_lines_up(one_helps_one_hurts):
    long = replace(one_helps_one_hurts, samplers=("none", "smote", "under", "SomebodysVeryOwnSamplerWithAnExtremelyLongName"))
    text = str(lever_report(long, 0.5, None))
    lines = text.splitlines()
    assert max(map(len, lines)) <= WIDTH == 110
    assert "  sampler SomebodysVeryOwnSamplerWith…" in text
    (head,) = (line for line in lines if line.startswith("by average precision"))
    (row,) = (line for line in lines if line.startswith("  sampler smote"))
    for name, pattern in (("+-", r"\d+\.\d+(?=  helps)"), ("gain", r"[+-]\d+\.\d+")):
        assert head.index(name) + len(name) == re.search(pattern, row).end()
    assert "Nadeau and Bengio" in " ".join(lines)


@pytest.mark.parametrize(("value", "shown"), [(0.00041, "0.000410"), (0.65432, "0.6543"), (1234.5, "1234"), (0.0, "0.0000")])
def test_numbers_are_as_long_as_they_are_small(value, shown):
    row = compared("a", "m", (2, 2), 1.0, np.full(3, value), np.full(3, value))
    assert f" {shown} " in str(LeverReport((row,), 1, 0, 3, 9))


def test_html_is_escaped():
    whole = compared("everything together", "a<b", (1, 2), 1.0, np.array([0.1, 0.2]), np.array([0.2, 0.3]))
    page = LeverReport((whole, not_compared("loss <script>&", "a<b", (1, 0))), 2, 0, 2, 9)._repr_html_()
    assert "<script>" not in page
    assert "loss &lt;script&gt;&amp;" in page
    assert "by a&lt;b" in page
    assert page.count("<tr>") == page.count("</tr>") == 3
    assert "±" in page
    assert "+-" not in page


def test_records(one_helps_one_hurts):
    report = lever_report(one_helps_one_hurts)
    frame = pd.DataFrame(report.rows)
    assert frame.set_index("lever").loc["sampler smote", "verdict"] == "helps"
    again = json.loads(json.dumps(report.to_dict()))
    assert [row["lever"] for row in again["rows"]] == [row.lever for row in report.rows]
    assert (again["n_trials"], again["n_folds"]) == (25, 5)
    assert again["n_positives"] == np.count_nonzero(one_helps_one_hurts.y)


def test_a_lever_that_was_always_too_far_behind_is_called_so():
    search = search_of([trial(at) for at in range(6)], [0.5] * 6, stopped=[trial(9, sampler="under", **{"under.ratio": 0.5})])
    report = lever_report(search)
    assert verdict(report, "sampler under") == "too far behind"
    assert verdict(report, "sampler smote") == "not tried"
    assert "6 finished trials and 1 that were given up, too far behind" in str(report).replace("\n", " ")


def test_through_a_search(small):
    X, y = small
    quick = {"booster": "lightgbm", "cv": 3, "progress": False, "random_state": 0, "n_jobs": 1, "timeout": None}
    result = bi.tune(X, y, n_trials=5, **quick)
    report = result.lever_report()
    rows = rows_of(report)
    assert report.n_trials == result.cv_results_["trial"].size
    assert report.n_trials + report.n_stopped == 5
    assert (report.n_folds, report.n_positives) == (3, y.sum())
    assert rows["everything together", "average precision"].trials_off == 1
    alone = rows["class weight alone", "average precision"]
    assert (alone.trials_off, alone.trials_on) == (1, 1)
    assert alone.off == pytest.approx(result.baseline_score_, abs=0.05)
    assert ("tuned threshold", "f1") in rows
    result.set_threshold(constraints={"recall": ">=0.8"})
    assert ("threshold with recall >= 0.8", "f1") in rows_of(result.lever_report())
    single = bi.tune(X, y, n_trials=1, refit="bag", **quick).lever_report()
    assert ("ensemble", "average precision") not in rows_of(single)
