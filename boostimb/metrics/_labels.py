"""Labels and weights prepared once, so that each new vector of scores costs two sorts and nothing else."""

from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.typing import BoolArray, FloatArray
from boostimb.validation import as_vector, check_binary, check_length, check_scores, check_weight

# Where counting by buckets is tried: with fewer rows or more positives a plain sort is as fast. The table must fit the cache.
FEW_ROWS = 4096
RARE = 1 / 16
MOST_BUCKETS = 17
MOST_WIDTH = 12
# A mean this near to the lowest score, as a share of the range, asks for buckets of logarithmic width.
CROWDED = 0.1


class Ranked(NamedTuple):
    """Scores of the positives and of the negatives, each ascending, with their weights (None: all 1)."""

    pos: NDArray[Any]
    pos_weight: FloatArray | None
    neg: NDArray[Any]
    neg_weight: FloatArray | None


class Bulk(NamedTuple):
    """Negatives that no positive shares a bucket with: their number or weight in each bucket, and what tells the bucket."""

    weight: NDArray[Any]
    low: np.number[Any]
    scale: np.floating[Any]

    @classmethod
    def none(cls, ranked: Ranked) -> "Bulk":
        """Return no buckets at all, where every negative is ranked."""
        of_score = ranked.pos.dtype.type
        return cls(np.empty(0, dtype=np.int32 if ranked.neg_weight is None else np.float64), of_score(0), of_score(0))


@dataclass(frozen=True, eq=False)
class BoundLabels:
    """Checked labels and weights of n samples; rows of weight zero are left out for good.

    Immutable, and so safe to use from many threads at once.

    Attributes
    ----------
    y : ndarray of bool, shape (n_kept,)
        The labels of the rows that are kept.
    n_pos : int
        How many of them are positive.
    weight : ndarray of float64, shape (n_kept,), or None
        Their weights, above 0; None if all are 1.
    kept : ndarray of bool, shape (n,), or None
        Which rows are kept; None if all are.
    """

    y: BoolArray
    n_pos: int
    weight: FloatArray | None
    kept: BoolArray | None

    @classmethod
    def of(cls, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> "BoundLabels":
        """Check ``y_true`` in {0, 1} and ``sample_weight`` >= 0, both of shape (n,) with n >= 1."""
        y = np.ascontiguousarray(check_binary(y_true))
        if y.size == 0:
            raise ValueError("y_true must hold at least one sample, got none")
        weight = check_weight(sample_weight, y.size)
        kept = None
        if weight is not None and not weight.all():
            kept = weight > 0
            y, weight = y[kept], weight[kept]
        return cls(y, int(np.count_nonzero(y)), None if weight is None else np.ascontiguousarray(weight), kept)

    @property
    def n(self) -> int:
        """Number of samples that a vector of scores must have, those of weight zero among them."""
        return self.y.size if self.kept is None else self.kept.size

    def scores(self, y_score: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return checked scores in the order of ``y``. Raises ValueError for a wrong length or a score that is not finite."""
        # Contiguous, because the kernels are compiled once more for every other layout.
        score = np.ascontiguousarray(check_scores("y_score", y_score, self.n))
        return score if self.kept is None else score[self.kept]

    def rank(self, y_score: ArrayLike) -> Ranked:
        """Check the scores and sort those of the two classes apart."""
        from boostimb.metrics import _kernels

        score = self._unchecked(y_score)
        parts = np.empty(score.size + 1, dtype=score.dtype)
        _kernels.split_by_label(self.y.view(np.uint8), score, self.n_pos, parts)
        pos, neg = parts[: self.n_pos], parts[self.n_pos : -1]
        pos_weight = neg_weight = None
        if self.weight is None:
            # NumPy's vectorised sort, which need not be stable, takes a sixth of the time of an argsort.
            pos.sort()
            neg.sort()
        else:
            weights = np.empty(score.size + 1)
            _kernels.split_by_label(self.y.view(np.uint8), self.weight, self.n_pos, weights)
            pos, pos_weight = sort_together(pos, weights[: self.n_pos])
            neg, neg_weight = sort_together(neg, weights[self.n_pos : -1])
        # What is not finite has gone to an end: four looks in place of a pass, which matters at ten thousand rows.
        if not all(isfinite(part[end]) for part in (pos, neg) if part.size for end in (0, -1)):
            self.scores(y_score)
        return Ranked(pos, pos_weight, neg, neg_weight)

    def rank_near(self, y_score: ArrayLike) -> tuple[Ranked, Bulk]:
        """Rank the positives and only those negatives that come close to one; count the others by buckets.

        Average precision asks for the number of negatives above each positive, and where positives are rare most negatives
        need no more than a bucket to tell. Where scores crowd together so that it takes more, all are ranked. The scores that
        come back may be other numbers in the same order.
        """

        if self.y.size >= FEW_ROWS and 0 < self.n_pos <= self.y.size * RARE:
            near = self._near(self._unchecked(y_score))
            if near is not None:
                return near
        ranked = self.rank(y_score)
        return ranked, Bulk.none(ranked)

    def _near(self, score: NDArray[Any]) -> tuple[Ranked, Bulk] | None:
        """As `rank_near`; None if buckets would tell too little, or cannot be laid over the scores."""
        from boostimb.metrics import _kernels

        n_buckets = 1 << min(MOST_BUCKETS, (8 * self.n_pos).bit_length())
        with np.errstate(all="ignore"):
            low, high = score.min(), score.max()
            # Not finite if a score is not, which `rank` then reports, or if the range is beyond what the type can hold.
            if not isfinite(high - low):
                return None
            if low > 0 and score[:: score.size // FEW_ROWS].mean() - low < CROWDED * (high - low):
                # Probabilities that crowd near zero. The bits of positive floats, read as integers, rise as their logarithm does,
                # and whatever keeps the order may stand for the scores.
                score = score.view(np.int32 if score.itemsize == 4 else np.int64)
                low, high = score.min().astype(np.int64), score.max().astype(np.int64)
            scale = (n_buckets - 1) / (high - low)
        if not 0 < scale < np.inf:
            return None
        pos, near = score[self.y], np.empty(score.size - self.n_pos + 1, dtype=score.dtype)
        pos_weight = near_weight = None
        if self.weight is not None:
            pos_weight, near_weight = self.weight[self.y], np.empty(near.size)
        bulk = np.zeros(n_buckets, dtype=np.int32 if self.weight is None else np.float64)
        occupied = np.zeros(n_buckets, dtype=np.uint8)
        y = self.y.view(np.uint8)
        copied = _kernels.set_apart(y, score, self.weight, pos, low, scale, occupied, bulk, near, near_weight)
        if copied < 0:
            return self._levels(score, pos, pos_weight, low, scale, n_buckets)
        near = near[:copied]
        if pos_weight is None or near_weight is None:
            pos.sort()
            near.sort()
        else:
            pos, pos_weight = sort_together(pos, pos_weight)
            near, near_weight = sort_together(near, near_weight[:copied])
        return Ranked(pos, pos_weight, near, near_weight), Bulk(bulk, low, scale)

    def _levels(
        self, score: NDArray[Any], pos: NDArray[Any], pos_weight: FloatArray | None, low: Any, scale: Any, n_buckets: int
    ) -> tuple[Ranked, Bulk] | None:
        """As `_near` for scores with many ties: a bucket can tell everything if all its positives have the same score."""
        from boostimb.metrics import _kernels

        above = np.inf if score.dtype.kind == "f" else np.iinfo(score.dtype).max
        only, levels = np.full(n_buckets, above, dtype=score.dtype), np.empty(pos.size)
        bulk = np.zeros(2 * n_buckets, dtype=np.int32 if self.weight is None else np.float64)
        if not _kernels.count_levels(self.y.view(np.uint8), score, self.weight, pos, low, scale, only, levels, bulk):
            return None
        if pos_weight is None:
            levels.sort()
        else:
            levels, pos_weight = sort_together(levels, pos_weight)
        empty = np.empty(0)
        ranked = Ranked(levels, pos_weight, empty, None if pos_weight is None else empty)
        return ranked, Bulk(bulk, np.float64(0), np.float64(1))

    def _unchecked(self, y_score: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return the scores in the order of ``y``, of the right length; whether they are finite shows later."""
        if self.kept is not None:
            return self.scores(y_score)
        score = as_vector("y_score", y_score)
        check_length("y_score", score, self.n)
        return np.ascontiguousarray(score, dtype=np.float32 if score.dtype == np.float32 else np.float64)


def sort_together(score: NDArray[Any], weight: FloatArray) -> tuple[NDArray[Any], FloatArray]:
    """Sort the scores ascending, in place or into a new array, and their weights along."""
    from boostimb.metrics import _kernels

    if score.size < 2:
        return score, weight
    score_out, weight_out = np.empty_like(score), np.empty_like(weight)
    # About four places a score; half of the number of a place is told by a table that fits the second cache.
    width = min(MOST_WIDTH, (score.size.bit_length() + 3) // 2)
    with np.errstate(all="ignore"):
        # As float64, since the number of a place has more digits than float32 can hold.
        low, high = np.float64(score.min()), np.float64(score.max())
        scale = (4**width - 1) / (high - low)
    if 0 < scale < np.inf and _kernels.sort_by_place(score, weight, low, scale, width, score_out, weight_out):
        return score, weight
    integer = np.uint32 if score.itemsize == 4 else np.uint64
    moved = _kernels.sort_by_bits(score.view(integer), weight, score_out.view(integer), weight_out)
    return (score_out, weight_out) if moved else (score, weight)
