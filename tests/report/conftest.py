"""Rows with their true posteriors, and a way to find what was drawn."""

import numpy as np
import pytest
from scipy.special import expit


def _sample(n=1500, n_pos=30, separation=2.0, seed=0):
    """Labels and their true posteriors under two normal distributions."""
    y = np.zeros(n, dtype=int)
    y[:n_pos] = 1
    score = np.random.default_rng(seed).normal(size=n) + separation * y
    return y, expit(separation * score - separation**2 / 2 + np.log(n_pos / n))


def _line(ax, start):
    (found,) = [each for each in ax.get_lines() if each.get_label().startswith(start)]
    return found


@pytest.fixture
def sample():
    return _sample


@pytest.fixture
def scored():
    return _sample()


@pytest.fixture
def line():
    return _line


@pytest.fixture
def ax():
    figure = pytest.importorskip("matplotlib.figure")
    return figure.Figure().subplots()
