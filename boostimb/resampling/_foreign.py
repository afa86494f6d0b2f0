"""Samplers of imbalanced-learn, as the user configured them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from boostimb.resampling._cache import ResamplingCache
from boostimb.resampling._draw import draw
from boostimb.resampling._resampled import Resampled, count_classes
from boostimb.table import Table
from boostimb.typing import FloatArray, LabelArray


@dataclass(frozen=True, eq=False)
class ForeignResampler:
    """An imbalanced-learn sampler; a copy of it is fitted, with its own settings and a random state of ours.

    The sampler gets labels 1 (positive) and 0, or the numbers of several classes, and the values of the table as they are, not
    scaled: codes for categories, and, as most samplers take no missing values, medians and most frequent categories in their
    place. Original rows come out with
    their missing values and their weights; a new row has the missing values and the weight of the nearest original row of its
    class (for this, columns are scaled). Where the sampler neither says which rows it took nor appends new ones to them, this
    holds for all rows.

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
    def has_ratio(self) -> bool:
        """Return False: the ratio is not ours to choose."""
        return False

    def check(self, table: Table, y: LabelArray, sample_weight: FloatArray | None = None) -> None:
        """Raise a ValueError if a class is missing; what else there is to check, the sampler does."""
        count_classes(y)

    def resample(
        self,
        table: Table,
        y: LabelArray,
        sample_weight: FloatArray | None = None,
        random_state: int | np.random.Generator | None = None,
        *,
        cache: ResamplingCache | None = None,
    ) -> Resampled:
        """Return the rows to train on; parameters and result as in ``Resampler.resample``.

        Raises
        ------
        ValueError
            If the sampler refuses the table, leaves nothing of a class, or makes rows that are infinite or
            between two categories.
        """
        count_classes(y)
        try:
            return draw(self.sampler, self.name, table, y, sample_weight, random_state, scaled=False, cache=cache)
        except RuntimeError as error:  # as KMeansSMOTE where no cluster suits it
            raise ValueError(f"resampler {self.name!r} refused the table: {error}") from error
