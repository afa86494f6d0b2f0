"""What each lever of a search bought, measured on the out-of-fold margins of its trials. Nothing is trained."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from threadpoolctl import threadpool_limits

from boostimb.decision import ClassDecision, Decision, InfeasibleError
from boostimb.resampling import least_and_most
from boostimb.search._folds import weight_of
from boostimb.search._lever_report import LeverReport, LeverRow, compared, compared_by_rows, not_compared
from boostimb.search._select import choose_best, choose_ensemble
from boostimb.search._task import Task, task_of
from boostimb.typing import Float32Array, FloatArray, IntArray, LabelArray, Metric

Params: TypeAlias = Mapping[str, Any]
# Two sides of a comparison, one value a fold, and the variance of their difference by what was drawn rather than by the fold.
Sides: TypeAlias = tuple[FloatArray, FloatArray, float]
# From the fold scores of the trials without and with a lever, each (T, K).
Compare: TypeAlias = Callable[[FloatArray, FloatArray], Sides]

# Times that trials are drawn from either side of a lever.
DRAWS = 400
# Fewer trials than this on a side say nothing of a lever: what differs may as well be the booster's parameters.
LEAST_TRIALS = 3
# A class weight that favours the rarer class by less than this is as good as none.
LEAST_WEIGHT = 1.5


@dataclass(frozen=True, eq=False)
class Finished:
    """What a search holds when it is over.

    Attributes
    ----------
    y : ndarray of bool or int, shape (n,)
        Labels.
    fold : ndarray of int, shape (n,)
        The fold that each row was left out in first, from 0.
    margins : sequence of T ndarrays of shape (n,) or (n, n_classes)
        Out-of-fold margins of the finished trials.
    params : sequence of T dicts
        Their parameters.
    stopped : sequence of dicts
        Those of the trials that were given up, too far behind.
    starts : sequence of dicts
        The trials that the search began with: default parameters of each booster, some of them without any lever.
    losses, samplers : sequence of str
        What the search could choose among.
    metric : Metric
        The search metric.
    metric_name : str
        How the user calls it.
    ensemble : bool
        Whether the model is made of several trials, or of the best one.
    calibration : str
        How it is calibrated.
    weight : ndarray of shape (n,), optional
        Weights of the rows in every score.
    """

    y: LabelArray
    fold: IntArray
    margins: Sequence[Float32Array]
    params: Sequence[Params]
    stopped: Sequence[Params]
    starts: Sequence[Params]
    losses: Sequence[str]
    samplers: Sequence[str]
    metric: Metric
    metric_name: str
    ensemble: bool
    calibration: str
    weight: FloatArray | None = None

    @property
    def task(self) -> Task:
        """What two classes and several do differently."""
        return task_of(self.y)

    @property
    def sign(self) -> float:
        """What makes more of the metric better."""
        return 1.0 if self.metric.greater_is_better else -1.0

    def weight_of(self, rows: IntArray) -> FloatArray | None:
        """Return the weights of some rows, if there are any."""
        return weight_of(self.weight, rows)


class Lever(NamedTuple):
    """One of the things that a trial draws beside the booster's own parameters."""

    name: str
    keys: tuple[str, ...]  # the parameters that belong to it
    off: IntArray  # trials without it
    on: IntArray  # and with it
    given_up: bool  # whether trials with it were too far behind to be finished


class Part(NamedTuple):
    """All that is chosen without one fold, on the rows of that fold."""

    rows: IntArray
    score: float  # of the trial that is best on the other folds
    logits: FloatArray  # of the final model
    calibrated: FloatArray  # log-odds of the search's best trial
    half: LabelArray  # what the final model decides without tuning, as at 0.5
    tuned: LabelArray | None  # and at the tuned threshold; None where none keeps the constraints


def lever_report(search: Finished, decision: Decision | ClassDecision) -> LeverReport:
    """Compare a finished search, and the decision that the threshold is chosen by, with and without each lever."""
    n_folds, n_trials = int(search.fold.max()) + 1, len(search.margins)
    scores, everything = _fold_scores(search, n_folds), np.arange(n_trials)
    # The folds side by side; threads of BLAS inside them would cost more than they bring.
    with threadpool_limits(1), ThreadPoolExecutor(n_folds) as pool:
        parts = list(pool.map(lambda k: _part(search, scores, k, decision), range(n_folds)))
    single = np.array([part.score for part in parts])
    model = np.array(
        [search.sign * search.metric.score(search.y[part.rows], part.logits, search.weight_of(part.rows)) for part in parts]
    )

    def row(
        name: str, off: IntArray, on: IntArray, sides: Compare, *, least_off: int = 1, least_on: int = 1, given_up: bool = False
    ) -> LeverRow:
        """Compare some trials with others, where there are enough of both."""
        measure, counts = search.metric_name.replace("_", " "), (np.unique(off).size, np.unique(on).size)
        if counts[0] < least_off or counts[1] < least_on:
            return not_compared(name, measure, counts, "too far behind" if given_up and not counts[1] else None)
        return compared(name, measure, counts, search.sign, *sides(scores[off], scores[on]))

    default = _where(_has_defaults(params, search.starts) for params in search.params)
    plain = plain_trials(search)
    # Under the losses and samplers that the defaults were tried with: what another one buys is not the parameters' doing.
    kinds = {_kind(search.params[at]) for at in default}
    tuned = _where(_kind(params) in kinds and at not in default for at, params in enumerate(search.params))
    rows = [
        row("everything together", plain, everything, lambda off, _: (_best(off), model, 0.0)),
        row("the booster's own parameters", default, tuned, _best_of_each, least_on=LEAST_TRIALS),
    ]
    for lever in _levers(search):
        rows.append(
            row(
                lever.name,
                lever.off,
                lever.on,
                _best_of_as_many,
                least_off=LEAST_TRIALS,
                least_on=LEAST_TRIALS,
                given_up=lever.given_up,
            )
        )
        pairs = [(a, b) for a in plain for b in lever.on if _differ_only_in(lever, search.params[a], search.params[b])]
        if pairs:
            off, on = np.array(pairs).T
            rows.append(row(f"{lever.name} alone", off, on, _mean_of_each))
    if search.ensemble:
        rows.append(row("ensemble", everything, everything, lambda *_: (single, model, 0.0)))
    rows += [*_rows_of_calibration(search, _best_trial(scores), parts), _row_of_threshold(search, decision, parts)]
    n_rare, rare = least_and_most(search.y)[0], "positives" if search.y.dtype == np.bool_ else "rows of the smallest class"
    return LeverReport(tuple(rows), n_trials, len(search.stopped), n_folds, n_rare, rare)


# ---- what was tried ----


def plain_trials(search: Finished) -> IntArray:
    """Return which of the finished trials are boosters with their default parameters and no lever."""
    return _where(_is_plain(params, search.starts) for params in search.params)


def _levers(search: Finished) -> Iterator[Lever]:
    least, most = least_and_most(search.y)
    log_ratio = abs(np.log(most / least))
    # A loss of the user's own carries its own weight: NaN is neither off nor on.
    weight = np.exp(log_ratio * np.array([params.get("class_weight", np.nan) for params in search.params]))
    off, on = np.flatnonzero(weight < LEAST_WEIGHT), np.flatnonzero(weight >= LEAST_WEIGHT)
    yield Lever("class weight", ("class_weight",), off, on, any(params.get("class_weight", 0) > 0 for params in search.stopped))
    for key, names, is_off in (("loss", search.losses, _is_log_loss), ("sampler", search.samplers, "none".__eq__)):
        drawn = [params[key] for params in search.params]
        off = _where(is_off(name) for name in drawn)
        for name in names:
            if not is_off(name):
                on, given_up = _where(each == name for each in drawn), any(params[key] == name for params in search.stopped)
                yield Lever(f"{key} {name}", (key, f"{name}_gamma", f"{name}.ratio"), off, on, given_up)


def _kind(params: Params) -> tuple[str, str]:
    return params["loss"], params["sampler"]


def _is_log_loss(loss: str) -> bool:
    return loss == "log_loss" or loss.startswith("LogLoss(")


def _has_defaults(params: Params, starts: Sequence[Params]) -> bool:
    return any(_own(start).items() <= params.items() for start in starts)


def _is_plain(params: Params, starts: Sequence[Params]) -> bool:
    return (
        _has_defaults(params, starts)
        and params.get("class_weight") == 0
        and _is_log_loss(params["loss"])
        and params["sampler"] == "none"
    )


def _own(params: Params) -> dict[str, Any]:
    """Return the booster and its parameters."""
    return {key: value for key, value in params.items() if key == "booster" or key.startswith(f"{params['booster']}.")}


def _differ_only_in(lever: Lever, a: Params, b: Params) -> bool:
    return all(a.get(key) == b.get(key) for key in (a.keys() | b.keys()) - set(lever.keys))


# ---- what it was worth ----


def _fold_scores(search: Finished, n_folds: int) -> FloatArray:
    """Return the metric of each trial on each fold, oriented so that more is better, shape (T, K)."""
    scores = np.empty((len(search.margins), n_folds))
    for k in range(n_folds):
        rows = np.flatnonzero(search.fold == k)
        value = search.metric.bind(search.y[rows], search.weight_of(rows))
        rest = np.flatnonzero(search.fold != k)
        scores[:, k] = [
            search.sign * value(search.task.held(margins, search.y, search.weight, rest, rows)) for margins in search.margins
        ]
    return scores


def _on_other_folds(scores: FloatArray) -> FloatArray:
    """Return the mean score of each trial on all folds but one, shape (T, K)."""
    return (scores.sum(axis=1, keepdims=True) - scores) / (scores.shape[1] - 1)


def _best(scores: FloatArray) -> FloatArray:
    """Score of the trial that is best on the other folds, shape (K,)."""
    return scores[_on_other_folds(scores).argmax(axis=0), np.arange(scores.shape[1])]


def _best_of_each(off: FloatArray, on: FloatArray) -> Sides:
    return _best(off), _best(on), 0.0


def _mean_of_each(off: FloatArray, on: FloatArray) -> Sides:
    return off.mean(axis=0), on.mean(axis=0), 0.0


def _best_of_as_many(off: FloatArray, on: FloatArray) -> Sides:
    """Compare the best of m trials on either side, m being the number on the smaller side.

    The best of forty is better than the best of four whatever the lever does. So m trials are drawn from either side with
    replacement, and the best of them on the other folds is scored on the fold left out. The mean over the draws is compared, and
    their variance added to that of the folds: other trials would have been drawn in another search.
    """
    rng, m = np.random.default_rng(0), min(len(off), len(on))
    sides, spread = [], 0.0
    for scores in (off, on):
        drawn = rng.integers(len(scores), size=(DRAWS, m))
        at = _on_other_folds(scores)[drawn].argmax(axis=1)
        best = scores[np.take_along_axis(drawn, at, axis=1), np.arange(scores.shape[1])]
        sides.append(best.mean(axis=0))
        spread += float(best.mean(axis=1).var()) * len(scores) / (len(scores) - 1)
    return sides[0], sides[1], spread


def _best_trial(scores: FloatArray) -> int:
    return int(scores.mean(axis=1).argmax())


def _part(search: Finished, scores: FloatArray, k: int, decision: Decision | ClassDecision) -> Part:
    """Choose trial, members, lines and threshold without fold k, and apply them to it."""
    rest, held = np.flatnonzero(search.fold != k), np.flatnonzero(search.fold == k)
    y, margins, chosen_by = search.y[rest], [margins[rest] for margins in search.margins], _on_other_folds(scores)[:, k]
    w = search.weight_of(rest)
    choice = choose_ensemble(y, margins, weight=w) if search.ensemble else choose_best(y, margins, chosen_by, weight=w)
    logits, task = np.zeros((held.size, *choice.logits.shape[1:])), search.task
    for at, weight, line in zip(choice.trials, choice.weights, choice.calibrations, strict=True):
        logits += weight * line.logit(search.margins[at][held])
    outer = task.calibrate(choice.logits, y, w, search.calibration)
    proba, tuned = outer.apply(logits), None
    with suppress(InfeasibleError):
        found: Any = decision.choose(y, outer.apply(choice.logits), w)
        tuned = task.decided(found, proba)
    # One trial for all folds: another weight or loss in each would hide what calibration does to it.
    best = _best_trial(scores)
    calibrated = task.calibrate(margins[best], y, w, search.calibration).logit(search.margins[best][held])
    return Part(held, float(scores[chosen_by.argmax(), k]), logits, calibrated, task.decided(None, proba), tuned)


def _rows_of_calibration(search: Finished, best: int, parts: Sequence[Part]) -> list[LeverRow]:
    """Compare the best trial's probabilities with those that its booster gives by itself."""
    rows = np.concatenate([part.rows for part in parts])
    y, sides = search.y[rows], (search.margins[best][rows].astype(np.float64), np.concatenate([part.calibrated for part in parts]))

    weight = search.weight_of(rows)

    def compare(measure: str, losses: list[FloatArray]) -> LeverRow:
        def values(some: IntArray) -> tuple[float, float]:
            off, on = (float(np.average(each[some], weights=weight_of(weight, some))) for each in losses)
            return off, on

        return compared_by_rows("calibration", measure, -1.0, y, values)

    return [
        compare("log-loss", [search.task.log_losses(y, logits) for logits in sides]),
        compare("Brier score", [search.task.briers(y, logits) for logits in sides]),
    ]


def _row_of_threshold(search: Finished, decision: Any, parts: Sequence[Part]) -> LeverRow:
    """Compare the tuned threshold with 0.5; one that was asked for is not there to raise the goal, and gets no verdict."""
    name, measure, sign, asked = search.task.told(decision)
    decided = [part.tuned for part in parts if part.tuned is not None]
    if len(decided) < len(parts):
        return not_compared(name, measure, None, "no such threshold")
    rows = np.concatenate([part.rows for part in parts])
    y, weight = search.y[rows], search.weight_of(rows)
    half, tuned = np.concatenate([part.half for part in parts]), np.concatenate(decided)

    def values(some: IntArray) -> tuple[float, float]:
        off, on = (search.task.decision_score(decision, y[some], each[some], weight_of(weight, some)) for each in (half, tuned))
        return off, on

    row = compared_by_rows(name, measure, sign, y, values)
    return replace(row, verdict="asked for") if asked else row


def _where(true: Iterable[bool]) -> IntArray:
    return np.flatnonzero(np.fromiter(true, dtype=np.bool_))
