"""What each column adds: the parts sum to the log-odds, for each booster, loss and calibration, and for sums of models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import logit

import boostimb as bi
from boostimb.boosters import NAMES
from boostimb.decision import IsotonicCalibration, LogisticCalibration
from boostimb.losses import FocalLoss, LogLoss
from boostimb.model import Ensemble, Member


def fit(booster, frame, **options):
    X, y = frame
    model = bi.BoostClassifier(booster, n_rounds=30, n_jobs=1, random_state=0, **options)
    return model.fit(X[:1600], y[:1600], eval_set=[(X[1600:], y[1600:])] if "calibration" in options else None)


@pytest.mark.parametrize("booster", NAMES)
@pytest.mark.parametrize(
    "options",
    [{}, {"pos_weight": 5.0}, {"loss": FocalLoss(1.0), "calibration": "logistic"}],
    ids=["log-loss", "weighted", "calibrated"],
)
def test_a_row_sums_to_the_log_odds(booster, options, frame):
    model, X = fit(booster, frame, **options), frame[0]
    parts = model.contributions(X)
    assert parts.shape == (len(X), 4)
    assert_allclose(parts.sum(axis=1), logit(model.predict_proba(X)[:, 1]), atol=1e-5)
    assert np.ptp(parts[:, -1]) == 0
    assert np.ptp(parts[:, 0]) > 1  # the amount matters


@pytest.mark.parametrize("booster", NAMES)
def test_without_a_line_to_the_log_odds_it_sums_to_the_margin(booster, frame):
    model, X = fit(booster, frame, loss=FocalLoss(2.0)), frame[0]
    margins = model.contributions(X).sum(axis=1)
    table = model._fitted.encoder.transform(X)
    assert_allclose(margins, model._fitted.model.raw(table, n_jobs=1), atol=1e-5)
    assert_allclose(logit(model.predict_proba(X)[:, 1]), FocalLoss(2.0).posterior_logit(margins), atol=2e-5)


@pytest.fixture(scope="module")
def ensemble(frame):
    fitted = [fit(name, frame) for name in NAMES]
    members = [Member(each.booster, each._fitted.model, 0.2 + 0.1 * at, 1.1, -0.1) for at, each in enumerate(fitted)]
    return Ensemble(members, fitted[0]._fitted.encoder, np.array([0, 1]), 1, LogisticCalibration(1.2, 0.3), 0.25, n_jobs=1)


@pytest.mark.parametrize("positive_index", [0, 1])
def test_an_ensemble_sums_its_members_by_weight(positive_index, ensemble, frame):
    ensemble = Ensemble(**(ensemble.get_params(deep=False) | {"positive_index": positive_index}))
    parts = ensemble.contributions(frame[0])
    assert_allclose(parts.sum(axis=1), logit(ensemble.predict_proba(frame[0])[:, positive_index]), atol=1e-5)
    table = ensemble.encoder.transform(frame[0])
    amount = sum(1.2 * m.weight * 1.1 * m.model.contributions(table, n_jobs=1)[:, 0] for m in ensemble.members)
    assert_allclose(parts[:, 0], amount, atol=1e-12)


def test_before_an_isotonic_calibration(ensemble, frame):
    steps = IsotonicCalibration((-3.0, 1.0), (0.1, 0.9))
    isotonic = Ensemble(**(ensemble.get_params(deep=False) | {"calibration": steps}))
    assert_allclose(isotonic.contributions(frame[0]).sum(axis=1), isotonic.decision_function(frame[0]), atol=1e-5)


def test_contributions_are_those_of_a_model_of_one_column():
    """By definition: with one column, its part is the margin less the mean over the training rows."""
    X = np.random.default_rng(0).normal(size=(500, 1))
    y = (X[:, 0] > 1).astype(int)
    model = bi.BoostClassifier("lightgbm", loss=LogLoss(), n_rounds=20, n_jobs=1).fit(X, y)
    parts = model.contributions(X)
    log_odds = logit(model.predict_proba(X)[:, 1])
    assert_allclose(parts[:, 0], log_odds - parts[0, 1])
    assert_allclose(parts[0, 1], log_odds.mean())
