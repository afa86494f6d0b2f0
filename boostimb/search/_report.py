"""From a finished search to the content of its report."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from boostimb.decision import Decision
from boostimb.decision._goal import Cost, FixedThreshold
from boostimb.metrics import confusion_at
from boostimb.report import Costs, Estimate, History, Levers, Page, page_of_model
from boostimb.search._context import TUNED_CUT, ContextReport, scores_by_folds
from boostimb.search._lever_effects import Finished, plain_trials
from boostimb.typing import FloatArray

if TYPE_CHECKING:
    from boostimb.search._result import TuneResult


_NAMES = {"lightgbm": "LightGBM", "xgboost": "XGBoost", "catboost": "CatBoost"}


_UNWEIGHTED = (
    "the corrected score, the threshold and the levers are weighed by sample_weight; curves, counts and the table of models on "
    "this page count each row once"
)


def page_of(result: "TuneResult", title: str, context: ContextReport | None = None) -> Page:
    """Return what the report of a search tells, on its out-of-fold probabilities."""
    search, decision = result._finished, result._decision
    if not isinstance(decision, Decision):
        raise ValueError(f"the report is of two classes, and the result is of {result.classes_.size}: print(result.confusion())")
    y = np.asarray(search.y, dtype=np.bool_)
    low, high = result.score_interval_
    model = result.best_estimator_
    plain = plain_booster(search)
    trials = result.cv_results_
    report = result.lever_report()
    models = [scores_by_folds("this model", y, result._proba, search.fold)]
    if plain is not None:
        models.append(scores_by_folds(f"plain {plain[0]}", y, plain[1], search.fold))
    own = page_of_model(model, y, result._proba, title)
    return replace(
        own,
        rows="out of fold",
        chosen_by=chosen_by(decision),
        plain=None if plain is None else confusion_at(search.y, plain[1], 0.5),
        plain_name="" if plain is None else f"A plain {plain[0]}, with its default parameters and cut at 0.5",
        estimate=Estimate(
            result.metric_.replace("_", " "),
            result.corrected_score_,
            low,
            high,
            result.best_score_,
            result.baseline_score_,
            result.baseline_name_,
        ),
        costs=_costs(decision),
        constraints=result.constraint_report_,
        models=(*models, *(context.models if context is not None else ())),
        cut=TUNED_CUT,
        models_note="" if context is None else _note_on(context, search),
        levers=Levers(report.summary, report.grids, report.notes),
        history=History(
            tuple(map(int, trials["trial"])),
            tuple(map(float, trials["score"])),
            tuple(str(params["booster"]) for params in trials["params"]),
            search.metric.greater_is_better,
        ),
        warned=tuple(dict.fromkeys(result._warned)) + ((_UNWEIGHTED,) if search.weight is not None else ()),
        facts={
            "Model": own.facts["Model"],
            "Settings": {"goal": goal_of(decision), **result._settings},
            "Best single trial": {key: _text(value) for key, value in result.best_params_.items()},
            "Versions": own.facts["Versions"],
        },
    )


def plain_booster(search: Finished) -> tuple[str, FloatArray] | None:
    """Return the booster and the out-of-fold probabilities of the best trial without any lever; None if there was none."""
    found = plain_trials(search)
    if not found.size:
        return None
    best = max(found.tolist(), key=lambda at: search.sign * search.metric.score(search.y, search.margins[at], search.weight))
    # Its loss is log-loss, whose margin is the log-odds.
    return _NAMES[search.params[best]["booster"]], expit(search.margins[best].astype(np.float64))


def chosen_by(decision: Decision) -> str:
    """Say what a threshold was chosen by."""
    if isinstance(decision.goal, FixedThreshold):
        return "as it was given"
    best = "the lowest mean cost" if isinstance(decision.goal, Cost) else f"the best {_name(decision)}"
    return best + (f" with {' and '.join(map(str, decision.constraints))}" if decision.constraints else "")


def goal_of(decision: Decision) -> str:
    """Say what a threshold was chosen by, with the confidence that its constraints are to be kept with."""
    confidence = f", confidence {decision.confidence:g}" if decision.constraints and decision.confidence is not None else ""
    return chosen_by(decision) + confidence


def _note_on(context: ContextReport, search: Finished) -> str:
    """Say whether the context models saw the folds of the search; raise if they saw other rows."""
    if not np.array_equal(context.y, search.y):
        raise ValueError(
            f"context must be of the same rows as the search, got {context.y.size} rows with {int(context.y.sum())} positives "
            f"beside {search.y.size} with {int(search.y.sum())}, or another order"
        )
    same = np.array_equal(context.fold, search.fold)
    return "All models were scored on the same folds." if same else "The models for context were scored on other folds."


def _costs(decision: Decision) -> Costs:
    goal = decision.goal
    return Costs(goal.tn, goal.fp, goal.fn, goal.tp, given=True) if isinstance(goal, Cost) else Costs()


def _name(decision: Decision) -> str:
    name = decision.goal.name.replace("_", " ")
    return {"f1": "F1", "mcc": "MCC"}.get(name, name)


def _text(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
