"""Calibration by isotonic regression, for tables with very many positives."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from boostimb.decision._calibration import Calibration, check_both_classes, effective_size
from boostimb.metrics._labels import BoundLabels
from boostimb.typing import FloatArray
from boostimb.validation import as_vector


@dataclass(frozen=True)
class IsotonicCalibration(Calibration):
    """The best non-decreasing map from margin to probability (pool adjacent violators), linear between its knots.

    It follows any shape, needs thousands of positives to beat two parameters, makes ties where the order of the margins
    contradicts the labels, and cannot be folded into a model's leaves.

    Parameters
    ----------
    raw : tuple of float
        Knots, strictly rising.
    probability : tuple of float
        P(y=1) at the knots, not falling, within (0, 1).

    Examples
    --------
    >>> from boostimb.decision import IsotonicCalibration
    >>> IsotonicCalibration((0.0, 2.0), (0.25, 0.75)).apply([-9.0, 1.0, 9.0]).round(3).tolist()
    [0.25, 0.5, 0.75]
    """

    raw: tuple[float, ...]
    probability: tuple[float, ...]

    def __post_init__(self) -> None:
        knots, heights = np.asarray(self.raw, dtype=np.float64), np.asarray(self.probability, dtype=np.float64)
        if knots.ndim != 1 or knots.size == 0 or knots.shape != heights.shape:
            raise ValueError(f"raw and probability must have one length, at least 1, got {knots.shape} and {heights.shape}")
        if not np.isfinite(knots).all() or (np.diff(knots) <= 0).any():
            raise ValueError("raw must be finite and strictly rising")
        if not ((heights > 0) & (heights < 1)).all() or (np.diff(heights) < 0).any():
            raise ValueError("probability must lie within (0, 1) and must not fall")
        object.__setattr__(self, "raw", tuple(knots.tolist()))
        object.__setattr__(self, "probability", tuple(heights.tolist()))

    @classmethod
    def fit(cls, raw: ArrayLike, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> "IsotonicCalibration":
        """Fit by scikit-learn's `IsotonicRegression`.

        The ends are kept from 0 and 1 by Platt's targets 1/(n0 + 2) and (n1 + 1)/(n1 + 2): a table of finite size knows no
        certainty, and its log-loss would be infinite at the first surprise.

        Parameters
        ----------
        raw : array-like of shape (n,)
            Finite margins of a model that has not seen these rows.
        y_true : array-like of shape (n,)
            Labels 0 and 1, both present.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0, not all zero.

        Raises
        ------
        ValueError
            If only one class is present (of weight above zero), lengths differ, a label is not 0 or 1, a margin is not finite,
            or a weight is negative.
        """
        from sklearn.isotonic import IsotonicRegression

        labels = BoundLabels.of(y_true, sample_weight)
        margin = labels.scores(raw).astype(np.float64)
        check_both_classes(labels)
        n_pos, n_neg = effective_size(labels, labels.y), effective_size(labels, ~labels.y)
        model = IsotonicRegression(y_min=1 / (n_neg + 2), y_max=(n_pos + 1) / (n_pos + 2))
        model.fit(margin, labels.y.astype(np.float64), sample_weight=labels.weight)
        return cls(tuple(model.X_thresholds_.tolist()), tuple(model.y_thresholds_.tolist()))

    def logit(self, raw: ArrayLike) -> FloatArray:
        """Return the log-odds of the interpolated probability; constant beyond the outer knots."""
        at = as_vector("raw", raw).astype(np.float64)
        log_odds: FloatArray = logit(np.interp(at, self.raw, self.probability))
        return log_odds

    @property
    def line(self) -> None:
        """None: no line."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold and `calibration_from_dict` reads."""
        return {"kind": "isotonic", "raw": list(self.raw), "probability": list(self.probability)}
