"""Distances and neighbours against brute force and against imbalanced-learn."""

import numpy as np
import pytest
from imblearn.over_sampling import ADASYN, BorderlineSMOTE
from imblearn.under_sampling import TomekLinks
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import issparse

from boostimb.resampling import Neighbourhood, _space
from boostimb.resampling._neighbourhood import stack, tomek_links
from boostimb.resampling._space import Space
from boostimb.resampling._synthesis import shares
from boostimb.table import Table


def scaled(table):
    """What imbalanced-learn must be given to see the same neighbours."""
    return Space.fit(table).encode(table.values)


def distances(table):
    """All distances, one pair at a time: numbers in standard deviations, 1/2 for two categories that differ."""
    values = table.values.astype(np.float64)
    squares = np.zeros((table.n_rows, table.n_rows))
    for column, levels in zip(values.T, table.categories, strict=True):
        if levels is None:
            filled = np.where(np.isnan(column), np.nanmedian(column), column) / np.nanstd(column)
            squares += (filled[:, None] - filled) ** 2
        else:
            code = np.where(np.isnan(column), -1, column)
            squares += 0.5 * (code[:, None] != code)
    return np.sqrt(squares)


@pytest.mark.parametrize("dense_width", [256, 0])
@pytest.mark.parametrize("columns", [{}, {"missing": 0.2}, {"categorical": 2, "missing": 0.2}, {"numeric": 0, "categorical": 3}])
def test_space_and_neighbours_are_those_of_brute_force(make_table, monkeypatch, dense_width, columns):
    monkeypatch.setattr(_space, "DENSE_WIDTH", dense_width)
    table, y = make_table(**columns)
    expected = distances(table)
    hood = Neighbourhood(table, y)
    points = hood.points
    assert issparse(points) == (dense_width == 0 and bool(table.categorical))
    points = points.toarray() if issparse(points) else points
    # Half the distance, see Space.encode.
    assert_allclose(2 * np.linalg.norm(points[:, None] - points, axis=2), expected, atol=1e-9)

    np.fill_diagonal(expected, np.inf)
    positives = np.flatnonzero(y)
    for found, among in ((positives[hood.among_positives], positives), (hood.among_all, np.arange(table.n_rows))):
        # Ties may come in any order, so the distances are compared, and that no neighbour comes twice.
        nearest = np.sort(expected[np.ix_(positives, among)], axis=1)[:, : found.shape[1]]
        assert_allclose(expected[positives[:, None], found], nearest, atol=1e-7)
        assert all(len(set(row)) == len(row) for row in found.tolist())


def test_neighbours_are_searched_once(make_table):
    hood = Neighbourhood(*make_table())
    assert hood.among_positives is hood.among_positives
    assert hood.tomek_links is hood.tomek_links


@pytest.mark.parametrize(
    ("n_pos", "n_neg", "among_positives", "among_all"), [(2, 1, 1, 2), (4, 3, 3, 6), (6, 40, 5, 10), (30, 40, 5, 10)]
)
def test_few_rows_have_few_neighbours(make_table, n_pos, n_neg, among_positives, among_all):
    hood = Neighbourhood(*make_table(n_pos, n_neg))
    assert hood.among_positives.shape == (n_pos, among_positives)
    assert hood.among_all.shape == (n_pos, among_all)
    assert (hood.among_positives != np.arange(n_pos)[:, None]).all()
    assert (hood.among_all != hood.positives[:, None]).all()


def test_rows_at_one_place():
    """All distances are 0; a row is still no neighbour of its own, and none comes twice."""
    y = np.arange(30) >= 22
    hood = Neighbourhood(Table(np.ones((30, 2)), None, (None, None)), y)
    for found, own in ((hood.among_positives, np.arange(8)), (hood.among_all, hood.positives)):
        assert all(len(set(row)) == len(row) for row in found.tolist())
        assert (found != own[:, None]).all()


def test_extreme_and_empty_columns_have_finite_places():
    largest = np.finfo(np.float64).max
    values = np.array([[largest, np.nan, 1e-320, 5.0], [-largest, np.nan, 0.0, 5.0], [largest, np.nan, 3e-320, np.nan]])
    points = scaled(Table(values, None, (None,) * 4))
    assert np.isfinite(points).all()
    assert np.isfinite(np.linalg.norm(points[0] - points[1]))
    assert points[0, 0] != points[1, 0]
    assert (points[:, [1, 3]] == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_tomek_links_are_imbalanced_learn_s(make_table, seed):
    table, y = make_table(40, 160, seed=seed)
    hood = Neighbourhood(table, y)
    kept = TomekLinks(sampling_strategy="all")
    kept.fit_resample(scaled(table), y.astype(int))
    linked = np.setdiff1d(np.arange(200), kept.sample_indices_)
    assert len(linked)
    assert_array_equal(np.sort(hood.tomek_links.ravel()), linked)
    assert y[hood.tomek_links[:, 0]].all()
    assert not y[hood.tomek_links[:, 1]].any()
    assert_array_equal(tomek_links(hood.points, y), hood.tomek_links)


def test_tomek_links_where_the_classes_lie_apart():
    y = np.arange(6) < 3
    assert Neighbourhood(Table((100.0 * y + np.arange(6))[:, None], None, (None,)), y).tomek_links.shape == (0, 2)


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_borderline_smote_are_imbalanced_learn_s(make_table, seed):
    table, y = make_table(60, 140, seed=seed)
    hood = Neighbourhood(table, y)
    sampler = BorderlineSMOTE(random_state=0)
    sampler.fit_resample(scaled(table), y.astype(int))
    share = shares("borderline_smote", hood)
    assert_array_equal(hood.positives[share > 0], sampler.in_danger_indices[1])
    assert_allclose(share[share > 0], 1 / np.count_nonzero(share))


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_adasyn_are_imbalanced_learn_s(make_table, seed):
    """Its new rows come in the order of their bases, which lie at the ends of the lines that the rows lie on."""
    table, y = make_table(40, 160, seed=seed)
    hood = Neighbourhood(table, y)
    _, labels = ADASYN(random_state=0, sampling_strategy={1: 40 + 10_000}).fit_resample(scaled(table), y.astype(int))
    share = shares("adasyn", hood)
    assert np.rint(share * 10_000).sum() == labels.sum() - 40
    # Its formula: the share of negatives among the 5 nearest rows, over the sum of these shares.
    order = np.argsort(distances(table)[hood.positives], axis=1)[:, 1:6]
    expected = (~y[order]).mean(axis=1)
    assert_allclose(share, expected / expected.sum())


@pytest.mark.parametrize("name", ["borderline_smote", "adasyn"])
def test_where_no_positive_is_near_a_negative_all_have_one_share(name):
    y = np.arange(40) < 15
    table = Table((1000.0 * y + np.arange(40))[:, None], None, (None,))
    assert_allclose(shares(name, Neighbourhood(table, y)), 1 / 15)


def test_points_are_stacked_in_either_form():
    dense = np.eye(2)
    assert_array_equal(stack(dense, dense), np.vstack((dense, dense)))
    from scipy.sparse import csr_array

    assert_array_equal(stack(csr_array(dense), dense).toarray(), np.vstack((dense, dense)))
