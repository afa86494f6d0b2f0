"""A user's own samplers of imbalanced-learn: original rows are recognised, and what a sampler must not do is refused."""

import dataclasses
import warnings

import numpy as np
import pytest
from imblearn import FunctionSampler
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC, SVMSMOTE, RandomOverSampler
from imblearn.under_sampling import ClusterCentroids, EditedNearestNeighbours, NearMiss, RandomUnderSampler, TomekLinks
from numpy.testing import assert_array_equal

from boostimb.resampling import ForeignResampler, ResamplingCache

SAMPLERS = [
    RandomUnderSampler(sampling_strategy=0.5),
    RandomOverSampler(sampling_strategy=0.5),
    TomekLinks(),
    NearMiss(),
    EditedNearestNeighbours(),
    SMOTE(sampling_strategy=0.5, random_state=3),
    SVMSMOTE(),
    ADASYN(),
    SMOTEENN(),
    SMOTETomek(),
    ClusterCentroids(),
]
CREATING = (SMOTE, SVMSMOTE, ADASYN, SMOTEENN, SMOTETomek, ClusterCentroids)


def foreign(sampler):
    return ForeignResampler(sampler, type(sampler).__name__)


def strings(sampler):
    return type(sampler).__name__


@pytest.mark.parametrize("sampler", SAMPLERS, ids=strings)
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_original_rows_are_recognised(make_table, sampler, missing):
    table, y = make_table(20, 80, missing=missing)
    weight = np.linspace(1, 2, 100)
    result = foreign(sampler).resample(table, y, weight, random_state=0)
    kept = len(result.rows)
    assert (result.synthetic is not None) == isinstance(sampler, CREATING)
    whole = result.apply(table)
    assert whole.n_rows == len(result.y) == len(result.sample_weight)
    assert_array_equal(whole.values[:kept], table.values[result.rows])
    assert_array_equal(result.y[:kept], y[result.rows])
    assert_array_equal(result.sample_weight[:kept], weight[result.rows])
    for row, label, row_weight in zip(whole.values[kept:], result.y[kept:], result.sample_weight[kept:], strict=True):
        (origin,) = np.flatnonzero(weight == row_weight)
        assert y[origin] == label
        assert_array_equal(np.isnan(row), np.isnan(table.values[origin]))


@pytest.mark.parametrize("sampler", SAMPLERS, ids=strings)
def test_rows_are_the_sampler_s_own(make_table, sampler):
    """As a multiset, rows and labels are those of imbalanced-learn with the same random states."""
    table, y = make_table(20, 80)
    rng = np.random.default_rng(0)
    copy = type(sampler)(**sampler.get_params(deep=False))
    copy.set_params(**{name: int(rng.integers(2**31)) for name in sorted(copy.get_params()) if name.endswith("random_state")})
    values, labels = copy.fit_resample(table.values, y.astype(int))
    result = foreign(sampler).resample(table, y, random_state=0)
    ours = np.column_stack((result.apply(table).values, result.y))
    theirs = np.column_stack((values, labels))
    assert_array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])


def test_seed_is_ours_and_the_user_s_object_stays(make_table):
    table, y = make_table(20, 80)
    sampler = SMOTE(random_state=3)
    first, again, other = (foreign(sampler).resample(table, y, random_state=seed).synthetic.values for seed in (0, 0, 1))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert sampler.random_state == 3
    assert not hasattr(sampler, "sampling_strategy_")


def test_float32_stays(make_table):
    table, y = make_table(dtype=np.float32)
    assert foreign(SMOTE()).resample(table, y, random_state=0).apply(table).values.dtype == np.float32


def test_repeated_rows_with_weights_keep_their_own_weight(make_table):
    table, y = make_table(20, 80)
    table = dataclasses.replace(table, values=np.zeros_like(table.values))
    weight = np.arange(1.0, 101.0)
    result = foreign(RandomUnderSampler()).resample(table, y, weight, random_state=0)
    assert_array_equal(result.sample_weight, weight[result.rows])
    assert len(set(result.rows)) == 40


def test_categories_need_a_sampler_for_categories(make_table):
    table, y = make_table(20, 80, categorical=2, missing=0.1)
    table = dataclasses.replace(table, names=("a", "b", "c", "job", "city"))
    with pytest.raises(
        ValueError, match=r"between the categories of column 'job': use the name 'smotenc', or SMOTENC\(.*=\[3, 4\]\)"
    ):
        foreign(SMOTE()).resample(table, y, random_state=0)
    synthetic = foreign(SMOTENC(categorical_features=[3, 4])).resample(table, y, random_state=0).synthetic
    codes = synthetic.values[:, 3:]
    assert set(codes[~np.isnan(codes)]) <= {0.0, 1.0, 2.0, 3.0}
    assert foreign(RandomUnderSampler()).resample(table, y, random_state=0).synthetic is None


def test_a_column_without_any_value(make_table):
    table, y = make_table()
    values = table.values.copy()
    values[:, 1] = np.nan
    synthetic = foreign(SMOTE()).resample(dataclasses.replace(table, values=values), y, random_state=0).synthetic
    assert np.isnan(synthetic.values[:, 1]).all()
    assert np.isfinite(synthetic.values[:, [0, 2]]).all()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda X, y: (X[y == 0], y[y == 0]), "'FunctionSampler' left no positives to train on"),
        (lambda X, y: (X[y == 1], y[y == 1]), "left no negatives"),
        (lambda X, y: (np.vstack((X, X[:1] * np.inf)), np.append(y, 1)), "made rows that are not finite"),
    ],
)
def test_a_sampler_that_misbehaves(make_table, function, says):
    table, y = make_table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # infinity times 0
        with pytest.raises(ValueError, match=says):
            foreign(FunctionSampler(func=function)).resample(table, y)


@pytest.mark.parametrize("nothing", ["smote", SMOTE, 3, object(), [SMOTE()]])
def test_what_is_no_sampler(nothing):
    with pytest.raises(TypeError, match="must be a name or an imbalanced-learn sampler object"):
        ForeignResampler(nothing, "nothing")


def test_both_classes_are_needed(make_table):
    table, y = make_table(0, 20)
    for call in (foreign(SMOTE()).check, foreign(SMOTE()).resample):
        with pytest.raises(ValueError, match="both classes"):
            call(table, y)


def test_it_has_no_ratio_to_choose():
    assert not foreign(SMOTE()).has_ratio


def test_a_sampler_that_does_not_say_what_it_took(make_table):
    """Its rows count as new, and still come out with the missing values and the weights that they had."""
    table, y = make_table(20, 80, missing=0.1, categorical=1)
    weight = np.linspace(1, 2, 100)
    sampler = FunctionSampler(func=lambda X, y: (X[::-2], y[::-2]))
    result = foreign(sampler).resample(table, y, weight)
    assert len(result.rows) == 0
    assert_array_equal(result.apply(table).values, table.values[::-2])
    assert_array_equal(result.y, y[::-2])
    assert_array_equal(result.sample_weight, weight[::-2])


def test_a_combination_takes_equal_rows_apart(make_table):
    """SMOTETomek says what its last part took, so each row keeps its own weight, whatever other rows hold."""
    table, y = make_table(20, 80)
    table = dataclasses.replace(table, values=table.values[np.arange(100) // 2 * 2])
    y = y[np.arange(100) // 2 * 2]
    weight = np.arange(1.0, 101.0)
    result = foreign(SMOTETomek()).resample(table, y, weight, random_state=0)
    kept = len(result.rows)
    assert len(set(result.rows)) == kept > 80
    assert_array_equal(result.sample_weight[:kept], weight[result.rows])


def test_rows_are_made_once_for_each_cache_and_seed(make_table):
    table, y = make_table(20, 80)
    cache = ResamplingCache()
    first = foreign(SMOTE()).resample(table, y, random_state=0, cache=cache)
    assert foreign(SMOTE()).resample(table, y, random_state=0, cache=cache) is first
    for other in (foreign(SMOTE(k_neighbors=3)), ForeignResampler(SMOTE(), "other")):
        assert other.resample(table, y, random_state=0, cache=cache) is not first
    assert foreign(SMOTE()).resample(table, y, random_state=1, cache=cache) is not first
