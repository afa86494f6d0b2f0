"""The samplers by name: how many rows, which rows, and what is refused or warned of."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from boostimb.resampling import NAMES, ImbalanceWarning, Resampler, ResamplingCache, ratio_range
from boostimb.resampling._resampler import NUMBERS_ONLY, SMOTE_KIND

SYNTHETIC = [name for name in SMOTE_KIND if name != "smote_tomek"]  # those that drop no row


def resample(name, table, y, ratio=0.5, **options):
    return Resampler(name, None if name in ("none", "tomek") else ratio).resample(table, y, **{"random_state": 0, **options})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_result_fits_together(make_table, name, dtype):
    table, y = make_table(categorical=2 * (name not in NUMBERS_ONLY), missing=0.1, dtype=dtype)
    weight = np.linspace(1, 2, table.n_rows)
    result = resample(name, table, y, sample_weight=weight)
    new = 0 if result.synthetic is None else result.synthetic.n_rows
    assert (new > 0) == (name in SMOTE_KIND)
    whole = result.apply(table)
    assert whole.n_rows == len(result.y) == len(result.sample_weight) == len(result.rows) + new
    assert whole.values.dtype == dtype
    assert whole.categories == table.categories
    # Rows that are kept are what they were, with their missing values, labels and weights.
    kept = len(result.rows)
    assert_array_equal(whole.values[:kept], table.values[result.rows])
    assert_array_equal(result.y[:kept], y[result.rows])
    assert_array_equal(result.sample_weight[:kept], weight[result.rows])
    assert result.y[kept:].all()
    assert resample(name, table, y).sample_weight is None


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_rows(make_table, name):
    table, y = make_table(categorical=int(name not in NUMBERS_ONLY), missing=0.1)
    first, again, shared, other = (
        resample(name, table, y, **options)
        for options in ({}, {"random_state": np.random.default_rng(0)}, {"cache": ResamplingCache()}, {"random_state": 1})
    )
    for same in (again, shared):
        assert_array_equal(first.apply(table).values, same.apply(table).values)
        assert_array_equal(first.rows, same.rows)
    if name not in ("none", "tomek"):
        assert not np.array_equal(first.apply(table).values, other.apply(table).values)


@pytest.mark.parametrize("name", ["under", "over", *SYNTHETIC])
@pytest.mark.parametrize("ratio", [0.2, 0.5, 1.0, None])
def test_ratio_is_met(make_table, name, ratio):
    table, y = make_table(15, 285)
    labels = resample(name, table, y, ratio).y
    # ADASYN rounds the number that each positive is due by itself.
    assert abs(labels.sum() - (ratio or 1.0) * (~labels).sum()) <= (7.5 if name == "adasyn" else 0.5)
    if name == "under":
        assert labels.sum() == 15
    else:
        assert (~labels).sum() == 285


@pytest.mark.parametrize("name", ["none", "under", "over", *SMOTE_KIND])
@pytest.mark.parametrize(("n_pos", "ratio"), [(50, 0.9), (80, 1.0), (40, 40 / 60)])
def test_a_table_at_or_above_the_ratio_stays(make_table, name, n_pos, ratio):
    table, y = make_table(n_pos, 100 - n_pos)
    result = resample(name, table, y, ratio)
    assert_array_equal(result.rows, np.arange(100))
    assert result.synthetic is None


def test_under_keeps_all_positives_and_draws_negatives_evenly(make_table):
    table, y = make_table(10, 90)
    counts = np.zeros(100)
    for seed in range(100):
        rows = resample("under", table, y, 1 / 3, random_state=seed).rows
        assert len(np.unique(rows)) == len(rows) == 40
        counts[rows] += 1
    assert (counts[y] == 100).all()
    # 100 draws of 30 from 90: mean 33.3, standard deviation 4.7
    assert np.abs(counts[~y] - 100 / 3).max() < 4.5 * 4.7


def test_over_repeats_positives_evenly(make_table):
    table, y = make_table(10, 90)
    counts = np.zeros(100)
    for seed in range(100):
        result = resample("over", table, y, 4 / 9, random_state=seed)
        assert result.synthetic is None
        counts += np.bincount(result.rows, minlength=100)
    assert (counts[~y] == 100).all()
    assert counts.sum() == 100 * 130
    # 100 draws of 30 from 10, on top of each row itself: mean 400, standard deviation 16.4
    assert np.abs(counts[y] - 400).max() < 4.5 * 16.4


@pytest.mark.parametrize("name", ["under", "over", "tomek"])
def test_rows_come_in_the_order_of_the_table(make_table, name):
    rows = resample(name, *make_table(30, 70)).rows
    assert_array_equal(rows, np.sort(rows))


# --- what is refused, and warned of -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("smoot",), ValueError, "resampler must be one of none, under, over, smote, .*got 'smoot'"),
        (("under", 0.0), ValueError, r"ratio must be a finite number > 0 and <= 1, got 0"),
        (("under", 1.5), ValueError, r"<= 1, got 1.5"),
        (("under", np.nan), ValueError, "got nan"),
        (("under", "0.5"), TypeError, "got '0.5'"),
        (("tomek", 0.5), ValueError, "resampler 'tomek' has no ratio, got 0.5"),
        (("none", 0.5), ValueError, "has no ratio"),
    ],
)
def test_wrong_description(arguments, error, says):
    with pytest.raises(error, match=says):
        Resampler(*arguments)


def test_description_is_a_value():
    assert Resampler("under", 0.5) == pickle.loads(pickle.dumps(Resampler("under", 0.5))) == Resampler("under").with_ratio(0.5)
    assert len({Resampler("under", 0.5), Resampler("under", 0.5)}) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("n_pos", "n_neg"), [(0, 20), (20, 0)])
def test_check_wants_both_classes(make_table, name, n_pos, n_neg):
    table, y = make_table(n_pos, n_neg)
    with pytest.raises(ValueError, match=f"samples of both classes, got {n_pos} positives and {n_neg} negatives"):
        Resampler(name).check(table, y)
    if name == "none":
        assert_array_equal(Resampler(name).resample(table, y).rows, np.arange(20))
    else:
        with pytest.raises(ValueError, match="samples of both classes"):
            Resampler(name).resample(table, y)


@pytest.mark.parametrize("name", SMOTE_KIND)
def test_smote_wants_two_positives(make_table, name):
    table, y = make_table(1, 20)
    for call in (Resampler(name).check, Resampler(name).resample):
        with pytest.raises(ValueError, match=f"'{name}' needs at least 2 positives, got 1: use 'over'"):
            call(table, y)
    table, y = make_table(2, 20)
    Resampler(name).check(table, y)
    assert Resampler(name).resample(table, y, random_state=0).y.sum() >= 2


@pytest.mark.parametrize("name", ["under", "over", *SMOTE_KIND])
def test_check_wants_a_ratio_above_the_present_one(make_table, name):
    table, y = make_table(30, 60)
    with pytest.raises(ValueError, match=r"above the present one of positives to negatives, 0\.5, got 0\.5: nothing would be"):
        Resampler(name, 0.5).check(table, y)
    Resampler(name, 0.6).check(table, y)
    with pytest.raises(ValueError, match="got 1: nothing would be"):
        Resampler(name).check(*make_table(50, 50))


def test_check_warns_of_many_columns_and_of_weights(make_table):
    wide, y = make_table(numeric=51)
    table, _ = make_table(numeric=50)
    weight = np.ones(100)
    for name in NAMES:
        resampler = Resampler(name)
        resampler.check(table, y)
        if name in SMOTE_KIND:
            with pytest.warns(ImbalanceWarning, match="51 columns.*Use 'under' or 'over', or select columns"):
                resampler.check(wide, y)
            with pytest.warns(ImbalanceWarning, match="weight of the original positive that is nearest.*Use 'under' or 'over'"):
                resampler.check(table, y, weight)
        else:
            resampler.check(wide, y, weight)
        resampler.resample(wide, y, weight, 0)


def test_ratio_range():
    assert ratio_range("under", 10, 1000) == (0.01, 1.0)
    assert ratio_range("smote", 10, 1000) == (0.01, 0.5)
    assert ratio_range("over", 100, 1000) == (0.1, 1.0)
    assert ratio_range("none", 10, 1000) is ratio_range("tomek", 10, 1000) is ratio_range("over", 10, 10) is None
    with pytest.raises(ValueError, match="must be one of"):
        ratio_range("smoot", 10, 1000)
