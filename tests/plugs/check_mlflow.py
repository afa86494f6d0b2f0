"""What MLflow loads predicts what it was given, also the ensemble of a search, and also through its own generic interface."""

import mlflow
import numpy as np
import page

import boostimb as bi


def check(loaded, model):
    np.testing.assert_array_equal(loaded.predict_proba(page.X_test), model.predict_proba(page.X_test))
    np.testing.assert_array_equal(loaded.predict(page.X_test), model.predict(page.X_test))


check(page.loaded, page.model)
np.testing.assert_array_equal(mlflow.pyfunc.load_model(page.logged.model_uri).predict(page.X_test), page.model.predict(page.X_test))
ensemble = bi.tune(page.X, page.y, n_trials=2, timeout=None, cv=3, progress=False, random_state=0).best_estimator_
mlflow.sklearn.save_model(ensemble, "ensemble", serialization_format="cloudpickle")
check(mlflow.sklearn.load_model("ensemble"), ensemble)
