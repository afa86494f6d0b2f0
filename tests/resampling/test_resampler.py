"""The samplers by name: how many rows, which rows, what new rows hold, and what is refused."""

import dataclasses
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from boostimb.resampling import NAMES, ImbalanceWarning, Neighbourhood, Resampler, ratio_range
from boostimb.resampling._resampler import SMOTE_KIND
from boostimb.resampling._synthesis import draw_bases
from boostimb.table import Table

SYNTHETIC = [name for name in SMOTE_KIND if name != "smote_tomek"]  # those that drop no row


def resample(name, table, y, ratio=0.5, **options):
    return Resampler(name, None if name in ("none", "tomek") else ratio).resample(table, y, **{"random_state": 0, **options})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_result_fits_together(make_table, name, dtype):
    table, y = make_table(categorical=2, missing=0.1, dtype=dtype)
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
    table, y = make_table(categorical=1, missing=0.1)
    hood = Neighbourhood(table, y)
    first, again, shared, other = (
        resample(name, table, y, **options)
        for options in ({}, {"random_state": np.random.default_rng(0)}, {"neighbourhood": hood}, {"random_state": 1})
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
    assert abs(labels.sum() - (ratio or 1.0) * (~labels).sum()) <= 0.5
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
    for seed in range(300):
        rows = resample("under", table, y, 1 / 3, random_state=seed).rows
        assert len(np.unique(rows)) == len(rows) == 40
        counts[rows] += 1
    assert (counts[y] == 300).all()
    # 300 draws of 30 from 90: mean 100, standard deviation 8.2
    assert np.abs(counts[~y] - 100).max() < 4.5 * 8.2


def test_over_repeats_each_positive_equally_often(make_table):
    table, y = make_table(7, 93)
    result = resample("over", table, y, 0.5)
    assert result.synthetic is None
    counts = np.bincount(result.rows, minlength=100)
    assert (counts[~y] == 1).all()
    assert set(counts[y]) <= {6, 7}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30).filter(lambda s: sum(s) > 1e-3), st.integers(1, 200), st.integers(0, 9))
def test_bases_are_drawn_in_proportion(share, n_new, seed):
    share = np.array(share) / sum(share)
    counts = np.bincount(draw_bases(share, n_new, np.random.default_rng(seed)), minlength=len(share))
    assert counts.sum() == n_new
    assert (np.abs(counts - share * n_new) < 1 + 1e-9).all()


# --- what new rows hold -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SYNTHETIC)
def test_new_rows_lie_between_neighbouring_positives_and_so_do_their_weights(make_table, name):
    table, y = make_table()
    weight = np.random.default_rng(0).uniform(1, 9, 100)
    hood = Neighbourhood(table, y)
    result = resample(name, table, y, sample_weight=weight)
    start = np.repeat(hood.positives, hood.among_positives.shape[1])
    end = hood.positives[hood.among_positives.ravel()]
    new_weight = result.sample_weight[len(result.rows) :]
    for row, row_weight in zip(result.synthetic.values, new_weight, strict=True):
        step = (row - table.values[start]) / (table.values[end] - table.values[start])  # (pairs, columns)
        (pairs,) = np.nonzero((np.ptp(step, axis=1) < 1e-6) & (step[:, 0] >= 0) & (step[:, 0] <= 1))
        # Two rows may each be a neighbour of the other, so there may be the pair and its reverse.
        assert len({frozenset((start[pair], end[pair])) for pair in pairs}) == 1
        at = step[pairs[0], 0]
        assert_allclose(row_weight, (1 - at) * weight[start[pairs[0]]] + at * weight[end[pairs[0]]])


def test_the_scale_of_a_column_changes_no_neighbour(make_table):
    table, y = make_table()
    larger = dataclasses.replace(table, values=table.values * [4.0, 0.125, 2.0**20])
    assert_array_equal(
        resample("smote", larger, y).synthetic.values, resample("smote", table, y).synthetic.values * [4.0, 0.125, 2.0**20]
    )


@pytest.mark.parametrize("name", SYNTHETIC)
def test_a_number_is_missing_where_the_base_lacks_it(name):
    """One column is missing in exactly those positives whose other number is below 0."""
    rng = np.random.default_rng(0)
    y = np.arange(120) < 20
    side = np.where(rng.random(120) < 0.5, -1.0, 1.0)
    near = rng.random(120)
    values = np.column_stack((side + 1e-3 * near, np.where(side < 0, np.nan, near)))
    synthetic = resample(name, Table(values, None, (None, None)), y).synthetic.values
    # Neighbours share their side, for the other side is far away.
    assert_array_equal(np.isnan(synthetic[:, 1]), synthetic[:, 0] < 0)
    assert np.isnan(synthetic[:, 1]).any()


def test_where_only_the_neighbour_lacks_a_number_the_base_s_stays():
    values = np.array([[0.0, 7.0], [1.0, np.nan], [9.0, 1.0], [9.0, 2.0], [9.0, 3.0], [9.0, 4.0], [9.0, 5.0]])
    synthetic = resample("smote", Table(values, None, (None, None)), np.arange(7) < 2, 1.0).synthetic.values
    assert len(synthetic) == 3
    assert all(second == 7 or np.isnan(second) for second in synthetic[:, 1])
    assert 7 in synthetic[:, 1]


def test_categories_are_the_most_frequent_of_the_neighbours(make_table):
    """Missing counts as a category; of equally frequent ones it is the nearest neighbour's."""
    table, y = make_table(categorical=3, missing=0.2)
    hood = Neighbourhood(table, y)
    synthetic = resample("smotenc", table, y, neighbourhood=hood).synthetic
    # The sampler's first use of its random numbers.
    bases = draw_bases(np.full(15, 1 / 15), synthetic.n_rows, np.random.default_rng(0))
    for base, row in zip(bases, synthetic.values, strict=True):
        for j in table.categorical:
            codes = table.values[hood.positives[hood.among_positives[base]], j]
            # Counter lists equally frequent ones in the order in which it met them.
            ((code, _),) = Counter(None if np.isnan(code) else code for code in codes).most_common(1)
            assert np.isnan(row[j]) if code is None else row[j] == code


def test_the_remainder_falls_to_every_positive_alike():
    counts = sum(np.bincount(draw_bases(np.full(7, 1 / 7), 3, np.random.default_rng(seed)), minlength=7) for seed in range(700))
    # 700 draws of 3 from 7: mean 300, standard deviation 13
    assert np.abs(counts - 300).max() < 4.5 * 13


def test_a_table_of_categories_only():
    rng = np.random.default_rng(0)
    table = Table(rng.integers(0, 3, size=(100, 4)).astype(float), ("a", "b", "c", "d"), (("x", "y", "z"),) * 4)
    synthetic = resample("smote", table, np.arange(100) < 12, 1.0).synthetic
    assert synthetic.names == table.names
    assert set(np.unique(synthetic.values)) <= {0.0, 1.0, 2.0}


def test_extreme_numbers_stay_finite():
    largest = np.finfo(np.float64).max
    values = np.array([[largest], [-largest], [largest], *[[0.0]] * 30])
    assert np.isfinite(resample("smote", Table(values, None, (None,)), np.arange(33) < 3, 1.0).synthetic.values).all()


def test_constant_columns_stay_constant(make_table):
    table, y = make_table()
    values = np.column_stack((table.values, np.full(100, 0.1)))
    synthetic = resample("smote", Table(values, None, (None,) * 4), y).synthetic
    assert (synthetic.values[:, 3] == 0.1).all()


def test_tomek_drops_the_negatives_and_smote_tomek_both_rows(make_table):
    table, y = make_table(40, 160)
    hood = Neighbourhood(table, y)
    kept = resample("tomek", table, y).rows
    assert_array_equal(np.setdiff1d(np.arange(200), kept), np.sort(hood.tomek_links[:, 1]))

    weight = np.random.default_rng(0).uniform(1, 9, 200)
    grown, cleaned = (resample(name, table, y, sample_weight=weight) for name in ("smote", "smote_tomek"))
    points = Neighbourhood(grown.apply(table), grown.y)
    points.space = hood.space  # scales are those of the original rows
    gone = points.tomek_links.ravel()
    assert len(gone)
    assert_array_equal(cleaned.apply(table).values, np.delete(grown.apply(table).values, gone, axis=0))
    assert_array_equal(cleaned.y, np.delete(grown.y, gone))
    assert_array_equal(cleaned.sample_weight, np.delete(grown.sample_weight, gone))


FINITE = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.one_of(st.just(np.nan), st.sampled_from([0.0, 1.0, -1.0, 1e308, -1e308, 5e-324]), FINITE)


@given(
    arrays(np.float64, (12, 2), elements=CELLS),
    arrays(np.float64, (12, 1), elements=st.sampled_from([np.nan, 0.0, 1.0])),
    st.integers(2, 5),
    st.sampled_from(NAMES),
)
def test_any_table(numbers, codes, n_pos, name):
    """No warning, nothing infinite, no value outside what the positives hold, no category that is none."""
    table = Table(np.hstack((numbers, codes)), None, (None, None, ("a", "b")))
    y = np.arange(12) < n_pos
    result = resample(name, table, y, 1.0)
    assert len(result.y) == result.apply(table).n_rows
    if result.synthetic is not None and result.synthetic.n_rows:
        new = result.synthetic.values
        for j in range(3):
            present, own = new[~np.isnan(new[:, j]), j], table.values[y, j]
            if len(present):
                assert np.nanmin(own) <= present.min() <= present.max() <= np.nanmax(own)
        assert set(new[~np.isnan(new[:, 2]), 2]) <= {0.0, 1.0}


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
            with pytest.warns(ImbalanceWarning, match="weight between those of the two rows.*Use 'under' or 'over'"):
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
