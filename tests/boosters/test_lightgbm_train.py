"""What is LightGBM's own about its drop-in ``train``: subsets, initial scores, its metrics, several validation sets."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

import boostimb as bi

lgb = pytest.importorskip("lightgbm")

from boostimb.boosters import lightgbm as bl  # noqa: E402
from boostimb.boosters._lightgbm_text import merge as merge_texts  # noqa: E402

PARAMS = {"num_threads": 1, "num_leaves": 7, "verbosity": -1, "learning_rate": 0.2}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 4))
    y = (rng.random(1500) < expit(2 * X[:, 0] + X[:, 1] - 3.5)).astype(int)
    return X[:1000], y[:1000], X[1000:], y[1000:]


def test_a_shift_that_is_a_number_of_numpy_is_written_as_a_number(rows):
    text = lgb.train({**PARAMS, "objective": "binary"}, lgb.Dataset(*rows[:2]), 2).model_to_string()
    assert merge_texts([text], [1.0], [np.float64(0.5)]) == merge_texts([text], [1.0], [0.5])


@pytest.mark.parametrize("loss", [bi.LogLoss(pos_weight=4.0), bi.SoftmaxFocalLoss(0.0)], ids=repr)
def test_a_subset_keeps_its_weights(loss, rows):
    X, y, *_ = rows
    weight = np.where(y == 1, 20.0, 1.0)
    settings = {**PARAMS, "feature_pre_filter": False}
    whole = lgb.Dataset(X, y, weight=weight, params=settings, free_raw_data=False)
    part = whole.construct().subset(np.arange(X.shape[0]))
    one, other = (bl.train(settings, data, 3, loss=loss) for data in (part, whole))
    np.testing.assert_allclose(one.predict(X), other.predict(X))
    assert one.predict(X).reshape(-1, 1 if isinstance(loss, bi.LogLoss) else 2)[:, -1].mean() > 3 * y.mean()


@pytest.mark.parametrize(
    "loss", [bi.LogLoss(pos_weight=4.0), bi.FocalLoss(), bi.SoftmaxFocalLoss(0.0, class_weight=(1, 4))], ids=repr
)
def test_beside_an_initial_score_the_start_is_0(loss, rows):
    X, y, *_ = rows
    score = loss.init_raw(y)
    scores = np.full(y.size, score) if np.ndim(score) == 0 else np.tile(score, (y.size, 1))
    given = bl.train(PARAMS, lgb.Dataset(X, y, init_score=scores), 5, loss=loss)
    own = bl.train(PARAMS, lgb.Dataset(X, y), 5, loss=loss)
    np.testing.assert_allclose(given.predict(X, raw_score=True) + score, own.predict(X, raw_score=True), atol=1e-5)


def test_a_dataset_from_which_a_model_was_trained_on_gives_the_same_model_as_before(rows):
    data = lgb.Dataset(*rows[:2], free_raw_data=False)
    first = bl.train(PARAMS, data, 3)
    bl.train(PARAMS, data, 3, init_model=first)
    assert bl.train(PARAMS, data, 3).model_to_string() == first.model_to_string()


def valid_sets(rows):
    X, y, Xs, ys = rows
    train = lgb.Dataset(X, y)
    easy = train.create_valid(X[:300], y[:300])
    return train, easy, train.create_valid(Xs, ys)


@pytest.mark.parametrize("with_train", [False, True])
def test_training_stops_on_the_first_validation_set_alone(with_train, rows):
    """Rows of the training come first here: they go on to improve where the held-out rows stall."""
    train, easy, held = valid_sets(rows)
    sets = [held, train, easy] if with_train else [easy, held]
    history = {}
    model = bl.train(
        PARAMS,
        train,
        60,
        metric=bi.PRAUC(),
        valid_sets=sets,
        early_stopping_rounds=8,
        callbacks=[lgb.record_evaluation(history)],
    )
    first = next(iter(history["valid_0"].values()))
    best = int(np.argmax(first))
    assert model.best_iteration == best + 1
    assert len(first) == min(best + 9, 60)
    assert set(model.best_score) == {"valid_0", "training", "valid_2"} if with_train else {"valid_0", "valid_1"}
    for name, entries in history.items():
        assert model.best_score[name] == {"aucpr_exact": entries["aucpr_exact"][best]}


def test_a_validation_set_that_is_called_as_the_training_rows_are_is_stopped_on(rows):
    train, _, held = valid_sets(rows)
    model = bl.train(PARAMS, train, 60, metric=bi.PRAUC(), valid_sets=[held], valid_names="training", early_stopping_rounds=8)
    assert 0 < model.best_iteration < 60 - 8


def test_without_a_validation_set_there_is_nothing_to_stop_on(rows):
    train = lgb.Dataset(*rows[:2])
    for sets in ([train], train, [], None):
        with pytest.raises(ValueError, match="early_stopping_rounds needs a validation set to stop on"):
            bl.train(PARAMS, train, 3, metric=bi.PRAUC(), valid_sets=sets, early_stopping_rounds=2)


def test_a_single_validation_set_and_a_single_name(rows):
    train, _, held = valid_sets(rows)
    history = {}
    bl.train(PARAMS, train, 3, metric=bi.PRAUC(), valid_sets=held, valid_names="held", callbacks=[lgb.record_evaluation(history)])
    assert list(history) == ["held"]


@pytest.mark.parametrize("key", ["metric", "metrics", "metric_types"])
@pytest.mark.parametrize("value", ["binary_logloss", "auc,l2", ["auc", "binary_error"]])
def test_a_metric_that_would_read_margins_as_probabilities_is_refused(key, value, rows):
    with pytest.raises(ValueError, match=f"{key} must be auc or average_precision or none"):
        bl.train({**PARAMS, key: value}, lgb.Dataset(*rows[:2]), 2)


@pytest.mark.parametrize("loss", [bi.LogLoss(), bi.SoftmaxFocalLoss()], ids=repr)
def test_a_metric_of_lightgbms_that_would_not_be_told_is_refused(loss, rows):
    metric = bi.PRAUC() if isinstance(loss, bi.LogLoss) else None
    with pytest.raises(ValueError, match="metric must be none in params: another metric takes its place; got 'auc'"):
        bl.train({**PARAMS, "metric": "auc"}, lgb.Dataset(*rows[:2]), 2, loss=loss, metric=metric)


def test_lightgbms_own_metrics_of_the_order_are_right(rows):
    train, _, held = valid_sets(rows)
    model = bl.train({**PARAMS, "metric": ["auc", "average_precision"]}, train, 5, valid_sets=held, callbacks=[])
    assert model.best_score["valid_0"]["auc"] == pytest.approx(roc_auc_score(rows[3], model.predict(rows[2])))
    assert set(model.best_score["valid_0"]) == {"auc", "average_precision"}
