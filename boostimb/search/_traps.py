"""Known traps of rare positives, and the warnings on them: each looks at what is there already and names the remedy.

Nothing is changed and nothing is refused: a user may have good reason for each of them.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from boostimb.metrics import Confusion, average_precision
from boostimb.search._folds import Data, Fold, LeftOut, name_of_class
from boostimb.search._select import thinned
from boostimb.table import Table
from boostimb.typing import BoolArray, FloatArray, LabelArray
from boostimb.validation import warn

# Below this the folds hold so few positives that no estimate of precision or recall means much.
FEW_POSITIVES = 20
# Below this rate an anomaly detector, which needs no label, is a rival.
RARE = 0.001
# The share of left-out rows, or of left-out positives, with a twin among the training rows.
TWINS = 0.05
# A column that rises with the rows has at least so many values: fewer are a sorted category.
LEAST_VALUES = 20
# A text column that names the rows has more different values than this, and than this share of its rows.
NAMES, NAMES_SHARE = 50, 0.5
# What a column alone may have of the way from the rate of positives to an average precision of 1.
LEAK = 0.98
# Rows that a single column, or an isolation forest, is looked at on, and values up to which numbers are taken as categories too.
ROWS, FOREST_ROWS, FEW_VALUES = 20_000, 50_000, 50
# Rows that are numbered at a time.
BLOCK = 1 << 15
# Seconds below which a search has no time for the forest.
LEAST_SECONDS = 20.0
# A decision that finds this share of the positives, and flags positives not even twice as readily as negatives.
RECALL, READINESS = 0.5, 2.0


def warn_of_few_positives(y: BoolArray) -> None:
    """Fewer than 20 positives."""
    n_pos = int(np.count_nonzero(y))
    if n_pos < FEW_POSITIVES:
        warn(
            f"only {n_pos} positives: every estimate below is uncertain. Label more of them, or look for anomalies without labels "
            "(sklearn.ensemble.IsolationForest)"
        )


def warn_of_few_rows(data: Data) -> None:
    """Fewer than 20 rows of one of several classes."""
    counts = np.bincount(data.y)
    few = [f"{name_of_class(data, k)} ({counts[k]})" for k in np.flatnonzero(counts < FEW_POSITIVES).tolist()]
    if few:
        more = f" and {len(few) - 5} more" if len(few) > 5 else ""
        warn(
            f"only a few rows of {', '.join(few[:5])}{more}: what is said of them below is uncertain, and the mean over the "
            "classes with it. Label more of them, or merge classes"
        )


def warn_of_twins(table: Table, y: LabelArray, folds: Sequence[Fold]) -> None:
    """Rows that are left out have exact twins, of the same label, among the rows that are trained on."""
    group = _same_rows(table, y)
    if group is None:
        return
    rare, name = (y, "positives") if y.dtype == np.bool_ else (y == np.bincount(y).argmin(), "rows of the smallest class")
    twin, scored = np.zeros(y.size, dtype=np.bool_), LeftOut.of(folds).rows
    for fold in folds:
        trained = np.zeros(group.max() + 1, dtype=np.bool_)
        trained[group[fold.train_rows]] = True
        twin[fold.valid_rows] |= trained[group[fold.valid_rows]]
    of_all, of_positives = twin[scored].mean(), twin[scored][rare[scored]].mean()
    if max(of_all, of_positives) >= TWINS:
        warn(
            f"{of_all:.1%} of the rows that a fold leaves out, and {of_positives:.1%} of the {name} among them, have an exact "
            "twin of the same label among the rows that it trains on: a model that remembers it scores too well. Drop duplicates "
            "first, or keep what belongs together in one fold by groups=. If the table was over-sampled before, give tune the "
            "table as it was: it resamples training rows only"
        )


def warn_of_time(table: Table) -> None:
    """A column rises with the rows, as a time does, and the split is random."""
    for j in range(table.n_features):
        if table.categories[j] is None and _rises(table.values[:, j]):
            warn(
                f"{_label(table, j)} rises from row to row, as a time or a running number does, and the folds are drawn at random: "
                "a model then learns from the future of the rows that it is scored on. Split in time order, "
                "cv=sklearn.model_selection.TimeSeriesSplit(5); or drop the column, if the order of the rows means nothing"
            )
            return


def warn_of_names(table: Table) -> None:
    """Text columns that have nearly a value of their own in each row, as an id has."""
    found = []
    for j, levels in enumerate(table.categories):
        if not levels or not isinstance(levels[0], str) or len(levels) <= NAMES:
            continue
        rows = int(np.count_nonzero(~np.isnan(table.values[:, j])))
        if len(levels) > NAMES_SHARE * rows:
            found.append(f"{_label(table, j)} ({len(levels):,} in {rows:,} rows)")
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        warn(
            f"nearly each row has a text of its own in {', '.join(found[:5])}{more}: as an id, a name or a number written as text, "
            "it teaches nothing about new rows. If it is a number, turn it into one; else drop it"
        )


def warn_of_leaks(table: Table, y: BoolArray) -> None:
    """Columns that tell the label by themselves."""
    rows, weight = thinned(y, ROWS)
    rows_y, rate = y[rows], float(np.mean(y))
    found = []
    for j in range(table.n_features):
        column = table.values[rows, j].astype(np.float64)
        for score in _views(column, rows_y, weight, is_category=table.categories[j] is not None):
            alone = average_precision(rows_y, score, weight)
            if alone - rate >= LEAK * (1 - rate):
                found.append(f"{_label(table, j)} ({alone:.4f})")
                break
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        warn(
            f"the label can be read from {', '.join(found[:5])}{more}: average precision of the column alone. Was it known when "
            "the decision is to be made, or is it written after the label? If so, drop it"
        )


def warn_of_alarm(confusion: Confusion) -> None:
    """Recall is bought with a precision that is near the rate of positives, who are the rarer class."""
    n_pos, n_neg = confusion.tp + confusion.fn, confusion.fp + confusion.tn
    rate = n_pos / (n_pos + n_neg)
    if rate < 0.5 and confusion.recall >= RECALL and confusion.recall < READINESS * (1 - confusion.specificity):
        warn(
            f"recall {confusion.recall:.3g} is bought with precision {confusion.precision:.3g}, near the rate of positives "
            f"{rate:.3g}: {confusion.alerts:.0%} of all rows are flagged. Bound what it may cost, such as "
            "constraints={'precision': '>=...'} or {'alerts': '<=50/20000'}, or state the costs as cost_matrix"
        )


def anomaly_score(table: Table, y: BoolArray, folds: Sequence[Fold], seed: int) -> float:
    """Return the out-of-fold average precision of an isolation forest, which is trained without labels, and tell of it.

    Missing values are at the median, categories are codes. On large tables both are read from rows that are thinned out class by
    class, and the average precision is that of the rows that they stand for.
    """
    from sklearn.ensemble import IsolationForest

    few, weight_of_row = np.zeros(y.size, dtype=np.bool_), np.zeros(y.size)
    rows, weight = thinned(y, FOREST_ROWS)
    few[rows], weight_of_row[rows] = True, weight
    total, times = np.zeros(y.size), np.zeros(y.size)
    for fold in folds:
        train, valid = fold.train_rows[few[fold.train_rows]], fold.valid_rows[few[fold.valid_rows]]
        known = table.values[train].astype(np.float32)
        middle = _medians(known)
        forest = IsolationForest(random_state=seed).fit(np.where(np.isnan(known), middle, known))
        asked = table.values[valid].astype(np.float32)
        total[valid] -= forest.score_samples(np.where(np.isnan(asked), middle, asked))
        times[valid] += 1
    scored = np.flatnonzero(times)
    found = average_precision(y[scored], total[scored] / times[scored], weight_of_row[scored])
    warn(
        f"only {np.mean(y):.3%} of the rows are positive. An isolation forest, which sees no labels, has an average precision of "
        f"{found:.4g} out of fold: compare best_score_ with it. Where the search is not clearly better, the labels teach little, "
        "and an anomaly detector is the simpler tool; where it is, they are worth their price"
    )
    return found


def is_random(folds: Sequence[Fold]) -> bool:
    """Whether some fold trains on rows that come after the first one that it leaves out."""
    return any(fold.train_rows.max() > fold.valid_rows.min() for fold in folds)


def _label(table: Table, j: int) -> str:
    return f"column {j}" if table.names is None else f"column {table.names[j]!r}"


def _same_rows(table: Table, y: LabelArray) -> NDArray[np.intp] | None:
    """Number the rows so that those of the same values and label have the same number; None where all are different.

    By 64 bits of each row: two different rows among two million share them with a chance of 1e-7.
    """
    key = y.astype(np.uint64)
    for start in range(0, table.n_rows, BLOCK):  # which stay in the cache
        part = key[start : start + BLOCK]
        for column in np.asfortranarray(table.values[start : start + BLOCK], dtype=np.float64).T:
            # NaN is one value here, and so is zero. The multipliers are those of SplitMix64.
            part += (np.where(np.isnan(column), np.inf, column) + 0.0).view(np.uint64)
            part ^= part >> np.uint64(31)
            part *= np.uint64(0x9E3779B97F4A7C15)
            part ^= part >> np.uint64(29)
            part *= np.uint64(0xBF58476D1CE4E5B9)
    order = np.argsort(key)
    key = key[order]
    new = np.append(True, key[1:] != key[:-1])
    if new.all():
        return None
    group = np.empty(key.size, dtype=np.intp)
    group[order] = np.cumsum(new) - 1
    return group


def _rises(column: NDArray[np.floating]) -> bool:
    """Whether the values that are there never fall and are not just a few."""
    some = column[:1000]
    if (np.diff(some[~np.isnan(some)]) < 0).any():
        return False
    steps = np.diff(column[~np.isnan(column)])
    return bool((steps >= 0).all() and np.count_nonzero(steps) + 1 >= LEAST_VALUES)


def _views(column: FloatArray, y: BoolArray, weight: FloatArray, *, is_category: bool) -> Iterator[FloatArray]:
    """Yield the scores that a column may tell the label by."""
    values, code, counts = np.unique(column, return_inverse=True, return_counts=True)
    if values.size > 1 and (is_category or values.size <= FEW_VALUES):
        # The rate of positives at each value, on the other half of each class: a value that comes once tells nothing there.
        half = np.zeros(y.size, dtype=np.bool_)
        for member in (y, ~y):
            half[np.flatnonzero(member)[::2]] = True
        score = np.empty(y.size)
        for learn, ask in ((half, ~half), (~half, half)):
            n_pos, n_all = (np.bincount(code[learn], each[learn], counts.size) for each in (weight * y, weight))
            prior = n_pos.sum() / n_all.sum()
            score[ask] = ((n_pos + prior) / (n_all + 1))[code[ask]]
        yield score
    missing = np.isnan(column)
    if missing.any():
        yield missing.astype(np.float64)
        yield (~missing).astype(np.float64)
    if not is_category:
        for sign in (1.0, -1.0):
            # Below all others, and finite: a score must be.
            yield np.where(missing, -np.finfo(np.float64).max, sign * column)


def _medians(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the median of each column; 0 for one without any value."""
    middle = np.zeros(values.shape[1], dtype=np.float32)
    for j, column in enumerate(values.T):
        present = column[~np.isnan(column)]
        if present.size:
            middle[j] = np.median(present)
    return middle
