"""LightGBM on its OpenCL device, for real: PoCL (Debian's pocl-opencl-icd) makes one of the processor.

The device sums histograms in another order, in float64 with ``gpu_use_dp``: margins then differ by rounding alone, and otherwise
by what float32 sums lose, which moved margins by 1.2e-7 over 20 rounds of 3,000 rows.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

import boostimb as bi

# PoCL compiles the kernels of LightGBM once for each user of a machine, for a minute or two.
pytestmark = pytest.mark.slow

PARAMS = {"num_leaves": 15, "max_bin": 63, "learning_rate": 0.2, "verbosity": -1, "num_threads": 1}
TOLERANCE = {True: 1e-7, False: 2e-5}


@pytest.fixture(scope="module")
def lgb():
    lgb = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    data = lgb.Dataset(rng.normal(size=(200, 2)), rng.integers(0, 2, 200))
    try:
        lgb.train({**PARAMS, "objective": "binary", "device_type": "gpu"}, data, 1)
    except lgb.basic.LightGBMError as error:
        pytest.skip(f"LightGBM finds no OpenCL device: {error}")
    return lgb


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 5))
    y = (rng.random(3000) < expit(2 * X[:, 0] + X[:, 1] - 4)).astype(int)
    return X, y, np.where(y == 1, 3.0, 1.0)


def on_both(margins, *, double=True):
    """What ``margins`` returns for the settings of the processor and of the device."""
    devices = ({"device_type": "cpu"}, {"device_type": "gpu", "gpu_use_dp": double})
    return [margins({**PARAMS, **device}) for device in devices]


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("objective", ["binary", bi.LogLoss(), bi.FocalLoss()], ids=str)
def test_train(lgb, rows, objective, double):
    X, y, weight = rows

    def margins(params):
        model = lgb.train({**params, "objective": objective}, lgb.Dataset(X, y, weight=weight), 20)
        return model.predict(X, raw_score=True)

    cpu, device = on_both(margins, double=double)
    assert_allclose(device, cpu, atol=TOLERANCE[double])


@pytest.mark.parametrize("loss", [bi.LogLoss(pos_weight=3.0), bi.FocalLoss(), bi.AsymmetricLoss()], ids=repr)
def test_the_drop_in_train(lgb, rows, loss):
    from boostimb.boosters import lightgbm as ours

    X, y, weight = rows
    history = []

    def margins(params):
        data, seen = lgb.Dataset(X[:2000], y[:2000], weight=weight[:2000]), {}
        held = lgb.Dataset(X[2000:], y[2000:], reference=data)
        model = ours.train(
            params, data, 60, loss=loss, metric=bi.PRAUC(), valid_sets=[held], early_stopping_rounds=15,
            callbacks=[lgb.record_evaluation(seen)],
        )  # fmt: skip
        history.append(seen["valid_0"][bi.PRAUC().name])
        return model.predict(X, raw_score=True)

    cpu, device = on_both(margins)
    assert_allclose(device, cpu, atol=TOLERANCE[True])
    # A difference of one bit parts rows that were tied, which early rounds have many of.
    assert_allclose(history[1], history[0], atol=0.01)
    assert len(history[0]) < 60


@pytest.mark.parametrize("loss", [bi.LogLoss(), bi.FocalLoss()], ids=repr)
def test_the_classifier(lgb, rows, loss):
    X, y, weight = rows

    def margins(params):
        model = lgb.LGBMClassifier(objective=loss, n_estimators=20, **params)
        return model.fit(X, y, sample_weight=weight).predict(X, raw_score=True)

    cpu, device = on_both(margins)
    assert_allclose(device, cpu, atol=TOLERANCE[True])
