"""What runs on a CUDA device: arithmetic and loops on any machine, with NumPy in CuPy's place, and the device where there is one.

The tests marked ``gpu`` need CuPy and a device. The others run the same functions on NumPy and on array-api-strict, which allows
nothing beyond the standard that CuPy follows.
"""

import sys
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.metrics import average_precision_score

import boostimb as bi
from boostimb.losses import _gpu as losses_gpu
from boostimb.metrics import _gpu as metrics_gpu

LOSSES = [
    bi.LogLoss(pos_weight=3.0),
    bi.FocalLoss(),
    bi.FocalLoss(gamma=0.0, alpha=0.3),
    bi.FocalLoss(gamma=5.0, pos_weight=4.0),
    bi.FocalLoss(gamma=1.5, hessian="exact"),
    bi.FocalLoss(gamma=1.5, alpha=0.75, hessian="clamp"),
]


class OnDevice(np.ndarray):
    """A NumPy array that says it lies on a device."""

    __cuda_array_interface__ = None  # only its presence is looked at


def on_device(array):
    return np.asarray(array).view(OnDevice)


@pytest.fixture
def cupy(monkeypatch):
    """NumPy in the place of CuPy, which keeps count of what is copied to the host."""
    stand_in = types.ModuleType("cupy")
    stand_in.__dict__.update({name: getattr(np, name) for name in dir(np) if not name.startswith("_")})
    stand_in.copied = []
    stand_in.asarray = lambda array, dtype=None: on_device(np.asarray(array, dtype=dtype))
    stand_in.full = lambda *args, **options: on_device(np.full(*args, **options))

    def asnumpy(array):
        stand_in.copied.append(array.size)
        return np.array(array, subok=False)

    stand_in.asnumpy = asnumpy
    monkeypatch.setitem(sys.modules, "cupy", stand_in)
    return stand_in


@pytest.fixture(params=["numpy", "array_api_strict"])
def xp(request):
    return pytest.importorskip(request.param)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 4)).astype(np.float32)
    y = (rng.random(2000) < expit(2 * X[:, 0] + X[:, 1] - 3)).astype(np.float32)
    return X, y, rng.integers(0, 3, 2000).astype(np.float32)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_formulas_are_those_of_the_kernels(xp, loss, dtype):
    rng = np.random.default_rng(0)
    raw = np.concatenate([rng.normal(scale=4.0, size=4000), np.linspace(-40, 40, 801), [-1e4, -700.0, 700.0, 1e4, 0.0]]).astype(
        dtype
    )
    y, weight = rng.integers(0, 2, raw.size), rng.uniform(0.1, 3, raw.size)
    kernel, parameters = loss._compiled()
    signed = np.where(y == 1, weight, -weight).astype(np.float32)
    with np.errstate(under="ignore"):
        got = losses_gpu.derivatives(xp, kernel.__name__, xp.asarray(raw), xp.asarray(signed), parameters)
    for ours, want in zip(got, loss.grad_hess(y, raw, weight), strict=True):
        assert ours.dtype == xp.float32
        ours = np.asarray(ours)
        assert np.isfinite(ours).all()
        # In float32 an exponent of 100 is off by 4e-6, and the power by as much; the kernels carry a second float32 along.
        assert_allclose(ours, want, rtol=3e-5, atol=3e-7 * np.abs(want).max())
    assert loss.hessian == "exact" or (np.asarray(got[1]) > 0).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("decimals", [1, 8])
def test_average_precision_is_that_of_the_host(xp, weighted, decimals, rows):
    _, y, weight = rows
    weight = weight + 1 if weighted else np.ones_like(weight)
    score = np.round(np.random.default_rng(1).normal(size=y.size) + y, decimals).astype(np.float32)
    as_xp = [xp.asarray(part) for part in ((weight * y).astype(np.float64), weight.astype(np.float64), score)]
    got = metrics_gpu.average_precision_by(xp, *as_xp)
    assert got == pytest.approx(average_precision_score(y, score, sample_weight=weight), abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_a_bound_loss_stays_on_the_device(cupy, loss, rows):
    _, y, weight = rows
    raw = np.random.default_rng(2).normal(scale=3, size=y.size).astype(np.float32)
    bound = loss.bind(y, weight)
    for _ in range(2):
        got = bound(on_device(raw))
        for ours, want in zip(got, bound(raw), strict=True):
            assert_allclose(ours, want, rtol=3e-5, atol=3e-7 * np.abs(want).max())
    assert cupy.copied == []
    with pytest.raises(ValueError, match="raw"):
        bound(on_device(raw[:5]))


@pytest.mark.parametrize("loss", [bi.AsymmetricLoss(), bi.LambdaAPLoss()], ids=repr)
def test_a_loss_without_a_formula_for_the_device_takes_the_way_by_the_host(cupy, loss, rows):
    _, y, weight = rows
    raw, bound = np.linspace(-3, 3, y.size).astype(np.float32), loss.bind(on_device(y), on_device(weight))
    for ours, want in zip(bound(on_device(raw)), bound(raw), strict=True):
        assert_array_equal(ours, want)
    assert cupy.copied == [y.size] * 3


def test_an_objective_takes_margins_and_labels_from_the_device(cupy, rows):
    _, y, weight = rows
    raw, loss = np.linspace(-3, 3, y.size).astype(np.float32), bi.FocalLoss()
    want = loss(y, raw, sample_weight=weight)
    data = types.SimpleNamespace(get_label=lambda: y, get_weight=lambda: weight)
    for got in (loss(on_device(y), on_device(raw), on_device(weight)), loss(on_device(raw), data)):
        assert isinstance(got[0], OnDevice)
        for ours, each in zip(got, want, strict=True):
            assert_allclose(ours, each, rtol=3e-5, atol=1e-7)


@pytest.mark.parametrize("metric", [bi.PRAUC(), bi.BestFScore()], ids=lambda metric: metric.name)
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_take_scores_from_the_device(cupy, metric, weighted, rows):
    _, y, weight = rows
    score = np.round(np.random.default_rng(3).normal(size=y.size) + y, 1).astype(np.float32)
    value = metric.bind(y, weight if weighted else None)
    assert value(on_device(score)) == pytest.approx(value(score), abs=1e-12)
    assert cupy.copied == ([] if isinstance(metric, bi.PRAUC) else [y.size])
    score[7] = np.nan
    with pytest.raises(ValueError, match="y_score must be finite"):
        value(on_device(score))


@pytest.mark.parametrize("loss", [bi.LogLoss(pos_weight=4.0), bi.FocalLoss(), bi.AsymmetricLoss()], ids=repr)
def test_margins_kept_beside_the_table_train_the_same_model(loss, rows):
    """The loop of the device, on the processor with NumPy arrays, against the plain route."""
    xgb = pytest.importorskip("xgboost")
    from boostimb.boosters import xgboost as plain
    from boostimb.boosters import xgboost_gpu as gpu

    X, y, weight = rows
    params = {"max_depth": 3, "eta": 0.3, "nthread": 1, "max_bin": 64}
    held = {"evals": [(xgb.DMatrix(X[1500:], y[1500:], weight=weight[1500:]), "held")], "verbose_eval": False}
    history, seen = {}, {}
    want = plain.train(
        params, xgb.QuantileDMatrix(X[:1500], y[:1500], weight=weight[:1500], max_bin=64), 60, loss=loss, metric=bi.PRAUC(),
        early_stopping_rounds=10, evals_result=history, **held,
    )  # fmt: skip
    got = gpu.train(
        params, gpu.Rows(X[:1500], y[:1500], weight[:1500]), 60, loss=loss, metric=bi.PRAUC(),
        valid=gpu.Rows(X[1500:], y[1500:], weight[1500:]), early_stopping_rounds=10, evals_result=seen,
    )  # fmt: skip
    name = bi.PRAUC().name
    assert got.best_iteration == want.best_iteration
    assert_allclose(seen[name], history["held"][name], atol=2e-5)
    assert len(seen[name]) == got.best_iteration + 11 < 60
    assert_allclose(got.predict(xgb.DMatrix(X)), want.predict(xgb.DMatrix(X)), atol=2e-5)


def test_what_the_loop_refuses(rows):
    pytest.importorskip("xgboost")
    from boostimb.boosters import xgboost_gpu as gpu

    data = gpu.Rows(*rows)
    with pytest.raises(ValueError, match="booster must be"):
        gpu.train({"booster": "dart"}, data, 1)
    with pytest.raises(ValueError, match="early_stopping_rounds needs metric="):
        gpu.train({}, data, 1, early_stopping_rounds=3)
    with pytest.raises(ValueError, match="'objective' must not be in params"):
        gpu.train({"objective": "binary:logistic"}, data, 1)


@pytest.fixture(scope="module")
def device():
    cupy = pytest.importorskip("cupy", reason="the extra gpu is not installed")
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        pytest.skip(f"no CUDA device: {error}")
    return cupy


@pytest.mark.gpu
@pytest.mark.parametrize("loss", [bi.LogLoss(pos_weight=4.0), bi.FocalLoss()], ids=repr)
def test_on_a_device_both_routes_give_the_model_of_the_processor(device, loss, rows):
    xgb = pytest.importorskip("xgboost")
    from boostimb.boosters import xgboost as plain
    from boostimb.boosters import xgboost_gpu as gpu

    X, y, weight = rows
    params = {"max_depth": 3, "eta": 0.3}
    data = xgb.QuantileDMatrix(X, y, weight=weight)
    want = plain.train(params, data, 20, loss=loss).predict(xgb.DMatrix(X))
    by_host = plain.train({**params, "device": "cuda"}, xgb.QuantileDMatrix(device.asarray(X), y, weight=weight), 20, loss=loss)
    seen = {}
    on_it = gpu.train(
        params, gpu.Rows(*map(device.asarray, (X, y, weight))), 20, loss=loss, metric=bi.PRAUC(),
        valid=gpu.Rows(device.asarray(X), y), evals_result=seen,
    )  # fmt: skip
    # The device sketches its bins in another way.
    for model in (by_host, on_it):
        assert np.corrcoef(model.predict(xgb.DMatrix(X)), want)[0, 1] > 0.99
    raw = on_it.predict(xgb.DMatrix(X), output_margin=True)
    assert seen[bi.PRAUC().name][-1] == pytest.approx(bi.average_precision(y, raw), abs=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_on_a_device_the_formulas_are_those_of_the_kernels(device, loss, rows):
    _, y, weight = rows
    raw = np.random.default_rng(2).normal(scale=4, size=y.size).astype(np.float32)
    bound = loss.bind(y, weight)
    for ours, want in zip(bound(device.asarray(raw)), bound(raw), strict=True):
        assert_allclose(device.asnumpy(ours), want, rtol=3e-5, atol=3e-7 * np.abs(want).max())
