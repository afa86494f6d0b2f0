"""Average precision and confusion of several classes, against scikit-learn."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as sk

from boostimb.metrics import ClassAveragePrecision, ClassConfusion


@pytest.fixture
def scored():
    rng = np.random.default_rng(0)
    y = rng.choice(4, p=[0.7, 0.2, 0.08, 0.02], size=900)
    return y, 2 * np.eye(4)[y] + rng.normal(size=(900, 4)) + np.log([0.7, 0.2, 0.08, 0.02])


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_scikit_learns_number(scored, average, dtype):
    y, raw = scored
    metric, weight = ClassAveragePrecision(average), np.random.default_rng(1).integers(0, 4, size=y.size)
    for weights in (None, weight):
        want = sk.average_precision_score(np.eye(4)[y], softmax(raw, axis=1), average=average, sample_weight=weights)
        if weights is not None and average == "weighted":  # scikit-learn's shares are those of the weighted counts too
            shares = np.bincount(y, weights=weights) / weights.sum()
            each = sk.average_precision_score(np.eye(4)[y], softmax(raw, axis=1), average=None, sample_weight=weights)
            want = shares @ each
        assert metric.score(y, raw.astype(dtype), weights) == pytest.approx(want, rel=1e-12 if dtype == np.float64 else 1e-4)


def test_order_and_constants_of_rows_do_not_matter(scored):
    y, raw = scored
    metric = ClassAveragePrecision()
    want = metric.score(y, raw)
    assert metric.score(y, raw + np.random.default_rng(0).normal(size=(900, 1))) == pytest.approx(want, rel=1e-9)
    order = np.array([2, 0, 3, 1])
    assert metric.score(np.argsort(order)[y], raw[:, order]) == pytest.approx(want, rel=1e-12)


def test_certain_rows_do_not_tie():
    """At margins of 40 and more every probability rounds to 1, and the order is still there."""
    raw = np.zeros((6, 3), dtype=np.float32)
    raw[:4, 0], raw[4, 1], raw[5, 2] = [60, 50, 45, 40], 1, 1
    y = np.array([0, 0, 1, 2, 1, 2])
    first = sk.average_precision_score(y == 0, raw[:, 0])
    assert first == 1
    others = [sk.average_precision_score(y == k, softmax(raw.astype(float), axis=1)[:, k]) for k in (1, 2)]
    assert ClassAveragePrecision().score(y, raw) == pytest.approx((first + sum(others)) / 3)


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_resamples_are_weights(scored, average):
    y, raw = scored
    metric = ClassAveragePrecision(average)
    table = np.stack([raw, raw[:, ::-1], np.random.default_rng(2).normal(size=raw.shape)]).astype(np.float32)
    counts = np.random.default_rng(0).integers(0, 3, size=(5, y.size))
    want = [[metric.score(y, each, count) for each in table] for count in counts]
    np.testing.assert_allclose(metric.resampled(y, table, counts, n_jobs=2), want, rtol=1e-9)


def test_bad_input():
    metric = ClassAveragePrecision()
    for y, raw, text in (
        ([0, 1, 2], np.zeros((3, 2)), "a column for each label"),
        ([0, 1, -1], np.zeros((3, 2)), "labels 0, 1"),
        ([0, 1.5, 1], np.zeros((3, 2)), "labels 0, 1"),
        (["a", "b"], np.zeros((2, 2)), "labels 0, 1"),
        ([], np.zeros((0, 2)), "at least one sample"),
        ([0, 1], np.zeros((3, 2)), "inconsistent"),
        ([0, 1], np.array([[0.0, np.nan], [1.0, 0.0]]), "finite"),
    ):
        with pytest.raises(ValueError, match=text):
            metric.score(y, raw)
    with pytest.raises(ValueError, match="average must be one of macro, weighted"):
        ClassAveragePrecision("micro")


def test_confusion_is_scikit_learns(scored):
    y, raw = scored
    decided = raw.argmax(axis=1)
    found = ClassConfusion.of(y, decided, list("abcd"))
    np.testing.assert_array_equal(found.counts, sk.confusion_matrix(y, decided))
    for name in ("recall", "precision", "f1"):
        want = getattr(sk, f"{name}_score")(y, decided, average=None)
        np.testing.assert_allclose(getattr(found, name), want)
    assert found.macro_f1 == pytest.approx(sk.f1_score(y, decided, average="macro"))
    assert found.mcc == pytest.approx(sk.matthews_corrcoef(y, decided))
    assert found.balanced_accuracy == pytest.approx(sk.balanced_accuracy_score(y, decided))
    assert "macro F1" in str(found)
    nobody = ClassConfusion.of([0, 1, 2], [0, 0, 0], [1, 2, 3])
    assert nobody.precision.tolist() == [1 / 3, 0, 0]
    assert nobody.mcc == 0
