"""The samplers that go by a name."""

from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias, get_args

import numpy as np

from boostimb.resampling._cache import ResamplingCache
from boostimb.resampling._draw import draw
from boostimb.resampling._resampled import Resampled, count_classes, keep_rows, least_and_most
from boostimb.table import Table
from boostimb.typing import FloatArray, LabelArray
from boostimb.validation import check_choice, check_number, warn

Name: TypeAlias = Literal["none", "under", "over", "smote", "smotenc", "borderline_smote", "adasyn", "tomek", "smote_tomek"]
NAMES: tuple[str, ...] = get_args(Name)
WITHOUT_RATIO = ("none", "tomek")
SMOTE_KIND = ("smote", "smotenc", "borderline_smote", "adasyn", "smote_tomek")
NUMBERS_ONLY = ("borderline_smote", "adasyn")
# Those whose numbers afterwards depend on which rows are neighbours.
ROUGHLY = ("adasyn", "tomek", "smote_tomek")
# Beyond so many columns all distances are nearly alike, and a neighbour is hardly nearer than any other row.
MOST_DIMENSIONS = 50
# What is raised where no positive has a negative near it (ADASYN), where none is due as much as half a row (ADASYN too), and
# where all rows of a class are in Tomek links.
CHANGES_NOTHING = ("Not any neig", "No samples will be generated", "left no ")


@dataclass(frozen=True)
class Resampler:
    """A way to change the numbers of positives and negatives in the training rows, by a sampler of imbalanced-learn.

    ===================  ===========================================================================================
    none                 all rows as they are
    under                drops negatives at random: ``RandomUnderSampler``
    over                 repeats positives at random: ``RandomOverSampler``
    smote, smotenc       makes positives between neighbouring ones (Chawla et al. 2002). Both names are one: ``SMOTE``, with
                         categories ``SMOTENC``, with nothing else ``SMOTEN``
    borderline_smote     SMOTE from the positives that have more negatives than positives around them (Han et al. 2005):
                         ``BorderlineSMOTE``; columns of numbers only
    adasyn               SMOTE, the more from a positive the more negatives are around it (He et al. 2008): ``ADASYN``; columns
                         of numbers only; it meets a ratio roughly, as it rounds for each positive
    tomek                drops the negatives of Tomek links, which are pairs of a positive and a negative that are each
                         other's nearest row (Tomek 1976): ``TomekLinks``
    smote_tomek          smote, then both rows of each Tomek link are dropped: ``SMOTETomek`` (Batista et al. 2004)
    ===================  ===========================================================================================

    The sampler sees each column of numbers divided by its standard deviation, with missing values at the median or the most
    frequent category; new rows are scaled back, and original rows come out as they were. A new row has the missing values and
    the sample weight of the original positive that is nearest to it, so "missing" tells no more about the label than it did.
    With fewer than 6 positives, each one's neighbours are all the others. For Tomek links, two categories that differ are one
    standard deviation apart. Where no positive lies near enough to negatives for ``borderline_smote`` or ``adasyn`` to make any
    row, or Tomek links hold all rows of a class, the table is left as it is.

    Of several classes, ``under`` cuts each class to at most the smallest one's number over the ratio; ``over`` and the SMOTE kinds
    raise each class that is below it to the ratio times the largest one; Tomek links lose each row
    that is not of the smallest class.

    Tomek links take time that grows with the square of the number of rows, and ``SMOTENC`` memory in proportion to the new
    rows times the number of categories in all columns.

    Parameters
    ----------
    name : str
        One of the names above.
    ratio : float in (0, 1] or None
        Positives over negatives afterwards, or smallest over largest class, imbalanced-learn's ``sampling_strategy``. None is 1.
        A table that has this ratio already, or a higher one, is left as it is: within a search, folds differ a little in their
        ratios. ``none`` and ``tomek`` have no ratio; with ``smote_tomek`` it is the ratio before links are dropped.

    Raises
    ------
    ValueError
        If the name is unknown, or the ratio is not in (0, 1], or a ratio is given to a sampler that has none.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb.table import Table
    >>> table = Table(np.arange(10.0)[:, None], None, (None,))
    >>> y = np.arange(10) >= 8
    >>> Resampler("under", 0.5).resample(table, y, random_state=0).y.sum()
    np.int64(2)
    >>> Resampler("smote", 0.5).resample(table, y, random_state=0).synthetic.n_rows
    2
    """

    name: str
    ratio: float | None = None

    def __post_init__(self) -> None:
        check_choice("resampler", self.name, NAMES)
        if self.ratio is not None:
            if self.name in WITHOUT_RATIO:
                raise ValueError(f"resampler {self.name!r} has no ratio, got {self.ratio}")
            check_number("ratio", self.ratio, above=0, most=1)

    @property
    def has_ratio(self) -> bool:
        """Whether the sampler's ratio can be chosen."""
        return self.name not in WITHOUT_RATIO

    def with_ratio(self, ratio: float) -> Self:
        """Return the same sampler with another ratio."""
        return replace(self, ratio=ratio)

    def counts(self, n_pos: int, n_neg: int) -> tuple[int, int] | None:
        """Return the numbers of positives and negatives afterwards; None where these depend on what the rows hold.

        Parameters
        ----------
        n_pos, n_neg : int
            Numbers before.

        Examples
        --------
        >>> Resampler("under", 0.5).counts(10, 1000), Resampler("smote", 0.5).counts(10, 1000), Resampler("tomek").counts(10, 1000)
        ((10, 20), (500, 1000), None)
        """
        if self.name in ROUGHLY:
            return None
        if not self._changes(n_pos, n_neg):
            return n_pos, n_neg
        goal = self._goal(n_pos, n_neg)
        return (n_pos, goal) if self.name == "under" else (goal, n_neg)

    def _changes(self, n_pos: int, n_neg: int) -> bool:
        """Whether there is anything to do."""
        return self.name != "none" and not (self.has_ratio and n_pos >= (self.ratio or 1.0) * n_neg)

    def _goal(self, n_pos: int, n_neg: int) -> int:
        """Return how many negatives to keep, or how many positives to have."""
        ratio = self.ratio or 1.0
        return round(n_pos / ratio) if self.name == "under" else max(n_pos + 1, round(ratio * n_neg))

    def check(self, table: Table, y: LabelArray, sample_weight: FloatArray | None = None) -> None:
        """Say before any training whether this sampler suits the table.

        Parameters
        ----------
        table : Table of shape (n, d)
            The training rows.
        y : ndarray of bool or int, shape (n,)
            True for a positive, or the number of the class.
        sample_weight : ndarray of shape (n,) or None
            Weights.

        Raises
        ------
        ValueError
            If there is no positive or no negative, or fewer than two positives for a SMOTE kind, or a column of categories for
            one that takes numbers only, or if the positives are not below the ratio.

        Warns
        -----
        ImbalanceWarning
            A SMOTE kind on more than 50 columns, or with weights.
        """
        n_pos, n_neg = least_and_most(y)
        if self.has_ratio and n_pos >= (self.ratio or 1.0) * n_neg:
            what = "positives to negatives" if y.dtype == np.bool_ else "the smallest class to the largest"
            raise ValueError(
                f"the ratio of resampler {self.name!r} must be above the present one of {what}, {n_pos / n_neg:.4g}, got "
                f"{self.ratio or 1.0:g}: nothing would be resampled"
            )
        if self.name not in SMOTE_KIND:
            return
        self._check_suits(table, n_pos)
        if table.n_features > MOST_DIMENSIONS:
            warn(
                f"resampler {self.name!r} on {table.n_features} columns: beyond some {MOST_DIMENSIONS}, neighbours mean "
                "little. Use 'under' or 'over', or select columns first."
            )
        if sample_weight is not None:
            warn(
                f"resampler {self.name!r} gives a new row the weight of the original positive that is nearest to it. "
                "Use 'under' or 'over' to train on weights that were given only."
            )

    def resample(
        self,
        table: Table,
        y: LabelArray,
        sample_weight: FloatArray | None = None,
        random_state: int | np.random.Generator | None = None,
        *,
        cache: ResamplingCache | None = None,
    ) -> Resampled:
        """Return the rows to train on.

        Parameters
        ----------
        table : Table of shape (n, d)
            The training rows.
        y : ndarray of bool or int, shape (n,)
            True for a positive, or the number of the class.
        sample_weight : ndarray of shape (n,) or None
            Weights; numbers of rows, not weights, make the ratio.
        random_state : int, Generator or None
            The same one gives the same rows, whatever the number of threads.
        cache : ResamplingCache or None
            Where to keep the neighbours, so that many samplers and ratios on one table share the search for them.

        Returns
        -------
        Resampled
            Original rows in their order, and the new ones of a SMOTE kind.

        Raises
        ------
        ValueError
            If there is no positive or no negative, a SMOTE kind finds fewer than two positives, or one for numbers only finds
            categories.
        """
        everything = keep_rows(np.arange(len(y)), y, sample_weight)
        if self.name == "none":
            return everything
        n_pos, n_neg = least_and_most(y)
        if not self._changes(n_pos, n_neg):
            return everything
        if self.name in SMOTE_KIND:
            self._check_suits(table, n_pos)
        from boostimb.resampling._imblearn import build

        goals, larger = self._goals(y)
        sampler = build(self.name, goals, larger, n_pos, table, cache)
        if self.name in ("under", "over"):
            table = Table(np.arange(float(len(y)))[:, None], None, (None,))  # what the rows hold does not matter
        results = None if self.has_ratio else cache
        try:
            return draw(sampler, self.name, table, y, sample_weight, random_state, scaled=True, cache=results)
        except (RuntimeError, ValueError) as error:
            if any(text in str(error) for text in CHANGES_NOTHING):
                return everything
            raise

    def _goals(self, y: LabelArray) -> tuple[dict[int, int], list[int]]:
        """Return the rows of each class afterwards, of those that change, and all classes but the smallest (the positives)."""
        counts, (least, most) = count_classes(y), least_and_most(y)
        smallest = 1 if y.dtype == np.bool_ else int(counts.argmin())
        larger = [k for k in range(counts.size) if k != smallest]
        if self.name == "under":
            goal = self._goal(least, most)
            return {k: goal for k in larger if counts[k] > goal}, larger
        raised = [k for k in range(counts.size) if counts[k] < (self.ratio or 1.0) * most]
        return {k: self._goal(int(counts[k]), most) for k in raised}, larger

    def _check_suits(self, table: Table, n_pos: int) -> None:
        """Check what a SMOTE kind needs."""
        if n_pos < 2:
            raise ValueError(f"resampler {self.name!r} needs at least 2 positives, got {n_pos}: use 'over', or more data")
        if self.name in NUMBERS_ONLY and table.categorical:
            j = table.categorical[0]
            label = j if table.names is None else repr(table.names[j])
            raise ValueError(
                f"resampler {self.name!r} takes columns of numbers only, and column {label} holds categories: use 'smotenc'"
            )


def ratio_range(name: str, n_pos: int, n_neg: int) -> tuple[float, float] | None:
    """Return the ratios that are worth a trial, from the present one upwards; None where there is none to choose.

    Parameters
    ----------
    name : str
        Name of a sampler.
    n_pos, n_neg : int
        Numbers of positives and negatives, each at least 1.

    Returns
    -------
    tuple of two floats, or None
        Lowest and highest ratio. Each positive is repeated, or made the base of new rows, at most 50 times: what that many
        copies of a row could teach a booster, a weight teaches it at no cost.

    Examples
    --------
    >>> ratio_range("under", 10, 1000), ratio_range("over", 10, 1000), ratio_range("tomek", 10, 1000)
    ((0.01, 1.0), (0.01, 0.5), None)
    """
    if check_choice("resampler", name, NAMES) in WITHOUT_RATIO or n_pos >= n_neg:
        return None
    present = n_pos / n_neg
    return present, 1.0 if name == "under" else min(1.0, 50 * present)
