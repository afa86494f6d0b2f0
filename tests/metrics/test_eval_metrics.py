"""The eval metrics as values, and each form in which a booster calls them."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

from boostimb.decision import best_threshold
from boostimb.metrics import (
    PRAUC,
    BestFScore,
    EvalMetric,
    ExpectedCost,
    PrecisionAtRecall,
    RecallAtPrecision,
    average_precision,
    precision_at_recall,
    recall_at_precision,
    threshold_sweep,
)
from boostimb.typing import Metric

METRICS = [
    PRAUC(),
    RecallAtPrecision(0.3),
    PrecisionAtRecall(0.5),
    BestFScore(),
    BestFScore(beta=2.0),
    ExpectedCost(fp=1.0, fn=8.0),
]
# What XGBoost's EarlyStopping maximises, from xgboost/callback.py.
XGBOOST_GOES_UP = ("auc", "pre", "map", "ndcg")

each_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def make(n=400):
    rng = np.random.default_rng(0)
    y = rng.random(n) < 0.1
    return y.astype(float), (rng.normal(size=n) + y).round(1), rng.uniform(0.2, 2, n)


@each_metric
def test_it_is_a_value(metric):
    assert isinstance(metric, EvalMetric)
    assert isinstance(metric, Metric)
    assert eval(repr(metric)) == metric
    for twin in (pickle.loads(pickle.dumps(metric)), copy.deepcopy(metric), clone(metric, safe=False)):
        assert twin == metric
        assert hash(twin) == hash(metric)
    with pytest.raises(AttributeError):
        metric.anything = 1


def test_it_survives_the_clone_of_an_estimator():
    class Holder(BaseEstimator):
        def __init__(self, metric=None):
            self.metric = metric

    assert clone(Holder(RecallAtPrecision(0.3))).metric == RecallAtPrecision(0.3)


@each_metric
def test_its_name_fits_every_booster(metric):
    assert metric.name.startswith(XGBOOST_GOES_UP) is metric.greater_is_better
    assert not set(metric.name) & set(":\t ,")
    assert metric.__name__ == metric.name
    assert metric.greater_is_better is metric.is_max_optimal() is not isinstance(metric, ExpectedCost)
    assert metric.no_jit is True


def test_names_tell_the_metrics_apart():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert PRAUC.__name__ == "PRAUC"  # the property belongs to the instances


@pytest.mark.parametrize("weighted", [False, True])
def test_the_values_are_those_of_the_functions(weighted):
    y, score, weight = make()
    weight = weight if weighted else None
    assert PRAUC().score(y, score, weight) == average_precision(y, score, weight)
    assert RecallAtPrecision(0.3).score(y, score, weight) == recall_at_precision(y, score, 0.3, weight)
    assert PrecisionAtRecall(0.5).score(y, score, weight) == precision_at_recall(y, score, 0.5, weight)
    assert BestFScore(2).score(y, score, weight) == threshold_sweep(y, score, weight).f_score(2).max()
    for costs in ({"fp": 1, "fn": 8}, {"fp": 3, "fn": 2, "tp": 1, "tn": -1}, {"fp": 0, "fn": 2, "tn": 1}):
        matrix = [[costs.get("tn", 0), costs["fp"]], [costs["fn"], costs.get("tp", 0)]]
        assert (
            ExpectedCost(**costs).score(y, score, weight)
            == best_threshold(y, score, sample_weight=weight, cost_matrix=matrix).score
        )


@each_metric
@pytest.mark.parametrize("weighted", [False, True])
def test_bind_is_score_with_the_labels_prepared(metric, weighted):
    y, score, weight = make()
    weight = weight if weighted else None
    bound = metric.bind(y, weight)
    for scores in (score, score.astype(np.float32), -score):
        assert bound(scores) == metric.score(y, scores, weight)
    with pytest.raises(ValueError, match="y_score has length 2"):
        bound([0.1, 0.2])
    with pytest.raises(ValueError, match="finite"):
        bound(np.full(y.size, np.nan))


@each_metric
def test_one_class_gives_a_finite_value(metric, recwarn):
    assert metric.score([0, 0, 0], [0.1, 0.2, 0.3]) == 0.0
    assert metric.score([1, 1, 1], [0.1, 0.2, 0.3]) == (1.0 if metric.greater_is_better else 0.0)
    assert not recwarn.list  # it is called every round


@each_metric
def test_the_scikit_learn_forms(metric):
    y, score, weight = make()
    assert metric(y, score) == metric.score(y, score)
    assert metric(y, score, sample_weight=weight) == metric.score(y, score, weight)
    # LGBMClassifier counts the parameters and passes all four by position.
    assert len(inspect.signature(metric).parameters) == 4
    assert metric(y, score, None, None) == (metric.name, metric.score(y, score), metric.greater_is_better)
    assert metric(y, score, weight, None) == (metric.name, metric.score(y, score, weight), metric.greater_is_better)


@each_metric
def test_the_form_of_catboost(metric):
    y, score, weight = make()
    for w in (None, weight):
        error, total = metric.evaluate((score,), y.astype(np.float32), w)
        assert metric.get_final_error(error, total) == metric.score(y, score, w)


@pytest.mark.parametrize(
    ("make_metric", "says"),
    [
        (lambda: RecallAtPrecision(0), "precision must be a finite number > 0 and <= 1, got 0"),
        (lambda: PrecisionAtRecall(1.5), "recall must be a finite number > 0 and <= 1, got 1.5"),
        (lambda: BestFScore(-1), "beta must be a finite number > 0, got -1"),
        (lambda: ExpectedCost(fp=float("inf"), fn=1), "fp must be a finite number, got inf"),
        (lambda: BestFScore(float("nan")), "beta must be a finite number > 0, got nan"),
    ],
)
def test_bad_parameters_get_a_clear_error(make_metric, says):
    with pytest.raises(ValueError, match=says):
        make_metric()
