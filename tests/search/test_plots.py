"""``result.plot`` hands each plot what the search found."""

import copy

import numpy as np
import optuna
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import boostimb as bi
from boostimb.search._importance import parameter_importance
from boostimb.search._surface import surface

pytest.importorskip("matplotlib")
pytest.importorskip("lightgbm")

from matplotlib.figure import Figure

COSTS = [[0, 1], [25, 0]]


@pytest.fixture(scope="module")
def found(small):
    X, y = small
    return bi.tune(X, y, booster="lightgbm", n_trials=8, cv=3, progress=False, random_state=0, n_jobs=1)


@pytest.fixture
def ax():
    return Figure().subplots()


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def changed(result, **attributes):
    other = copy.copy(result)
    for name, value in attributes.items():
        setattr(other, name, value)
    return other


@pytest.mark.parametrize(
    "name", ["pr", "roc", "threshold", "confusion", "calibration", "scores", "history", "importance", "levers"]
)
def test_each_plot_is_drawn_on_the_axes_given(name, found, ax):
    assert getattr(found.plot, name)(ax=ax) is ax
    assert ax.get_title()


def test_curves_are_of_the_out_of_fold_probabilities_and_mark_the_threshold(found, small, ax):
    y, proba = small[1], found.oof_proba_
    found.plot.pr(ax=ax)
    assert legend(ax)[0] == f"average precision {average_precision_score(y, proba):.3f}"
    at = found.confusion()
    assert legend(ax)[-1] == f"cut {found.threshold_:.3g}: precision {at.precision:.2f}, recall {at.recall:.2f}"
    assert legend(found.plot.roc(ax=Figure().subplots()))[0] == f"ROC-AUC {roc_auc_score(y, proba):.3f}"


def test_rows_without_a_probability_are_left_out(found, small, ax):
    y, proba = small[1], found.oof_proba_.copy()
    proba[:300] = np.nan
    early = changed(found, oof_proba_=proba, _rows=np.arange(300, y.size), _y=found._y[300:])
    assert legend(early.plot.pr(ax=ax))[0] == f"average precision {average_precision_score(y[300:], proba[300:]):.3f}"
    assert early.plot.overview("late").get_suptitle().startswith("late\n600 rows")
    assert sum(int(text.replace(",", "")) for text in texts(early.plot.confusion(ax=Figure().subplots()))[::2]) == 600


def test_a_result_of_several_classes_is_refused(found, small):
    several = changed(found, oof_proba_=np.full((small[1].size, 3), 1 / 3))
    for draw in (several.plot.pr, several.plot.confusion, several.plot.overview, lambda: several.plot.cost(COSTS)):
        with pytest.raises(ValueError, match="this plot is of two classes, and the result is of 3"):
            draw()


def test_costs_are_those_of_the_decision_or_given(found, small, ax):
    with pytest.raises(ValueError, match="cost_matrix must be given where the threshold was not chosen by costs; its goal is 'f1'"):
        found.plot.cost(ax=ax)
    nobody = 1000 * 25 * small[1].mean()
    assert f"flagging nobody: {nobody:,.0f}" in legend(found.plot.cost(COSTS, ax=ax))
    by_cost = changed(found, best_estimator_=copy.copy(found.best_estimator_)).set_threshold(cost_matrix=COSTS)
    assert f"flagging nobody: {nobody:,.0f}" in legend(by_cost.plot.cost(ax=Figure().subplots()))


def test_the_history_holds_every_trial(found, ax):
    found.plot.history(ax=ax)
    finished = found.cv_results_["trial"].size
    given_up = [trial for trial in found.study_.trials if trial.user_attrs.get("stopped")]
    assert f"lightgbm: {finished} trials" in legend(ax)
    assert len([text for text in legend(ax) if text == f"given up early: {len(given_up)}"]) == bool(given_up)
    assert legend(ax)[0] == f"best so far: {found.cv_results_['score'].max():.4g}"
    assert ax.get_ylabel() == "average precision"


def study_of(score, n=40):
    study = optuna.create_study(direction="maximize")
    study.sampler = optuna.samplers.RandomSampler(seed=0)
    space = {name: optuna.distributions.FloatDistribution(0, 1) for name in ("a", "b")}
    space["booster"] = optuna.distributions.CategoricalDistribution(("lightgbm", "xgboost"))
    for at in range(n):
        trial = study.ask(space)
        own = trial.suggest_float(f"{trial.params['booster']}.depth", 0, 1)
        if at % 10 == 9:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, score(trial.params, own))
    return study


def test_the_parameter_that_matters_has_the_largest_share():
    shares = parameter_importance(study_of(lambda params, own: params["a"]))
    assert set(shares) == {"a", "b", "booster"}
    assert shares["a"] > 0.9
    assert sum(shares.values()) == pytest.approx(1)


def test_a_booster_s_own_parameters_take_part_among_its_trials():
    shares = parameter_importance(study_of(lambda params, own: own), "xgboost")
    assert set(shares) == {"a", "b", "xgboost.depth"}
    assert shares["xgboost.depth"] > 0.8


def test_importance_of_too_little_is_refused():
    with pytest.raises(ValueError, match="importance needs at least 5 finished trials, got 4"):
        parameter_importance(study_of(lambda params, own: own, n=4))
    with pytest.raises(ValueError, match="importance needs at least 5 finished trials of catboost, got 0"):
        parameter_importance(study_of(lambda params, own: own), "catboost")


def test_importance_of_what_never_differs_is_refused():
    study = optuna.create_study()
    for _ in range(6):
        trial = study.ask({"booster": optuna.distributions.CategoricalDistribution(("lightgbm",))})
        study.tell(trial, 0.5)
    with pytest.raises(ValueError, match="importance needs a parameter that all trials have and that differs among them, got none"):
        parameter_importance(study)


def test_levers_are_the_rows_of_the_report_by_one_measure(found, ax):
    rows = found.lever_report().rows
    for measure in dict.fromkeys(row.measure for row in rows):
        drawn = texts(found.plot.levers(measure, ax=Figure().subplots()))
        assert [text.split(":")[0] for text in drawn] == [row.lever for row in rows if row.measure == measure]
    assert ax is found.plot.levers(ax=ax)
    assert ax.get_xlabel().startswith("gain in average precision")
    with pytest.raises(ValueError, match=r"measure must be one of average precision, .* got 'accuracy'"):
        found.plot.levers("accuracy", ax=ax)


def test_class_counts_are_those_of_the_samplers_that_were_tried(found, small, ax):
    found.plot.class_counts(ax=ax)
    tried = {params["sampler"] for params in found.cv_results_["params"]} - {"none"}
    assert [text.split(" to ")[0].split(":")[0] for text in texts(ax)] == [
        "as it is",
        *(n for n in found._finished.samplers if n in tried),
    ]
    assert texts(ax)[0].startswith(f"as it is: {small[1].sum()} of 900 positive")


def test_the_surface_is_what_the_model_predicts(found, small):
    X, y = small
    seen = surface(found.best_estimator_, X, y, (2, 0))
    rows = np.tile(np.median(X, axis=0), (3, 1))
    across, up = np.array([0, 40, 99]), np.array([99, 7, 0])
    rows[:, 2], rows[:, 0] = seen.x[across], seen.y[up]
    assert seen.proba[up, across] == pytest.approx(found.predict_proba(rows)[:, 1], rel=1e-6)
    assert (seen.names, seen.points[2].tolist()) == (("feature 2", "feature 0"), (y == 1).tolist())
    for axis, column in ((seen.x, 2), (seen.y, 0)):  # over both classes, but for their last few rows
        assert axis[0] <= np.quantile(X[y == 1, column], 0.01)
        assert axis[-1] >= np.quantile(X[y == 1, column], 0.99)


def test_the_surface_is_drawn_with_its_names_and_rows(found, small, ax):
    X, y = small
    found.plot.decision_surface(X, y, (2, 0), ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("feature 2", "feature 0")
    assert [text.split(" ")[0] for text in legend(ax)] == ["negative", "positive", "cut"]


def test_the_surface_is_of_the_two_most_important_features(found, small, ax):
    found.plot.decision_surface(small[0], ax=ax)
    first, second = np.argsort(-found.best_estimator_.feature_importances_)[:2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == (f"feature {first}", f"feature {second}")
    assert legend(ax) == [f"cut {found.threshold_:.3g}"]  # no rows without labels


@pytest.mark.parametrize(
    ("features", "text"),
    [
        ((0, 0), r"features must be two different ones, got \[0, 0\]"),
        ((0,), r"features must be two different ones, got \[0\]"),
        ((0, 4), "features must be positions from 0 to 3, got 4"),
        ((0, "x"), r"features must be in the table \(it has no names\), got 'x'"),
    ],
)
def test_features_that_are_not_there_are_refused(features, text, found, small):
    with pytest.raises(ValueError, match=text):
        found.plot.decision_surface(small[0], features=features)


def test_a_surface_of_categories_and_missing_values(small, tmp_path):
    X, y = small
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    frame["kind"] = np.where(X[:, 2] > 0.5, "high", np.where(X[:, 2] < -0.5, "low", None))
    frame.loc[::7, "a"] = np.nan
    labels = np.where(y == 1, "bad", "good")
    result = bi.tune(frame, labels, pos_label="bad", booster="lightgbm", n_trials=1, cv=3, progress=False, random_state=0, n_jobs=1)
    ax = result.plot.decision_surface(frame, labels, ("kind", "a"), ax=Figure().subplots())
    assert [text.get_text() for text in ax.get_xticklabels()] == ["high", "low"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("kind", "a")
    ax.figure.savefig(tmp_path / "kinds.png")
    with pytest.raises(ValueError, match=r"features must be in the table \(one of a, b, c, d, kind\), got 'e'"):
        result.plot.decision_surface(frame, features=("e", "a"))
    with pytest.raises(ValueError, match="y has length 3 and X has length 900"):
        result.plot.decision_surface(frame, labels[:3])


def test_only_figures_that_the_user_gets_stay_open(found):
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    before = set(pyplot.get_fignums())
    found.plot.overview()
    found.plot.pr(ax=Figure().subplots())
    assert set(pyplot.get_fignums()) == before
    ax = found.plot.history()
    assert set(pyplot.get_fignums()) == before | {ax.figure.number}
    pyplot.close(ax.figure)
