"""The samplers that go by a name."""

import warnings
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias, get_args

import numpy as np

from boostimb.resampling._neighbourhood import Neighbourhood, stack, tomek_links
from boostimb.resampling._resampled import ImbalanceWarning, Resampled, count_classes, keep_rows
from boostimb.resampling._synthesis import draw_bases, shares, synthesize
from boostimb.table import Table
from boostimb.typing import BoolArray, FloatArray, IntArray
from boostimb.validation import check_choice, check_number

Name: TypeAlias = Literal["none", "under", "over", "smote", "smotenc", "borderline_smote", "adasyn", "tomek", "smote_tomek"]
NAMES: tuple[str, ...] = get_args(Name)
WITHOUT_RATIO = ("none", "tomek")
SMOTE_KIND = ("smote", "smotenc", "borderline_smote", "adasyn", "smote_tomek")
# Beyond so many columns all distances are nearly alike, and a neighbour is hardly nearer than any other row.
MOST_DIMENSIONS = 50


@dataclass(frozen=True)
class Resampler:
    """A way to change the numbers of positives and negatives in the training rows.

    ===================  ===========================================================================================
    none                 all rows as they are
    under                drops negatives at random
    over                 repeats positives: each equally often, but for a random remainder
    smote, smotenc       makes positives between neighbouring ones (Chawla et al. 2002); both names are one sampler, which
                         treats categorical columns as SMOTE-NC does
    borderline_smote     SMOTE from the positives that have more negatives than positives around them (Han et al. 2005)
    adasyn               SMOTE, the more from a positive the more negatives are around it (He et al. 2008)
    tomek                drops the negatives of Tomek links, which are pairs of a positive and a negative that are each
                         other's nearest row (Tomek 1976)
    smote_tomek          SMOTE, then both rows of each Tomek link are dropped (Batista et al. 2004)
    ===================  ===========================================================================================

    Neighbours are sought after each column of numbers is divided by its standard deviation, with missing numbers at the
    median; the rows themselves are neither scaled nor filled. With fewer than 6 positives, each one's neighbours are all
    the others. A new row has the weight between those of the two rows that it lies between.

    Parameters
    ----------
    name : str
        One of the names above.
    ratio : float in (0, 1] or None
        Positives over negatives afterwards, imbalanced-learn's ``sampling_strategy``. None is 1. A table that has this
        ratio already, or a higher one, is left as it is: within a search, folds differ a little in their ratios.
        ``none`` and ``tomek`` have no ratio; with ``smote_tomek`` it is the ratio before links are dropped.

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

    def check(self, table: Table, y: BoolArray, sample_weight: FloatArray | None = None) -> None:
        """Say before any training whether this sampler suits the table.

        Parameters
        ----------
        table : Table of shape (n, d)
            The training rows.
        y : ndarray of bool, shape (n,)
            True for a positive.
        sample_weight : ndarray of shape (n,) or None
            Weights.

        Raises
        ------
        ValueError
            If there is no positive or no negative, or fewer than two positives for a SMOTE kind, or if the positives are
            not below the ratio.

        Warns
        -----
        ImbalanceWarning
            A SMOTE kind on more than 50 columns, or with weights.
        """
        n_pos, n_neg = count_classes(y)
        if self.has_ratio and n_pos >= (self.ratio or 1.0) * n_neg:
            raise ValueError(
                f"the ratio of resampler {self.name!r} must be above the present one of positives to negatives, "
                f"{n_pos / n_neg:.4g}, got {self.ratio or 1.0:g}: nothing would be resampled"
            )
        if self.name not in SMOTE_KIND:
            return
        _check_positives(self.name, n_pos)
        if table.n_features > MOST_DIMENSIONS:
            warnings.warn(
                f"resampler {self.name!r} on {table.n_features} columns: beyond some {MOST_DIMENSIONS}, neighbours mean "
                "little. Use 'under' or 'over', or select columns first.",
                ImbalanceWarning,
                stacklevel=2,
            )
        if sample_weight is not None:
            warnings.warn(
                f"resampler {self.name!r} gives a new row a weight between those of the two rows that it lies between. "
                "Use 'under' or 'over' to train on weights that were given only.",
                ImbalanceWarning,
                stacklevel=2,
            )

    def resample(
        self,
        table: Table,
        y: BoolArray,
        sample_weight: FloatArray | None = None,
        random_state: int | np.random.Generator | None = None,
        *,
        neighbourhood: Neighbourhood | None = None,
    ) -> Resampled:
        """Return the rows to train on.

        Parameters
        ----------
        table : Table of shape (n, d)
            The training rows.
        y : ndarray of bool, shape (n,)
            True for a positive.
        sample_weight : ndarray of shape (n,) or None
            Weights; numbers of rows, not weights, make the ratio.
        random_state : int, Generator or None
            The same one gives the same rows.
        neighbourhood : Neighbourhood or None
            That of ``table`` and ``y``, so that many samplers and ratios on one table share the search for neighbours.

        Returns
        -------
        Resampled
            Original rows, and the new ones of a SMOTE kind.

        Raises
        ------
        ValueError
            If there is no positive or no negative, or a SMOTE kind finds fewer than two positives.
        """
        everything = np.arange(len(y))
        if self.name == "none":
            return keep_rows(everything, y, sample_weight)
        n_pos, n_neg = count_classes(y)
        hood = neighbourhood or Neighbourhood(table, y)
        if self.name == "tomek":
            return keep_rows(np.delete(everything, hood.tomek_links[:, 1]), y, sample_weight)
        ratio = self.ratio or 1.0
        if n_pos >= ratio * n_neg:
            return keep_rows(everything, y, sample_weight)
        rng = np.random.default_rng(random_state)
        if self.name == "under":
            kept = rng.choice(np.flatnonzero(~y), round(n_pos / ratio), replace=False)
            return keep_rows(np.sort(np.concatenate((hood.positives, kept))), y, sample_weight)
        n_new = max(1, round(ratio * n_neg) - n_pos)
        if self.name == "over":
            again = hood.positives[draw_bases(np.full(n_pos, 1 / n_pos), n_new, rng)]
            return keep_rows(np.concatenate((everything, again)), y, sample_weight)
        _check_positives(self.name, n_pos)
        synthetic, weight = synthesize(hood, draw_bases(shares(self.name, hood), n_new, rng), sample_weight, rng)
        keep = np.ones(len(y) + n_new, dtype=np.bool_)
        if self.name == "smote_tomek":
            points = stack(hood.points, hood.space.encode(synthetic.values))
            keep[tomek_links(points, np.concatenate((y, np.ones(n_new, dtype=np.bool_))))] = False
        return _join(everything[keep[: len(y)]], synthetic, keep[len(y) :], y, sample_weight, weight)


def _join(
    rows: IntArray, synthetic: Table, keep: BoolArray, y: BoolArray, weight: FloatArray | None, new_weight: FloatArray | None
) -> Resampled:
    """Original rows, then those of the new ones that are kept."""
    if not keep.all():
        synthetic = synthetic.take(keep)
    labels = np.concatenate((y[rows], np.ones(synthetic.n_rows, dtype=np.bool_)))
    if weight is None or new_weight is None:
        return Resampled(rows, synthetic, labels, None)
    return Resampled(rows, synthetic, labels, np.concatenate((weight[rows], new_weight[keep])))


def _check_positives(name: str, n_pos: int) -> None:
    if n_pos < 2:
        raise ValueError(f"resampler {name!r} needs at least 2 positives, got {n_pos}: use 'over', or more data")


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
