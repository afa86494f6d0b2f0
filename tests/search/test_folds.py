"""Folds: each row out once, bins made once, resampling on training rows only."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, StratifiedKFold, TimeSeriesSplit

from boostimb.boosters import get_booster
from boostimb.resampling import Resampler
from boostimb.search._folds import Data, make_folds, resampled
from boostimb.table import TableEncoder


def data_of(X, y, weight=None):
    return Data(TableEncoder.fit_transform(X)[1], y.astype(bool), weight)


def test_each_row_is_left_out_once_and_the_rates_are_even(small):
    X, y = small
    folds = make_folds(data_of(X, y), 5, None, 0)
    assert sorted(np.concatenate([fold.valid_rows for fold in folds])) == list(range(len(y)))
    counts = [int(fold.y_valid.sum()) for fold in folds]
    assert max(counts) - min(counts) <= 1
    for fold in folds:
        assert not set(fold.train_rows) & set(fold.valid_rows)


def test_a_group_stays_in_one_fold(small):
    X, y = small
    groups = np.arange(len(y)) // 3
    for cv in (4, GroupKFold(4)):
        for fold in make_folds(data_of(X, y), cv, groups, 0):
            assert not set(groups[fold.train_rows]) & set(groups[fold.valid_rows])


def test_splitters_and_row_pairs(small):
    X, y = small
    splitter = StratifiedKFold(3)
    pairs = list(splitter.split(X, y))
    for cv in (splitter, pairs):
        folds = make_folds(data_of(X, y), cv, None, 0)
        np.testing.assert_array_equal(folds[1].valid_rows, pairs[1][1])


@pytest.mark.parametrize(
    ("cv", "says"),
    [
        (1, "cv must be an integer >= 2, got 1"),
        (500, "cv=500 folds need at least 500 positives, one for each fold, got"),
        (TimeSeriesSplit(3), "each row out exactly once"),
        ([(np.arange(900), np.arange(900))], "keep training and validation rows apart"),
        (
            [(np.arange(500), np.arange(-400, 0)), (np.arange(500, 900), np.arange(500))],
            "rows of fold 0 must be from 0 to 899, got -400",
        ),
        ([(np.arange(500.0), np.arange(500, 900))], "must be row numbers or a mask of 900 rows, got type float64"),
        ("abc", "cv must be a number of folds"),
    ],
)
def test_bad_splits(small, cv, says):
    with pytest.raises((ValueError, TypeError), match=says):
        make_folds(data_of(*small), cv, None, 0)


def test_masks_are_rows(small):
    X, y = small
    half = np.arange(900) % 2 == 0
    folds = make_folds(data_of(X, y), [(half, ~half), (~half, half)], None, 0)
    np.testing.assert_array_equal(folds[0].valid_rows, np.flatnonzero(~half))


def test_each_fold_keeps_weight_in_both_classes(small):
    X, y = small
    weight = np.ones(900)
    weight[np.flatnonzero(y)[1:]] = 0
    with pytest.raises(ValueError, match="sample_weight must leave both classes in each fold"):
        make_folds(data_of(X, y, weight), 3, None, 0)


def test_a_fold_without_positives_is_named():
    y = np.arange(100) >= 90
    pairs = [(np.arange(50, 100), np.arange(50)), (np.arange(50), np.arange(50, 100))]
    with pytest.raises(ValueError, match="the validation rows of fold 0 hold 0 positives among 50"):
        make_folds(data_of(np.arange(100.0)[:, None], y), pairs, None, 0)


def test_bins_are_made_once(small):
    X, y = small
    fold = make_folds(data_of(X, y), 3, None, 0)[0]
    booster = get_booster("lightgbm")
    first = fold.binned(booster, {"num_leaves": 5}, 1)
    assert fold.binned(booster, {"num_leaves": 50}, 1) is first
    assert fold.binned(booster, {"max_bin": 15}, 1) is not first


def test_resampled_data_keeps_weights_and_counts_them(small):
    X, y = small
    weight = np.where(y == 1, 3.0, 0.5)
    part = resampled(data_of(X, y, weight), Resampler("under", 0.5), 0)
    n_pos = int(y.sum())
    assert part.class_weights() == pytest.approx((3.0 * n_pos, 0.5 * 2 * n_pos))
    assert data_of(X, y).class_weights() == (n_pos, len(y) - n_pos)


@pytest.mark.parametrize("name", ["under", "over", "smote", "tomek", "smote_tomek", "adasyn", "borderline_smote"])
def test_resampling_never_reads_validation_rows(small, name):
    """The training set of a fold is the same whatever the validation rows hold."""
    X, y = small
    fold = make_folds(data_of(X, y), 3, None, 0)[0]
    other = X.copy()
    other[fold.valid_rows] = 1e6
    a, b = (resampled(data_of(Z, y).take(fold.train_rows), Resampler(name), fold.seed) for Z in (X, other))
    np.testing.assert_array_equal(a.table.values, b.table.values)
    np.testing.assert_array_equal(a.y, b.y)
