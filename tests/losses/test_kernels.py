"""The compiled kernels: lazy, thread-safe, safe after fork, and the same whatever the number of threads."""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from boostimb import AsymmetricLoss, FocalLoss, LogLoss
from boostimb.losses import _threads

ROWS = 2 * _threads.ROWS_PER_THREAD + 777


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.random(ROWS) < 0.02, rng.normal(scale=3, size=ROWS).astype(np.float32), rng.uniform(0, 2, ROWS)


def run(code):
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_numba_loads_when_a_gradient_is_asked_for():
    code = """
        import sys
        import boostimb.losses, boostimb.losses.testing
        from boostimb import FocalLoss, SoftmaxFocalLoss
        loss = FocalLoss()
        loss.predict_proba([0.0]), loss.init_raw([0, 1]), loss.loss([0], [0.0]), SoftmaxFocalLoss()
        print("numba" in sys.modules, end=" ")
        loss.grad_hess([0], [0.0])
        print("numba" in sys.modules)
    """
    assert run(code) == "False True"


@pytest.mark.parametrize("loss", [LogLoss(3.0), FocalLoss(2.0), FocalLoss(hessian="exact"), AsymmetricLoss()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_of_threads_changes_no_bit(loss, dtype, rows, monkeypatch):
    y, raw, weight = rows
    bound = loss.bind(y, weight)
    results = []
    for threads in ("1", "2", "7"):
        monkeypatch.setenv("BOOSTIMB_NUM_THREADS", threads)
        results.append(bound(raw.astype(dtype)))
    assert_array_equal(results[0], results[1])
    assert_array_equal(results[0], results[2])


def test_ranges_cover_every_row_once(monkeypatch):
    monkeypatch.setenv("BOOSTIMB_NUM_THREADS", "3")
    for n in (0, 1, 511, 512, 2 * _threads.ROWS_PER_THREAD, ROWS, 5 * ROWS + 1):
        seen = np.zeros(n, np.int8)

        def work(start, stop, seen=seen):
            assert start % 512 == 0
            seen[start:stop] += 1

        _threads.over_rows(n, 512, work)
        assert (seen == 1).all()


def test_an_error_in_a_thread_reaches_the_caller(monkeypatch):
    monkeypatch.setenv("BOOSTIMB_NUM_THREADS", "2")

    def work(start, stop):
        if start:
            raise ArithmeticError("in a thread")

    with pytest.raises(ArithmeticError, match="in a thread"):
        _threads.over_rows(ROWS, 512, work)


@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_a_bad_thread_limit_is_refused(value, monkeypatch):
    monkeypatch.setenv("BOOSTIMB_NUM_THREADS", value)
    with pytest.raises(ValueError, match="BOOSTIMB_NUM_THREADS must be an integer >= 1"):
        _threads.thread_limit()


def test_the_thread_limit_is_that_of_the_machine_or_less(monkeypatch):
    monkeypatch.delenv("BOOSTIMB_NUM_THREADS", raising=False)
    assert 1 <= _threads.thread_limit() <= min(os.cpu_count(), _threads.MOST)
    monkeypatch.setenv("BOOSTIMB_NUM_THREADS", "1000")
    assert _threads.thread_limit() == _threads.MOST


def test_eight_threads_may_call_at_once(rows, monkeypatch):
    monkeypatch.setenv("BOOSTIMB_NUM_THREADS", "3")
    y, raw, _ = rows
    losses = [FocalLoss(1.0), FocalLoss(2.0), LogLoss(), AsymmetricLoss()] * 2
    bounds = [loss.bind(y) for loss in losses]
    want = [bound(raw) for bound in bounds]

    def many(bound):
        return [bound(raw) for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        for results, expected in zip(pool.map(many, bounds), want, strict=True):
            for result in results:
                assert_array_equal(result, expected)


def test_eight_threads_for_a_thousand_rounds_each():
    rng = np.random.default_rng(0)
    raw = rng.normal(size=20_000).astype(np.float32)
    bound = FocalLoss(2.0).bind(raw > 1.5)
    want = bound(raw)

    def rounds(_):
        return all(np.array_equal(a, b) for _ in range(1000) for a, b in zip(bound(raw), want, strict=True))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(rounds, range(8)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("booster", ["xgboost", "lightgbm", "catboost"])
def test_training_in_a_forked_child_is_the_parents(booster):
    pytest.importorskip(booster)
    code = f"""
        import os, warnings
        os.environ["BOOSTIMB_NUM_THREADS"] = "2"
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork with threads
        import numpy as np, boostimb as bi
        X = np.random.default_rng(0).normal(size=(2000, 3))
        y = (X[:, 0] > 1.5).astype(int)
        def train():  # one thread: OpenMP itself does not live through a fork with more
            model = bi.BoostClassifier({booster!r}, loss=bi.FocalLoss(), n_rounds=10, n_jobs=1, random_state=0)
            return model.fit(X, y).predict_proba(X)
        want = train()
        child = os.fork()
        if child == 0:
            os._exit(0 if np.array_equal(train(), want) else 3)
        assert os.waitpid(child, 0)[1] == 0
    """
    run(code)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_computes_the_same():
    """The child has none of the parent's threads: it would wait for them for ever if it did not start its own."""
    code = f"""
        import os, sys, warnings
        os.environ["BOOSTIMB_NUM_THREADS"] = "2"
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork with threads
        import numpy as np
        from boostimb import FocalLoss
        raw = np.random.default_rng(0).normal(size={ROWS}).astype(np.float32)
        bound = FocalLoss().bind(raw > 1)
        want = bound(raw)
        child = os.fork()
        if child == 0:
            same = all(np.array_equal(a, b) for a, b in zip(bound(raw), want))
            os._exit(0 if same else 3)
        assert os.waitpid(child, 0)[1] == 0
        assert np.array_equal(bound(raw)[0], want[0])
    """
    run(code)


def test_blocks_and_remainders_agree_with_single_rows():
    """A row's result does not depend on its place in a block: 512 rows, eight lanes, and what is left over."""
    rng = np.random.default_rng(1)
    y, raw = rng.random(1100) < 0.5, rng.normal(scale=5, size=1100).astype(np.float32)
    for loss in (LogLoss(2.0), FocalLoss(3.0), FocalLoss(hessian="clamp"), AsymmetricLoss()):
        whole = loss.grad_hess(y, raw)
        for cut in (1, 7, 8, 511, 512, 513, 1023):
            parts = [loss.grad_hess(y[:cut], raw[:cut]), loss.grad_hess(y[cut:], raw[cut:])]
            for got, *pieces in zip(whole, *parts, strict=True):
                np.testing.assert_allclose(np.concatenate(pieces), got, rtol=1e-5, atol=1e-6)


def test_margins_of_the_wrong_shape_are_refused():
    bound = LogLoss().bind([0, 1])
    with pytest.raises(ValueError, match="raw must be one-dimensional"):
        bound(np.zeros((2, 1)))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        bound(np.zeros(3))


def test_results_are_the_callers_as_long_as_he_keeps_them():
    raw = np.linspace(-3, 3, 4000).astype(np.float32)
    bound = FocalLoss().bind(raw > 0)
    kept = bound(raw)
    copies = [array.copy() for array in kept]
    part = bound(raw)[1][10:20]  # a view of a result that has itself been dropped
    part_copy = part.copy()
    for _ in range(5):
        bound(raw + 1)
    assert_array_equal(kept, copies)
    assert_array_equal(part, part_copy)


def test_memory_is_used_again_when_the_result_is_dropped():
    """New memory costs more than the kernel at a million rows."""
    raw = np.zeros(4000, np.float32)
    bound = FocalLoss().bind(raw)
    places = {tuple(array.__array_interface__["data"][0] for array in bound(raw)) for _ in range(20)}
    assert len(places) == 1
    held = [bound(raw) for _ in range(4)]
    assert len({result[0].__array_interface__["data"][0] for result in held}) == 4


def test_threads_that_share_a_bound_loss_get_results_of_their_own():
    rng = np.random.default_rng(0)
    margins = [rng.normal(size=3000).astype(np.float32) for _ in range(8)]
    bound = FocalLoss().bind(margins[0] > 1)
    want = [bound(raw)[0].copy() for raw in margins]

    def many(i):
        return all(np.array_equal(bound(margins[i])[0], want[i]) for _ in range(200))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(many, range(8)))
