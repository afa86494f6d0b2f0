"""Samplers of imbalanced-learn, as the user configured them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.resampling._neighbourhood import Neighbourhood
from boostimb.resampling._resampled import Resampled, count_classes
from boostimb.resampling._space import median
from boostimb.table import Table
from boostimb.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class ForeignResampler:
    """An imbalanced-learn sampler; a copy of it is fitted, with its own settings and a random state of ours.

    The sampler gets labels 1 (positive) and 0, and the values of the table: codes for categories, and, as most samplers take
    no missing values, medians and most frequent categories in their place. Original rows come out with their missing
    values, and with their weights; a new row has the mean weight of its class.

    Parameters
    ----------
    sampler : imbalanced-learn sampler
        Anything with ``fit_resample`` and ``get_params``.
    name : str
        How trials and reports call it.

    Raises
    ------
    TypeError
        If ``sampler`` is no sampler.

    Examples
    --------
    >>> import numpy as np
    >>> from imblearn.under_sampling import NearMiss
    >>> from boostimb.table import Table
    >>> table = Table(np.arange(10.0)[:, None], None, (None,))
    >>> np.sort(ForeignResampler(NearMiss(n_neighbors=2), "NearMiss").resample(table, np.arange(10) >= 8).rows)
    array([6, 7, 8, 9])
    """

    sampler: Any
    name: str

    def __post_init__(self) -> None:
        if isinstance(self.sampler, type) or not (hasattr(self.sampler, "fit_resample") and hasattr(self.sampler, "get_params")):
            raise TypeError(f"a resampler must be a name or an imbalanced-learn sampler object, got {self.sampler!r}")

    @property
    def ratio(self) -> None:
        """None: the sampler's own ``sampling_strategy`` holds."""
        return

    @property
    def has_ratio(self) -> bool:
        """Return False: the ratio is not ours to choose."""
        return False

    def check(self, table: Table, y: BoolArray, sample_weight: FloatArray | None = None) -> None:
        """Raise a ValueError if there is no positive or no negative; what else there is to check, the sampler does."""
        count_classes(y)

    def resample(
        self,
        table: Table,
        y: BoolArray,
        sample_weight: FloatArray | None = None,
        random_state: int | np.random.Generator | None = None,
        *,
        neighbourhood: Neighbourhood | None = None,
    ) -> Resampled:
        """Return the rows to train on; parameters and result as in ``Resampler.resample``.

        Raises
        ------
        ValueError
            If the sampler refuses the table, leaves no positive or no negative, or makes rows that are infinite or
            between two categories.
        """
        count_classes(y)
        sampler = _seeded_copy(self.sampler, np.random.default_rng(random_state))
        values = _filled(table)
        new_values, new_y = sampler.fit_resample(values, y.astype(np.int64))
        new_values, labels = np.asarray(new_values, dtype=values.dtype), np.asarray(new_y) == 1
        if labels.all() or not labels.any():
            raise ValueError(f"resampler {self.name!r} left no {'negatives' if labels.any() else 'positives'} to train on")
        rows = _original_rows(values, y, new_values, labels, getattr(sampler, "sample_indices_", None))
        old, kept = rows >= 0, rows[rows >= 0]
        if old.all():
            return Resampled(kept, None, labels, None if sample_weight is None else sample_weight[kept])
        synthetic = Table(np.ascontiguousarray(new_values[~old]), table.names, table.categories)
        _check_synthetic(synthetic, self.name)
        weight = None
        if sample_weight is not None:
            mean = np.array([sample_weight[y == label].mean() for label in (False, True)])
            weight = np.concatenate((sample_weight[kept], mean[labels[~old].astype(np.intp)]))
        return Resampled(kept, synthetic, np.concatenate((y[kept], labels[~old])), weight)


def _seeded_copy(sampler: Any, rng: np.random.Generator) -> Any:
    """A copy whose random states, those of its parts too, are drawn from ``rng``."""
    from sklearn.base import clone

    sampler = clone(sampler)
    names = sorted(name for name in sampler.get_params() if name == "random_state" or name.endswith("__random_state"))
    return sampler.set_params(**{name: int(rng.integers(2**31)) for name in names})


def _filled(table: Table) -> NDArray[np.floating[Any]]:
    """The values, with medians and most frequent categories where some are missing."""
    missing = np.isnan(table.values)
    if not missing.any():
        return table.values
    values = table.values.copy()
    for j in np.flatnonzero(missing.any(axis=0)):
        present = values[~missing[:, j], j]
        if not len(present):
            fill = 0.0
        elif table.categories[j] is None:
            fill = median(present.astype(np.float64))
        else:
            fill = float(np.bincount(present.astype(np.intp)).argmax())
        values[missing[:, j], j] = fill
    return values


def _original_rows(
    values: NDArray[Any], y: BoolArray, new_values: NDArray[Any], new_y: BoolArray, sample_indices: NDArray[Any] | None
) -> IntArray:
    """For each resampled row the original one that it is, or -1, shape (n_new,)."""
    n = len(values)
    if sample_indices is not None and len(sample_indices) == len(new_values):
        rows = np.asarray(sample_indices).astype(np.intp)
        if np.array_equal(values[rows], new_values) and np.array_equal(y[rows], new_y):
            return rows
    if len(new_values) >= n and np.array_equal(new_values[:n], values) and np.array_equal(new_y[:n], y):
        return np.concatenate((np.arange(n), np.full(len(new_values) - n, -1)))
    # A combination, such as SMOTEENN: original rows are recognised by what they hold.
    # Those that hold the same are taken for the first of them.
    first: dict[tuple[bytes, bool], int] = {}
    for row, label in enumerate(y.tolist()):
        first.setdefault((values[row].tobytes(), label), row)
    found = [first.get((row.tobytes(), label), -1) for row, label in zip(new_values, new_y.tolist(), strict=True)]
    return np.array(found, dtype=np.intp)


def _check_synthetic(synthetic: Table, name: str) -> None:
    if not np.isfinite(synthetic.values).all():
        raise ValueError(f"resampler {name!r} made rows that are not finite")
    for j in synthetic.categorical:
        codes, levels = synthetic.values[:, j], synthetic.categories[j] or ()
        if (codes != np.floor(codes)).any() or codes.min() < 0 or codes.max() >= max(len(levels), 1):
            label = j if synthetic.names is None else repr(synthetic.names[j])
            raise ValueError(
                f"resampler {name!r} made values between the categories of column {label}: use the name 'smotenc', "
                f"or SMOTENC(categorical_features={list(synthetic.categorical)})"
            )
