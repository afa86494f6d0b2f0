"""What a trial is given: the starts first, then what Optuna's sampler learns, with a fair share for each booster."""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution

# Trials after the starts that are drawn at random before the sampler begins to learn.
_AT_RANDOM = 6


class FairSampler(optuna.samplers.TPESampler):
    """Optuna's TPE, which first makes given trials, and later gives each booster half of its equal share at least.

    On a few trials TPE falls for the booster that was lucky; the final model gains from all of them.
    """

    def __init__(self, starts: Sequence[Mapping[str, Any]], boosters: Sequence[str], seed: int) -> None:
        self._starts, self._boosters, self._seed = starts, boosters, seed
        self._begun = False
        self._begin(seed)

    def _begin(self, seed: int) -> None:
        with warnings.catch_warnings():
            # "group" gives each booster's parameters a density of their own; Optuna has called it experimental since 2021.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            super().__init__(seed=seed, multivariate=True, group=True, n_startup_trials=len(self._starts) + _AT_RANDOM)

    def before_trial(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        """Begin to draw by the number of the first trial: a study that goes on, or a worker beside, draws something else."""
        if not self._begun:
            self._begun = True
            self._begin(self._seed + trial.number)
        super().before_trial(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the values of a trial that are drawn together; those of a start are given one by one."""
        if trial.number < len(self._starts):
            return {}
        values = super().sample_relative(study, trial, search_space)
        due = self._due(study, trial)
        return {**values, "booster": due} if due is not None and "booster" in values else values

    def sample_independent(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value that is drawn by itself."""
        if trial.number < len(self._starts) and param_name in self._starts[trial.number]:
            return self._starts[trial.number][param_name]
        due = self._due(study, trial) if param_name == "booster" else None
        return super().sample_independent(study, trial, param_name, param_distribution) if due is None else due

    def _due(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> str | None:
        """Return the booster that has had less than half of its equal share of the trials."""
        counts = Counter(each.params.get("booster") for each in study.get_trials(deepcopy=False) if each.number < trial.number)
        least = min(self._boosters, key=lambda name: counts[name])
        return least if counts[least] < trial.number // (2 * len(self._boosters)) else None
