"""What CatBoost alone takes: parameters that name rounds and stopping, and a baseline in the Pool."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

import boostimb as bi

cb = pytest.importorskip("catboost")
from boostimb.boosters import catboost as bc  # noqa: E402

QUIET = {
    "verbose": 0, "allow_writing_files": False, "thread_count": 1, "bootstrap_type": "No", "random_strength": 0, "depth": 3,
    "learning_rate": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    return X, (rng.random(600) < expit(2 * X[:, 0] - 2)).astype(int), rng.integers(0, 3, 600)


@pytest.fixture(scope="module")
def train_and_valid(rows):
    X, y, _ = rows
    return cb.Pool(X[:300], y[:300]), cb.Pool(X[300:], y[300:])


@pytest.mark.parametrize("key", ["iterations", "n_estimators", "num_trees", "num_boost_round"])
def test_the_number_of_rounds_may_stand_in_the_parameters(key, train_and_valid):
    assert bc.train({**QUIET, key: 5}, train_and_valid[0]).tree_count_ == 5


def test_the_argument_wins_over_the_parameter(train_and_valid):
    assert bc.train({**QUIET, "iterations": 5}, train_and_valid[0], 3).tree_count_ == 3


def test_stopping_in_the_parameters_says_nothing_where_there_is_nothing_to_stop_on(train_and_valid, capfd):
    model = bc.train({**QUIET, "od_type": "Iter", "od_wait": 2}, train_and_valid[0], 5)
    assert model.tree_count_ == 5
    assert "test set" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("params", "options", "n_rounds"),
    [
        ({}, {}, "all"),
        ({"use_best_model": True}, {}, "best"),
        ({}, {"early_stopping_rounds": 5}, "best"),
        ({"early_stopping_rounds": 5}, {}, "best"),
        ({"od_type": "Iter", "od_wait": 5}, {}, "best"),
        ({"use_best_model": False}, {"early_stopping_rounds": 5}, "all"),
    ],
)
@pytest.mark.parametrize("loss", [bi.LogLoss(), bi.FocalLoss()], ids=repr)
def test_where_the_model_is_cut(params, options, n_rounds, loss, train_and_valid):
    train, valid = train_and_valid
    model = bc.train({**QUIET, **params}, train, 80, loss=loss, eval_set=valid, **options)
    (history,) = model.get_evals_result()["validation"].values()
    best = int(np.argmin(history)) + 1
    assert best < len(history)
    assert model.tree_count_ == (best if n_rounds == "best" else len(history))


@pytest.mark.parametrize("loss", [bi.LogLoss(), bi.LogLoss(8.0), bi.FocalLoss(), bi.SoftmaxFocalLoss(0.0, (1, 2, 4))], ids=repr)
def test_a_baseline_is_the_start(loss, rows):
    """One that says what the loss would start at changes nothing."""
    X, y, classes = rows
    y = classes if isinstance(loss, bi.SoftmaxFocalLoss) else y
    baseline = np.tile(loss.init_raw(y), (y.size, 1))
    pool, with_baseline = cb.Pool(X, y), cb.Pool(X, y, baseline=baseline)
    want, got = (bc.train(QUIET, each, 5, loss=loss) for each in (pool, with_baseline))
    np.testing.assert_allclose(got.predict(with_baseline), want.predict(pool), atol=1e-5)


def test_the_log_loss_that_is_shown_counts_the_baseline(rows):
    X, y, _ = rows
    pool = cb.Pool(X, y, baseline=X[:, :1])
    model = bc.train(QUIET, pool, 5, loss=bi.FocalLoss(), eval_set=pool)
    (history,) = model.get_evals_result()["validation"].values()
    assert history[-1] == pytest.approx(log_loss(y, model.predict(pool, prediction_type="Probability")), abs=1e-6)
