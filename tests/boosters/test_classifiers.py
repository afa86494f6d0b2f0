"""Loss and metric together in the scikit-learn class of each booster: early stopping goes up, and stops at the best round."""

import inspect
import warnings

import numpy as np
import pytest
from scipy.special import expit

import boostimb as bi

PATIENCE, N_ROUNDS = 12, 200


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 5))
    y = (rng.random(3000) < expit(2 * X[:, 0] + X[:, 1] - 3.5)).astype(int)
    return X[:1800], y[:1800], X[1800:], y[1800:]


@pytest.mark.parametrize("loss", [bi.LogLoss(), bi.FocalLoss(gamma=1.0)], ids=repr)
@pytest.mark.parametrize("metric", [bi.PRAUC(), bi.PrecisionAtRecall(0.5)], ids=lambda metric: metric.name)
@pytest.mark.parametrize("name", ["xgboost", "lightgbm", "catboost"])
def test_early_stopping_with_a_loss_and_a_metric(name, metric, loss, rows):
    library = pytest.importorskip(name)
    X, y, Xs, ys = rows
    if name == "xgboost":
        model = library.XGBClassifier(
            objective=loss, eval_metric=metric, n_estimators=N_ROUNDS, early_stopping_rounds=PATIENCE, learning_rate=0.2,
            max_depth=3, n_jobs=1, base_score=float(expit(loss.init_raw(y))),
        ).fit(X, y, eval_set=[(Xs, ys)], verbose=False)  # fmt: skip
        history, best = model.evals_result()["validation_0"][metric.name], model.best_iteration
        raw = model.predict(Xs, output_margin=True)  # of the best round
    elif name == "lightgbm":
        model = library.LGBMClassifier(
            objective=loss, metric="none", n_estimators=N_ROUNDS, learning_rate=0.2, num_leaves=7, n_jobs=1, verbosity=-1
        )
        new = "eval_X" in inspect.signature(model.fit).parameters  # from LightGBM 4.7 on
        held = {"eval_X": Xs, "eval_y": ys} if new else {"eval_set": [(Xs, ys)]}
        stop = library.early_stopping(PATIENCE, verbose=False)
        model.fit(X, y, eval_metric=metric, callbacks=[stop], **held)
        history, best = model.evals_result_["valid_0"][metric.name], model.best_iteration_ - 1
        raw = model.predict(Xs, raw_score=True)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = library.CatBoostClassifier(
                loss_function=loss, eval_metric=metric, iterations=N_ROUNDS, early_stopping_rounds=PATIENCE, learning_rate=0.3,
                depth=4, thread_count=1, random_seed=0, verbose=0, allow_writing_files=False,
            ).fit(X, y, eval_set=(Xs, ys))  # fmt: skip
        history, best = model.get_evals_result()["validation"][type(metric).__name__], model.best_iteration_
        raw = model.predict(Xs, prediction_type="RawFormulaVal")
    assert best == int(np.argmax(history))
    assert len(history) == best + 1 + PATIENCE < N_ROUNDS
    assert history[best] > history[0]
    assert max(history) == pytest.approx(metric.score(ys, raw), abs=2e-5)
