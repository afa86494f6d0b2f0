"""The samplers by name: how many rows, which rows, what new rows hold, and what is refused."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from boostimb.resampling import NAMES, ImbalanceWarning, Resampler, ResamplingCache, ratio_range
from boostimb.resampling._resampler import NUMBERS_ONLY, SMOTE_KIND
from boostimb.table import Table

SYNTHETIC = [name for name in SMOTE_KIND if name != "smote_tomek"]  # those that drop no row


ANY_COLUMN = [name for name in NAMES if name not in NUMBERS_ONLY]


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


# --- what new rows hold -----------------------------------------------------------------------------------------------


def scaled(table, values=None):
    """Columns of numbers in standard deviations, the missing ones at the median (or the most frequent code)."""
    fill = [np.nanmedian(c) if levels is None else np.bincount(c[~np.isnan(c)].astype(int)).argmax()
            for c, levels in zip(table.values.T, table.categories, strict=True)]  # fmt: skip
    scale = np.where([levels is None for levels in table.categories], np.nanstd(table.values, axis=0), 1)
    values = table.values if values is None else values
    return np.where(np.isnan(values), fill, values) / scale


@pytest.mark.parametrize("name", SYNTHETIC)
@pytest.mark.parametrize("n_pos", [15, 4])
def test_new_rows_lie_between_neighbouring_positives(make_table, name, n_pos):
    table, y = make_table(n_pos, 85)
    points = scaled(table)[y]
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    nearest = distance.argsort(axis=1)[:, 1:6]
    assert nearest.shape[1] == min(5, n_pos - 1)
    start = points[np.repeat(np.arange(n_pos), nearest.shape[1])]
    end = points[nearest.ravel()]
    synthetic = scaled(table, resample(name, table, y).synthetic.values)
    assert len(synthetic)
    for row in synthetic:
        step = (row - start) / (end - start)  # (pairs, columns)
        assert ((np.ptp(step, axis=1) < 1e-6) & (step[:, 0] >= 0) & (step[:, 0] <= 1)).any()


def test_the_scale_of_a_column_changes_no_neighbour(make_table):
    table, y = make_table()
    larger = dataclasses.replace(table, values=table.values * [4.0, 0.125, 2.0**20])
    assert_array_equal(
        resample("smote", larger, y).synthetic.values, resample("smote", table, y).synthetic.values * [4.0, 0.125, 2.0**20]
    )


def test_a_far_origin_changes_no_neighbour(make_table):
    """Times in seconds since 1970 are large numbers of small spread."""
    table, y = make_table(30, 70)
    moved = dataclasses.replace(table, values=np.round(table.values * 2.0**20) / 2.0**20)
    far = dataclasses.replace(table, values=moved.values + 2.0**31)
    near, away = (resample("smote", t, y).synthetic.values for t in (moved, far))
    assert_allclose(away - 2.0**31, near, atol=1e-5)


@pytest.mark.parametrize("name", SMOTE_KIND)
def test_missing_values_and_weight_are_those_of_the_nearest_positive(make_table, name):
    """Found by brute force in the space of the sampler, where a missing value is at the median."""
    table, y = make_table(30, 170, categorical=2 * (name not in NUMBERS_ONLY), missing=0.15)
    weight = np.random.default_rng(0).uniform(1, 9, 200)
    result = resample(name, table, y, sample_weight=weight)
    kept = len(result.rows)
    origin = [np.flatnonzero(weight == w)[0] for w in result.sample_weight[kept:]]
    assert y[origin].all()
    assert_array_equal(np.isnan(result.synthetic.values), np.isnan(table.values[origin]))
    # Where nothing is missing, the new row is all there to see: no positive is nearer than the one it takes after.
    points, new = scaled(table), scaled(table, result.synthetic.values)
    full = ~np.isnan(result.synthetic.values).any(axis=1)
    assert full.any()
    squares = (new[full][:, None] - points[y]) ** 2
    squares[:, :, 3:] = squares[:, :, 3:] > 0
    distance = squares.sum(axis=2)
    own = np.cumsum(y)[np.array(origin)[full]] - 1
    assert_allclose(distance[np.arange(len(own)), own], distance.min(axis=1), atol=1e-9)


def test_missing_tells_no_more_about_the_label_than_it_did():
    """Half of the positives lack a value, and so do half of the new rows."""
    rng = np.random.default_rng(0)
    y = np.arange(2000) < 200
    values = rng.normal(size=(2000, 4))
    values[rng.random(2000) < 0.5, 0] = np.nan
    table = Table(values, None, (None,) * 4)
    synthetic = resample("smote", table, y, 1.0).synthetic.values
    assert abs(np.isnan(synthetic[:, 0]).mean() - np.isnan(values[y, 0]).mean()) < 0.08
    assert not np.isnan(synthetic[:, 1:]).any()


@pytest.mark.parametrize("name", ["smotenc", "smote_tomek"])
def test_categories_are_those_of_positives(make_table, name):
    table, y = make_table(categorical=3)
    table.values[y, 4] = 2.0
    synthetic = resample(name, table, y).synthetic
    assert synthetic.categories == table.categories
    for j in table.categorical:
        assert set(synthetic.values[:, j]) <= set(table.values[y, j])


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


def test_where_no_row_can_be_made_the_table_stays():
    rng = np.random.default_rng(0)
    y = np.arange(115) < 15
    apart = rng.normal(size=(115, 2)) + 100 * y[:, None]  # no positive has a negative near it
    mixed = rng.normal(size=(115, 2))
    for name, values, ratio in (
        ("borderline_smote", apart, 0.5),
        ("adasyn", apart, 0.5),
        ("adasyn", mixed, 0.17),  # each of 15 positives is due 2/15 of a row
    ):
        result = resample(name, Table(values, None, (None, None)), y, ratio)
        assert_array_equal(result.rows, np.arange(115))
        assert result.synthetic is None
        assert_array_equal(result.y, y)


def test_where_tomek_links_hold_a_whole_class_the_table_stays():
    table, y = Table(np.array([[0.0], [0.1], [5.0], [5.1]]), None, (None,)), np.array([True, False, True, False])
    assert_array_equal(resample("tomek", table, y).rows, np.arange(4))


def test_other_errors_of_a_sampler_are_raised(make_table, monkeypatch):
    def fail(self, X, y):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("imblearn.over_sampling.ADASYN.fit_resample", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        resample("adasyn", *make_table())


FINITE = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.one_of(st.just(np.nan), st.sampled_from([0.0, 1.0, -1.0, 1e308, -1e308, 5e-324]), FINITE)


@given(
    arrays(np.float64, (12, 2), elements=CELLS),
    arrays(np.float64, (12, 1), elements=st.sampled_from([np.nan, 0.0, 1.0])),
    st.integers(2, 5),
    st.sampled_from(ANY_COLUMN),
    st.booleans(),
)
def test_any_table(numbers, codes, n_pos, name, weighted):
    """No warning, nothing infinite, no value outside what the table holds, no category that is none."""
    table = Table(np.hstack((numbers, codes)), None, (None, None, ("a", "b")))
    y = np.arange(12) < n_pos
    result = resample(name, table, y, 1.0, sample_weight=np.arange(12.0) if weighted else None)
    assert len(result.y) == result.apply(table).n_rows
    if result.synthetic is not None and result.synthetic.n_rows:
        new = result.synthetic.values
        for j in range(3):
            # Halved, for above the largest finite number there is no room.
            present, old = new[~np.isnan(new[:, j]), j] / 2, table.values[:, j] / 2
            if len(present):
                room = 1e-9 * np.nanmax(np.abs(old))
                assert np.nanmin(old) - room <= present.min() <= present.max() <= np.nanmax(old) + room
        assert set(new[~np.isnan(new[:, 2]), 2]) <= {0.0, 1.0}


@given(arrays(np.float64, (12, 2), elements=CELLS), st.integers(2, 5), st.sampled_from(NUMBERS_ONLY), st.floats(0.1, 1))
def test_any_numbers(numbers, n_pos, name, ratio):
    """Neither borderline-SMOTE nor ADASYN fails, whatever lies around the positives."""
    y = np.arange(12) < n_pos
    result = resample(name, Table(numbers, None, (None, None)), y, ratio)
    assert len(result.y) >= 12
    assert_array_equal(result.rows, np.arange(12))


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
