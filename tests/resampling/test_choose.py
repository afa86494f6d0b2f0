"""Which samplers a search tries."""

import warnings

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import NearMiss, TomekLinks

from boostimb.resampling import NAMES, ForeignResampler, ImbalanceWarning, Resampler, as_resampler, resolve_resamplers
from boostimb.table import Table


def names(resamplers, table, y, weight=None):
    return [resampler.name for resampler in resolve_resamplers(resamplers, table, y, weight)]


def test_auto(make_table):
    plain = ["none", "under", "over"]
    assert names("auto", *make_table()) == [*plain, "smote"]
    assert names("auto", *make_table(numeric=3, categorical=3, missing=0.3)) == [*plain, "smote"]
    assert names("auto", *make_table(numeric=3, categorical=12)) == plain  # 51 columns with an indicator for each category
    assert names("auto", *make_table(6, 94)) == [*plain, "smote"]
    assert names("auto", *make_table(5, 95)) == plain
    assert names("auto", *make_table(numeric=50)) == [*plain, "smote"]
    assert names("auto", *make_table(numeric=51)) == plain
    assert names("auto", *make_table(), np.ones(100)) == plain
    assert names("auto", *make_table(50, 50)) == names("auto", *make_table(60, 40)) == ["none"]
    y = np.arange(50_000) < 10_001
    assert names("auto", Table(np.zeros((50_000, 1)), None, (None,)), y) == plain


def test_names_and_samplers(make_table):
    table, y = make_table()
    assert names(None, table, y) == names("none", table, y) == names([None], table, y) == ["none"]
    assert names(NAMES, table, y) == [name for name in NAMES if name != "smotenc"]
    assert names(["smotenc", "smote", "under", "under"], table, y) == ["smotenc", "under"]
    assert names(SMOTE(), table, y) == ["SMOTE"]
    several = resolve_resamplers([NearMiss(version=1), "tomek", NearMiss(version=2), TomekLinks(), NearMiss(version=3)], table, y)
    assert [resampler.name for resampler in several] == ["NearMiss", "tomek", "NearMiss-2", "TomekLinks", "NearMiss-3"]
    assert [several[i].sampler.version for i in (0, 2, 4)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("resamplers", "error", "says"),
    [
        ([], ValueError, "with at least one name or sampler, got an empty one"),
        ("smoot", ValueError, "must be one of none, under"),
        (["under", 3], TypeError, "must be a name or an imbalanced-learn sampler object, got 3"),
        ([SMOTE], TypeError, "sampler object"),
    ],
)
def test_wrong_resamplers(make_table, resamplers, error, says):
    with pytest.raises(error, match=says):
        resolve_resamplers(resamplers, *make_table())


def test_each_is_checked_against_the_table(make_table):
    with pytest.raises(ValueError, match="needs at least 2 positives"):
        resolve_resamplers(["under", "smote"], *make_table(1, 99))
    for name in ("adasyn", "borderline_smote"):
        with pytest.raises(
            ValueError, match=f"'{name}' takes columns of numbers only, and column 3 holds categories: use 'smotenc'"
        ):
            resolve_resamplers(["under", name], *make_table(categorical=1))
    with pytest.raises(ValueError, match="nothing would be resampled"):
        resolve_resamplers(["over"], *make_table(50, 50))
    for resamplers in ("auto", ["none"], [SMOTE()]):
        with pytest.raises(ValueError, match="both classes"):
            resolve_resamplers(resamplers, *make_table(0, 10))
    with pytest.warns(ImbalanceWarning, match="51 columns"):
        resolve_resamplers(["smote"], *make_table(numeric=51))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resolve_resamplers("auto", *make_table(numeric=51))


def test_as_resampler():
    assert as_resampler(None) == Resampler("none")
    assert as_resampler("over", 0.3) == Resampler("over", 0.3)
    assert as_resampler(Resampler("over", 0.3)) == Resampler("over", 0.3)
    sampler = ForeignResampler(SMOTE(), "mine")
    assert as_resampler(sampler) is sampler
    assert as_resampler(SMOTE()).name == "SMOTE"
