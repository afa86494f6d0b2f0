"""A table with numbers, categories and missing values, its labels, and a small model of every booster."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from boostimb.boosters import NAMES, get_booster
from boostimb.decision import LogisticCalibration
from boostimb.losses import LogLoss
from boostimb.model import Ensemble, Member
from boostimb.table import TableEncoder


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


@pytest.fixture(scope="session")
def built(frame):
    X, y = frame
    encoder, table = TableEncoder.fit_transform(X)
    members = []
    for at, name in enumerate(NAMES):
        booster = get_booster(name)
        run = booster.start({}, booster.dataset(table, y == 1, None, {}, n_jobs=1), LogLoss(), n_rounds=8, n_jobs=1, seed=0)
        run.advance(8)
        members.append(Member(name, run.model(8), 0.2 + 0.1 * at, 1.1, -0.1))
        run.close()
    classes = np.array(["fine", "fraud"])
    return Ensemble(tuple(members), encoder, classes, 1, LogisticCalibration(1.2, 0.3), 0.25), X
