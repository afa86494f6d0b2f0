"""Which calibration to fit, and how to read one back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boostimb.decision._calibration import Calibration, effective_size
from boostimb.decision._isotonic import IsotonicCalibration
from boostimb.decision._logistic import LogisticCalibration
from boostimb.metrics._labels import BoundLabels
from boostimb.validation import check_choice

METHODS = ("auto", "logistic", "isotonic")
# Below this many samples of the rarer class "auto" does not even try isotonic regression.
ISOTONIC_LEAST = 10_000
# What isotonic regression must save of the cross-fitted log-loss to be worth its ties and the loss of the native export.
ISOTONIC_GAIN = 0.01


def calibrate(raw: ArrayLike, y_true: ArrayLike, sample_weight: ArrayLike | None = None, *, method: str = "auto") -> Calibration:
    """Fit a calibration to margins of rows that the model has not seen.

    Parameters
    ----------
    raw : array-like of shape (n,)
        Finite margins.
    y_true : array-like of shape (n,)
        Labels 0 and 1, both present.
    sample_weight : array-like of shape (n,), optional
        Weights >= 0, not all zero.
    method : {'auto', 'logistic', 'isotonic'}
        'auto' is logistic, unless each class has 10,000 samples (effective ones, with weights) and isotonic regression, fitted
        on one half and scored on the other both ways round, lowers the log-loss by 1% or more.

    Returns
    -------
    Calibration
        With ``apply(raw)``, ``logit(raw)``, ``line`` and ``to_dict()``.

    Raises
    ------
    ValueError
        If the method is not known, only one class is present, lengths differ, a label is not 0 or 1, a margin is not finite, or
        a weight is negative.

    Examples
    --------
    >>> from boostimb.decision import calibrate
    >>> calibrate([-2.0, -1.0, 0.0, 1.0], [0, 0, 1, 1]).apply([-3.0, 3.0]).round(2).tolist()
    [0.09, 0.96]
    """
    check_choice("method", method, METHODS)
    if method == "isotonic" or (method == "auto" and _isotonic_pays(raw, y_true, sample_weight)):
        return IsotonicCalibration.fit(raw, y_true, sample_weight)
    return LogisticCalibration.fit(raw, y_true, sample_weight)


def calibration_from_dict(content: Mapping[str, Any]) -> Calibration:
    """Return the calibration that ``to_dict`` wrote, after checking what it says.

    Raises
    ------
    ValueError
        If the kind is not known, an entry is missing or not expected, or a value breaks the rules of its class.

    Examples
    --------
    >>> from boostimb.decision import calibration_from_dict
    >>> calibration_from_dict({"kind": "logistic", "scale": 2.0, "offset": 0.5})
    LogisticCalibration(scale=2.0, offset=0.5)
    """
    entries = {"logistic": {"scale", "offset"}, "isotonic": {"raw", "probability"}}
    if not isinstance(content, Mapping) or content.get("kind") not in list(entries):  # a list compares, where a dict would hash
        raise ValueError(f"a calibration must be a mapping whose 'kind' is one of {', '.join(entries)}; got {content!r:.200}")
    kind, values = content["kind"], {key: value for key, value in content.items() if key != "kind"}
    if values.keys() != entries[kind]:
        raise ValueError(f"a {kind} calibration must hold {', '.join(sorted(entries[kind]))}; got {', '.join(sorted(values))}")
    try:
        if kind == "logistic":
            return LogisticCalibration(**values)
        return IsotonicCalibration(tuple(values["raw"]), tuple(values["probability"]))
    except TypeError as error:
        raise ValueError(f"a {kind} calibration must hold numbers: {error}") from error


def _isotonic_pays(raw: ArrayLike, y_true: ArrayLike, sample_weight: ArrayLike | None) -> bool:
    """Compare the two by log-loss, each fitted on one half and scored on the other."""
    labels = BoundLabels.of(y_true, sample_weight)
    if min(labels.n_pos, labels.y.size - labels.n_pos) < ISOTONIC_LEAST:
        return False
    if min(effective_size(labels, labels.y), effective_size(labels, ~labels.y)) < ISOTONIC_LEAST:
        return False
    margin, y = labels.scores(raw), labels.y
    weight = np.ones(y.size) if labels.weight is None else labels.weight
    # Every other row of each class. A draw from a seed would be the labels again wherever these came from the same seed.
    first = np.zeros(y.size, dtype=np.bool_)
    for member in (y, ~y):
        first[np.flatnonzero(member)[::2]] = True
    loss: dict[type[LogisticCalibration | IsotonicCalibration], float] = {LogisticCalibration: 0.0, IsotonicCalibration: 0.0}
    for fit, held in ((first, ~first), (~first, first)):
        for kind in loss:
            log_odds = kind.fit(margin[fit], y[fit], weight[fit]).logit(margin[held])
            loss[kind] += float(weight[held] @ (np.logaddexp(0, log_odds) - y[held] * log_odds))
    return loss[IsotonicCalibration] < (1 - ISOTONIC_GAIN) * loss[LogisticCalibration]
