"""A small table that a search can do something with."""

import numpy as np
import pytest
from scipy.special import expit


@pytest.fixture(scope="session")
def small():
    rng = np.random.default_rng(11)
    n = 900
    X = rng.normal(size=(n, 4))
    y = (rng.random(n) < expit(2 * X[:, 0] * X[:, 1] + X[:, 2] - 3.5)).astype(int)
    return X, y
