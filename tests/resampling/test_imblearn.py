"""Named samplers are imbalanced-learn's own, on scaled columns; and the parts that we hand to them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, SMOTEN, SMOTENC, BorderlineSMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler, TomekLinks
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_info, threadpool_limits

from boostimb.resampling import NAMES, Resampler, ResamplingCache
from boostimb.resampling._imblearn import MixedTomekLinks, QuickEncoder, SharedNeighbors
from boostimb.resampling._space import places
from boostimb.table import Table

CLASSES = {
    "under": RandomUnderSampler,
    "over": RandomOverSampler,
    "smote": SMOTE,
    "smotenc": SMOTE,
    "borderline_smote": BorderlineSMOTE,
    "adasyn": ADASYN,
    "tomek": TomekLinks,
    "smote_tomek": SMOTETomek,
}


def seeded(sampler, seed=0):
    """With the random states that boostimb draws."""
    rng = np.random.default_rng(seed)
    names = sorted(name for name in sampler.get_params() if name.endswith("random_state"))
    return sampler.set_params(**{name: int(rng.integers(2**31)) for name in names})


def sorted_rows(values, labels):
    both = np.column_stack((values, labels))
    return both[np.lexsort(both.T)]


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("seed", range(3))
def test_rows_are_imbalanced_learn_s(make_table, name, seed):
    """Run by hand: columns in standard deviations from the median, 30 positives and 170 negatives to a ratio of 1/2."""
    table, y = make_table(30, 170, seed=seed)
    strategy = {0: 60} if name == "under" else {1: 85}
    options = {} if name in ("tomek", "smote_tomek") else {"sampling_strategy": strategy}
    if name == "smote_tomek":
        options = {"smote": SMOTE(sampling_strategy=strategy), "tomek": TomekLinks(sampling_strategy="all")}
    centre, scale = np.median(table.values, axis=0), table.values.std(axis=0)
    points, labels = seeded(CLASSES[name](**options)).fit_resample((table.values - centre) / scale, y.astype(int))

    result = Resampler(name, None if name == "tomek" else 0.5).resample(table, y, random_state=0)
    ours, theirs = result.apply(table).values, points * scale + centre
    assert len(ours) == len(theirs) != 200
    assert_allclose(sorted_rows(ours, result.y), sorted_rows(theirs, labels), rtol=1e-9)


@pytest.mark.parametrize("name", ["smote", "smotenc"])
def test_categories_take_smotenc_or_smoten(make_table, name):
    table, y = make_table(30, 170, categorical=2)
    centre, scale = np.median(table.values, axis=0), table.values.std(axis=0)
    centre[3:], scale[3:] = 0, 1
    sampler = seeded(SMOTENC([3, 4], sampling_strategy={1: 85}))
    points, _ = sampler.fit_resample((table.values - centre) / scale, y.astype(int))
    synthetic = Resampler(name, 0.5).resample(table, y, random_state=0).synthetic.values
    assert_allclose(synthetic, (points * scale + centre)[200:], rtol=1e-9)

    table, y = make_table(30, 170, numeric=0, categorical=3)
    values, _ = seeded(SMOTEN(sampling_strategy={1: 85})).fit_resample(table.values, y.astype(int))
    assert_array_equal(Resampler(name, 0.5).resample(table, y, random_state=0).synthetic.values, values[200:])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "none"])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_the_number_of_threads_changes_nothing(name, missing):
    """Whole numbers have many neighbours at one distance; with two threads scikit-learn lists them in another order."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 3, size=(2000, 20)).astype(float)
    values[rng.random(values.shape) < missing] = np.nan
    table, y = Table(values, None, (None,) * 20), np.arange(2000) < 300
    resampler = Resampler(name) if name == "tomek" else Resampler(name, 0.5)
    results = []
    for threads in (1, 4):
        with threadpool_limits(threads, user_api="openmp"):
            results.append(resampler.resample(table, y, np.linspace(1, 2, 2000), 0))
    assert_array_equal(results[0].apply(table).values, results[1].apply(table).values)
    assert_array_equal(results[0].sample_weight, results[1].sample_weight)


def test_resampling_side_by_side_leaves_the_threads_of_others_alone(make_table):
    table, y = make_table(300, 2700, numeric=20)
    resampler = Resampler("adasyn", 0.5)
    alone = resampler.resample(table, y, random_state=0).synthetic.values
    before = [(library["filepath"], library["num_threads"]) for library in threadpool_info()]
    with ThreadPoolExecutor(6) as pool:
        for result in pool.map(lambda _: resampler.resample(table, y, random_state=0), range(12)):
            assert_array_equal(result.synthetic.values, alone)
    assert [(library["filepath"], library["num_threads"]) for library in threadpool_info()] == before


# --- the cache --------------------------------------------------------------------------------------------------------


@pytest.fixture
def searches(monkeypatch):
    """Sizes of the searches for neighbours."""
    sizes = []
    search = NearestNeighbors.kneighbors

    def counted(self, X=None, *args, **options):
        sizes.append((self.n_samples_fit_, X.shape[0]))
        return search(self, X, *args, **options)

    monkeypatch.setattr(NearestNeighbors, "kneighbors", counted)
    return sizes


@pytest.mark.parametrize(
    ("name", "categorical", "expected"),
    [
        ("smote", 0, [(20, 20)]),
        ("smotenc", 2, [(20, 20)]),
        ("adasyn", 0, [(120, 20), (20, 20)]),
        ("borderline_smote", 0, [(120, 20), (20, None)]),
    ],
)
def test_neighbours_are_searched_once(make_table, searches, name, categorical, expected):
    table, y = make_table(20, 100, categorical=categorical)
    cache = ResamplingCache()
    first = [Resampler(name, ratio).resample(table, y, random_state=1, cache=cache) for ratio in (0.4, 0.7)]
    assert len(searches) == len(expected)
    for (fitted, asked), (fitted_expected, asked_expected) in zip(searches, expected, strict=True):
        assert fitted == fitted_expected
        assert asked_expected in (None, asked)
    for result, ratio in zip(first, (0.4, 0.7), strict=True):
        again = Resampler(name, ratio).resample(table, y, random_state=1)
        assert_array_equal(result.synthetic.values, again.synthetic.values)


def test_smote_adasyn_and_borderline_share_neighbours(make_table, searches):
    table, y = make_table(20, 100)
    cache = ResamplingCache()
    Resampler("smote", 0.5).resample(table, y, random_state=0, cache=cache)
    Resampler("adasyn", 0.5).resample(table, y, random_state=0, cache=cache)
    assert searches == [(20, 20), (120, 20)]


def test_a_cache_gives_no_rows_of_another_table(make_table):
    cache = ResamplingCache()
    for seed in range(3):
        table, y = make_table(20, 100, seed=seed)
        for resampler in (Resampler("smote", 0.5), Resampler("adasyn", 0.5), Resampler("tomek")):
            alone, shared = (resampler.resample(table, y, random_state=0, cache=c) for c in (None, cache))
            assert_array_equal(alone.apply(table).values, shared.apply(table).values)
            assert_array_equal(alone.rows, shared.rows)


def test_tomek_links_are_searched_once_but_for_other_weights(make_table, searches):
    table, y = make_table(20, 100)
    cache, weight = ResamplingCache(), np.linspace(1, 2, 120)
    first = Resampler("tomek").resample(table, y, cache=cache)
    assert Resampler("tomek").resample(table, y, cache=cache) is first
    assert len(searches) == 1
    weighted = Resampler("tomek").resample(table, y, weight, cache=cache)
    assert_array_equal(weighted.sample_weight, weight[first.rows])


def test_shared_neighbours_are_scikit_learn_s():
    rng = np.random.default_rng(0)
    points, asked = rng.normal(size=(50, 3)), rng.normal(size=(7, 3))
    ours, theirs = SharedNeighbors(4, cache=ResamplingCache()).fit(points), NearestNeighbors(n_neighbors=4).fit(points)
    for n in (None, 2, 4):
        for found, expected in zip(ours.kneighbors(asked, n), theirs.kneighbors(asked, n), strict=True):
            assert_array_equal(found, expected)
        assert_array_equal(ours.kneighbors(points, n, False), theirs.kneighbors(points, n, False))


# --- categories -------------------------------------------------------------------------------------------------------


def test_encoder_is_scikit_learn_s():
    codes = np.random.default_rng(0).integers(0, 4, size=(30, 3)) * 1.5
    ours, theirs = QuickEncoder().fit(codes), OneHotEncoder(handle_unknown="ignore").fit(codes)
    indicators = ours.transform(codes)
    assert_array_equal(ours.inverse_transform(indicators), codes)
    missing = indicators.toarray()
    missing[0, :4] = 0
    assert ours.inverse_transform(csr_matrix(missing))[0, 0] is None
    assert_array_equal(ours.inverse_transform(csr_matrix(missing)), theirs.inverse_transform(csr_matrix(missing)))


@pytest.mark.parametrize("categorical", [[], [1, 3]])
@pytest.mark.parametrize("dense_width", [256, 0])
def test_places_are_one_standard_deviation_apart_for_each_category_that_differs(monkeypatch, categorical, dense_width):
    monkeypatch.setattr("boostimb.resampling._space.DENSE_WIDTH", dense_width)
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.integers(0, 3, 20) if j in categorical else rng.normal(size=20) for j in range(4)])
    found = places(points, categorical)
    found = found if isinstance(found, np.ndarray) else found.toarray()
    squares = (points[:, None] - points) ** 2
    squares[:, :, categorical] = squares[:, :, categorical] > 0
    assert_allclose(((found[:, None] - found) ** 2).sum(axis=2), squares.sum(axis=2), atol=1e-12)


def test_tomek_links_of_a_table_with_categories_are_those_of_brute_force(make_table):
    table, y = make_table(40, 160, categorical=2)
    points = table.values / np.append(table.values[:, :3].std(axis=0), [1, 1])
    squares = (points[:, None] - points) ** 2
    squares[:, :, 3:] = squares[:, :, 3:] > 0
    distance = squares.sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1)
    linked = (nearest[nearest] == np.arange(200)) & (y != y[nearest])
    assert linked.any()
    assert_array_equal(Resampler("tomek").resample(table, y).rows, np.flatnonzero(~linked | y))

    kept, labels = MixedTomekLinks([3, 4], sampling_strategy="all").fit_resample(points, y.astype(int))
    assert_array_equal(kept, points[~linked])
    assert_array_equal(labels, y[~linked])
