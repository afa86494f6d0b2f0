"""What the new rows of the SMOTE family hold, and where there are none."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from boostimb.resampling import NAMES, Resampler
from boostimb.resampling._resampler import NUMBERS_ONLY, SMOTE_KIND
from boostimb.table import Table

SYNTHETIC = [name for name in SMOTE_KIND if name != "smote_tomek"]  # those that drop no row
ANY_COLUMN = [name for name in NAMES if name not in NUMBERS_ONLY]


def resample(name, table, y, ratio=0.5, **options):
    return Resampler(name, None if name in ("none", "tomek") else ratio).resample(table, y, **{"random_state": 0, **options})


def scaled(table, values=None):
    """Columns of numbers in standard deviations, the missing ones at the median (or the most frequent code)."""
    fill = [
        np.nanmedian(column) if levels is None else np.bincount(column[~np.isnan(column)].astype(int)).argmax()
        for column, levels in zip(table.values.T, table.categories, strict=True)
    ]
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
