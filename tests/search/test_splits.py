"""Rows that are left out several times, or never."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.model_selection import RepeatedStratifiedKFold, ShuffleSplit, StratifiedKFold, TimeSeriesSplit

import boostimb as bi
from boostimb.search import _trial
from boostimb.search._folds import Data, LeftOut, make_folds
from boostimb.table import TableEncoder

QUICK = {"booster": "lightgbm", "progress": False, "random_state": 0, "n_jobs": 1, "timeout": None}
REPEATED = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)


def folds_of(X, y, cv):
    return make_folds(Data(TableEncoder.fit_transform(X)[1], y.astype(bool), None), cv, 0)


@pytest.mark.parametrize("shape", [(), (3,)])
def test_the_margin_is_the_mean_over_the_times_that_a_row_is_left_out(small, shape):
    X, y = small
    rng = np.random.default_rng(0)
    for cv in (StratifiedKFold(4), REPEATED, TimeSeriesSplit(4), ShuffleSplit(4, test_size=0.3, random_state=0)):
        folds = folds_of(X, y, cv)
        parts = [rng.normal(size=(fold.valid_rows.size, *shape)) for fold in folds]
        by_row = [[] for _ in y]
        for fold, part in zip(folds, parts, strict=True):
            for row, value in zip(fold.valid_rows, part, strict=True):
                by_row[row].append(value)
        left_out = LeftOut.of(folds)
        assert left_out.rows.tolist() == [row for row, values in enumerate(by_row) if values]
        assert left_out.times.tolist() == [len(values) for values in by_row if values]
        got = left_out.mean(folds, parts)
        np.testing.assert_allclose(got, [np.mean(values, axis=0) for values in by_row if values], atol=1e-6)
        spread = left_out.spread(got.astype(float))
        assert spread.shape == (len(y), *shape)
        assert np.isnan(spread).reshape(len(y), -1).all(axis=1).tolist() == [not values for values in by_row]


def test_the_parts_split_the_scored_rows_and_hold_both_classes(small):
    X, y = small
    for cv, n_parts in ((StratifiedKFold(4), 4), (REPEATED, 3), (TimeSeriesSplit(4), 4)):
        left_out = LeftOut.of(folds_of(X, y, cv))
        assert np.unique(left_out.part).tolist() == list(range(n_parts))
    left_out = LeftOut.of(folds_of(X, y, ShuffleSplit(40, test_size=0.2, random_state=0)))
    for part in np.unique(left_out.part):
        assert set(y[left_out.rows[left_out.part == part]]) == {0, 1}


def test_repeats(small):
    X, y = small
    result = bi.tune(X, y, cv=REPEATED, n_trials=2, **QUICK)
    assert np.isfinite(result.oof_proba_).all()
    assert result.best_score_ == pytest.approx(average_precision_score(y, result.oof_proba_))
    assert {part.weight for part in result.best_estimator_.members} != set()
    assert result.lever_report().n_folds == 3
    bag = bi.tune(X, y, cv=REPEATED, n_trials=1, refit="bag", **QUICK)
    assert len(bag.best_estimator_.members) == 6


def test_time_order(small, monkeypatch):
    """The first rows are trained on and not scored, and the final model has seen the last ones."""
    X, y = small
    sizes = []
    monkeypatch.setattr(bi.search._final, "refit_on_all", spy(bi.search._final.refit_on_all, sizes))
    result = bi.tune(X, y, cv=TimeSeriesSplit(3), n_trials=3, metric=bi.BestFScore(), **QUICK)
    scored = ~np.isnan(result.oof_proba_)
    assert scored.tolist() == [row >= 225 for row in range(900)]
    assert set(sizes) == {900}
    assert len(result.best_estimator_.members) == len(sizes)
    matrix = result.confusion()
    assert matrix.tp + matrix.fn == y[scored].sum()
    assert matrix.tp + matrix.fp + matrix.fn + matrix.tn == scored.sum()
    result.set_threshold(constraints={"recall": ">=0.6"}, confidence=None)
    assert result.confusion().recall >= 0.6
    assert result.lever_report().n_positives == y[scored].sum()
    assert np.isfinite(result.predict_proba(X)).all()


def spy(refit_on_all, sizes):
    def wrapped(plan, n_rounds, data, *rest):
        sizes.append(data.y.size)
        return refit_on_all(plan, n_rounds, data, *rest)

    return wrapped


def test_no_fold_of_a_time_split_reads_later_rows(small, monkeypatch):
    """Out-of-fold margins are the same whatever the rows after them hold; the number of rounds, which is of all folds, is fixed."""
    monkeypatch.setattr(_trial, "MAX_ROUNDS", 10)
    monkeypatch.setattr(_trial, "best_step", lambda curve, ends: len(ends) - 1)
    X, y = small
    other = X.copy()
    other[700:] = -other[700:]
    settings = {"n_trials": 1, "losses": "log_loss", "resamplers": "none", **QUICK}
    pairs = [(np.arange(300), np.arange(300, 500)), (np.arange(500), np.arange(500, 700)), (np.arange(700), np.arange(700, 900))]
    a, b = (bi.tune(Z, y, cv=pairs, **settings)._finished.margins[0] for Z in (X, other))
    np.testing.assert_array_equal(a[:400], b[:400])
    assert (a[400:] != b[400:]).any()


def test_models_that_come_too_late_are_named(small):
    """A refit is given up at the deadline; fold models stand in for it."""
    X, y = small
    search = bi.tune(X, y, cv=TimeSeriesSplit(3), n_trials=1, **QUICK)
    assert len(search.best_estimator_.members) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bi.search._final, "refit_on_all", lambda *_: None)
        patch.setattr(bi.search._search.Search, "_seconds_to_choose", lambda self: 100.0)
        with pytest.warns(RuntimeWarning, match="1 of 1 models of all rows were not trained in time") as caught:
            late = bi.tune(X, y, cv=TimeSeriesSplit(3), n_trials=1, **{**QUICK, "timeout": 60})
    assert caught[0].filename == __file__
    assert len(late.best_estimator_.members) == 3


def test_a_study_over_a_time_split_goes_on(small, tmp_path):
    where = {"storage": tmp_path / "journal.log", "study_name": "s", "cv": TimeSeriesSplit(3)}
    first = bi.tune(*small, n_trials=2, **where, **QUICK)
    second = bi.tune(*small, n_trials=1, **where, **QUICK)
    assert second.cv_results_["score"][:2].tolist() == first.cv_results_["score"].tolist()
    with pytest.raises(ValueError, match="another folds"):
        bi.tune(*small, n_trials=1, **{**where, "cv": TimeSeriesSplit(3, max_train_size=300)}, **QUICK)
