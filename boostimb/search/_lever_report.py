"""What each lever of a search bought: the rows, the verdict on each, and the table that a user reads."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import floor, hypot, log10, sqrt
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from boostimb.notebook import Grid, notebook_html
from boostimb.search._estimate import COVERAGE
from boostimb.typing import FloatArray, IntArray, LabelArray
from boostimb.validation import members

WIDTH = 110
# Parts of the rows that are left out in turn.
GROUPS = 50
# Where both sides agree to this, their difference is rounding.
_TINY = 1e-12
_NOTES = (
    "Trial, ensemble, calibration and threshold are always chosen on the other folds. A gain above 0 is better; +- is half "
    "its 95% interval. 'Nothing measurable' is less than +-, not zero; of rows that buy nothing, up to one in twenty looks as "
    "if it did. Rankings are means over the folds, and +- allows for training rows that folds share (Nadeau and Bengio 2003). "
    "A lever's row compares the best of equally many trials without and with it, whatever else they drew, and +- holds the "
    "luck of that draw; the search tries more often what looks good, so a lever with few trials was also tuned less. 'Alone' "
    "is a plain booster with that lever and nothing else changed. The booster's own parameters are compared under the losses "
    "and samplers that its defaults were tried with, and the ensemble with the best trial. Probabilities and decisions are "
    "compared row by row on models as they are: calibration with what the search's best trial says by itself, the sigmoid "
    "or softmax of its margins, and the tuned threshold with 0.5, or with the most probable of several classes."
)


@dataclass(frozen=True)
class LeverRow:
    """One comparison: the same search with a lever off and on.

    Attributes
    ----------
    lever : str
        What was changed.
    measure : str
        What it is measured by, for example "average precision".
    trials_off, trials_on : int or None
        Finished trials on either side; None where no trials are compared.
    off, on : float or None
        The measure on either side, in its own unit; None where nothing is compared.
    gain : float or None
        Their difference, above 0 where the lever makes it better, also for a measure that goes down.
    error : float or None
        Standard error of the gain.
    half_width : float or None
        Half the 95% interval of the gain.
    verdict : str
        "helps", "hurts" or "nothing measurable"; "too few trials", "too far behind" (each trial with it was given up), "not tried"
        or "never off"; for a threshold that was asked for
        "asked for" or "no such threshold".
    """

    lever: str
    measure: str
    trials_off: int | None
    trials_on: int | None
    off: float | None
    on: float | None
    gain: float | None
    error: float | None
    half_width: float | None
    verdict: str


def compared(
    lever: str, measure: str, trials: tuple[int, int], sign: float, off: FloatArray, on: FloatArray, spread: float = 0.0
) -> LeverRow:
    """Return the row of two sides that were trained and measured on the same folds.

    The folds of a cross-validation share training rows, so that their differences are not independent: the variance of a mean
    over K folds is taken as 1/K + n_test/n_train times the variance of one (Nadeau & Bengio 2003, "Inference for the
    generalization error", section 3), and n_test/n_train is 1/(K - 1).

    Parameters
    ----------
    lever, measure : str
        What was changed, and what it is measured by.
    trials : tuple of two int
        How many there are on either side.
    sign : float
        -1 for a measure that goes down.
    off, on : ndarray of shape (K,)
        The measure times ``sign`` on each fold, so that more is better.
    spread : float
        Variance of the mean difference by anything else than the fold.
    """
    gains = on - off
    k, gain = gains.size, float(gains.mean())
    by_fold = sqrt(float(gains.var(ddof=1)) * (1 / k + 1 / (k - 1)))
    error = hypot(by_fold, sqrt(spread))
    level = (1 + COVERAGE) / 2  # Student's t for the few folds, the normal distribution for the many draws
    half = hypot(float(stdtrit(k - 1, level)) * by_fold, float(ndtri(level)) * sqrt(spread))
    return _judged(lever, measure, trials, sign * float(off.mean()), sign * float(on.mean()), gain, error, half)


def compared_by_rows(
    lever: str, measure: str, sign: float, y: LabelArray, values: Callable[[IntArray], tuple[float, float]]
) -> LeverRow:
    """Return the row of two sides that are functions of rows: what models that are given decide, without and with the lever.

    The error is that of a jackknife that leaves out a fiftieth of each class at a time, or more where a class is small.

    Parameters
    ----------
    lever, measure, sign
        As in `compared`.
    y : ndarray of bool or int, shape (n,)
        Labels.
    values : callable
        From row numbers to the measure of both sides on them.
    """
    classes = members(y)
    n_groups = min(GROUPS, *(int(np.count_nonzero(member)) for member in classes))
    group, rng = np.empty(y.size, dtype=np.intp), np.random.default_rng(0)
    for member in classes:
        group[member] = rng.permutation(np.count_nonzero(member)) % n_groups
    off, on = values(np.arange(y.size))
    left = np.array([values(np.flatnonzero(group != at)) for at in range(n_groups)])
    gains = sign * (left[:, 1] - left[:, 0])
    error = sqrt((n_groups - 1) * float(gains.var()))
    half = float(stdtrit(n_groups - 1, (1 + COVERAGE) / 2)) * error
    return _judged(lever, measure, None, off, on, sign * (on - off), error, half)


def _judged(
    lever: str, measure: str, trials: tuple[int, int] | None, off: float, on: float, gain: float, error: float, half: float
) -> LeverRow:
    verdict = "nothing measurable" if abs(gain) <= max(half, _TINY) else "helps" if gain > 0 else "hurts"
    n_off, n_on = trials if trials is not None else (None, None)
    return LeverRow(lever, measure, n_off, n_on, off, on, gain, error, half, verdict)


def not_compared(lever: str, measure: str, trials: tuple[int, int] | None, why: str | None = None) -> LeverRow:
    """Return the row of a lever that there is too little to tell of; without ``why`` the numbers of trials say it."""
    n_off, n_on = trials if trials is not None else (None, None)
    if why is None:
        why = "not tried" if n_on == 0 else "never off" if n_off == 0 else "too few trials"
    return LeverRow(lever, measure, n_off, n_on, None, None, None, None, None, why)


@dataclass(frozen=True)
class LeverReport:
    """What class weight, loss, samplers, ensemble, calibration and threshold bought over the plain booster.

    ``print(report)`` shows it as text, a notebook as a table, and ``pandas.DataFrame(report.rows)`` holds the numbers.

    Attributes
    ----------
    rows : tuple of LeverRow
        One comparison each; the first is the whole search against the plain booster.
    n_trials, n_stopped, n_folds, n_positives : int
        Finished trials, trials that were given up as too far behind, folds, and rows of the positive class, or of the smallest of
        several.
    rare : str
        What those rows are, in words.
    """

    rows: tuple[LeverRow, ...]
    n_trials: int
    n_stopped: int
    n_folds: int
    n_positives: int
    rare: str = "positives"

    @property
    def summary(self) -> str:
        """What mattered most and what bought nothing, in words."""
        whole, *levers = self.rows
        sentences = [_in_words(whole)]
        for verdict in ("helps", "hurts"):
            rows = [row for row in levers if row.verdict == verdict]
            rows.sort(key=lambda row: (row.measure != whole.measure, -abs(row.gain or 0.0)))
            if rows:
                told = (f"{row.lever} ({row.measure} {' to '.join(_numbers(row)[:2])})" for row in rows)
                sentences.append(f"What {verdict}: {', '.join(told)}.")
        for verdict, start in (
            ("nothing measurable", "Nothing measurable from"),
            ("too far behind", "Given up early, too far behind"),
            ("too few trials", "Too few trials to tell of"),
        ):
            rows = [row for row in levers if row.verdict == verdict]
            if rows:
                sentences.append(f"{start}: {', '.join(dict.fromkeys(row.lever for row in rows))}.")
        return " ".join(sentences)

    @property
    def notes(self) -> str:
        """How the table is computed and what it cannot tell."""
        stopped = f" and {self.n_stopped} that were given up, too far behind" if self.n_stopped else ""
        return f"{self.n_trials} finished trials{stopped}, {self.n_folds} folds, {self.n_positives} {self.rare}. {_NOTES}"

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold: summary, notes, the numbers, and rows as a list of dicts."""
        return {"summary": self.summary, "notes": self.notes, **asdict(self), "rows": [asdict(row) for row in self.rows]}

    def __str__(self) -> str:
        lines = [*textwrap.wrap(self.summary, WIDTH), ""]
        for at, (measure, rows) in enumerate(self._by_measure()):
            head = _line(f"by {measure}", "trials off", "on", "off", "on", "gain", "+-", "") if at == 0 else f"by {measure}"
            lines += [head, *(_line(f"  {row.lever}", *_counts(row), *_numbers(row), row.verdict) for row in rows)]
        return "\n".join([*lines, "", *textwrap.wrap(self.notes, WIDTH)])

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The comparisons as tables of text, one for each measure."""
        columns = ("", "trials off", "trials on", "off", "on", "gain", "±", "")
        return tuple(
            Grid(f"by {measure}", columns, tuple((row.lever, *_counts(row), *_numbers(row), row.verdict) for row in rows))
            for measure, rows in self._by_measure()
        )

    def _repr_html_(self) -> str:
        return notebook_html("What each lever bought", (_with_signs(self.summary), *self.grids), _with_signs(self.notes))

    def _by_measure(self) -> Iterator[tuple[str, list[LeverRow]]]:
        for measure in dict.fromkeys(row.measure for row in self.rows):
            yield measure, [row for row in self.rows if row.measure == measure]


def _with_signs(text: str) -> str:
    """Write what a terminal may lack."""
    return text.replace("+-", "±")


def _in_words(whole: LeverRow) -> str:
    if whole.gain is None:
        return "No plain booster finished, so there is nothing to compare the whole search with."
    word = {"helps": "better than", "hurts": "worse than"}.get(whole.verdict, "not measurably different from")
    off, on, gain, half = _numbers(whole)
    return f"The search's model is {word} the plain booster: {whole.measure} {on} against {off}, {gain} +- {half}."


def _counts(row: LeverRow) -> tuple[str, str]:
    return "" if row.trials_off is None else str(row.trials_off), "" if row.trials_on is None else str(row.trials_on)


def _numbers(row: LeverRow) -> tuple[str, str, str, str]:
    """Off, on, gain and half-width with four digits of the larger value."""
    if row.off is None or row.on is None or row.gain is None or row.half_width is None:
        return "", "", "", ""
    size = max(abs(row.off), abs(row.on))
    digits = int(np.clip(3 - floor(log10(size)), 0, 6)) if size > 0 else 4
    return f"{row.off:.{digits}f}", f"{row.on:.{digits}f}", f"{row.gain:+.{digits}f}", f"{row.half_width:.{digits}f}"


def _line(label: str, n_off: str, n_on: str, off: str, on: str, gain: str, half: str, verdict: str) -> str:
    label = label if len(label) <= 38 else f"{label[:37]}…"
    return f"{label:<38}{n_off:>10}{n_on:>5}{off:>9}{on:>9}{gain:>10}{half:>9}  {verdict}".rstrip()
