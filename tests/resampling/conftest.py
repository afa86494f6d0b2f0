import numpy as np
import pytest

from boostimb.table import Table


def random_table(n_pos=15, n_neg=85, *, numeric=3, categorical=0, missing=0.0, dtype=np.float64, seed=0):
    """A table of columns on very different scales, and its labels; the first rows are not the positives."""
    rng = np.random.default_rng(seed)
    n = n_pos + n_neg
    y = rng.permutation(np.arange(n) < n_pos)
    numbers = (rng.normal(size=(n, numeric)) + y[:, None]) * 10.0 ** np.arange(-2, numeric - 2)
    codes = rng.integers(0, 4, size=(n, categorical)).astype(float)
    values = np.hstack((numbers, codes)).astype(dtype)
    values[rng.random(values.shape) < missing] = np.nan
    return Table(values, None, (None,) * numeric + (("a", "b", "c", "d"),) * categorical), y


@pytest.fixture(scope="session")
def make_table():
    return random_table
