"""Each known trap is named where it is there, and nowhere else."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score
from sklearn.model_selection import ShuffleSplit, TimeSeriesSplit

import boostimb as bi
from boostimb.metrics import confusion_at
from boostimb.resampling import ImbalanceWarning
from boostimb.search import _traps
from boostimb.search._folds import Data, make_folds
from boostimb.table import TableEncoder

QUICK = {"booster": "lightgbm", "cv": 3, "n_trials": 1, "progress": False, "random_state": 0, "n_jobs": 1, "timeout": None}


def told(function, *arguments, **settings):
    """What a call warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments, **settings)
    assert all(each.category is ImbalanceWarning and each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


def table_of(X):
    return TableEncoder.fit_transform(X)[1]


def twins(X, y, cv=5):
    table, y = table_of(X), y.astype(bool)
    return told(_traps.warn_of_twins, table, y, make_folds(Data(table, y, None), cv, 0))


def test_an_ordinary_table_is_told_nothing(small):
    assert told(bi.tune, *small, **QUICK) == []


def test_few_positives():
    assert told(_traps.warn_of_few_positives, np.arange(100) < 20) == []
    (text,) = told(_traps.warn_of_few_positives, np.arange(100) < 19)
    assert text.startswith("only 19 positives")
    assert "IsolationForest" in text


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_twins(small, order, dtype):
    X, y = small
    X = np.asarray(X, dtype=dtype, order=order)
    assert twins(X, y) == []
    positives = np.flatnonzero(y)
    over = np.concatenate([np.arange(len(y)), positives, positives])  # as an over-sampler leaves it
    (text,) = twins(X[over], y[over])
    assert "the rows that a fold leaves out" in text
    assert "Drop duplicates first" in text
    assert "over-sampled" in text
    few = np.concatenate([np.arange(len(y)), [0, 1]])
    assert twins(X[few], y[few]) == []


def test_twins_of_another_label_are_none(small):
    X, y = small
    assert twins(np.concatenate([X, X]), np.concatenate([y, 1 - y])) == []


def test_missing_values_and_signs_of_zero_are_no_difference():
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(200, 2)), 1)
    X[::7, 0] = np.nan
    X[::5, 1] = 0.0
    other = X.copy()
    other[other == 0] = -0.0
    y = rng.random(200) < 0.3
    group = _traps._same_rows(table_of(np.concatenate([X, other])), np.concatenate([y, y]))
    np.testing.assert_array_equal(group[:200], group[200:])
    rows = pd.DataFrame(X).assign(y=y)
    assert np.unique(group).size == len(rows.drop_duplicates())


def test_twins_in_one_fold_or_earlier_in_time_are_meant(small):
    X, y = small
    X, y = np.repeat(X[:300], 2, axis=0), np.repeat(y[:300], 2)
    assert any("exact twin" in text for text in told(bi.tune, X, y, **QUICK))
    assert not any("exact twin" in text for text in told(bi.tune, X, y, groups=np.arange(600) // 2, **QUICK))
    X, y = np.tile(X[::2], (2, 1)), np.tile(y[::2], 2)
    assert not any("exact twin" in text for text in told(bi.tune, X, y, **{**QUICK, "cv": TimeSeriesSplit(3)}))


def test_time():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"amount": rng.normal(size=500), "step": np.arange(500) // 10})
    (text,) = told(_traps.warn_of_time, table_of(X))
    assert text.startswith("column 'step' rises from row to row")
    assert "TimeSeriesSplit(5)" in text
    X.loc[5:8, "step"] = np.nan
    assert len(told(_traps.warn_of_time, table_of(X))) == 1
    for harmless in (rng.permutation(500), np.arange(500) // 50, np.zeros(500), np.full(500, np.nan), -np.arange(500)):
        assert told(_traps.warn_of_time, table_of(X.assign(step=harmless))) == []


def test_names_of_the_rows():
    rng = np.random.default_rng(0)
    name = np.array([f"customer {i}" for i in range(500)])
    X = pd.DataFrame({"amount": rng.normal(size=500), "job": name[:500] == name[0], "name": rng.permutation(name)})
    (text,) = told(_traps.warn_of_names, table_of(X))
    assert "in column 'name' (500 in 500 rows): " in text
    assert "drop it" in text
    for harmless in (name[np.arange(500) // 2], np.where(np.arange(500) < 50, name, None), rng.normal(size=500), np.arange(500)):
        assert told(_traps.warn_of_names, table_of(X.assign(name=harmless))) == []


def test_time_is_not_named_where_the_split_keeps_it(small):
    X, y = small
    X = np.column_stack([X, np.arange(len(y))])
    assert ["rises from row" in text for text in told(bi.tune, X, y, **QUICK)] == [True]
    assert told(bi.tune, X, y, **{**QUICK, "cv": TimeSeriesSplit(3)}) == []
    assert ["rises from row" in text for text in told(bi.tune, X, y, **{**QUICK, "cv": ShuffleSplit(3, random_state=0)})] == [True]


def leaking(y):
    rng = np.random.default_rng(1)
    noise = rng.normal(size=y.size)
    yes = y == 1
    return {
        "high": np.where(yes, 5 + noise, noise - 5),
        "low": np.where(yes, noise - 5, 5 + noise),
        "one code": np.where(yes, 3, rng.integers(0, 7, y.size) + 4 * (rng.random(y.size) < 0.5)),
        "missing": np.where(yes, np.nan, noise),
        "not missing": np.where(yes, noise, np.nan),
        "text": np.where(yes, "paid back", rng.choice(["new", "open"], y.size)),
    }


@pytest.mark.parametrize("kind", ["high", "low", "one code", "missing", "not missing", "text"])
def test_leaks(small, kind):
    X, y = small
    X = pd.DataFrame(X, columns=list("abcd"))
    column = leaking(y)[kind]
    if kind == "one code":
        column = np.where((column == 3) & (y == 0), 4, column)
    (text,) = told(_traps.warn_of_leaks, table_of(X.assign(late=column)), y.astype(bool))
    assert text.startswith("the label can be read from column 'late'")
    assert "drop it" in text
    shuffled = X.assign(late=np.random.default_rng(0).permutation(column))
    assert told(_traps.warn_of_leaks, table_of(shuffled), y.astype(bool)) == []


def test_what_is_no_leak(small):
    X, y = small
    good = X[:, 0] + 2 * y  # a strong column
    ids = [f"c{at}" for at in range(len(y))]  # each category once
    frame = pd.DataFrame({"good": good, "id": ids, "constant": 1.0, "empty": np.nan})
    assert told(_traps.warn_of_leaks, table_of(frame), y.astype(bool)) == []
    assert told(_traps.warn_of_leaks, table_of(X), np.arange(len(y)) > 3) == []  # nearly all positive


def test_many_leaks_are_counted(small):
    _, y = small
    X = y[:, None] + np.random.default_rng(0).normal(scale=0.01, size=(len(y), 8))
    (text,) = told(_traps.warn_of_leaks, table_of(X), y.astype(bool))
    assert "column 0 (1.0000), column 1" in text
    assert "and 3 more" in text


def test_alarm():
    y = np.arange(1000) < 20
    everybody, some = np.ones(1000), np.where(np.arange(1000) < 100, 1.0, 0.0)
    (text,) = told(_traps.warn_of_alarm, confusion_at(y, everybody, 0.5))
    assert text.startswith("recall 1 is bought with precision 0.02, near the rate of positives 0.02: 100% of all rows are flagged")
    assert "constraints={'precision'" in text
    assert "cost_matrix" in text
    assert told(_traps.warn_of_alarm, confusion_at(y, some, 0.5)) == []
    assert told(_traps.warn_of_alarm, confusion_at(y, np.zeros(1000), 0.5)) == []


def test_alarm_at_the_decision_of_a_result(small):
    result = bi.tune(*small, **QUICK)
    assert told(result.set_threshold, goal="f1") == []
    assert len(told(result.set_threshold, goal=0.0)) == 1
    assert told(result.set_threshold, constraints={"alerts": "<=0.1"}) == []


def rare(n=6_000, n_pos=5):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(n, 3)), np.zeros(n, dtype=int)
    y[rng.choice(n, n_pos, replace=False)] = 1
    X[y == 1] *= 4
    X[::9, 2] = np.nan
    return X, y


@pytest.mark.filterwarnings("ignore:only 5 positives", "ignore:recall .* is bought")
def test_an_isolation_forest_is_the_rival_below_a_rate_of_one_in_a_thousand(small):
    X, y = rare()
    with pytest.warns(ImbalanceWarning, match="only 0.083% of the rows are positive. An isolation forest") as caught:
        result = bi.tune(X, y, losses="log_loss", resamplers="none", **QUICK)
    assert {each.filename for each in caught} == {__file__}
    assert y.mean() * 10 < result.anomaly_score_ < 1
    assert bi.tune(*small, **QUICK).anomaly_score_ is None
    assert bi.tune(X, y, losses="log_loss", resamplers="none", **{**QUICK, "timeout": 4.0}).anomaly_score_ is None


def test_the_forest_on_thinned_rows_scores_as_on_all(monkeypatch):
    X, y = rare()
    table, y = table_of(X), y.astype(bool)
    folds = make_folds(Data(table, y, None), 3, 0)
    whole, few = np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = _traps.anomaly_score(table, y, folds, 0)
        monkeypatch.setattr(_traps, "FOREST_ROWS", 3000)
        few = _traps.anomaly_score(table, y, folds, 0)
    assert few == pytest.approx(whole, rel=0.35)  # other rows are drawn for the trees


def test_weight_and_resampling_together(small):
    X, y = small
    fit = partial(told, lambda **settings: bi.BoostClassifier(n_rounds=2, **settings).fit(X, y))
    (text,) = fit(pos_weight="balanced", resampler="over")
    assert text.startswith("resampling makes 1 positives per negative, and a positive weighs 10.5 times a negative")
    assert len(fit(loss=bi.FocalLoss(alpha=0.9), resampler="under")) == 1
    for one in ({"pos_weight": "balanced"}, {"resampler": "over"}, {"pos_weight": 1.5, "resampler": "over"}, {"pos_weight": 30}):
        assert fit(**one) == []


def test_smote_beyond_fifty_columns_is_told_once_and_where_it_was_asked_for():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 51))
    y = (X[:, 0] + rng.normal(size=300) > 1.5).astype(int)
    (text,) = told(lambda: bi.BoostClassifier(n_rounds=2, resampler="smote").fit(X, y))
    assert "51 columns" in text
    texts = told(bi.tune, X, y, resamplers=["none", "smote"], **QUICK)
    assert ["51 columns" in text for text in texts] == [True]


# ---- weights ----


def weighted(small):
    """Integer weights as a user balances by: ten times for positives, and much for rows that are easy."""
    X, y = small
    return X, y, np.where(y == 1, 10, 1) + np.where(X[:, 2] > 1, 5, 0)


def test_training_weights_do_not_raise_the_score(small):
    X, y, weight = weighted(small)
    plain = bi.tune(X, y, **QUICK)
    result = bi.tune(X, y, sample_weight=weight, **QUICK)
    assert result.best_score_ == pytest.approx(average_precision_score(y, result.oof_proba_))
    assert result.best_score_ < plain.best_score_ + 0.05  # by weights it would be 0.4 more
    assert average_precision_score(y, result.oof_proba_, sample_weight=weight) > plain.best_score_ + 0.2
    assert result.confusion().tp + result.confusion().fn == y.sum()
    assert np.average(result.oof_proba_) == pytest.approx(y.mean(), abs=0.01)


@pytest.mark.filterwarnings("ignore:recall .* is bought")  # by weights most rows are positive
def test_weight_evaluation_weighs_everything(small):
    X, y, weight = weighted(small)
    result = bi.tune(X, y, sample_weight=weight, weight_evaluation=True, **QUICK)
    proba = result.oof_proba_
    assert result.best_score_ == pytest.approx(average_precision_score(y, proba, sample_weight=weight))
    low, high = result.score_interval_
    assert low < result.best_score_ < high
    assert np.average(proba, weights=weight) == pytest.approx(np.average(y, weights=weight), abs=0.01)
    assert result.threshold_ == bi.best_threshold(y, proba, sample_weight=weight).value
    assert result.confusion().tp + result.confusion().fn == pytest.approx(weight[y == 1].sum())
    for refit, metric in (("single", "average_precision"), ("ensemble", bi.BestFScore())):
        settings = {**QUICK, "n_trials": 2, "refit": refit, "metric": metric}
        again = bi.tune(X, y, sample_weight=weight, weight_evaluation=True, **settings)
        assert again.best_score_ > average_precision_score(y, again.oof_proba_) + 0.1
        assert len(again.lever_report().rows) > 3


def test_weights_of_one_are_no_weights(small):
    X, y = small
    a = bi.tune(X, y, sample_weight=np.ones(len(y)), **QUICK)
    b = bi.tune(X, y, sample_weight=np.ones(len(y)), weight_evaluation=True, **QUICK)
    np.testing.assert_allclose(a.oof_proba_, b.oof_proba_, atol=1e-9)
    assert a.best_score_ == pytest.approx(b.best_score_, abs=1e-12)
    assert a.corrected_score_ == pytest.approx(b.corrected_score_, abs=1e-9)


# ---- input ----


def test_pandas_polars_arrow_and_sparse_give_one_result(small):
    X, y = small
    X = np.where(np.abs(X) < 0.3, 0.0, X)
    frame = pd.DataFrame(X, columns=list("abcd"))
    mixed = frame.assign(shop=[f"s{at % 4}" for at in range(len(y))], new=X[:, 0] > 0)
    mixed.loc[::9, "a"] = np.nan
    for tables in (
        (mixed, pl.from_pandas(mixed), pa.Table.from_pandas(mixed, preserve_index=False)),
        (X, csr_array(X), csr_array(X).tocsc()),
    ):
        results = [bi.tune(table, y, **QUICK) for table in tables]
        for result, table in zip(results[1:], tables[1:], strict=True):
            np.testing.assert_array_equal(result.oof_proba_, results[0].oof_proba_)
            np.testing.assert_array_equal(result.predict_proba(table), results[0].predict_proba(tables[0]))
