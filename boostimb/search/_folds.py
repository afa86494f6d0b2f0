"""The folds of one search: made once, binned once for each booster, shared by all trials."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from boostimb.boosters import Booster, Params
from boostimb.resampling import AnyResampler, ResamplingCache
from boostimb.search._task import Task, task_of
from boostimb.table import Table
from boostimb.typing import BoundMetric, Float32Array, FloatArray, IntArray, LabelArray, MarginArray, Metric
from boostimb.validation import check_groups, check_integer, members


@dataclass(frozen=True)
class Data:
    """The training table of a search."""

    table: Table
    y: LabelArray
    weight: FloatArray | None
    # Weights of the scores, which are unweighted unless the user wants them to be those of the training.
    score_weight: FloatArray | None = None
    # The labels of several classes, for errors to name them by.
    classes: Sequence[Any] = ()
    # The number of the group that each row belongs to.
    groups: IntArray | None = None

    @property
    def task(self) -> Task:
        """What two classes and several do differently."""
        return task_of(self.y)

    def bind(self, metric: Metric, rows: IntArray) -> BoundMetric:
        """Return the metric of some rows, a function of their margins."""
        return metric.bind(self.y[rows], weight_of(self.score_weight, rows))


@dataclass
class Fold:
    """One split into training and validation rows, with the datasets made of it so far."""

    data: Data
    train_rows: IntArray
    valid_rows: IntArray
    seed: int
    _binned: dict[Any, Any] = field(default_factory=dict)
    _cache: ResamplingCache = field(default_factory=ResamplingCache)

    @property
    def y_valid(self) -> LabelArray:
        """Labels of the validation rows."""
        return self.data.y[self.valid_rows]

    def train(self, booster: Booster, params: Params, resampler: AnyResampler, n_jobs: int) -> tuple[Any, tuple[float, ...]]:
        """Return the dataset that a trial trains on, and the weight of positives and of negatives, or of each class, in it.

        Resampling sees the training rows and nothing else. All trials share one binning of these rows.
        """
        rows = self.train_rows
        y, weight = self.data.y[rows], weight_of(self.data.weight, rows)
        binned = self._bins(booster, params, n_jobs)
        if resampler.name == "none":
            return binned, class_sums(y, weight)
        part = self.data.table.take(rows)
        changed = resampler.resample(part, y, weight, self.seed, cache=self._cache)
        if changed.synthetic is None:
            data = booster.take(binned, changed.rows, part.take, y, weight, params, n_jobs=n_jobs)
        else:
            data = booster.dataset(changed.apply(part), changed.y, changed.sample_weight, params, n_jobs=n_jobs, reference=binned)
        return data, class_sums(changed.y, changed.sample_weight)

    @property
    def natural_sums(self) -> tuple[float, ...]:
        """The weight of each class in the training rows as they are."""
        return class_sums(self.data.y[self.train_rows], weight_of(self.data.weight, self.train_rows))

    def valid(self, booster: Booster, params: Params, n_jobs: int) -> Any:
        """Return the validation rows, by the bins of the training rows."""

        def make() -> Any:
            table, bins = self.data.table.take(self.valid_rows), self._bins(booster, params, n_jobs)
            return booster.dataset(table, self.y_valid, None, params, n_jobs=n_jobs, reference=bins)

        return self._once("valid", booster, params, make)

    def _bins(self, booster: Booster, params: Params, n_jobs: int) -> Any:
        def make() -> Any:
            rows = self.train_rows
            weight = weight_of(self.data.weight, rows)
            return booster.dataset(self.data.table.take(rows), self.data.y[rows], weight, params, n_jobs=n_jobs)

        return self._once("train", booster, params, make)

    def _once(self, part: str, booster: Booster, params: Params, make: Callable[[], Any]) -> Any:
        """Return what ``make`` gives, made once for trials in a row with the same bins: a user's space may have many."""
        key, bins = (part, booster.name), repr(booster.binning(params))
        if key not in self._binned or self._binned[key][0] != bins:
            self._binned[key] = bins, make()
        return self._binned[key][1]


@dataclass(frozen=True)
class LeftOut:
    """The rows that are scored: those that some fold leaves out, and how often.

    Whatever is told of a trial is read from these rows alone: a split in time order never leaves out the first ones.
    """

    rows: IntArray  # ascending
    times: IntArray  # how often each of them is left out
    part: IntArray  # the first fold that leaves it out, from 0; each part holds all classes
    n_rows: int  # of the table

    @classmethod
    def of(cls, folds: Sequence[Fold]) -> "LeftOut":
        """Count how often each row is left out."""
        y = folds[0].data.y
        times, part = np.zeros(y.size, dtype=np.intp), np.full(y.size, -1, dtype=np.intp)
        n_parts, n_classes = 0, np.unique(y).size
        for fold in folds:
            times[fold.valid_rows] += 1
            new = fold.valid_rows[part[fold.valid_rows] < 0]
            # Random splits overlap, and in the end leave few new rows, which then go with those before them.
            n_parts += bool(n_parts == 0 or np.unique(y[new]).size == n_classes)
            part[new] = n_parts - 1
        rows = np.flatnonzero(times)
        return cls(rows, times[rows], part[rows], y.size)

    @property
    def all_rows(self) -> bool:
        """Whether each row of the table is left out at least once."""
        return self.rows.size == self.n_rows

    def mean(self, folds: Sequence[Fold], margins: Sequence[MarginArray]) -> Float32Array:
        """Return the out-of-fold margins: the mean over the times that a row is left out.

        Parameters
        ----------
        folds : sequence of Fold
            Those that this was made of.
        margins : sequence of ndarrays, each of shape (n_valid, ...)
            The margins of each fold's validation rows.

        Returns
        -------
        ndarray of float32, shape (n_scored, ...)
            One entry for each of ``rows``.
        """
        total = np.zeros((self.n_rows, *margins[0].shape[1:]), dtype=np.float32)
        for fold, each in zip(folds, margins, strict=True):
            total[fold.valid_rows] += each
        if not self.all_rows:
            total = total[self.rows]
        if self.times.max() > 1:
            total /= self.times.reshape(-1, *[1] * (total.ndim - 1))
        return total

    def spread(self, values: FloatArray) -> FloatArray:
        """Return an array with an entry for each row of the table, NaN for one that is never left out."""
        if self.all_rows:
            return values
        out = np.full((self.n_rows, *values.shape[1:]), np.nan)
        out[self.rows] = values
        return out


def weight_of(weight: FloatArray | None, rows: IntArray) -> FloatArray | None:
    """Return the weights of some rows, if there are any."""
    return None if weight is None else weight[rows]


def class_sums(y: LabelArray, weight: FloatArray | None) -> tuple[float, ...]:
    """Return the sums of weights of positives and of negatives, or of classes 0, 1, ..."""
    return tuple(float(rows.sum() if weight is None else weight[rows].sum()) for rows in members(y))


def numbered_groups(groups: Any, n: int) -> IntArray | None:
    """Return the number of the group of each of n rows, where there are groups."""
    return None if groups is None else np.unique(check_groups(groups, n), return_inverse=True)[1]


def make_folds(data: Data, cv: Any, seed: int) -> list[Fold]:
    """Split the rows.

    ``cv`` is a number of stratified folds (shuffled; by group where there are groups), a scikit-learn splitter, or an iterable
    of (training rows, validation rows). A row may be left out once, several times, as by a repeated split, or never, as the first
    ones by a split in time order.
    """
    groups = data.groups
    pairs = list(_pairs(data, cv, seed))
    for at, (train, valid) in enumerate(pairs):
        if np.unique(valid).size < valid.size:
            raise ValueError(f"the validation rows of a fold must be distinct, and fold {at} has one twice")
        if np.intersect1d(train, valid).size:
            raise ValueError(f"cv must keep training and validation rows apart, and fold {at} has rows in both")
        if groups is not None and (both := np.intersect1d(groups[train], groups[valid]).size):
            raise ValueError(f"cv must keep the rows of a group together, and fold {at} has {both} groups in both its parts")
        for what, rows in (("training", train), ("validation", valid)):
            _check_classes(data, rows, f"the {what} rows of fold {at}")
    if len(pairs) < 2:
        raise ValueError(f"cv must make at least 2 folds, got {len(pairs)}")
    folds = [Fold(data, train, valid, seed) for train, valid in pairs]
    if not LeftOut.of(folds).part.any():
        raise ValueError("cv must leave out other rows in other folds, and all folds leave out nearly the same ones")
    return folds


def _check_classes(data: Data, rows: IntArray, what: str) -> None:
    """Raise if some rows lack a class, or hold it with weights of 0 only."""
    y, weight = data.y[rows], weight_of(data.weight, rows)
    if y.dtype == np.bool_:
        if not 0 < y.sum() < y.size:
            raise ValueError(
                f"each fold must hold both classes, and {what} hold {int(y.sum())} positives among {y.size}: use fewer folds, or "
                "another cv"
            )
        if weight is not None and not (weight[y].any() and weight[~y].any()):
            raise ValueError(f"sample_weight must leave both classes in each fold, and in {what} one has 0 only")
        return
    n_classes = int(data.y.max()) + 1
    gone = np.flatnonzero(np.bincount(y, minlength=n_classes) == 0)
    if gone.size:
        raise ValueError(
            f"each fold must hold each class, and {what} hold none of {name_of_class(data, int(gone[0]))}: use fewer folds, or "
            "another cv"
        )
    gone = np.flatnonzero(np.bincount(y, weight, minlength=n_classes) == 0)
    if gone.size:
        raise ValueError(
            f"sample_weight must leave each class in each fold, and in {what} {name_of_class(data, int(gone[0]))} has 0 only"
        )


def name_of_class(data: Data, k: int) -> str:
    """Return how an error calls one of several classes."""
    return f"class {data.classes[k]!r}" if data.classes else f"class {k}"


def _scarcest(data: Data) -> tuple[int, str]:
    """Return how many rows, or groups, the class with the fewest has, and what they are."""
    rows, groups = members(data.y), data.groups
    counts = [int(each.sum()) if groups is None else np.unique(groups[each]).size for each in rows]
    if data.y.dtype == np.bool_:
        n_pos, n_neg = (int(each.sum()) for each in rows)
        what = "positives" if n_pos <= n_neg else "negatives"
    else:
        what = f"rows of {name_of_class(data, int(np.argmin(counts)))}"
    return min(counts), what if groups is None else f"groups with {what}"


def _pairs(data: Data, cv: Any, seed: int) -> Iterator[tuple[IntArray, IntArray]]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    y, groups = data.y, data.groups
    if isinstance(cv, int | np.integer):
        n_folds = check_integer("cv", cv, least=2)
        least, what = _scarcest(data)
        if least < n_folds:
            raise ValueError(
                f"cv={n_folds} needs at least {n_folds} {what}, one for each fold, got {least}: use fewer folds, or label more rows"
            )
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        cv = kind(n_folds, shuffle=True, random_state=seed)
    elif isinstance(cv, str) or not (hasattr(cv, "split") or isinstance(cv, Iterable)):
        raise TypeError(f"cv must be a number of folds, a splitter, or pairs of (train, valid) rows; got {cv!r}")
    pairs = cv.split(np.zeros((y.size, 1)), y.astype(int), groups) if hasattr(cv, "split") else cv
    for at, pair in enumerate(pairs):
        if not isinstance(pair, Sequence) or len(pair) != 2:
            raise TypeError(f"cv must give pairs of (train, valid) rows, got {pair!r:.80} for fold {at}")
        yield _row_numbers(pair[0], y.size, at), _row_numbers(pair[1], y.size, at)


def _row_numbers(rows: Any, n: int, fold: int) -> IntArray:
    """Return row numbers from 0 to n - 1; a mask of all rows becomes the numbers of those it marks."""
    rows = np.asarray(rows)
    if rows.dtype == np.bool_ and rows.shape == (n,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise TypeError(
            f"the rows of fold {fold} must be row numbers or a mask of {n} rows, got type {rows.dtype}, shape {rows.shape}"
        )
    wrong = rows[(rows < 0) | (rows >= n)]
    if wrong.size:
        raise ValueError(f"the rows of fold {fold} must be from 0 to {n - 1}, got {wrong[0]}")
    return rows.astype(np.intp)
