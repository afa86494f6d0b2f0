"""Average precision under many resamples of one sorting."""

import numpy as np
import pytest

from boostimb.metrics import average_precision, resampled_average_precision


def make(decimals):
    rng = np.random.default_rng(0)
    y = rng.random(300) < 0.1
    scores = (rng.normal(size=(4, 300)) + y).round(decimals).astype(np.float32)
    counts = np.stack([np.bincount(rng.integers(0, 300, 300), minlength=300) for _ in range(9)])
    return y, scores, counts


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize(
    "convert",
    [
        lambda counts: counts,
        lambda counts: counts.astype(np.uint8),
        lambda counts: counts == 0,
        lambda counts: counts * 1000,
        lambda counts: counts * 2**24,
        lambda counts: counts * 0.3,
        lambda counts: np.asfortranarray(counts),
        lambda counts: counts.tolist(),
    ],
)
def test_it_is_average_precision_with_the_counts_as_weights(decimals, convert):
    y, scores, counts = make(decimals)
    counts = convert(counts)
    got = resampled_average_precision(y, scores, counts)
    want = [[average_precision(y, score, row) for score in scores] for row in counts]
    np.testing.assert_allclose(got, want, atol=1e-12)
    np.testing.assert_array_equal(resampled_average_precision(y, scores, counts, n_jobs=3), got)


def test_a_resample_without_positives_is_zero():
    y = np.array([0, 1, 0])
    got = resampled_average_precision(y, [[0.1, 0.2, 0.3]], [[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(got, [[0], [0], [1]])


def test_nothing_in_nothing_out():
    y = np.array([0, 1, 0])
    assert resampled_average_precision(y, np.empty((0, 3)), np.ones((2, 3), np.uint8)).shape == (2, 0)
    assert resampled_average_precision(y, [[0.1, 0.2, 0.3]], np.empty((0, 3), np.uint8)).shape == (0, 1)


@pytest.mark.parametrize(
    ("scores", "counts", "says"),
    [
        ([0.1, 0.2], [[1, 1]], "scores must have the shape"),
        ([[0.1, 0.2]], [[1, 1, 1]], r"counts must have the shape \(n_resamples, 2\), got \(1, 3\)"),
        ([[0.1, 0.2, 0.3]], [[1, 1]], "inconsistent numbers of samples"),
        ([[0.1, np.nan]], [[1, 1]], "finite"),
        ([[0.1, 0.2]], [[1, -1]], "counts must be >= 0, got -1"),
        ([[0.1, 0.2]], [[1.0, np.nan]], "counts must be finite"),
        ([[0.1, 0.2]], [["a", "b"]], "counts must be numbers"),
    ],
)
def test_bad_input_gets_a_clear_error(scores, counts, says):
    with pytest.raises(ValueError, match=says):
        resampled_average_precision([0, 1], scores, counts)
