"""Scores that carry weights along: the same order from either sort, whatever the scores are like."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from boostimb.metrics import _kernels
from boostimb.metrics._labels import sort_together

N = 3000
SHAPES = {
    "normal": lambda rng: rng.normal(size=N),
    "one value": lambda rng: np.full(N, 0.3),
    "ties": lambda rng: rng.normal(size=N).round(1),
    "crowded beside an outlier": lambda rng: np.r_[rng.normal(size=N - 1), 1e9],
    "tails": lambda rng: rng.normal(size=N) ** 21,
    "zeros of both signs": lambda rng: np.resize([0.0, -0.0, -1.0, 1.0], N),
    "denormal": lambda rng: rng.integers(0, 9, N) * 1e-45,
    "beyond the range of a difference": lambda rng: np.resize([-1.7e308, 1.7e308, 0.0], N),
    "two": lambda rng: np.array([2.0, 1.0]),
    "one": lambda rng: np.array([1.0]),
    "none": lambda rng: np.empty(0),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_scores_ascend_and_keep_their_weights(shape, dtype):
    rng = np.random.default_rng(0)
    with np.errstate(over="ignore"):
        score = SHAPES[shape](rng).astype(dtype)
    weight = rng.uniform(0.5, 2, score.size)
    got, got_weight = sort_together(score.copy(), weight.copy())
    assert got.dtype == dtype
    assert_array_equal(got, np.sort(score))
    # Equal scores may come in any order, so that theirs are compared as sorted.
    assert_array_equal(got_weight[np.lexsort((got_weight, got))], weight[np.lexsort((weight, score))])


def test_what_is_not_finite_goes_to_an_end():
    score = np.array([0.0, np.nan, 1.0, -np.inf, np.inf, 0.5])
    got, weight = sort_together(score.copy(), np.arange(6.0))
    assert_array_equal(got, np.sort(score))
    assert_array_equal(weight, [3, 0, 5, 2, 4, 1])


def test_integers_of_the_bits_of_probabilities_sort_too():
    score = np.random.default_rng(0).random(N) ** 9
    bits, weight = sort_together(score.view(np.int64).copy(), score.copy())
    assert_array_equal(bits.view(np.float64), np.sort(score))
    assert_array_equal(weight, np.sort(score))


def test_a_crowd_in_one_place_is_given_up_soon():
    score = np.r_[np.random.default_rng(0).normal(size=N - 1), 1e9]
    low, scale = score.min(), 255 / (1e9 - score.min())
    assert not _kernels.sort_by_place(score, np.ones(N), low, scale, 4, np.empty(N), np.empty(N))
