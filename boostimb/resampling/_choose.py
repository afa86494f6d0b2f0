"""From what a user asks for to the samplers that a search tries."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from boostimb.resampling._foreign import ForeignResampler
from boostimb.resampling._resampled import least_and_most
from boostimb.resampling._resampler import MOST_DIMENSIONS, Resampler
from boostimb.table import Table
from boostimb.typing import FloatArray, LabelArray

AnyResampler: TypeAlias = Resampler | ForeignResampler

# With fewer positives, some have no 5 neighbours. With more, the space between them is full of positives already, and the memory
# that SMOTEN takes, which grows with the square of their number, is above 1 GB.
LEAST_POSITIVES, MOST_POSITIVES = 6, 10_000


def as_resampler(wanted: Any, ratio: float | None = None) -> AnyResampler:
    """Return the sampler that a name, a sampler of imbalanced-learn or None (no resampling) stands for.

    Parameters
    ----------
    wanted : str, imbalanced-learn sampler, Resampler, ForeignResampler or None
        What the user gave.
    ratio : float or None
        Positives over negatives afterwards, for a name.

    Raises
    ------
    ValueError
        If there is no sampler of that name.
    TypeError
        If it is no sampler.

    Examples
    --------
    >>> as_resampler("under", 0.2)
    Resampler(name='under', ratio=0.2)
    """
    if isinstance(wanted, Resampler | ForeignResampler):
        return wanted
    if wanted is None:
        return Resampler("none")
    if isinstance(wanted, str):
        return Resampler(wanted, ratio)
    return ForeignResampler(wanted, type(wanted).__name__)


def resolve_resamplers(
    resamplers: Any, table: Table, y: LabelArray, sample_weight: FloatArray | None = None
) -> tuple[AnyResampler, ...]:
    """Return the samplers to try on a table, each with a name of its own.

    Parameters
    ----------
    resamplers : "auto", None, a name or sampler, or a list of these
        ``"auto"`` is none, under and over, and smote unless there are weights, fewer than 6 or more than 10,000 positives,
        or more than 50 columns, where a column of categories counts as many as it has. None is no resampling.
    table : Table of shape (n, d)
        The training rows.
    y : ndarray of bool or int, shape (n,)
        True for a positive; of several classes their numbers, where the smallest class is what positives are above.
    sample_weight : ndarray of shape (n,) or None
        Weights.

    Returns
    -------
    tuple of Resampler and ForeignResampler
        In the order given, each once. smote and smotenc are one.

    Raises
    ------
    ValueError, TypeError
        If a sampler is unknown or does not suit the table, or the list is empty.

    Warns
    -----
    ImbalanceWarning
        As ``Resampler.check``.

    Examples
    --------
    >>> import numpy as np
    >>> table, y = Table(np.arange(100.0)[:, None], None, (None,)), np.arange(100) < 10
    >>> [resampler.name for resampler in resolve_resamplers("auto", table, y)]
    ['none', 'under', 'over', 'smote']
    """
    if isinstance(resamplers, str) and resamplers == "auto":
        return _automatic(table, y, sample_weight)
    listed = list(resamplers) if isinstance(resamplers, Sequence) and not isinstance(resamplers, str) else [resamplers]
    if not listed:
        raise ValueError('resamplers must be "auto", None, or a list with at least one name or sampler, got an empty one')
    chosen: dict[str, AnyResampler] = {}
    for wanted in listed:
        resampler = as_resampler(wanted)
        if isinstance(resampler, ForeignResampler):
            same = sum(isinstance(r, ForeignResampler) and type(r.sampler) is type(resampler.sampler) for r in chosen.values())
            if same:
                resampler = ForeignResampler(resampler.sampler, f"{resampler.name}-{same + 1}")
        key = "smote" if resampler.name == "smotenc" else resampler.name
        if key not in chosen:
            resampler.check(table, y, sample_weight)
            chosen[key] = resampler
    return tuple(chosen.values())


def _automatic(table: Table, y: LabelArray, sample_weight: FloatArray | None) -> tuple[Resampler, ...]:
    n_pos, n_neg = least_and_most(y)
    if n_pos >= n_neg:
        return (Resampler("none"),)
    # A weight says how much a row counts, which a row between two others cannot tell.
    # SMOTENC's memory is in proportion to the indicator columns.
    columns = sum(1 if levels is None else len(levels) for levels in table.categories)
    smote = LEAST_POSITIVES <= n_pos <= MOST_POSITIVES and columns <= MOST_DIMENSIONS and sample_weight is None
    names = ("none", "under", "over", "smote") if smote else ("none", "under", "over")
    return tuple(Resampler(name) for name in names)
