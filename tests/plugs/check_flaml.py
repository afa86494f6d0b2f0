"""FLAML searched our learner by our metric."""

import numpy as np
import page

import boostimb as bi

proba = page.automl.predict_proba(page.X_test)[:, 1]
fitted = page.automl.model.estimator
assert isinstance(fitted, bi.BoostClassifier)
assert fitted.loss == bi.FocalLoss(gamma=page.automl.best_config["gamma"])
np.testing.assert_array_equal(proba, fitted.predict_proba(page.X_test)[:, 1])
assert 0.3 < 1 - page.automl.best_loss < 1
assert bi.average_precision(page.y_test, proba) > 0.3  # 0.023 by chance
