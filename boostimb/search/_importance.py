"""How much of what the trials' scores differ by each parameter explains."""

import optuna

from boostimb.search._study import quiet

# Of fewer trials a share would be read out of noise.
LEAST_TRIALS = 5


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
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return optuna.importance.get_param_importances(part, evaluator=evaluator, params=varied)
