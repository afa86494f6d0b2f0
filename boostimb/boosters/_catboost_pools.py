"""CatBoost's data: tables to Pools, their bins, and their categories as texts."""

from collections.abc import Callable, Sequence
from typing import Any

import catboost as cb
import numpy as np

from boostimb.boosters._base import Params, check_single, check_varies, refusals
from boostimb.table import Table
from boostimb.typing import FloatArray, IntArray, LabelArray

name = "catboost"
# What a Pool is binned with; a training on it ignores them.
_BINNING = (
    "border_count",
    "max_bin",
    "feature_border_type",
    "input_borders",
    "nan_mode",
    "per_float_feature_quantization",
    "sparse_features_conflict_fraction",
    "dev_efb_max_buckets",
    "dev_max_subset_size_for_build_borders",
)
_MISSING = "nan"  # CatBoost wants a text for a missing category; this is the one that pandas users give it


def binning(params: Params) -> dict[str, Any]:
    """Return those of the parameters that a dataset is built with."""
    return {key: params[key] for key in _BINNING if key in params}


def dataset(
    table: Table, y: LabelArray, weight: FloatArray | None, params: Params, *, n_jobs: int, reference: cb.Pool | None = None
) -> cb.Pool:
    """Put a table into a Pool and bin it. Categories are given by their texts, so that the saved model knows them.

    With ``reference`` it is left to the training: validation rows are binned there by the bins of the training rows, and a Pool
    binned before would lack a category that does not vary in it.
    """
    if reference is None:
        check_varies(table)
    check_single(name, table)
    pool = as_pool(table, y, weight, n_jobs)
    if reference is None:
        with refusals(name, cb.CatBoostError):
            pool.quantize(**binning(params))
    return pool


def take(
    data: cb.Pool,
    rows: IntArray,
    table: Callable[[IntArray], Table],
    y: LabelArray,
    weight: FloatArray | None,
    params: Params,
    *,
    n_jobs: int,
) -> cb.Pool:
    """Return some rows of a Pool by its bins. More rows than it has, by repeats, become a Pool of their own.

    They are no weights, since CatBoost's L2 goes by the mean weight.
    """
    if rows.size <= data.num_row():
        return data.slice(rows)
    return dataset(table(rows), y[rows], None if weight is None else weight[rows], params, n_jobs=n_jobs, reference=data)


def as_pool(table: Table, y: LabelArray | None, weight: FloatArray | None, n_jobs: int) -> cb.Pool:
    names = list(table.names) if table.names is not None else None
    label = None if y is None else y.astype(np.float32)
    if not table.categorical:
        return cb.Pool(table.values, label, weight=weight, feature_names=names, thread_count=n_jobs)
    import pandas as pd  # CatBoost depends on it

    columns: dict[Any, Any] = {}
    for at, categories in enumerate(table.categories):
        column: Any = table.values[:, at]
        if categories is not None:
            codes = np.where(np.isnan(column), len(categories), column).astype(np.intp)
            column = pd.Categorical.from_codes(codes, pd.Index([*map(str, categories), _absent(categories)]))
        columns[at if names is None else names[at]] = column
    frame = pd.DataFrame(columns, copy=False)
    return cb.Pool(frame, label, weight=weight, cat_features=list(table.categorical), thread_count=n_jobs)


def _absent(categories: Sequence[object]) -> str:
    """Return the text for a missing category; where a category is called so itself, another."""
    text, taken = _MISSING, set(map(str, categories))
    while text in taken:
        text += "_"
    return text
