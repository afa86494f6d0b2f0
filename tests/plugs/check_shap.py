"""SHAP's values are ours, and add up to the log-odds: of each booster, and of the ensemble that a search hands over."""

import numpy as np
import page
import shap
from scipy.special import logit

import boostimb as bi


def log_odds(model):
    return logit(model.predict_proba(page.X_test)[:, 1])


np.testing.assert_allclose(page.explanation.values.sum(axis=1) + page.explanation.base_values, log_odds(page.model), atol=1e-5)
np.testing.assert_allclose(page.same.values, page.explanation.values, atol=1e-5)
for booster in ("xgboost", "lightgbm", "catboost"):
    model = bi.BoostClassifier(booster, n_rounds=50, random_state=0).fit(page.X, page.y)
    shown = shap.TreeExplainer(model.booster_)(page.X_test)
    np.testing.assert_allclose(shown.values.sum(axis=1) + shown.base_values, log_odds(model), atol=1e-5)
    np.testing.assert_allclose(shown.values, model.contributions(page.X_test)[:, :-1], atol=1e-5)

result = bi.tune(page.X, page.y, n_trials=3, timeout=None, cv=3, progress=False, random_state=0)
ensemble = result.best_estimator_
np.testing.assert_allclose(ensemble.contributions(page.X_test).sum(axis=1), log_odds(ensemble), atol=1e-5)
scale, _ = ensemble.calibration.line
table = ensemble.encoder.transform(page.X_test).values
parts = [scale * m.weight * m.scale * shap.TreeExplainer(m.model.native)(table).values for m in ensemble.members]
np.testing.assert_allclose(sum(parts), ensemble.contributions(page.X_test)[:, :-1], atol=1e-5)
