"""A table that comes with scikit-learn, so that the first try needs no download."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = ("digits",)
DIGIT = 8  # the one that looks most like the others
RATE = 0.02
TARGET = f"is_{DIGIT}"


def digits() -> "pd.DataFrame":
    """Return scanned digits of 8 x 8 pixels: one digit against the rest, with most of its rows left out to make it rare.

    The table is the same at every call.

    Examples
    --------
    >>> frame = digits()
    >>> frame.shape, int(frame["is_8"].sum())
    ((1656, 65), 33)
    """
    from sklearn.datasets import load_digits

    bunch = load_digits(as_frame=True)
    positive = (bunch.target == DIGIT).to_numpy()
    others = np.flatnonzero(~positive)
    n_kept = round(others.size * RATE / (1 - RATE))
    kept = np.random.default_rng(0).choice(np.flatnonzero(positive), n_kept, replace=False)
    rows = np.sort(np.concatenate([others, kept]))
    frame: pd.DataFrame = bunch.data.iloc[rows].reset_index(drop=True)
    return frame.assign(**{TARGET: positive[rows].astype(int)})
