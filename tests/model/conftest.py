"""A table with numbers, categories and missing values, and its labels."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit


@pytest.fixture(scope="session")
def frame():
    rng = np.random.default_rng(3)
    n = 2400
    frame = pd.DataFrame(
        {"amount": rng.exponential(size=n), "hour": rng.normal(size=n), "shop": rng.choice(["bakery", "bar", "bank"], n)}
    )
    log_odds = 1.5 * frame["amount"].to_numpy() + 1.5 * (frame["shop"] == "bar").to_numpy() - 5
    y = (rng.random(n) < expit(log_odds)).astype(int)
    frame.loc[::7, "hour"] = np.nan
    frame.loc[::13, "shop"] = None
    return frame, y
