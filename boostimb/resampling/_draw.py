"""Any imbalanced-learn sampler on any table: what it is given, and which of the rows that come out are original ones."""

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.resampling._cache import ResamplingCache
from boostimb.resampling._resampled import Resampled, keep_rows
from boostimb.resampling._space import Space, places
from boostimb.table import Table
from boostimb.typing import FloatArray, IntArray, LabelArray

# scikit-learn sets BLAS to one thread for a search and back after it. Of two searches side by side, the second finds it at one,
# and leaves it there for the rest of the program.
_one_at_a_time = Lock()


def draw(
    sampler: Any,
    name: str,
    table: Table,
    y: LabelArray,
    weight: FloatArray | None,
    random_state: int | np.random.Generator | None,
    *,
    scaled: bool,
    cache: ResamplingCache | None = None,
) -> Resampled:
    """Return the rows that a seeded copy of a sampler makes of a table; those of one seed, table and cache are made once.

    Original rows are those of the table. A new row has its sample weight from the original row of its class that is nearest to
    it, and lacks the values that this one lacks: so "missing" tells no more about the label than it did.
    """
    from threadpoolctl import threadpool_limits

    sampler = _seeded_copy(sampler, np.random.default_rng(random_state))

    def run() -> Resampled:
        # With several threads, scikit-learn finds neighbours of one distance in another order.
        with _one_at_a_time, threadpool_limits(limits=1, user_api="openmp"):
            return _run(sampler, name, table, y, weight, scaled)

    return run() if cache is None else cache.recall((name, repr(sampler), table.values, y, weight), run)


def _run(sampler: Any, name: str, table: Table, y: LabelArray, weight: FloatArray | None, scaled: bool) -> Resampled:
    space = Space.fit(table)
    values = space.filled(table)
    given = space.points(values) if scaled else values
    out, out_y = sampler.fit_resample(given, y.astype(np.int64))
    out, labels = np.asarray(out, dtype=given.dtype), _as_given(np.asarray(out_y), y)
    _check_classes(name, y, labels)
    rows = _original_rows(sampler, given, y, out, labels)
    new = rows < 0
    if not new.any():
        return keep_rows(np.sort(rows), y, weight)
    kept, labels = rows[~new], labels[new]
    new_values = space.values(out[new], table.values.dtype) if scaled else out[new]
    _check(new_values, table, name)
    missing = np.isnan(table.values)
    if weight is not None or missing.any():
        nearest = _nearest(space, values, y, new_values, labels, table.categorical)
        new_values[missing[nearest]] = np.nan
        weight = None if weight is None else weight[np.concatenate((kept, nearest))]
    return Resampled(
        kept, Table(new_values, table.names, table.categories), _as_given(np.concatenate((y[kept], labels)), y), weight
    )


def _seeded_copy(sampler: Any, rng: np.random.Generator) -> Any:
    """Return a copy whose random states, those of its parts too, are drawn from ``rng``."""
    from sklearn.base import clone

    sampler = clone(sampler)
    names = sorted(name for name in sampler.get_params() if name == "random_state" or name.endswith("__random_state"))
    return sampler.set_params(**{name: int(rng.integers(2**31)) for name in names})


def _original_rows(sampler: Any, given: NDArray[Any], y: LabelArray, out: NDArray[Any], out_y: LabelArray) -> IntArray:
    """For each row that came out the original one that it is, or -1, shape (n_out,).

    Most samplers say which rows they took, or append the new ones. With any other, all rows count as new.
    """
    # SMOTETomek and SMOTEENN choose among the rows of SMOTE, of which those beyond the original ones are new.
    last = getattr(sampler, "tomek_", getattr(sampler, "enn_", sampler))
    appended = np.arange(len(out))
    for taken in (getattr(last, "sample_indices_", appended), appended):
        rows = np.where(taken < len(y), taken, -1)
        old = rows >= 0
        if len(rows) == len(out) and np.array_equal(given[rows[old]], out[old]) and np.array_equal(y[rows[old]], out_y[old]):
            return rows.astype(np.intp)
    return np.full(len(out), -1)


def _nearest(
    space: Space, values: NDArray[Any], y: LabelArray, new_values: NDArray[Any], new_y: LabelArray, categorical: tuple[int, ...]
) -> IntArray:
    """For each new row the nearest original row of its class, shape (n_new,)."""
    from sklearn.neighbors import NearestNeighbors

    nearest = np.empty(len(new_y), dtype=np.intp)
    for label in np.unique(new_y):
        old, new = np.flatnonzero(y == label), new_y == label
        both = places(space.points(np.concatenate((values[old], new_values[new]))), categorical)
        search = NearestNeighbors(n_neighbors=1).fit(both[: len(old)])
        nearest[new] = old[search.kneighbors(both[len(old) :], return_distance=False)[:, 0]]
    return nearest


def _as_given(out_y: NDArray[Any], y: LabelArray) -> LabelArray:
    """Return the labels that came out as those that went in: numbers of classes, or positive and not."""
    return np.asarray(out_y == 1, dtype=np.bool_) if y.dtype == np.bool_ else out_y.astype(np.intp)


def _check_classes(name: str, y: LabelArray, left: LabelArray) -> None:
    """Raise if nothing is left of a class."""
    gone = np.setdiff1d(np.unique(y), left)
    if gone.size:
        what = f"rows of class {int(gone[0])}" if y.dtype != np.bool_ else "positives" if gone[0] else "negatives"
        raise ValueError(f"resampler {name!r} left no {what} to train on")


def _check(new_values: NDArray[Any], table: Table, name: str) -> None:
    if not np.isfinite(new_values).all():
        raise ValueError(f"resampler {name!r} made rows that are not finite")
    for j in table.categorical:
        codes, levels = new_values[:, j], table.categories[j] or ()
        if (codes != np.floor(codes)).any() or codes.min() < 0 or codes.max() >= max(len(levels), 1):
            label = j if table.names is None else repr(table.names[j])
            raise ValueError(
                f"resampler {name!r} made values between the categories of column {label}: use the name 'smotenc', "
                f"or SMOTENC(categorical_features={list(table.categorical)})"
            )
