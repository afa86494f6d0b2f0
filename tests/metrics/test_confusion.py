"""The record of one threshold."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, matthews_corrcoef, precision_score, recall_score

from boostimb.metrics import Confusion, confusion_at


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_scikit_learns(weighted, dtype):
    rng = np.random.default_rng(0)
    y = rng.random(400) < 0.2
    score = (rng.normal(size=400) + y).astype(dtype)
    weight = rng.choice([0.0, 0.5, 2.0], 400) if weighted else None
    at = confusion_at(y, score, 0.7, weight)
    tn, fp, fn, tp = confusion_matrix(y, score >= 0.7, sample_weight=weight).ravel()
    assert (at.tn, at.fp, at.fn, at.tp) == pytest.approx((tn, fp, fn, tp))
    assert at.precision == pytest.approx(precision_score(y, score >= 0.7, sample_weight=weight))
    assert at.recall == pytest.approx(recall_score(y, score >= 0.7, sample_weight=weight))
    assert at.f1 == pytest.approx(f1_score(y, score >= 0.7, sample_weight=weight))
    assert at.mcc == pytest.approx(matthews_corrcoef(y, score >= 0.7, sample_weight=weight))
    assert at.specificity == pytest.approx(tn / (tn + fp))
    assert at.balanced_accuracy == pytest.approx((at.recall + at.specificity) / 2)
    assert at.alerts == pytest.approx((tp + fp) / (tp + fp + tn + fn))


def test_it_is_json():
    at = confusion_at([0, 1, 1], [0.1, 0.2, 0.9], np.float32(0.5))
    assert Confusion(**json.loads(json.dumps(asdict(at)))) == at


def test_an_empty_side_gives_zeros():
    nobody = confusion_at([0, 1], [0.1, 0.2], 0.5)
    assert (nobody.tp, nobody.fp, nobody.precision, nobody.f1, nobody.mcc) == (0, 0, 0, 0, 0)
    assert confusion_at([0, 0], [0.1, 0.2], 0.15).recall == 0


def test_the_threshold_must_be_a_number():
    with pytest.raises(ValueError, match="threshold must be a finite number, got nan"):
        confusion_at([0, 1], [0.1, 0.2], float("nan"))
