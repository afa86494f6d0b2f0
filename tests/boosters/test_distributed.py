"""Training on several workers: the losses run there, and XGBoost's metric is that of all rows, the same on every worker."""

import subprocess
import sys
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score

import boostimb as bi
from boostimb.metrics import _distributed
from boostimb.metrics._distributed import score_of_workers

METRICS = [bi.PRAUC(), bi.RecallAtPrecision(0.4), bi.PrecisionAtRecall(0.5), bi.BestFScore(1.0)]


class Workers:
    """As many threads as workers, joined by an allreduce that waits for all of them."""

    def __init__(self, size):
        self.size = size
        self.gate = threading.Barrier(size)
        self.parts = [None] * size

    def collective(self, rank):
        return SimpleNamespace(
            get_rank=lambda: rank,
            get_world_size=lambda: self.size,
            allreduce=partial(self.sum, rank),
            Op=SimpleNamespace(SUM="sum"),
        )

    def sum(self, rank, data, op):
        assert op == "sum"
        self.parts[rank] = data
        self.gate.wait()
        total = np.sum(self.parts, axis=0, dtype=data.dtype)
        self.gate.wait()
        return total

    def values(self, metric, parts):
        results = [None] * self.size

        def work(rank):
            results[rank] = score_of_workers(self.collective(rank), metric.score, *parts[rank])

        threads = [threading.Thread(target=work, args=(rank,)) for rank in range(self.size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


@pytest.fixture(scope="module")
def scored():
    rng = np.random.default_rng(0)
    y = (rng.random(3000) < 0.05).astype(np.float32)
    return y, (rng.normal(size=3000) + 1.5 * y).astype(np.float32), rng.integers(0, 4, 3000).astype(np.float32)


def parted(scored, weighted, cuts=(1000, 1700)):
    y, score, weight = (np.split(part, cuts) for part in scored)
    return [(a, b, c if weighted else None) for a, b, c in zip(y, score, weight, strict=True)]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ties", [False, True])
def test_all_workers_give_the_value_of_all_rows(metric, weighted, ties, scored):
    y, score, weight = scored
    score = np.round(score, 1) if ties else score
    want = metric.score(y, score, weight if weighted else None)
    got = Workers(3).values(metric, parted((y, score, weight), weighted))
    assert len(set(got)) == 1
    assert got[0] == pytest.approx(want, abs=1e-12)


def test_a_worker_may_hold_no_positive_no_weight_or_no_row(scored):
    y, score, weight = scored
    order = np.argsort(-y, kind="stable")  # all positives on the first
    weight = np.where(np.arange(3000) < 1700, weight, 0.0)
    parts = parted((y[order], score[order], weight), True)
    parts.append(tuple(np.empty(0, np.float32) for _ in range(3)))
    want = bi.PRAUC().score(y[order], score[order], weight)
    assert Workers(4).values(bi.PRAUC(), parts) == pytest.approx([want] * 4, abs=1e-12)


def test_without_a_positive_anywhere_it_is_0(scored):
    assert Workers(3).values(bi.PRAUC(), parted((np.zeros(3000), *scored[1:]), True)) == [0.0] * 3


@pytest.mark.parametrize("cuts", [64, 1024])
def test_beyond_so_many_positives_the_error_keeps_its_bound(cuts, monkeypatch):
    monkeypatch.setattr(_distributed, "EXACT", 2000)
    monkeypatch.setattr(_distributed, "CUTS", cuts)
    rng = np.random.default_rng(1)
    y = (rng.random(40_000) < 0.3).astype(np.float32)
    for strength in (0.0, 1.0, 3.0):
        score = expit(rng.normal(size=y.size) + strength * y - 6).astype(np.float32)
        got = Workers(3).values(bi.PRAUC(), parted((y, score, y), False, cuts=(9000, 12_000)))
        assert len(set(got)) == 1
        assert abs(got[0] - bi.PRAUC().score(y, score)) < 2 * (1 + np.log(cuts)) / cuts


def test_labels_are_checked_on_each_worker():
    with pytest.raises(ValueError, match="labels 0 and 1"):
        score_of_workers(Workers(1).collective(0), bi.PRAUC().score, np.array([0, 2]), np.array([0.1, 0.2]), None)


# ---- on a cluster of two processes ----


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 4))
    y = (rng.random(4000) < expit(2 * X[:, 0] + X[:, 1] - 4)).astype(int)
    order = np.argsort(-y, kind="stable")  # so that the second worker holds no positive
    return X[order], y[order]


@pytest.fixture(scope="module")
def client():
    pytest.importorskip("dask", reason="the extra dask is not installed")
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def spread(rows):
    """The same rows, so that the first worker holds three quarters of the positives."""
    X, y = rows  # the positives come first
    late = np.arange(y.sum()) % 4 == 0
    order = np.r_[np.flatnonzero(~late), np.arange(y.sum(), y.size), np.flatnonzero(late)]
    return X[order], y[order]


def halves(y):
    return slice(len(y) // 2), slice(len(y) // 2, None)


def parts_on_both(client, *arrays):
    """Dask arrays of two pieces, one on each worker; left to itself, Dask may put both on one."""
    import dask.array as da
    from dask import delayed
    from distributed import wait

    workers = sorted(client.scheduler_info()["workers"])
    pieces = [
        [client.scatter(array[part], workers=[worker], hash=False) for part, worker in zip(halves(array), workers, strict=True)]
        for array in arrays
    ]
    parted = [
        da.concatenate([da.from_delayed(delayed(half), (len(array) // 2, *array.shape[1:]), array.dtype) for half in both])
        for array, both in zip(arrays, pieces, strict=True)
    ]
    kept = client.persist(parted)
    wait(kept)  # the pieces go when this returns
    return kept


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # those of dask and distributed are not ours
@pytest.mark.parametrize("weighted", [False, True])
def test_xgboost_on_dask(client, rows, weighted):
    xgb = pytest.importorskip("xgboost")
    xgd = pytest.importorskip("xgboost.dask")
    X, y = rows
    w = 1.0 + (np.arange(y.size) % 3) if weighted else np.ones(y.size)
    Xd, yd, wd = parts_on_both(client, X, y, w)
    data = xgd.DaskDMatrix(client, Xd, yd, weight=wd if weighted else None)
    start = float(expit(bi.FocalLoss().init_raw(y, w)))
    params = {"objective": "binary:logistic", "base_score": start, "eta": 0.1, "max_depth": 4, "disable_default_eval_metric": 1}
    output = xgd.train(
        client, params, data, num_boost_round=8, obj=bi.FocalLoss(), custom_metric=bi.PRAUC(), evals=[(data, "train")]
    )
    model, history = output["booster"], output["history"]["train"][bi.PRAUC().name]
    raw = model.predict(xgb.DMatrix(X), output_margin=True)
    assert history[-1] == pytest.approx(bi.average_precision(y, raw, w), abs=1e-5)
    assert np.isfinite(history).all()
    one = xgb.train(params, xgb.DMatrix(X, y, weight=w if weighted else None), 8, obj=bi.FocalLoss())
    # Each worker sketches its own rows, so that the bins are not quite those of one process.
    assert np.corrcoef(one.predict(xgb.DMatrix(X), output_margin=True), raw)[0, 1] > 0.98


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_xgboosts_own_aucpr_is_nan_where_a_worker_holds_no_positive(client, rows):
    xgd = pytest.importorskip("xgboost.dask")
    Xd, yd = parts_on_both(client, *rows)
    data = xgd.DaskDMatrix(client, Xd, yd)
    output = xgd.train(
        client, {"objective": "binary:logistic", "eval_metric": "aucpr"}, data, num_boost_round=2, evals=[(data, "train")]
    )
    assert np.isnan(output["history"]["train"]["aucpr"]).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_xgboosts_own_aucpr_is_the_mean_over_workers(client, rows):
    xgb = pytest.importorskip("xgboost")
    xgd = pytest.importorskip("xgboost.dask")
    X, y = spread(rows)
    Xd, yd = parts_on_both(client, X, y)
    data = xgd.DaskDMatrix(client, Xd, yd)
    output = xgd.train(
        client, {"objective": "binary:logistic", "eval_metric": "aucpr"}, data, num_boost_round=2, evals=[(data, "train")]
    )

    def aucpr(part):
        return float(output["booster"].eval(xgb.DMatrix(X[part], y[part])).split("aucpr:")[-1])

    got, mean = output["history"]["train"]["aucpr"][-1], np.mean([aucpr(half) for half in halves(y)])
    assert got == pytest.approx(mean, abs=1e-5)
    assert abs(got - aucpr(slice(None))) > 1e-3


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_xgboost_takes_the_mean_over_workers_of_a_custom_metric(client, rows):
    xgd = pytest.importorskip("xgboost.dask")
    Xd, yd = parts_on_both(client, *rows)
    data = xgd.DaskDMatrix(client, Xd, yd)

    def positives(scores, local):
        return "positives", float(local.get_label().sum())

    output = xgd.train(
        client, {"objective": "binary:logistic", "disable_default_eval_metric": 1}, data, num_boost_round=1,
        custom_metric=positives, evals=[(data, "train")],
    )  # fmt: skip
    assert output["history"]["train"]["positives"] == [rows[1].sum() / 2]


def test_xgboosts_dask_needs_pyarrow():
    pytest.importorskip("xgboost.dask")
    code = "import sys; sys.modules['pyarrow'] = None; import xgboost.dask"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode != 0
    assert "pyarrow" in run.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_xgboosts_classifier_on_dask(client, rows):
    xgd = pytest.importorskip("xgboost.dask")
    X, y = rows
    Xd, yd = parts_on_both(client, X, y)
    model = xgd.DaskXGBClassifier(n_estimators=5, objective=bi.FocalLoss(), eval_metric=bi.PRAUC(), base_score=0.1)
    model.client = client
    model.fit(Xd, yd, eval_set=[(Xd, yd)], verbose=False)
    history = model.evals_result()["validation_0"][bi.PRAUC().name]
    raw = model.get_booster().inplace_predict(X, predict_type="margin")
    assert history[-1] == pytest.approx(bi.average_precision(y, raw), abs=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_lightgbm_on_dask(client, rows):
    lgb = pytest.importorskip("lightgbm")
    X, y = rows
    Xd, yd = parts_on_both(client, X, y)
    settings = {"n_estimators": 8, "objective": bi.FocalLoss(), "num_leaves": 7, "verbosity": -1}
    model = lgb.DaskLGBMClassifier(client=client, tree_learner="data", n_jobs=1, **settings).fit(Xd, yd)
    raw = model.booster_.predict(X, raw_score=True)
    one = lgb.LGBMClassifier(n_jobs=1, **settings).fit(X, y).predict(X, raw_score=True)
    assert bi.average_precision(y, raw) == pytest.approx(bi.average_precision(y, one), abs=0.05)
    assert np.corrcoef(one, raw)[0, 1] > 0.98


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("metric", ["average_precision", "rate"])
def test_lightgbms_metrics_are_those_of_one_workers_rows(client, rows, metric):
    lgb = pytest.importorskip("lightgbm")
    X, y = spread(rows)
    Xd, yd = parts_on_both(client, X, y)
    model = lgb.DaskLGBMClassifier(client=client, n_estimators=2, num_leaves=7, tree_learner="data", n_jobs=1, verbosity=-1)
    model.fit(Xd, yd, eval_set=[(Xd, yd)], eval_metric=rate if metric == "rate" else metric)
    got = model.evals_result_["valid_0"][metric][-1]
    score = rate if metric == "rate" else lambda y, p: (metric, average_precision_score(y, p), True)
    proba = model.booster_.predict(X)
    values = [score(y[part], proba[part])[1] for part in halves(y)]
    assert min(abs(got - value) for value in values) < 1e-6
    assert abs(got - score(y, proba)[1]) > 1e-3


def rate(y_true, y_score):
    return "rate", float(np.mean(y_true)), True
