"""Which trials are hopeless: a race on paired differences, fold by fold, against trials that are finished."""

import numpy as np

from boostimb.typing import FloatArray

# Whoever is behind is compared with the finisher of this rank: the final model is made of several trials, not of the best alone.
RANK = 3
# A trial is given up where it lies behind by more standard errors than this, beyond what it may still gain.
ERRORS = 2.0
# No trial is judged before so many rounds, nor before its rounds times its step have come to so much.
LEAST_ROUNDS, LEAST_WAY = 20, 1.0
# Values of a curve are means over so many rounds.
WIDTH = 9


class Race:
    """The folds' scores of the finished trials, and who has fallen too far behind them.

    A trial that is still under way has the score it has now, and may gain as much again as it has gained over the second half of
    its rounds: curves flatten. Differences to the finisher are taken fold by fold, so that what makes a fold hard falls out.

    Examples
    --------
    >>> import numpy as np
    >>> race = Race()
    >>> for score in (0.70, 0.71, 0.72):
    ...     race.finish(np.full(5, score))
    >>> flat = np.full((5, 100), 0.6)
    >>> race.is_hopeless(flat, 0.05), race.is_hopeless(flat + 0.1, 0.05)
    (True, False)
    """

    def __init__(self) -> None:
        self._finished: list[FloatArray] = []

    def finish(self, fold_scores: FloatArray) -> None:
        """Take in the scores of a finished trial, one a fold, more being better."""
        self._finished.append(fold_scores)
        self._finished.sort(key=lambda scores: -float(scores.mean()))

    def is_hopeless(self, curves: FloatArray, learning_rate: float) -> bool:
        """Whether a trial with these curves, shape (n_folds, n_rounds), is so far behind that it is not worth its time."""
        n_rounds = curves.shape[1]
        if len(self._finished) < RANK or n_rounds < LEAST_ROUNDS or n_rounds * learning_rate < LEAST_WAY:
            return False
        now, before = smoothed_at(curves, n_rounds), smoothed_at(curves, n_rounds // 2)
        behind = self._finished[RANK - 1] - now
        error = behind.std(ddof=1) / np.sqrt(behind.size)
        gain = max(0.0, float(now.mean() - before.mean()))
        return bool(behind.mean() - ERRORS * error > gain)


def smoothed_at(curves: FloatArray, n_rounds: int) -> FloatArray:
    """Return the mean of each fold's values over the last rounds up to ``n_rounds``, shape (n_folds,)."""
    values: FloatArray = curves[:, max(0, n_rounds - WIDTH) : n_rounds].mean(axis=1)
    return values
