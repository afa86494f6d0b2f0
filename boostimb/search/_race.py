"""Which trials are hopeless: a race on paired differences, fold by fold, against trials that are finished."""

from typing import NamedTuple

import numpy as np

from boostimb.typing import FloatArray

# Whoever is behind is compared with the finisher of this rank: the final model is made of several trials, not of the best alone.
RANK = 3
# A trial is given up where it lies behind by more standard errors than this, beyond what it may still gain, and beyond a share of
# the finisher's score: one that is nearly as good and goes another way is worth having.
ERRORS, NEARLY = 1.5, 0.01
# What it may still gain, as a share of what it has gained over the second half of its rounds.
STILL = 0.5
# No trial is judged before so many rounds, nor before its rounds times its step have come to so much: curves begin with a plateau.
LEAST_ROUNDS, LEAST_WAY = 20, 3.0
# Values of a curve are means over so many rounds: its highest single point would be picked by luck.
WIDTH = 9


class Finisher(NamedTuple):
    """A finished trial: the smoothed score of each fold at its end, and how it came there."""

    end: FloatArray  # (n_folds,)
    curves: FloatArray  # (n_folds, n_rounds)
    learning_rate: float


class Race:
    """The curves of the finished trials, and who has fallen too far behind them.

    A trial that is still under way is hopeless if it is behind twice. Once behind where the finisher was at the same way, rounds
    times step: a small step is slower and not worse. And once behind where the finisher ended, even if it gains half as much
    again as it has gained over the second half of its rounds: curves flatten. Differences are taken fold by fold, so that what
    makes a fold hard falls out.

    Examples
    --------
    >>> import numpy as np
    >>> race = Race()
    >>> for score in (0.70, 0.71, 0.72):
    ...     race.finish(np.full((5, 100), score), 0.05, 80)
    >>> flat = np.full((5, 100), 0.6)
    >>> race.is_hopeless(flat, 0.05), race.is_hopeless(flat + 0.1, 0.05)
    (True, False)
    """

    def __init__(self) -> None:
        self._finished: list[Finisher] = []

    def finish(self, curves: FloatArray, learning_rate: float, n_rounds: int) -> None:
        """Take in a finished trial: its curves, shape (n_folds, n_rounds), more being better, and the rounds that it ended with."""
        self._finished.append(Finisher(smoothed_at(curves, n_rounds), curves, learning_rate))
        self._finished.sort(key=lambda each: -float(each.end.mean()))
        del self._finished[RANK:]

    def is_hopeless(self, curves: FloatArray, learning_rate: float) -> bool:
        """Whether a trial with these curves, shape (n_folds, n_rounds), is so far behind that it is not worth its time."""
        n_rounds = curves.shape[1]
        if len(self._finished) < RANK or n_rounds < LEAST_ROUNDS or n_rounds * learning_rate < LEAST_WAY:
            return False
        other, now = self._finished[-1], smoothed_at(curves, n_rounds)
        gain = STILL * max(0.0, float(now.mean() - smoothed_at(curves, n_rounds // 2).mean())) + NEARLY * abs(other.end.mean())
        same_way = int(np.clip(round(n_rounds * learning_rate / other.learning_rate), 1, other.curves.shape[1]))
        return _is_behind(now, other.end, gain) and _is_behind(now, smoothed_at(other.curves, same_way), 0.0)


def _is_behind(now: FloatArray, then: FloatArray, by: float) -> bool:
    """Whether the mean difference, less its standard errors, is more than ``by``."""
    return bool(beyond(then - now, ERRORS) > by)


def beyond(differences: FloatArray, errors: float) -> float:
    """Return the mean of paired differences less so many of its standard errors."""
    return float(differences.mean() - errors * differences.std(ddof=1) / np.sqrt(differences.size))


def smoothed_at(curves: FloatArray, n_rounds: int) -> FloatArray:
    """Return the mean of each fold's values over the last rounds up to ``n_rounds``, shape (n_folds,)."""
    values: FloatArray = curves[:, max(0, n_rounds - WIDTH) : n_rounds].mean(axis=1)
    return values
