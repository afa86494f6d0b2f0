"""A search over more than two classes."""

import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from scipy.special import expit, softmax
from sklearn import metrics as sk

import boostimb as bi
from boostimb.boosters import NAMES, get_booster
from boostimb.decision import ClassCalibration, LogisticCalibration
from boostimb.metrics import ClassAveragePrecision
from boostimb.resampling import Resampler
from boostimb.search._estimate import estimate
from boostimb.search._folds import Data, make_folds
from boostimb.search._select import choose_best, choose_ensemble, log_loss, thinned
from boostimb.search._several_classes import SeveralClasses
from boostimb.search._space import Levers
from boostimb.search._task import task_of
from boostimb.table import TableEncoder
from boostimb.validation import ImbalanceWarning

# Big steps, small trees and nothing drawn at random.
FAST = {
    "lightgbm": {"learning_rate": 0.3, "num_leaves": 7, "lambda_l2": FloatDistribution(0.1, 10.0, log=True)},
    "xgboost": {"learning_rate": 0.3, "max_depth": 3, "reg_lambda": FloatDistribution(0.1, 10.0, log=True)},
    "catboost": {"learning_rate": 0.3, "depth": 3, "l2_leaf_reg": FloatDistribution(0.5, 10.0, log=True)},
}
QUICK = {
    "space": FAST,
    "booster": "lightgbm",
    "n_trials": 3,
    "timeout": None,
    "cv": 3,
    "progress": False,
    "random_state": 0,
    "n_jobs": 2,
}
NAMED = np.array(["low", "mid", "top"])


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(700, 4))
    return X, np.digitize(X[:, 0] + 0.5 * X[:, 1] * X[:, 2] + 0.4 * rng.normal(size=700), [0.9, 1.8])


@pytest.fixture(scope="module")
def result(rows):
    X, y = rows
    return bi.tune(X, NAMED[y], **{**QUICK, "n_trials": 5, "space": None})


def macro(y, proba):
    return sk.average_precision_score(np.eye(proba.shape[1])[y], proba, average="macro")


def test_a_search_finds_a_model(rows, result):
    X, y = rows
    assert result.classes_.tolist() == NAMED.tolist()
    assert result.oof_proba_.shape == result.predict_proba(X).shape == (700, 3)
    assert result.best_score_ == pytest.approx(macro(y, result.oof_proba_), abs=1e-4)
    assert result.best_score_ > 0.6
    low, high = result.score_interval_
    assert low < result.corrected_score_ <= result.best_score_
    assert result.corrected_score_ < high
    assert 0.5 < result.baseline_score_ < 1
    assert "threshold [" in repr(result)
    np.testing.assert_allclose(result.oof_proba_.mean(axis=0), np.bincount(y) / 700, atol=0.01)
    assert set(result.best_params_) >= {"booster", "loss", "class_weight", "sampler"}
    assert result.cv_results_["threshold"].shape == (result.cv_results_["trial"].size, 3)
    assert (result.predict(X) == NAMED[y]).mean() > 0.9


def test_its_decisions(rows, result):
    X, y = rows
    result.set_threshold()
    plain = sk.f1_score(y, result.oof_proba_.argmax(axis=1), average="macro")
    confusion = result.confusion()
    assert confusion.macro_f1 >= plain
    assert confusion.counts.sum(axis=1).tolist() == np.bincount(y).tolist()
    assert "top" in str(confusion)
    decided = (result.oof_proba_ * result.threshold_).argmax(axis=1)
    assert confusion.macro_f1 == pytest.approx(sk.f1_score(y, decided, average="macro"))
    np.testing.assert_array_equal(result.predict(X), NAMED[(result.predict_proba(X) * result.threshold_).argmax(axis=1)])
    for goal, score in (("mcc", sk.matthews_corrcoef), ("balanced_accuracy", sk.balanced_accuracy_score)):
        result.set_threshold(goal=goal)
        assert getattr(result.confusion(), goal) >= score(y, result.oof_proba_.argmax(axis=1))
    costs = np.array([[0, 1, 1], [4, 0, 1], [30, 5, 0.0]])
    result.set_threshold(cost_matrix=costs)
    assert result.threshold_.tolist() == [1, 1, 1]
    np.testing.assert_array_equal(result.predict(X), NAMED[(result.predict_proba(X) @ costs).argmin(axis=1)])
    result.set_threshold(goal="f1")
    with pytest.raises(ValueError, match="constraints are bounds on one positive class"):
        result.set_threshold(constraints={"recall": ">=0.9"})


def test_costs_of_the_search_are_those_of_the_result(rows):
    X, y = rows
    costs = np.array([[0, 1, 1], [4, 0, 1], [30, 5, 0.0]])
    result = bi.tune(X, y, cost_matrix=costs, losses="log_loss", resamplers="none", **{**QUICK, "n_trials": 1})
    want = (result.predict_proba(X) @ costs).argmin(axis=1)
    np.testing.assert_array_equal(result.predict(X), want)
    np.testing.assert_array_equal(result.set_threshold().predict(X), want)
    assert result.lever_report().rows[-1].measure == "mean cost"


def test_saved_exported_and_loaded(rows, result, tmp_path):
    import lightgbm

    X, _ = rows
    result.save(tmp_path / "model")
    again = bi.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(X), result.predict_proba(X))
    np.testing.assert_array_equal(again.predict(X), result.predict(X))
    result.export(tmp_path / "model.txt")
    np.testing.assert_allclose(lightgbm.Booster(model_file=tmp_path / "model.txt").predict(X), result.predict_proba(X), atol=1e-6)


def test_pictures(result):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    result.set_threshold()
    ax = result.plot.confusion(ax=Figure().subplots())
    assert f"{result.confusion().balanced_accuracy:.2f}" in ax.get_xlabel()
    result.plot.history(ax=Figure().subplots())
    for name in ("pr", "threshold", "scores", "calibration", "class_counts"):
        with pytest.raises(ValueError, match="this plot is of two classes, and the result is of 3"):
            getattr(result.plot, name)(ax=Figure().subplots())
    with pytest.raises(ValueError, match="this plot is of two classes, and the result is of 3"):
        result.plot.decision_surface(np.zeros((9, 5)), ax=Figure().subplots())


def test_what_is_of_two_classes_says_so(rows, result, tmp_path):
    X, y = rows
    page = result._repr_html_()
    assert "truth" in page
    in_lines = page[page.index("<pre>") + 5 : page.index("</pre>")].splitlines()  # what does not wrap
    assert max(map(len, in_lines)) <= 80
    with pytest.raises(ValueError, match="the report is of two classes, and the result is of 3"):
        result.report(tmp_path / "report.html")
    with pytest.raises(ValueError, match="context_models compares models of two classes, and y holds 3"):
        bi.context_models(X, y)


def test_the_lever_report(result):
    rows = {row.lever: row for row in result.lever_report().rows}
    assert {"everything together", "class weight alone", "loss focal alone", "calibration", "tuned multipliers"} <= set(rows)
    assert rows["tuned multipliers"].measure == "macro f1"
    assert "rows of the smallest class" in result.lever_report().notes
    assert 0 < rows["everything together"].on < 1


@pytest.mark.parametrize("booster", NAMES)
@pytest.mark.parametrize("refit", ["ensemble", "single"])
def test_each_booster_with_weights_and_samplers(booster, refit, rows, tmp_path):
    pytest.importorskip(booster)
    X, y = rows
    weight = np.random.default_rng(0).uniform(0.5, 2, size=700)
    options = {**QUICK, "booster": booster, "n_trials": 4, "cv": 2}
    result = bi.tune(X, y, sample_weight=weight, weight_evaluation=True, refit=refit, resamplers=["none", "under"], **options)
    want = ClassAveragePrecision().score(y, np.log(result.oof_proba_), weight)
    assert result.best_score_ == pytest.approx(want, abs=1e-4)
    assert result.confusion().counts.sum() == pytest.approx(weight.sum())
    result.export(tmp_path / f"model.{get_booster(booster).suffix}")
    assert np.isfinite(result.predict_proba(X)).all()
    assert set(result.lever_report().rows[0].measure.split()) == {"average", "precision"}


def test_boosters_together_and_focal_loss_only_where_it_is_quick(rows):
    if missing := {"catboost", "lightgbm"} - set(NAMES):
        pytest.skip(f"needs {missing}")
    X, y = rows
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    levers = Levers(("lightgbm", "catboost"), ("log_loss", "focal"), (Resampler("none"),), (50, 500), None, SeveralClasses())
    seen = set()
    for _ in range(60):
        trial = study.ask()
        plan = levers.draw(trial)
        seen.add((plan.booster, plan.loss))
        assert levers.told(trial.params)["loss"] == plan.loss
    assert seen == {("lightgbm", "log_loss"), ("lightgbm", "focal"), ("catboost", "log_loss")}
    result = bi.tune(X, y, **{**QUICK, "booster": ["lightgbm", "catboost"], "n_trials": 4, "cv": 2})
    assert {each["loss"] for each in result.cv_results_["params"]} <= {"log_loss", "focal"}


def test_the_class_weight_of_a_trial():
    task = SeveralClasses()
    loss = task.loss("focal", 1.5, 0.5, (400.0, 100.0, 4.0))
    assert loss.gamma == 1.5
    np.testing.assert_allclose(loss.class_weight, [1, 2, 10])
    assert task.loss("log_loss", 0.0, 0.0, (4.0, 1.0, 2.0)) == bi.SoftmaxFocalLoss(0.0)


def test_what_weights_and_samplers_did_is_taken_off_before_rows_are_ranked():
    rng = np.random.default_rng(0)
    y = rng.choice(3, p=[0.8, 0.15, 0.05], size=900)
    raw = (np.eye(3)[y] + rng.normal(size=(900, 3))).astype(np.float32)
    bound, natural = ClassAveragePrecision().bind(y), (800.0, 150.0, 50.0)
    loss = bi.SoftmaxFocalLoss(0.0, class_weight=(1, 3, 9))
    moved = raw + np.log([1, 3, 9]).astype(np.float32) + np.log([0.5, 1, 1]).astype(np.float32)
    seen = SeveralClasses().evaluate(bound, loss, (400.0, 150.0, 50.0), natural)
    assert seen(moved) == pytest.approx(bound(raw), abs=1e-6)
    assert SeveralClasses().evaluate(bound, bi.SoftmaxFocalLoss(), natural, natural) is bound


def test_of_two_classes_both_ways_agree():
    """The same rows as labels True and False and as numbers: log-loss, calibration, Brier score and the choice of an ensemble."""
    rng = np.random.default_rng(0)
    y = rng.random(1000) < 0.1
    margins = [(2 * y + rng.normal(size=1000) - 2).astype(np.float32) for _ in range(6)]
    both = [np.stack([-each / 2, each / 2], axis=1) for each in margins]
    numbers = y.astype(np.intp)
    two, several = task_of(y), task_of(numbers)
    line, lines = two.fit(margins[0], y), several.fit(both[0], numbers)
    assert isinstance(line, LogisticCalibration)
    assert isinstance(lines, ClassCalibration)
    np.testing.assert_allclose(softmax(lines.logit(both[0]), axis=1)[:, 1], expit(line.logit(margins[0])), rtol=1e-5)
    assert log_loss(numbers, lines.logit(both[0])) == pytest.approx(log_loss(y, line.logit(margins[0])), rel=1e-6)
    np.testing.assert_allclose(several.briers(numbers, lines.logit(both[0])), 2 * two.briers(y, line.logit(margins[0])), rtol=1e-4)
    a, b = choose_ensemble(y, margins), choose_ensemble(numbers, both)
    assert a.trials == b.trials
    assert a.weights == pytest.approx(b.weights)
    np.testing.assert_allclose(b.logits[:, 1] - b.logits[:, 0], a.logits, rtol=1e-4, atol=1e-4)


def test_log_loss_is_scikit_learns_and_never_overflows():
    rng = np.random.default_rng(0)
    y, logits = rng.integers(0, 4, size=300), 3 * rng.normal(size=(300, 4))
    assert log_loss(y, logits) == pytest.approx(sk.log_loss(y, softmax(logits, axis=1)))
    assert log_loss(y, 1e4 * logits) == pytest.approx(1e4 * np.mean(logits.max(axis=1) - logits[np.arange(300), y]), rel=1e-3)


def fake_trials(seed, count=10, n=1200, signal=1.5):
    rng = np.random.default_rng(seed)
    y = rng.choice(3, p=[0.8, 0.15, 0.05], size=n)
    seen = signal * np.eye(3)[y] + 0.5 * rng.normal(size=(n, 3))
    return y, [(seen + rng.normal(size=(n, 3)) + np.log([0.8, 0.15, 0.05])).astype(np.float32) for _ in range(count)]


def test_the_ensemble_beats_its_best_member():
    y, margins = fake_trials(0)
    scores = np.array([ClassAveragePrecision().score(y, each) for each in margins])
    best, several = choose_best(y, margins, scores), choose_ensemble(y, margins)
    assert ClassAveragePrecision().score(y, several.logits) > ClassAveragePrecision().score(y, best.logits)
    assert log_loss(y, several.logits) < log_loss(y, best.logits)
    rows, weight = thinned(y, 600)
    assert (weight @ np.eye(3)[y[rows]]).tolist() == pytest.approx(np.bincount(y).tolist())


def test_the_estimate_takes_back_what_luck_gave():
    metric, found = ClassAveragePrecision(), []
    for seed in range(5):
        y, margins = fake_trials(seed, count=15, n=900, signal=0.0)
        lines = [ClassCalibration.fit(each, y) for each in margins]
        scores = np.array([metric.score(y, line.logit(each)) for line, each in zip(lines, margins, strict=True)])
        choice = choose_best(y, margins, scores)
        ranked = [line.logit(each).astype(np.float32) for line, each in zip(lines, margins, strict=True)]
        one = estimate(y, choice.logits, scores.max(), ranked, scores, metric, seed, repeats=40)
        assert one == estimate(y, choice.logits, scores.max(), ranked, scores, metric, seed, 2, repeats=40)
        found.append((one.naive - 1 / 3, one.corrected - 1 / 3))
    naive, corrected = np.mean(found, axis=0)
    assert naive > 0
    assert abs(corrected) < 0.7 * naive


@pytest.mark.parametrize("resamplers", [["none"], ["over"], ["under"], ["smote"]])
def test_permuted_labels_score_chance(resamplers, rows):
    X, y = rows
    shuffled = np.random.default_rng(7).permutation(y)
    options = {**QUICK, "n_trials": 4, "random_state": 1}
    result = bi.tune(X, shuffled, resamplers=resamplers, **options)
    # The mean of the three rates is a third; so few rows of the rarest class leave some room above it.
    assert result.corrected_score_ < 1 / 3 + 0.05
    assert macro(shuffled, result.oof_proba_) < 1 / 3 + 0.08


def test_the_order_of_the_labels_does_not_matter(rows):
    X, y = rows
    options = {**QUICK, "losses": "log_loss", "resamplers": "none", "n_trials": 2}
    folds = [(np.flatnonzero(np.arange(700) % 3 != k), np.flatnonzero(np.arange(700) % 3 == k)) for k in range(3)]
    one = bi.tune(X, y, **{**options, "cv": folds})
    other = bi.tune(X, np.array([2, 0, 1])[y], **{**options, "cv": folds})
    assert other.best_score_ == pytest.approx(one.best_score_, abs=1e-3)
    np.testing.assert_allclose(other.oof_proba_[:, [2, 0, 1]], one.oof_proba_, atol=0.02)


def test_resampling_raises_and_cuts_classes_by_the_ratio():
    y = np.repeat([0, 1, 2], [200, 60, 10])
    table = TableEncoder.fit_transform(np.random.default_rng(0).normal(size=(270, 3)))[1]

    def counts(name, ratio=None):
        return np.bincount(Resampler(name, ratio).resample(table, y, random_state=0).y).tolist()

    assert counts("under", 0.2) == [50, 50, 10]
    assert counts("over", 0.5) == [200, 100, 100]
    assert counts("over", 0.25) == [200, 60, 50]
    assert counts("smote", 0.5) == [200, 100, 100]
    assert counts("tomek")[2] == 10
    assert sum(counts("tomek")) < 270
    with pytest.raises(ValueError, match=r"the smallest class to the largest, 0\.05"):
        Resampler("over", 0.04).check(table, y)
    new = Resampler("smote", 0.5).resample(table, y, random_state=0)
    assert new.synthetic.n_rows == 130
    assert new.y.dtype == np.intp


def test_folds_hold_each_class(rows):
    X, y = rows
    table = TableEncoder.fit_transform(X)[1]
    folds = make_folds(Data(table, y, None), 4, 0)
    for fold in folds:
        assert np.unique(fold.y_valid).size == np.unique(y[fold.train_rows]).size == 3
        assert fold.natural_sums == tuple(np.bincount(y[fold.train_rows]))
    few = np.where(np.arange(700) < 3, 3, y)
    with pytest.raises(ValueError, match="cv=4 needs at least 4 rows of class 'odd', one for each fold, got 3"):
        make_folds(Data(table, few, None, None, [*NAMED, "odd"]), 4, 0)
    halves = [(np.arange(350), np.arange(350, 700)), (np.arange(350, 700), np.arange(350))]
    with pytest.raises(ValueError, match="the validation rows of fold 0 hold none of class 3"):
        make_folds(Data(table, few, None), halves, 0)
    weight = np.where((y == 2) & (np.arange(700) >= 350), 0.0, 1.0)
    with pytest.raises(ValueError, match="in the validation rows of fold 0 class 2 has 0 only"):
        make_folds(Data(table, y, weight), halves, 0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"pos_label": 1}, "pos_label must be None with more than two classes"),
        ({"metric": bi.PRAUC()}, "metric must be one of average_precision, average_precision_weighted"),
        ({"metric": "roc_auc"}, "metric must be one of average_precision, average_precision_weighted"),
        ({"metric": "accuracy"}, "metric must not be 'accuracy'"),
        ({"losses": "asymmetric"}, "log_loss, focal.*or SoftmaxFocalLoss objects with several classes, got 'asymmetric'"),
        ({"losses": bi.FocalLoss()}, "SoftmaxFocalLoss objects with several classes"),
        ({"losses": "focal", "booster": "catboost"}, "losses must hold 'log_loss'"),
        ({"goal": 0.5}, "goal must be"),
        ({"goal": "recall"}, "goal must be"),
        ({"constraints": {"recall": ">=0.9"}}, "constraints are bounds on one positive class"),
        ({"cost_matrix": np.eye(2)}, "cost_matrix must hold"),
        ({"calibration": "isotonic"}, "calibration must be 'auto' or 'logistic'"),
        ({"cv": 500}, "cv=500 needs at least 500 rows of class 2"),
    ],
    ids=str,
)
def test_settings_that_several_classes_do_not_have(settings, says, rows):
    with pytest.raises(ValueError, match=says):
        bi.tune(*rows, **{**QUICK, **settings})


def test_two_classes_refuse_what_several_have(small):
    for settings in ({"metric": "average_precision_weighted"}, {"losses": bi.SoftmaxFocalLoss()}):
        with pytest.raises((TypeError, ValueError), match="must"):
            bi.tune(*small, **{**QUICK, **settings})


def test_own_losses_and_the_weighted_metric(rows):
    X, y = rows
    loss = bi.SoftmaxFocalLoss(1.0, class_weight=(1, 2, 4))
    result = bi.tune(X, y, metric="average_precision_weighted", losses=[loss], resamplers="none", **QUICK)
    want = sk.average_precision_score(np.eye(3)[y], result.oof_proba_, average="weighted")
    assert result.best_score_ == pytest.approx(want, abs=1e-4)
    assert result.metric_ == "average_precision_weighted"
    assert result.best_params_["loss"] == repr(loss)


def test_a_study_goes_on(rows, tmp_path):
    X, y = rows
    options = {**QUICK, "losses": "log_loss", "resamplers": "none", "storage": tmp_path / "study.log", "study_name": "s"}
    first = bi.tune(X, y, **{**options, "n_trials": 2})
    second = bi.tune(X, y, **{**options, "n_trials": 1})
    assert second.cv_results_["trial"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(second.cv_results_["threshold"][:2], first.cv_results_["threshold"])
    whole = bi.tune(X, y, **{**options, "n_trials": 1, "storage": None, "study_name": None})
    assert whole.cv_results_["score"][0] == pytest.approx(first.cv_results_["score"][0])
    with pytest.raises(ValueError, match="another labels"):
        bi.tune(X, np.array([1, 0, 2])[y], **options)


def test_few_rows_of_a_class_are_named(rows):
    X, y = rows
    with pytest.warns(ImbalanceWarning, match=r"only a few rows of class 3 \(6\)") as caught:
        bi.tune(X, np.where(np.arange(700) < 6, 3, y), losses="log_loss", resamplers="none", **{**QUICK, "n_trials": 1})
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bi.tune(X, y, losses="log_loss", resamplers="none", **{**QUICK, "n_trials": 1})
