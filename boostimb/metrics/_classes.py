"""Average precision of several classes: each class against all others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostimb.metrics._average_precision import average_precision_of
from boostimb.metrics._labels import BoundLabels
from boostimb.metrics._resampled import resampled_average_precision
from boostimb.typing import BoundMetric, Float32Array, FloatArray, IntArray, MarginArray
from boostimb.validation import as_vector, check_choice, check_length, check_weight


@dataclass(frozen=True)
class ClassAveragePrecision:
    """The mean over the classes of the average precision of each against the others.

    Class k ranks the rows by ``softmax(raw)[:, k]``; the order is computed from its log-odds, which do not saturate. Classes that
    the labels do not hold do not count.

    Parameters
    ----------
    average : {"macro", "weighted"}
        Whether each class counts alike, or by its number (weight) of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb.metrics import ClassAveragePrecision
    >>> raw = np.log([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]])
    >>> round(ClassAveragePrecision().score([0, 1, 0, 2], raw), 6)
    0.833333
    >>> round(ClassAveragePrecision("weighted").score([0, 1, 0, 2], raw), 6)
    0.875
    """

    average: str = "macro"

    def __post_init__(self) -> None:
        check_choice("average", self.average, ("macro", "weighted"))

    @property
    def name(self) -> str:
        """``average_precision`` or ``average_precision_weighted``."""
        return "average_precision" if self.average == "macro" else "average_precision_weighted"

    @property
    def greater_is_better(self) -> bool:
        """It goes up."""
        return True

    def score(self, y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the metric.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0, 1, ..., n_classes - 1.
        y_score : array-like of shape (n, n_classes)
            Finite margins, or logarithms of probabilities.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0, not all zero.

        Returns
        -------
        float
            Between 0 and 1.

        Raises
        ------
        ValueError
            If shapes do not fit, a label is not one of the columns, a margin is not finite, or a weight is negative.
        """
        return self.bind(y_true, sample_weight)(np.asarray(y_score))

    def bind(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> BoundMetric:
        """Fix labels and weights once; the function returned maps margins of shape (n, n_classes) to the value."""
        y = _numbers(y_true)
        weight = check_weight(sample_weight, y.size)
        sums = np.bincount(y, weights=weight)
        present = np.flatnonzero(sums)
        labels = [BoundLabels.of(y == k, weight) for k in present]
        shares = self._shares(sums[present])

        def value(raw: MarginArray) -> float:
            check_length("y_score", raw, y.size)
            if raw.ndim != 2 or raw.shape[1] < sums.size:
                raise ValueError(f"y_score must have the shape (n, n_classes), a column for each label, got {raw.shape}")
            columns = class_log_odds(raw)
            values = [average_precision_of(each, columns[k]) for k, each in zip(present, labels, strict=True)]
            return float(shares @ values)

        return value

    def resampled(self, y: IntArray, table: Float32Array, counts: NDArray[np.integer], *, n_jobs: int = 1) -> FloatArray:
        """Return the metric of several sets of margins under several resamples, as `resampled_average_precision` does.

        Parameters
        ----------
        y : ndarray of int, shape (n,)
            Labels.
        table : ndarray of float32, shape (T, n, n_classes)
            Margins.
        counts : ndarray of shape (B, n)
            How often each resample holds each sample, with a sample of each class at least.
        n_jobs : int
            Threads.

        Returns
        -------
        ndarray of float64, shape (B, T)
            As `score` with ``counts`` as weights.
        """
        columns = np.stack([class_log_odds(raw) for raw in table])
        values = np.stack(
            [resampled_average_precision(y == k, columns[:, k], counts, n_jobs=n_jobs) for k in range(columns.shape[1])]
        )
        sums = np.stack([counts[:, y == k].sum(axis=1) for k in range(columns.shape[1])], axis=1)  # (B, n_classes)
        shares = np.stack([self._shares(each) for each in sums])
        return np.einsum("bk,kbt->bt", shares, values)

    def _shares(self, sums: NDArray[np.number]) -> FloatArray:
        """Return what each class counts, of sum 1."""
        size = np.asarray(sums > 0 if self.average == "macro" else sums, dtype=np.float64)
        return size / size.sum()


def class_log_odds(raw: MarginArray) -> MarginArray:
    """Return the log-odds of each class against the others under ``softmax(raw)``, shape (n_classes, n); margins must be finite."""
    from boostimb.metrics import _kernels

    out = np.empty(raw.shape[::-1], dtype=np.float32 if raw.dtype == np.float32 else np.float64)
    _kernels.class_log_odds(np.ascontiguousarray(raw, dtype=out.dtype), out)
    return out


def _numbers(y_true: ArrayLike) -> IntArray:
    y = as_vector("y_true", y_true)
    if not y.size:
        raise ValueError("y_true must hold at least one sample, got none")
    if y.dtype.kind not in "iufb":
        raise ValueError(f"y_true must hold the labels 0, 1, ..., got values of type {y.dtype}")
    wrong = (y < 0) | (y != np.floor(y))
    if wrong.any():
        raise ValueError(f"y_true must hold the labels 0, 1, ... only, got {y[wrong][0]}")
    return y.astype(np.intp)
