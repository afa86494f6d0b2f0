"""ImbalanceSearchCV: scikit-learn's own checks, its tools around it, and that it says what tune says."""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks as checks

import boostimb as bi
from boostimb.metrics import ExpectedCost
from boostimb.validation import ImbalanceWarning

# One plain trial a fit. Few rounds: the step is large, so that patience ends soon.
CHEAP = {
    "booster": "lightgbm",
    "losses": "log_loss",
    "resamplers": "none",
    "space": {"lightgbm": {"learning_rate": 0.3, "num_leaves": 8, "min_data_in_leaf": 1}},
    "cv": 2,
    "n_trials": 1,
    "timeout": None,
    "n_jobs": 1,
    "random_state": 0,
    "progress": False,
}


@pytest.fixture(scope="module")
def fitted(small):
    X, y = small
    return bi.ImbalanceSearchCV(**CHEAP).fit(pd.DataFrame(X, columns=list("abcd")), y)


# These checks make labels with a class of one row, if several classes are taken.
OF_ONE_ROW = (
    checks.check_dict_unchanged,
    checks.check_dont_overwrite_parameters,
    checks.check_f_contiguous_array_estimator,
    checks.check_fit2d_predict1d,
    checks.check_methods_sample_order_invariance,
    checks.check_methods_subset_invariance,
)


@pytest.mark.filterwarnings("ignore")  # the checks warn on purpose
def test_scikit_learn_checks():
    pytest.importorskip("lightgbm")
    weight = "a row of weight 2 is in one fold, and two rows may be in two, as with every estimator that cross-validates"
    expected = {f"check_sample_weight_equivalence_on_{kind}_data": weight for kind in ("dense", "sparse")}
    expected |= {check.__name__: "a class of one row cannot be in each of two folds" for check in OF_ONE_ROW}
    # Labels are compared with the likeliest class; these classes lie apart, so that the best F1 decides for it too.
    search = bi.ImbalanceSearchCV(**CHEAP)
    assert search.__sklearn_tags__().classifier_tags.multi_class
    checks.check_estimator(search, expected_failed_checks=expected, on_skip=None)


class OfTwoClasses(bi.ImbalanceSearchCV):
    """One that the checks give labels of two classes."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("check", OF_ONE_ROW)
def test_the_other_checks_on_two_classes(check):
    pytest.importorskip("lightgbm")
    check("OfTwoClasses", OfTwoClasses(**CHEAP))


def test_the_options_are_those_of_tune():
    data = {"X", "y", "groups", "sample_weight"}
    of_tune = {name: each.default for name, each in inspect.signature(bi.tune).parameters.items() if name not in data}
    assert bi.ImbalanceSearchCV().get_params() == of_tune


def test_all_of_the_result_is_there(fitted):
    public = {name for name in dir(fitted.result_) if not name.startswith("_") and name != "search_metric"}
    assert public - set(dir(fitted)) == set()
    for name in public - {"plot"}:
        if not callable(getattr(fitted.result_, name)):
            assert getattr(fitted, name) is getattr(fitted.result_, name)
    with pytest.raises(AttributeError, match="not fitted yet"):
        bi.ImbalanceSearchCV().best_params_  # noqa: B018


def test_it_is_tune(fitted, small):
    X, y = small
    X = pd.DataFrame(X, columns=list("abcd"))
    result = bi.tune(X, y, **CHEAP)
    np.testing.assert_array_equal(fitted.predict_proba(X), result.predict_proba(X))
    np.testing.assert_array_equal(fitted.predict(X), result.predict(X))
    assert (fitted.threshold_, fitted.corrected_score_) == (result.threshold_, result.corrected_score_)
    assert list(fitted.feature_names_in_) == list("abcd")
    assert str(fitted.lever_report()) == str(result.lever_report())
    assert fitted.confusion() == result.confusion()


def test_clone_pickle_and_repr(fitted, small):
    X = pd.DataFrame(small[0], columns=list("abcd"))
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.corrected_score_ == fitted.corrected_score_
    assert "ImbalanceSearchCV" in fitted._repr_html_()
    assert "booster='lightgbm'" in repr(fitted)


def test_before_fit_every_method_says_so(small, tmp_path):
    X, y = small
    search = bi.ImbalanceSearchCV()
    for call in (
        lambda: search.predict(X),
        lambda: search.predict_proba(X),
        lambda: search.decision_function(X),
        lambda: search.score(X, y),
        lambda: search.set_threshold(goal="mcc"),
        search.confusion,
        search.lever_report,
        lambda: search.save(tmp_path / "m"),
        lambda: search.export(tmp_path / "m.txt"),
    ):
        with pytest.raises(NotFittedError):
            call()


def test_another_threshold_another_decision(small):
    X, y = small
    search = bi.ImbalanceSearchCV(**CHEAP).fit(X, y)
    assert search.set_threshold(goal=0.9) is search
    assert search.threshold_ == 0.9
    np.testing.assert_array_equal(search.predict(X) == 1, search.predict_proba(X)[:, 1] >= 0.9)
    assert search.set_threshold(constraints={"recall": ">=0.9"}).confusion().recall >= 0.9
    assert search.constraint_report_


def test_the_model_is_kept(fitted, small, tmp_path):
    X = pd.DataFrame(small[0], columns=list("abcd"))
    fitted.save(tmp_path / "model")
    np.testing.assert_allclose(bi.load(tmp_path / "model").predict_proba(X), fitted.predict_proba(X), atol=1e-9)
    fitted.export(tmp_path / "model.txt")
    import lightgbm

    native = lightgbm.Booster(model_file=tmp_path / "model.txt").predict(X)
    np.testing.assert_allclose(native, fitted.predict_proba(X)[:, 1], atol=1e-6)


def test_the_score_is_the_search_metric(small):
    X, y = small
    weight = np.random.default_rng(0).uniform(0.1, 3.0, y.size)
    half = np.arange(y.size) % 2 == 0
    search = bi.ImbalanceSearchCV(**CHEAP).fit(X[half], y[half])
    want = average_precision_score(y[~half], search.decision_function(X[~half]))
    assert search.score(X[~half], y[~half]) == pytest.approx(want)
    weighted = average_precision_score(y[~half], search.decision_function(X[~half]), sample_weight=weight[~half])
    assert search.score(X[~half], y[~half], weight[~half]) == pytest.approx(weighted)
    with pytest.raises(ValueError, match=r"the labels \[0, 1\] only, got 2"):
        search.score(X, y + 1)
    with pytest.raises(ValueError, match="y has length 450 and X has length 900"):
        search.score(X, y[half])
    cost = ExpectedCost(fp=1, fn=10)
    search = bi.ImbalanceSearchCV(**CHEAP, metric=cost).fit(X[half], y[half])
    assert search.score(X[~half], y[~half]) == pytest.approx(-cost.score(y[~half], search.decision_function(X[~half])))


def test_the_positive_class(small):
    X, y = small
    named = np.where(y == 1, "bad", "good")
    with pytest.warns(ImbalanceWarning, match="'good', the greater of two labels.*pass pos_label='bad'"):
        guess = bi.ImbalanceSearchCV(**CHEAP).fit(X, named)
    assert guess.best_estimator_.positive_index == 1
    said = bi.ImbalanceSearchCV(**CHEAP, pos_label="bad").fit(X, named)
    assert said.classes_.tolist() == ["bad", "good"]
    np.testing.assert_array_equal(said.predict_proba(X)[:, 0], bi.tune(X, y, **CHEAP).predict_proba(X)[:, 1])
    assert said.score(X, named) == pytest.approx(average_precision_score(y, -said.decision_function(X)))
    bi.ImbalanceSearchCV(**CHEAP).fit(X, np.where(y == 1, "z", "a"))  # no warning: the greater one is rare
    bi.ImbalanceSearchCV(**CHEAP).fit(X, 1 - y)  # nor here: of 0 and 1, 1 is positive


def test_in_a_pipeline_with_weights_and_groups(small):
    X, y = small
    groups = np.arange(y.size) // 3
    weight = np.where(y == 1, 5.0, 1.0)
    search = bi.ImbalanceSearchCV(**CHEAP)
    pipe = make_pipeline(StandardScaler(), search)
    pipe.fit(X, y, imbalancesearchcv__sample_weight=weight, imbalancesearchcv__groups=groups)
    direct = clone(search).fit(StandardScaler().fit_transform(X), y, sample_weight=weight, groups=groups)
    np.testing.assert_array_equal(pipe.predict_proba(X), direct.predict_proba(StandardScaler().fit_transform(X)))
    plain = clone(search).fit(StandardScaler().fit_transform(X), y)
    assert np.abs(direct.oof_proba_ - plain.oof_proba_).max() > 0.01  # they were not lost on the way


def test_metadata_are_routed_to_the_search(small, monkeypatch):
    X, y = small
    groups, weight = np.arange(y.size) // 3, np.where(y == 1, 5.0, 1.0)
    seen = []

    def spy(X, y, **options):
        seen.append(options)
        return bi.tune(X, y, **options)

    monkeypatch.setattr("boostimb.search._search_cv.tune", spy)
    with config_context(enable_metadata_routing=True):
        search = bi.ImbalanceSearchCV(**CHEAP).set_fit_request(sample_weight=True, groups=True)
        search.set_score_request(sample_weight=True)
        scores = cross_val_score(search, X, y, cv=GroupKFold(3), params={"sample_weight": weight, "groups": groups})
    assert np.isfinite(scores).all()
    for options, (train, _) in zip(seen, GroupKFold(3).split(X, y, groups), strict=True):
        np.testing.assert_array_equal(options["sample_weight"], weight[train])
        np.testing.assert_array_equal(options["groups"], groups[train])


def test_nested_cross_validation_and_a_search_over_it(small):
    X, y = small
    found = cross_validate(bi.ImbalanceSearchCV(**CHEAP), X, y, cv=3, scoring=["f1", "average_precision"], return_estimator=True)
    assert all(0.0 < each.threshold_ < 1.0 for each in found["estimator"])
    plain = cross_val_score(bi.ImbalanceSearchCV(**CHEAP), X, y, cv=3)
    np.testing.assert_allclose(plain, found["test_average_precision"])
    grid = GridSearchCV(bi.ImbalanceSearchCV(**CHEAP), {"goal": [0.999, "f1"]}, cv=2, scoring="f1").fit(X, y)
    assert grid.best_params_ == {"goal": "f1"}
    assert f1_score(y, grid.predict(X)) > 0.5


@pytest.fixture(scope="module")
def graded():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(600, 3))
    return X, np.array(["low", "mid", "top"])[np.digitize(X[:, 0] + 0.3 * rng.normal(size=600), [0.4, 1.1])]


def test_several_classes(graded):
    X, y = graded
    half = np.arange(y.size) % 2 == 0
    search = bi.ImbalanceSearchCV(**CHEAP).fit(X[half], y[half])
    assert search.classes_.tolist() == ["low", "mid", "top"]
    proba, odds = search.predict_proba(X), search.decision_function(X)
    assert proba.shape == odds.shape == (600, 3)
    np.testing.assert_allclose(expit(odds), proba, atol=1e-12)
    result = bi.tune(X[half], y[half], **CHEAP)
    np.testing.assert_array_equal(proba, result.predict_proba(X))
    np.testing.assert_array_equal(search.predict(X), result.predict(X))
    np.testing.assert_array_equal(search.threshold_, result.threshold_)
    weight = np.random.default_rng(0).uniform(0.1, 3.0, y.size)[~half]
    want = average_precision_score(y[~half], proba[~half], sample_weight=weight)
    assert search.score(X[~half], y[~half], weight) == pytest.approx(want)
    with pytest.raises(ValueError, match=r"the labels \[.*\] only, got 'top!'"):
        search.score(X, np.where(y == "top", "top!", y))
    assert search.set_threshold(cost_matrix=1 - np.eye(3)) is search
    np.testing.assert_array_equal(search.predict(X), search.classes_[odds.argmax(axis=1)])
    assert search.confusion().counts.sum() == half.sum()
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict_proba(X), proba)


def test_several_classes_in_scikit_learns_tools(graded):
    X, y = graded
    found = cross_validate(bi.ImbalanceSearchCV(**CHEAP), X, y, cv=3, scoring=["average_precision", "f1_macro", "roc_auc_ovr"])
    np.testing.assert_allclose(cross_val_score(bi.ImbalanceSearchCV(**CHEAP), X, y, cv=3), found["test_average_precision"])
    assert found["test_average_precision"].min() > 0.6
    assert found["test_roc_auc_ovr"].min() > 0.8
    grid = GridSearchCV(bi.ImbalanceSearchCV(**CHEAP), {"metric": ["average_precision", "average_precision_weighted"]}, cv=2)
    assert 0.5 < grid.fit(X, y).best_score_ < 1
    with pytest.raises(ValueError, match="pos_label must be None with more than two classes"):
        bi.ImbalanceSearchCV(**CHEAP, pos_label="top").fit(X, y)


def test_warnings_point_at_the_users_line(fitted, small):
    X, y = small
    tiny = np.full(y.size, 1e-4)
    calls = [
        lambda: fitted.predict(X),
        lambda: fitted.best_estimator_.contributions(X),
        lambda: clone(fitted).fit(X, y, sample_weight=tiny),
        lambda: bi.BoostClassifier("lightgbm", n_rounds=2).fit(X, y, sample_weight=tiny),
    ]
    for call in calls:
        with pytest.warns(UserWarning, match="feature names|has a mean of") as seen:
            call()
        assert {each.filename for each in seen} == {__file__}
