"""Folds: rows apart, bins made once, resampling on training rows only."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, StratifiedKFold

from boostimb.boosters import get_booster
from boostimb.losses import LogLoss
from boostimb.resampling import Resampler
from boostimb.search._folds import Data, make_folds, numbered_groups
from boostimb.table import TableEncoder


def data_of(X, y, weight=None, groups=None):
    return Data(TableEncoder.fit_transform(X)[1], y.astype(bool), weight, groups=numbered_groups(groups, len(y)))


def test_each_row_is_left_out_once_and_the_rates_are_even(small):
    X, y = small
    folds = make_folds(data_of(X, y), 5, 0)
    assert sorted(np.concatenate([fold.valid_rows for fold in folds])) == list(range(len(y)))
    counts = [int(fold.y_valid.sum()) for fold in folds]
    assert max(counts) - min(counts) <= 1
    for fold in folds:
        assert not set(fold.train_rows) & set(fold.valid_rows)


def test_a_group_stays_in_one_fold(small):
    X, y = small
    groups = np.arange(len(y)) // 3
    for cv in (4, GroupKFold(4)):
        for fold in make_folds(data_of(X, y, groups=groups), cv, 0):
            assert not set(groups[fold.train_rows]) & set(groups[fold.valid_rows])


def test_splitters_and_row_pairs(small):
    X, y = small
    splitter = StratifiedKFold(3)
    pairs = list(splitter.split(X, y))
    for cv in (splitter, pairs):
        folds = make_folds(data_of(X, y), cv, 0)
        np.testing.assert_array_equal(folds[1].valid_rows, pairs[1][1])


@pytest.mark.parametrize(
    ("cv", "says"),
    [
        (1, "cv must be an integer >= 2, got 1"),
        (500, "cv=500 needs at least 500 positives, one for each fold, got"),
        ([(np.arange(500), np.array([600, 601, 600]))] * 2, "validation rows of a fold must be distinct, and fold 0"),
        ([(np.arange(500), np.arange(500, 900))] * 2, "cv must leave out other rows in other folds"),
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
        make_folds(data_of(*small), cv, 0)


def test_a_split_that_parts_groups_is_refused(small):
    X, y = small
    half = np.arange(900) % 2 == 0
    with pytest.raises(ValueError, match="keep the rows of a group together, and fold 0 has 300 groups in both its parts"):
        make_folds(data_of(X, y, groups=np.arange(900) // 3), [(half, ~half), (~half, half)], 0)


def test_masks_are_rows(small):
    X, y = small
    half = np.arange(900) % 2 == 0
    folds = make_folds(data_of(X, y), [(half, ~half), (~half, half)], 0)
    np.testing.assert_array_equal(folds[0].valid_rows, np.flatnonzero(~half))


def test_each_fold_keeps_weight_in_both_classes(small):
    X, y = small
    weight = np.ones(900)
    weight[np.flatnonzero(y)[1:]] = 0
    with pytest.raises(ValueError, match="sample_weight must leave both classes in each fold"):
        make_folds(data_of(X, y, weight), 3, 0)


def test_a_fold_without_positives_is_named():
    y = np.arange(100) >= 90
    pairs = [(np.arange(50, 100), np.arange(50)), (np.arange(50), np.arange(50, 100))]
    with pytest.raises(ValueError, match="the validation rows of fold 0 hold 0 positives among 50"):
        make_folds(data_of(np.arange(100.0)[:, None], y), pairs, 0)


def test_bins_are_made_once(small):
    X, y = small
    fold = make_folds(data_of(X, y), 3, 0)[0]
    booster = get_booster("lightgbm")

    def train(**params):
        return fold.train(booster, params, Resampler("none"), 1)[0]

    assert train(num_leaves=50) is train(num_leaves=5)
    assert train(max_bin=15) is not train()
    assert fold.valid(booster, {"num_leaves": 50}, 1) is fold.valid(booster, {}, 1)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
@pytest.mark.parametrize("sampler", ["under", "over"])
def test_rows_of_a_sampler_keep_their_weights(small, name, sampler):
    """What a booster is given weighs as much, class by class, as the rows that the sampler makes."""
    pytest.importorskip(name)
    X, y = small
    weight = np.where(y == 1, 3.0, 0.5)
    fold, booster = make_folds(data_of(X, y, weight), 3, 0)[0], get_booster(name)
    n_pos, n_neg = int(y[fold.train_rows].sum()), int((1 - y[fold.train_rows]).sum())
    _, sums = fold.train(booster, {}, Resampler("none"), 1)
    assert sums == pytest.approx((3.0 * n_pos, 0.5 * n_neg))
    data, sums = fold.train(booster, {}, Resampler(sampler, 0.5), 1)
    want = (3.0 * n_pos, 0.5 * 2 * n_pos) if sampler == "under" else (3.0 * round(n_neg / 2), 0.5 * n_neg)
    assert sums == pytest.approx(want)
    label, given = np.asarray(data.get_label(), dtype=float), np.asarray(data.get_weight())
    assert (given @ label, given @ (1 - label)) == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("name", ["under", "over", "smote", "tomek", "smote_tomek", "adasyn", "borderline_smote"])
def test_resampling_never_reads_validation_rows(small, name):
    """The training set of a fold is the same whatever the validation rows hold."""
    X, y = small
    fold = make_folds(data_of(X, y), 3, 0)[0]
    other = X.copy()
    other[fold.valid_rows] = 1e6
    booster = get_booster("lightgbm")

    def model(Z):
        each = make_folds(data_of(Z, y), 3, 0)[0]
        train, sums = each.train(booster, {}, Resampler(name), 1)
        run = booster.start({}, train, LogLoss(), n_rounds=3, n_jobs=1, seed=0)
        run.advance(3)
        return run.model(3).native.model_to_string(), sums

    assert model(X) == model(other)


def test_of_many_bins_the_last_ones_are_kept(small):
    X, y = small
    fold, booster = make_folds(data_of(X, y), 3, 0)[0], get_booster("lightgbm")
    of_31, of_63 = ({"max_bin": bins} for bins in (31, 63))
    first = fold.valid(booster, of_31, 1)
    assert fold.valid(booster, of_31, 1) is first
    fold.valid(booster, of_63, 1)
    assert fold.valid(booster, of_31, 1) is not first
    assert len(fold._binned) == 2
