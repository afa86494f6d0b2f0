"""How much of what the trials' scores differ by each parameter explains."""

from typing import Any

import optuna
from optuna.importance import FanovaImportanceEvaluator

from boostimb.search._study import quiet

# Of fewer trials a share would be read out of noise.
LEAST_TRIALS = 5
# A quarter of Optuna's trees, and these not as deep: on 300 trials of 12 parameters shares equal to 0.003 in an eighth of the time.
_FOREST: dict[str, Any] = {"seed": 0, "n_trees": 16, "max_depth": 8}


def parameter_importance(study: optuna.Study, booster: str | None = None) -> dict[str, float]:
    """Return the share of each parameter in the variance of the scores, by fANOVA (Hutter, Hoos and Leyton-Brown 2014).

    Parameters
    ----------
    study : optuna.Study
        The study.
    booster : str, optional
        Compare the trials of this booster, whose own parameters then take part. By default those of all, by the parameters that
        they have in common.

    Raises
    ------
    ValueError
        If there are fewer than 5 finished trials, or nothing differs among them.
    """
    trials = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if booster is not None:
        trials = [trial for trial in trials if trial.params.get("booster") == booster]
    if len(trials) < LEAST_TRIALS:
        of = "" if booster is None else f" of {booster}"
        raise ValueError(f"importance needs at least {LEAST_TRIALS} finished trials{of}, got {len(trials)}")
    varied = [name for name in trials[0].params if all(name in trial.params for trial in trials)]
    varied = [name for name in varied if len({trial.params[name] for trial in trials}) > 1]
    if not varied:
        raise ValueError("importance needs a parameter that all trials have and that differs among them, got none")
    with quiet():
        part = optuna.create_study(direction=study.direction)
        part.add_trials(trials)
        shares = optuna.importance.get_param_importances(part, evaluator=FanovaImportanceEvaluator(**_FOREST), params=varied)
    return {name: float(share) for name, share in shares.items()}
