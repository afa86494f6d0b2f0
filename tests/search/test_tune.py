"""boostimb.tune as a user calls it."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import optuna
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, recall_score
from sklearn.model_selection import TimeSeriesSplit

import boostimb as bi
from boostimb.resampling import ImbalanceWarning
from boostimb.search import _select

QUICK = {"booster": "lightgbm", "cv": 3, "progress": False, "random_state": 0, "n_jobs": 1, "timeout": None}


@pytest.fixture(scope="module")
def result(small):
    return bi.tune(*small, n_trials=6, **QUICK)


def test_result_is_whole(result, small):
    X, y = small
    proba = result.predict_proba(X)
    assert proba.shape == (len(y), 2)
    assert result.oof_proba_.shape == (len(y),)
    assert ((result.predict(X) == 1) == (proba[:, 1] >= result.threshold_)).all()
    assert result.best_score_ == pytest.approx(average_precision_score(y, result.oof_proba_))
    assert result.corrected_score_ <= result.best_score_
    low, high = result.score_interval_
    assert low < result.corrected_score_ < high
    assert result.cv_results_.keys() == {"trial", "score", "threshold", "n_rounds", "seconds", "params"}
    assert len({len(column) for column in result.cv_results_.values()}) == 1
    assert result.baseline_score_ == result.cv_results_["score"][0]
    assert f"{result.baseline_name_} {result.baseline_score_:.4f}" in repr(result)
    assert result.baseline_name_ == "plain booster"
    assert result.best_params_ == result.cv_results_["params"][np.argmax(result.cv_results_["score"])]
    assert len(result.study_.trials) == 6
    assert all("threshold" in t.user_attrs for t in result.study_.trials if t.state.name == "COMPLETE")
    assert "average_precision" in repr(result)
    assert "lightgbm" in repr(result.best_estimator_)


def test_the_threshold_is_the_best_cut_out_of_fold(result, small):
    _, y = small
    assert f1_score(y, result.oof_proba_ >= result.threshold_) == pytest.approx(bi.best_threshold(y, result.oof_proba_).score)
    assert result.confusion().recall == pytest.approx(recall_score(y, result.oof_proba_ >= result.threshold_))


def test_a_new_goal_trains_nothing(result, small):
    _, y = small
    trials = len(result.study_.trials)
    assert result.set_threshold(constraints={"recall": ">=0.8"}) is result
    assert recall_score(y, result.oof_proba_ >= result.threshold_) >= 0.8
    result.set_threshold(cost_matrix=[[0, 1], [30, 0]])
    low = result.threshold_
    assert result.set_threshold(cost_matrix=[[0, 30], [1, 0]]).threshold_ > low
    assert result.set_threshold(goal=0.3).threshold_ == 0.3
    with pytest.raises(ValueError, match="no threshold keeps precision >= 1"):
        result.set_threshold(constraints={"precision": ">=1", "recall": ">=1"})
    assert result.threshold_ == 0.3
    result.set_threshold()
    assert len(result.study_.trials) == trials


def test_saved_and_loaded(result, small, tmp_path):
    result.save(tmp_path / "model")
    np.testing.assert_allclose(bi.load(tmp_path / "model").predict_proba(small[0]), result.predict_proba(small[0]), atol=1e-9)


def test_the_same_seed_gives_the_same_result_on_any_number_of_cores(result, small):
    again = bi.tune(*small, n_trials=6, **{**QUICK, "n_jobs": 3})
    assert [t.params for t in again.study_.trials] == [t.params for t in result.study_.trials]
    np.testing.assert_allclose(again.predict_proba(small[0]), result.predict_proba(small[0]), atol=1e-12)


@pytest.mark.parametrize("refit", ["bag", "single"])
def test_refit(small, refit):
    X, y = small
    result = bi.tune(X, y, n_trials=2, refit=refit, **QUICK)
    assert len(result.best_estimator_.members) == {"bag": 3, "single": 1}[refit]
    assert average_precision_score(y, result.predict_proba(X)[:, 1]) > 0.3


def test_one_model_exports_to_one_file(small, tmp_path):
    import lightgbm

    X, y = small
    result = bi.tune(X, y, n_trials=2, refit="single", **QUICK)
    result.export(tmp_path / "model.txt")
    got = lightgbm.Booster(model_file=tmp_path / "model.txt").predict(X)
    np.testing.assert_allclose(got, result.predict_proba(X)[:, 1], atol=2e-6)


PLAIN_PREDICT = {
    "lightgbm": ("txt", "import lightgbm; p = lightgbm.Booster(model_file=path).predict(X)"),
    "xgboost": ("ubj", "import xgboost; b = xgboost.Booster(); b.load_model(path); p = b.predict(xgboost.DMatrix(X))"),
    "catboost": (
        "cbm",
        "import catboost; m = catboost.CatBoost(); m.load_model(path); p = m.predict(X, prediction_type='Probability')[:, 1]",
    ),
}


@pytest.mark.parametrize("booster", PLAIN_PREDICT)
def test_an_ensemble_in_one_file_needs_no_boostimb(small, tmp_path, booster, monkeypatch):
    """Fold models of several trials, calibrated: one native file gives their probabilities."""
    pytest.importorskip(booster)
    X, y = small
    suffix, predict = PLAIN_PREDICT[booster]
    # Whether a trial is worth adding is not what this is about: all are taken.
    monkeypatch.setattr(_select, "ensemble_weights", lambda y, logits, weight: np.full(len(logits), 1 / len(logits)))
    result = bi.tune(X, y, n_trials=4, losses=["log_loss", "focal"], **{**QUICK, "booster": booster})
    assert len(result.best_estimator_.members) >= 6
    result.export(tmp_path / f"model.{suffix}")
    np.save(tmp_path / "X.npy", X)
    script = (
        f"import sys, numpy as np; X = np.load('X.npy'); path = 'model.{suffix}'; {predict}; "
        "np.save('p.npy', p); assert 'boostimb' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "p.npy"), result.predict_proba(X)[:, 1], atol=2e-6)


def test_catboost_exports_few_categories_and_refuses_many(small, tmp_path):
    cb = pytest.importorskip("catboost")
    X, y = small
    frame = pd.DataFrame(X, columns=list("abcd"))
    for levels, exports in ((5, True), (60, False)):
        frame["shop"] = [f"s{at % levels}" for at in np.random.default_rng(0).permutation(len(y))]
        result = bi.tune(frame, y, n_trials=1, losses="log_loss", resamplers="none", **{**QUICK, "booster": "catboost"})
        if not exports:
            with pytest.raises(ValueError, match="several models with target statistics of categories"):
                result.export(tmp_path / "many.cbm")
            continue
        result.export(tmp_path / "few.cbm")
        model = cb.CatBoost()
        model.load_model(str(tmp_path / "few.cbm"))
        got = model.predict(frame, prediction_type="Probability")[:, 1]
        np.testing.assert_allclose(got, result.predict_proba(frame)[:, 1], atol=2e-6)


@pytest.mark.filterwarnings("ignore:recall .* is bought")
def test_a_fold_that_cannot_be_split_stays_at_its_start():
    """57 rows at LightGBM's least twenty a leaf: some folds split and some do not."""
    rng = np.random.default_rng(57)
    X = rng.normal(size=(57, 5))
    z = 2 * X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=57)
    with pytest.warns(ImbalanceWarning, match="only 17 positives"):
        result = bi.tune(X, z > np.quantile(z, 0.7), n_trials=2, **{**QUICK, "cv": 5})
    assert np.isfinite(result.oof_proba_).all()


def test_margins_of_values_that_no_training_fold_has_seen(small):
    """XGBoost's bins send them elsewhere than its model does; what counts is the model."""
    pytest.importorskip("xgboost")
    X, y = small
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = np.where(np.arange(len(y)) % 97 == 0, [f"z{at}" for at in range(len(y))], "usual")
    result = bi.tune(frame, y, n_trials=1, refit="bag", **{**QUICK, "booster": "xgboost"})
    fold, members = result._finished.fold, result.best_estimator_.members
    table = result.best_estimator_.encoder.transform(frame)
    raw = np.stack([member.model.raw(table, n_jobs=1) for member in members])
    np.testing.assert_allclose(raw[fold, np.arange(len(y))], result._finished.margins[0], atol=1e-5)


def test_an_interrupt_while_models_of_all_rows_are_trained_keeps_the_fold_models(small, monkeypatch):
    from boostimb.search import _final

    def interrupted(futures):
        raise KeyboardInterrupt

    monkeypatch.setattr(_final, "wait", interrupted)
    with pytest.warns(RuntimeWarning, match="interrupted: models of all rows"):
        result = bi.tune(*small, n_trials=2, refit="single", **QUICK)
    assert len(result.best_estimator_.members) == 3
    assert np.isfinite(result.predict_proba(small[0])).all()


@pytest.mark.parametrize(
    ("name", "text"),
    [("choose_ensemble", "in haste"), ("final_members", "in haste"), ("estimate", "the choice is repeated 4 times")],
)
def test_an_interrupt_at_the_end_does_not_lose_the_search(small, monkeypatch, name, text):
    from boostimb.search import _search

    through, calls = getattr(_search, name), []

    def interrupted_once(*args, **options):
        calls.append(options)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return through(*args, **options)

    plain = bi.tune(*small, n_trials=2, **QUICK)
    monkeypatch.setattr(_search, name, interrupted_once)
    with pytest.warns(RuntimeWarning, match=f"interrupted: .*{text}"):
        result = bi.tune(*small, n_trials=2, **QUICK)
    assert len(calls) == 2
    np.testing.assert_array_equal(result.oof_proba_, plain.oof_proba_)
    assert result.best_score_ == plain.best_score_
    assert result.score_interval_[0] <= result.corrected_score_ <= result.score_interval_[1]


def test_a_sampler_that_refuses_all_rows_does_not_lose_the_folds(small):
    from imblearn.over_sampling import RandomOverSampler

    X, y = small
    sampler = RandomOverSampler(sampling_strategy={1: int(y.sum()) - 5})  # enough for a fold, too few for all rows
    with pytest.warns(RuntimeWarning, match="a model of all rows was left out"):
        result = bi.tune(X, y, n_trials=1, resamplers=[sampler], refit="single", **QUICK)
    assert len(result.best_estimator_.members) == 3


def test_a_metric_that_is_not_finite_is_named(small):
    class Broken(type(bi.PRAUC())):
        def score(self, *arguments):
            return float("nan")

    with pytest.raises(ValueError, match="must be a finite number, got nan"):
        bi.tune(*small, n_trials=1, metric=Broken(), **QUICK)


def test_a_metric_that_is_not_finite_while_training_is_named(small):
    class Broken(type(bi.PRAUC())):
        def bind(self, *arguments):
            return lambda margins: float("nan")

    with pytest.raises(ValueError, match="must be a finite number on each fold after each round"):
        bi.tune(*small, n_trials=1, metric=Broken(), **QUICK)


def test_a_sampler_of_ones_own_that_fails_leaves_its_trial_out(small):
    from imblearn.under_sampling import RandomUnderSampler

    class Failing(RandomUnderSampler):
        def fit_resample(self, X, y, **params):
            raise RuntimeError("No clusters found")

    X, y = small
    with pytest.warns(RuntimeWarning, match="was left out: resampler 'Failing' refused the table: No clusters found"):
        result = bi.tune(X, y, n_trials=6, losses="log_loss", resamplers=["none", Failing()], **QUICK)
    assert 0 < len(result.cv_results_["trial"]) < 6


def test_a_single_model_is_trained_on_all_cores(small, monkeypatch):
    from boostimb.search import _final

    through, threads = _final.refit_on_all, []

    def spy(plan, n_rounds, data, workers, *rest):
        threads.append(workers.threads)
        return through(plan, n_rounds, data, workers, *rest)

    monkeypatch.setattr(_final, "refit_on_all", spy)
    bi.tune(*small, n_trials=1, refit="single", **{**QUICK, "n_jobs": 2})
    assert threads == [2]


def test_a_slow_metric_keeps_the_budget(small):
    class Slow(type(bi.RecallAtPrecision(0.5))):
        def score_bound(self, *arguments):
            time.sleep(0.002)
            return super().score_bound(*arguments)

    started = time.monotonic()
    bi.tune(*small, metric=Slow(0.5), **{**QUICK, "timeout": 5})
    assert time.monotonic() - started < 7.5


def test_every_booster_in_one_study(small):
    pytest.importorskip("xgboost")
    pytest.importorskip("catboost")
    X, y = small
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = np.where(X[:, 0] > 0.5, "high", "low")
    frame.loc[::5, "a"] = np.nan
    labels = np.where(y == 1, "bad", "good")
    result = bi.tune(frame, labels, n_trials=6, pos_label="bad", **{**QUICK, "booster": "auto"})
    assert {t.params["booster"] for t in result.study_.trials} == {"lightgbm", "xgboost", "catboost"}
    assert result.classes_.tolist() == ["bad", "good"]
    assert set(result.predict(frame)) == {"bad", "good"}
    assert average_precision_score(y, result.predict_proba(frame)[:, 0]) > 0.3
    assert ((result.predict(frame) == "bad") == (result.predict_proba(frame)[:, 0] >= result.threshold_)).all()


@pytest.mark.filterwarnings("ignore:recall .* is bought")  # as there is nothing to find
@pytest.mark.parametrize("resamplers", [["smote"], ["over"], ["smote_tomek"], ["under"]])
def test_permuted_labels_score_chance(small, resamplers):
    """Resampling before the split would find a signal here."""
    X, y = small
    shuffled = np.random.default_rng(0).permutation(y)
    result = bi.tune(X, shuffled, resamplers=resamplers, n_trials=3, **QUICK)
    assert result.corrected_score_ < 2.2 * y.mean()
    assert all(t.params["sampler"] == resamplers[0] for t in result.study_.trials)


def test_the_budget_in_seconds_is_kept(small):
    bi.tune(*small, **{**QUICK, "timeout": 0.01})  # whatever a first call compiles or loads
    started = time.monotonic()
    result = bi.tune(*small, **{**QUICK, "timeout": 5})
    assert time.monotonic() - started < 7
    assert result.cv_results_["trial"].size >= 1


def test_a_first_call_that_compiles_does_not_end_the_search(small, monkeypatch):
    metric, calls = bi.PRAUC(), []

    class SlowAtFirst(type(metric)):
        def score(self, *arguments):
            calls.append(1)
            time.sleep(0.5 if len(calls) == 1 else 0)
            return super().score(*arguments)

    result = bi.tune(*small, **{**QUICK, "timeout": 8, "metric": SlowAtFirst()})
    assert result.cv_results_["trial"].size > 1


def test_a_budget_that_is_too_short_still_gives_one_trial(small):
    assert bi.tune(*small, **{**QUICK, "timeout": 0.01}).cv_results_["trial"].size == 1


def test_callbacks_see_each_trial_and_can_stop(small):
    seen = []

    def stop(study, trial):
        seen.append(trial.number)
        if len(seen) == 3:
            study.stop()

    result = bi.tune(*small, n_trials=50, callbacks=[stop], **QUICK)
    assert seen == [0, 1, 2]
    assert result.cv_results_["trial"].size == 3


def test_an_interrupt_returns_the_best_so_far(small):
    def interrupt(study, trial):
        if trial.number == 1:
            raise KeyboardInterrupt

    with pytest.warns(RuntimeWarning, match="interrupted: the result is the best of 2 finished trials"):
        result = bi.tune(*small, n_trials=50, callbacks=[interrupt], **QUICK)
    assert result.cv_results_["trial"].size == 2


def test_ctrl_c_in_the_middle_of_a_trial(tmp_path):
    script = textwrap.dedent("""
        import sys, numpy as np, boostimb as bi
        rng = np.random.default_rng(0)
        X = rng.normal(size=(3000, 5)); y = (X[:, 0] + rng.normal(size=3000) > 2.5).astype(int)
        def tell(study, trial): print("trial", flush=True)
        result = bi.tune(X, y, booster=sys.argv[1], timeout=120, progress=False, random_state=0, callbacks=[tell])
        print("finished", result.predict(X).shape, flush=True)
    """)
    for booster in ("lightgbm", "catboost"):
        pytest.importorskip(booster)
        process = subprocess.Popen(
            [sys.executable, "-c", script, booster], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "trial\n"
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert out.endswith("finished (3000,)\n")
        assert "interrupted: the result is the best of" in err


def test_a_metric_of_the_users_own_choice(small):
    X, y = small
    result = bi.tune(X, y, n_trials=2, metric=bi.RecallAtPrecision(0.5), **QUICK)
    assert result.best_score_ == pytest.approx(bi.recall_at_precision(y, result.oof_proba_, 0.5), abs=1e-6)


def test_a_metric_that_is_its_own_goal_is_cross_fitted(small):
    _, y = small
    result = bi.tune(*small, n_trials=2, metric=bi.BestFScore(), **QUICK)
    assert result.best_score_ < bi.best_threshold(y, result.oof_proba_).score


def test_weights_are_for_training_and_not_for_scores(small):
    X, y = small
    weight = np.where(y == 1, 5.0, 1.0)
    result = bi.tune(X, y, n_trials=2, sample_weight=weight, **QUICK)
    assert result.best_score_ == pytest.approx(average_precision_score(y, result.oof_proba_))
    assert 0.6 * y.mean() < result.oof_proba_.mean() < 1.6 * y.mean()  # calibrated to the rows as they are


def test_constraints_that_cannot_be_kept_do_not_lose_the_model(small):
    with pytest.warns(ImbalanceWarning, match="no threshold keeps precision >= 1"):
        result = bi.tune(*small, n_trials=1, constraints={"precision": ">=1", "recall": ">=1"}, **QUICK)
    assert np.isfinite(result.threshold_)


@pytest.mark.filterwarnings("ignore:recall .* is bought")
def test_few_positives_are_named():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 5 == 0
    with pytest.warns(ImbalanceWarning, match="only 6 positives"):
        result = bi.tune(X, y, n_trials=2, **QUICK)
    assert np.isfinite(result.predict_proba(X)).all()


def test_a_trial_that_a_booster_refuses_does_not_lose_the_others(small):
    def space(trial, booster):
        return {"num_leaves": 1 if trial.number == 1 else 7}

    with pytest.warns(RuntimeWarning, match="trial 1 was left out: lightgbm refused its parameters"):
        result = bi.tune(*small, n_trials=3, space=space, **QUICK)
    assert result.cv_results_["trial"].tolist() == [0, 2]
    assert result.baseline_name_ == "first trial"  # a space of one's own does not hold the defaults
    assert result.plot.history(ax=Figure().subplots()).get_lines()[1].get_label().startswith("first trial: ")


def test_xgboost_does_not_depend_on_the_number_of_cores(small):
    pytest.importorskip("xgboost")
    a, b, c = (bi.tune(*small, n_trials=2, **{**QUICK, "booster": "xgboost", "n_jobs": jobs}).oof_proba_ for jobs in (1, 2, 2))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(b, c)


def test_nothing_is_printed(small, capfd):
    bi.tune(small[0][:400], small[1][:400], n_trials=2, **{**QUICK, "n_jobs": 2})
    assert capfd.readouterr() == ("", "")


def test_optuna_is_left_as_it_was(small):
    before = optuna.logging.get_verbosity()
    bi.tune(*small, n_trials=1, **QUICK)
    assert optuna.logging.get_verbosity() == before


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_trials": 0}, "n_trials must be an integer >= 1"),
        ({"timeout": -1}, "timeout must be a finite number > 0"),
        ({"timeout": None, "n_trials": None}, "must not both be None"),
        ({"booster": "gbm"}, "booster must be one of"),
        ({"booster": []}, "at least one"),
        ({"metric": "roc"}, "metric must be 'average_precision' or a metric such as"),
        ({"metric": "accuracy"}, "metric must not be 'accuracy': where positives are rare.* Take 'average_precision'"),
        ({"goal": accuracy_score}, "goal must not be 'accuracy_score': where positives are rare"),
        ({"weight_evaluation": True}, "weight_evaluation=True needs sample_weight, got None"),
        (
            {"goal": lambda y_true, y_pred: 0.0, "sample_weight": np.ones(900), "weight_evaluation": True},
            "with weight_evaluation=True the goal <lambda> must take an argument sample_weight",
        ),
        ({"cv": TimeSeriesSplit(3), "refit": "bag"}, "refit='bag' keeps the fold models.* 225 rows never are"),
        ({"metric": 3}, "metric must be a metric such as"),
        ({"goal": "f0"}, "goal must be"),
        ({"goal": "accuracy"}, "accuracy"),
        ({"constraints": {"recal": ">=0.9"}}, "recall"),
        ({"cost_matrix": [[1, 2]]}, "cost_matrix"),
        ({"cost_matrix": [[0, 1], [2]]}, r"cost_matrix must be .* got \[\[0, 1\], \[2\]\]"),
        ({"n_jobs": 0}, "n_jobs must be None or an integer other than 0, got 0"),
        ({"losses": "hinge"}, "losses must be one of"),
        ({"resamplers": "smoke"}, "must be one of none"),
        ({"refit": "all"}, "refit must be one of"),
        ({"calibration": "platt"}, "calibration must be one of"),
        ({"cv": 1}, "cv must be an integer >= 2"),
        ({"groups": "shop"}, "groups must be one-dimensional, .*: give the column, and not its name"),
        ({"groups": [1, 2]}, "inconsistent numbers of samples: groups has length 2"),
        ({"groups": np.array([None, *"ab" * 449, "c"], dtype=object)}, "groups must not be missing: NaN or None at 1 of 900 rows"),
        ({"groups": np.where(np.arange(900) % 9, 0.0, np.nan)}, "groups must not be missing: NaN or None at 100 of 900 rows"),
        ({"groups": np.array([1, "a"] * 450, dtype=object)}, "groups must be of one type"),
        ({"sample_weight": ["heavy"] * 900}, "sample_weight must hold numbers, got type <U5"),
        ({"sample_weight": np.ones(900) * 1j}, "sample_weight must hold numbers, got type complex128"),
        ({"sample_weight": np.array([{}] * 900, dtype=object)}, "sample_weight must hold numbers, got type object"),
        ({"sample_weight": [1.0]}, "inconsistent numbers of samples: sample_weight"),
        ({"pos_label": "yes"}, "pos_label must be one of the labels"),
        ({"categorical_features": ["shop"]}, "shop"),
        ({"progress": "always"}, "progress must be one of auto"),
        ({"space": {"xgboost": {}}}, "space must have an entry"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_bad_settings_are_refused_before_any_training(small, monkeypatch, changes, says):
    monkeypatch.setattr("boostimb.search._tune.Search", None)  # a search that begins would fail on this
    with pytest.raises((ValueError, TypeError), match=says):
        bi.tune(*small, **{**QUICK, "n_trials": 2, **changes})


@pytest.mark.parametrize(
    ("y", "says"),
    [
        (np.zeros(900), "one class"),
        ("is_fraud", r"y must be the labels themselves, .*got the text 'is_fraud': .* write y=X.pop\('is_fraud'\)"),
        (np.zeros(899), "length"),
        (np.where(np.arange(900) % 9, 0.0, np.nan), "must not be missing"),
        (np.where(np.arange(900) % 9, "a", "b"), "pos_label must name the positive class"),
        (np.arange(900) == 5, "cv=3 needs at least 3 positives"),
    ],
)
def test_bad_labels(small, y, says):
    with pytest.raises(ValueError, match=says):
        bi.tune(small[0], y, n_trials=1, **QUICK)


@pytest.mark.parametrize("budget", [{"timeout": 3}, {"n_trials": 2, "timeout": None}])
def test_the_bar_moves_and_says_how_it_stands(small, capsys, budget):
    bi.tune(*small, **{**QUICK, "progress": True, **budget})
    shown = capsys.readouterr().err
    assert "1 trial, best average precision 0." in shown
    assert " left" in shown
    if budget["timeout"] is None:
        assert "2 trials, best" in shown
        assert "2/2 trial" in shown
    bi.tune(*small, **{**QUICK, "progress": False, **budget})
    assert capsys.readouterr().err == ""
