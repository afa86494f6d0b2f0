"""Calibrations against scikit-learn, at the edges, and as JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.calibration import _SigmoidCalibration  # private: Platt's map as scikit-learn fits it; no public name has it
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from boostimb.decision import (
    Calibration,
    IsotonicCalibration,
    LogisticCalibration,
    calibrate,
    calibration_from_dict,
    prior_shift,
)


def make(n=3000, seed=0, rate=0.05):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < rate
    y[:2] = True, False
    return 2 * rng.normal(size=n) - 3 + 3 * y, y, rng.uniform(0, 3, n)


@pytest.mark.parametrize("n", [60, 3000])
def test_without_weights_it_is_platts(n):
    raw, y, _ = make(n)
    reference = _SigmoidCalibration().fit(raw, y)
    found = LogisticCalibration.fit(raw, y)
    # The reference stops its optimiser at a coarse gradient: hence 1e-5.
    assert (found.scale, found.offset) == pytest.approx((-reference.a_, -reference.b_), rel=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_without_smoothing_it_is_logistic_regression(weighted):
    raw, y, weight = make()
    weight = weight if weighted else None
    reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(raw[:, None], y, sample_weight=weight)
    found = LogisticCalibration.fit(raw, y, weight, smoothing=False)
    assert found.scale == pytest.approx(reference.coef_[0, 0], rel=1e-8)
    assert found.offset == pytest.approx(reference.intercept_[0], rel=1e-8)
    # The score equations of maximum likelihood: the mean probability is the rate, and the margin is uncorrelated with the error.
    error = found.apply(raw) - y
    assert np.average(error, weights=weight) == pytest.approx(0, abs=1e-10)
    assert np.average(error * raw, weights=weight) == pytest.approx(0, abs=1e-9)


def test_smoothing_hardly_moves_the_rate():
    raw, y, _ = make(2000)
    assert LogisticCalibration.fit(raw, y).apply(raw).sum() == pytest.approx(y.sum(), abs=1)


def test_units_of_the_margin_play_no_part():
    raw, y, weight = make()
    found, other = LogisticCalibration.fit(raw, y, weight), LogisticCalibration.fit(1e-6 * raw + 40, y, weight)
    np.testing.assert_allclose(other.apply(1e-6 * raw + 40), found.apply(raw), rtol=1e-6)


def test_scale_of_the_weights_plays_no_part():
    raw, y, weight = make()
    found, other = LogisticCalibration.fit(raw, y, weight), LogisticCalibration.fit(raw, y, 1e-4 * weight)
    assert (found.scale, found.offset) == pytest.approx((other.scale, other.offset), rel=1e-9)


def test_float32_margins_do():
    raw, y, _ = make()
    single, double = LogisticCalibration.fit(raw.astype(np.float32), y), LogisticCalibration.fit(raw, y)
    assert single.scale == pytest.approx(double.scale, rel=1e-5)
    assert single.apply(raw.astype(np.float32)).dtype == np.float64


@pytest.mark.parametrize("n_pos", [1, 2, 10])
def test_separated_classes_stay_finite(n_pos):
    y = np.arange(500) < n_pos
    found = LogisticCalibration.fit(np.where(y, 30.0, -30.0), y)
    assert np.isfinite([found.scale, found.offset]).all()
    # Platt's targets are what a separated sample is mapped to.
    np.testing.assert_allclose(found.apply([-30.0, 30.0]), [1 / (502 - n_pos), (n_pos + 1) / (n_pos + 2)], rtol=1e-6)
    with pytest.raises(ValueError, match=r"separate the classes.*smoothing=True"):
        LogisticCalibration.fit(np.where(y, 30.0, -30.0), y, smoothing=False)


def test_classes_that_share_one_margin_only_are_separated():
    raw, y = [0, 0, 1, 1, 1], [0, 0, 0, 1, 1]
    with pytest.raises(ValueError, match=r"separate the classes.*smoothing=True"):
        LogisticCalibration.fit(raw, y, smoothing=False)
    assert np.isfinite(LogisticCalibration.fit(raw, y).scale)
    constant = LogisticCalibration.fit([1, 1, 1], [0, 0, 1], smoothing=False)  # which separates nothing
    np.testing.assert_allclose(constant.apply([1.0]), 1 / 3)


def test_a_ranking_that_is_upside_down_is_not_turned():
    raw, y, _ = make()
    found = LogisticCalibration.fit(-raw, y)
    assert found.scale > 0
    # The best map that does not fall is next to constant, at the rate.
    np.testing.assert_allclose(found.apply(-raw), y.mean(), rtol=0.02)


def test_constant_margins_get_the_rate():
    found = LogisticCalibration.fit(np.full(1000, 5.3), np.arange(1000) < 30, smoothing=False)
    assert found.scale == 1
    assert found.apply([5.3]) == pytest.approx(0.03)


@given(st.integers(0, 2**32 - 1))
def test_the_fit_is_a_minimum(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 40))
    raw, y = rng.standard_cauchy(n), rng.random(n) < 0.5
    y[:2] = True, False
    found = LogisticCalibration.fit(raw, y)
    target = np.where(y, (y.sum() + 1) / (y.sum() + 2), 1 / ((~y).sum() + 2))

    def loss(scale, offset):
        z = scale * raw + offset
        return (np.logaddexp(0, z) - target * z).mean()

    at_best = loss(found.scale, found.offset)
    for scale in (found.scale * 0.99, found.scale * 1.01):
        for offset in (found.offset - 0.01, found.offset, found.offset + 0.01):
            if scale >= found.scale or scale * raw.std() > 1.1e-3:  # beyond the least slope nothing is promised
                assert loss(scale, offset) >= at_best - 1e-12


def test_the_map_itself():
    found = LogisticCalibration(2.0, -1.0)
    raw = np.array([-1000.0, -1.0, 0.0, 1000.0])
    np.testing.assert_array_equal(found.logit(raw), 2 * raw - 1)
    np.testing.assert_array_equal(found.apply(raw), expit(2 * raw - 1))
    assert found.line == (2.0, -1.0)
    assert LogisticCalibration() == LogisticCalibration(1.0, 0.0)


def test_isotonic_rises_and_follows_the_shape():
    raw, y, weight = make(20_000, rate=0.3)
    bent = np.exp(raw)  # no line in the log-odds
    found = IsotonicCalibration.fit(bent, y, weight)
    probability = found.apply(np.sort(bent))
    assert (np.diff(probability) >= 0).all()
    assert 0 < probability.min() < probability.max() < 1
    assert found.line is None
    np.testing.assert_allclose(found.logit(bent), logit(found.apply(bent)), rtol=1e-9, atol=1e-9)
    straight = LogisticCalibration.fit(bent, y, weight)
    assert log_loss(y, found.apply(bent)) < log_loss(y, straight.apply(bent))
    assert np.average(found.apply(bent), weights=weight) == pytest.approx(np.average(y, weights=weight), rel=1e-3)


def test_auto_is_logistic_unless_isotonic_pays():
    raw, y, _ = make(3000, rate=0.4)
    assert isinstance(calibrate(np.exp(raw), y), LogisticCalibration)  # too few
    raw, y, weight = make(60_000, rate=0.4)
    assert isinstance(calibrate(raw, y), LogisticCalibration)  # nothing to gain
    assert isinstance(calibrate(np.exp(raw), y, weight), IsotonicCalibration)
    few = np.where(np.arange(y.size) < 100, 1e4, 1.0)  # a hundred rows say it all
    assert isinstance(calibrate(np.exp(raw), y, few), LogisticCalibration)


def test_methods_by_name():
    raw, y, weight = make()
    assert calibrate(raw, y, weight, method="logistic") == LogisticCalibration.fit(raw, y, weight)
    assert calibrate(raw, y, weight, method="isotonic") == IsotonicCalibration.fit(raw, y, weight)
    with pytest.raises(ValueError, match="method must be one of auto, logistic, isotonic; got 'platt'"):
        calibrate(raw, y, method="platt")


@pytest.mark.parametrize("method", ["logistic", "isotonic"])
def test_it_survives_json(method):
    raw, y, _ = make()
    found = calibrate(raw, y, method=method)
    assert isinstance(found, Calibration)
    again = calibration_from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert again == found
    assert hash(again) == hash(found)
    np.testing.assert_array_equal(again.apply(raw), found.apply(raw))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "'kind' is one of logistic, isotonic"),
        ({}, "'kind' is one of logistic, isotonic"),
        ({"kind": "beta"}, "'kind' is one of logistic, isotonic"),
        ({"kind": ["logistic"]}, "'kind' is one of logistic, isotonic"),
        ({"kind": "logistic", "scale": 1.0}, "must hold offset, scale; got scale"),
        ({"kind": "logistic", "scale": 1.0, "offset": 0.0, "more": 1}, "must hold offset, scale"),
        ({"kind": "logistic", "scale": -1.0, "offset": 0.0}, "scale must be a finite number > 0, got -1"),
        ({"kind": "logistic", "scale": "1", "offset": 0.0}, "must hold numbers"),
        ({"kind": "logistic", "scale": 1.0, "offset": float("nan")}, "offset must be a finite number, got nan"),
        ({"kind": "isotonic", "raw": 1.0, "probability": 0.5}, "must hold numbers"),
        ({"kind": "isotonic", "raw": [], "probability": []}, "at least 1"),
        ({"kind": "isotonic", "raw": [0.0], "probability": [0.1, 0.2]}, "must have one length"),
        ({"kind": "isotonic", "raw": [0.0, 0.0], "probability": [0.1, 0.2]}, "strictly rising"),
        ({"kind": "isotonic", "raw": [0.0, 1.0], "probability": [0.2, 0.1]}, "must not fall"),
        ({"kind": "isotonic", "raw": [0.0, 1.0], "probability": [0.0, 0.1]}, r"within \(0, 1\)"),
        ({"kind": "isotonic", "raw": [0.0, None], "probability": [0.1, 0.2]}, "finite"),
        ({"kind": "isotonic", "raw": ["a"], "probability": [0.2]}, "number|float"),
    ],
)
def test_a_broken_manifest_is_refused(content, says):
    with pytest.raises(ValueError, match=says):
        calibration_from_dict(content)


@pytest.mark.parametrize("fit", [LogisticCalibration.fit, IsotonicCalibration.fit, calibrate])
def test_bad_input_gets_a_clear_error(fit):
    with pytest.raises(ValueError, match="both classes to calibrate on, got 0 positives among 3"):
        fit([0.1, 0.2, 0.3], [0, 0, 0])
    with pytest.raises(ValueError, match="both classes to calibrate on, got 2 positives among 2"):
        fit([0.1, 0.2, 0.3], [0, 1, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="finite"):
        fit([0.1, np.inf], [0, 1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fit([0.1], [0, 1])


@pytest.mark.parametrize("weighted", [False, True])
def test_prior_shift_meets_the_rate(weighted):
    raw, _, weight = make()
    weight = weight if weighted else None
    shift = prior_shift(raw, 0.01, weight)
    assert np.average(expit(raw + shift), weights=weight) == pytest.approx(0.01, rel=1e-8)
