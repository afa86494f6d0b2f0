"""Class weights from counts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.utils.class_weight import compute_class_weight

from boostimb import class_weights, effective_number_weights


def test_class_weights_are_those_of_scikit_learn():
    y = np.repeat(["a", "b", "c"], [50, 3, 7])
    assert_allclose(class_weights(y), compute_class_weight("balanced", classes=np.unique(y), y=y))
    assert_allclose(class_weights([0, 0, 0, 1]), [2 / 3, 2.0])


def test_effective_numbers_are_those_of_the_paper():
    y, beta = np.repeat([0, 1], [900, 20]), 0.99
    by_hand = np.array([(1 - beta) / (1 - beta**900), (1 - beta) / (1 - beta**20)])
    assert_allclose(effective_number_weights(y, beta), by_hand * 2 / by_hand.sum())


def test_effective_numbers_go_from_equal_weights_to_inverse_counts():
    y = np.repeat([0, 1], [900, 20])
    assert_allclose(effective_number_weights(y, 0.0), 1.0)
    near_one = effective_number_weights(y, 1 - 1e-12)
    assert near_one[1] / near_one[0] == pytest.approx(45, rel=1e-6)
    ratios = [np.divide(*effective_number_weights(y, beta)[::-1]) for beta in (0.5, 0.9, 0.99, 0.999, 0.9999)]
    assert (np.diff(ratios) > 0).all()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least one label"):
        class_weights([])
    with pytest.raises(ValueError, match=r"beta must be .* >= 0 and < 1, got 1"):
        effective_number_weights([0, 1], beta=1.0)
