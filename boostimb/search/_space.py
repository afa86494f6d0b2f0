"""What a trial draws: the booster's parameters and the levers, together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from boostimb.boosters import AnyLoss, Params
from boostimb.resampling import AnyResampler, Resampler, ratio_range
from boostimb.search._several_classes import SeveralClasses, suits_catboost
from boostimb.search._task import Task
from boostimb.search._two_classes import TwoClasses

# A user's own space: for each booster the distributions (or constants) of its parameters, or a function that asks the trial.
Space: TypeAlias = Mapping[str, Mapping[str, Any]] | Callable[[optuna.trial.BaseTrial, str], dict[str, Any]]

# A start that wins or comes close on most tables: a small step, the booster's usual tree, some rows and columns left out.
DEFAULTS: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "learning_rate": 0.05,
        "num_leaves": 31,
        "min_data_in_leaf": 20,
        "min_sum_hessian_in_leaf": 1e-3,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "lambda_l1": 1e-8,
        "lambda_l2": 1.0,
    },
    "xgboost": {
        "learning_rate": 0.05,
        "max_depth": 6,
        "min_child_weight": 1.0,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "reg_alpha": 1e-8,
        "reg_lambda": 1.0,
    },
    "catboost": {"learning_rate": 0.08, "depth": 6, "l2_leaf_reg": 3.0, "random_strength": 1.0, "bagging_temperature": 1.0},
}

# Sums of hessians go down to 1e-7: with one positive in a thousand, the usual least sums forbid the splits that matter.
_RANGES: dict[str, dict[str, BaseDistribution]] = {
    "lightgbm": {
        "learning_rate": FloatDistribution(0.015, 0.15, log=True),
        "num_leaves": IntDistribution(4, 128, log=True),
        "min_data_in_leaf": IntDistribution(1, 100, log=True),
        "min_sum_hessian_in_leaf": FloatDistribution(1e-7, 10.0, log=True),
        "feature_fraction": FloatDistribution(0.3, 1.0),
        "bagging_fraction": FloatDistribution(0.5, 1.0),
        "lambda_l1": FloatDistribution(1e-8, 10.0, log=True),
        "lambda_l2": FloatDistribution(1e-8, 30.0, log=True),
    },
    "xgboost": {
        "learning_rate": FloatDistribution(0.015, 0.15, log=True),
        "max_depth": IntDistribution(2, 10),
        "min_child_weight": FloatDistribution(1e-6, 30.0, log=True),
        "subsample": FloatDistribution(0.5, 1.0),
        "colsample_bytree": FloatDistribution(0.3, 1.0),
        "reg_alpha": FloatDistribution(1e-8, 10.0, log=True),
        "reg_lambda": FloatDistribution(1e-3, 30.0, log=True),
    },
    "catboost": {
        "learning_rate": FloatDistribution(0.03, 0.2, log=True),
        "depth": IntDistribution(3, 8),
        "l2_leaf_reg": FloatDistribution(0.5, 30.0, log=True),
        "random_strength": FloatDistribution(0.05, 10.0, log=True),
        "bagging_temperature": FloatDistribution(0.0, 2.0),
    },
}

# What no trial varies. LightGBM and XGBoost have half their usual bins: histograms are most of the time of a round on the small
# tables that rare classes come in, and what finer ones buy is within the error (benchmarks/ablation.py). CatBoost is
# better with all of its borders (the same). Without bagging_freq LightGBM ignores bagging_fraction.
# CatBoost by itself takes 10 Newton steps a leaf, and target statistics for each column of more than two categories.
_FIXED: dict[str, dict[str, Any]] = {
    "lightgbm": {"max_bin": 127, "bagging_freq": 1},
    "xgboost": {"max_bin": 128},
    "catboost": {"border_count": 254, "leaf_estimation_iterations": 3, "one_hot_max_size": 32},
}


@dataclass(frozen=True)
class Plan:
    """One trial, decided: what to train with."""

    booster: str
    params: Params
    class_weight: float
    loss: str | AnyLoss
    gamma: float
    resampler: AnyResampler
    task: Task = TwoClasses()  # noqa: RUF009 - a frozen value

    @property
    def learning_rate(self) -> float:
        """The booster's step; a user's space may call it by an alias, or leave it out."""
        names = ("learning_rate", "eta", "shrinkage_rate")
        return float(next((self.params[name] for name in names if name in self.params), 0.1))

    def loss_for(self, *sums: float) -> AnyLoss:
        """Return the loss with the class weight of rows of which the positives and negatives, or each class, weigh so much."""
        return self.task.loss(self.loss, self.gamma, self.class_weight, sums) if isinstance(self.loss, str) else self.loss


@dataclass(frozen=True)
class Levers:
    """What the search may choose among."""

    boosters: tuple[str, ...]
    losses: tuple[str | AnyLoss, ...]
    resamplers: tuple[AnyResampler, ...]
    counts: tuple[int, int]  # positives and negatives in the table; of several classes the smallest and the largest
    space: Space | None = None
    task: Task = TwoClasses()  # noqa: RUF009 - a frozen value

    def starts(self) -> list[dict[str, Any]]:
        """Return the first trials: good defaults, without any lever, then with one lever alone.

        Each booster's without a lever, each booster's with a half-strength class weight, and the first booster's with each of the
        other levers. So whatever is found later has been tried against it, and what a lever does by itself is known.
        """
        if self.space is not None or "log_loss" not in self.losses or "none" not in [r.name for r in self.resamplers]:
            return []  # a space of the user's own may not hold the defaults
        alone: list[dict[str, Any]] = (
            [{"loss": "focal", "focal_gamma": 1.0}] if "focal" in self._losses_of(self.boosters[0]) else []
        )
        alone += [{"loss": "asymmetric", "asymmetric_gamma": 2.0}] if "asymmetric" in self.losses else []
        for resampler in self.resamplers:
            if isinstance(resampler, Resampler) and resampler.name != "none":
                ratios = ratio_range(resampler.name, *self.counts)
                middle = {} if ratios is None else {f"{resampler.name}.ratio": float(np.sqrt(ratios[0] * ratios[1]))}
                alone.append({"sampler": resampler.name, **middle})
        plain = [
            {
                "booster": booster,
                **{f"{booster}.{name}": value for name, value in DEFAULTS[booster].items()},
                "class_weight": 0.0,
                "loss": "log_loss",
                "sampler": "none",
            }
            for booster in self.boosters
        ]
        return [*plain, *({**each, "class_weight": 0.5} for each in plain), *({**plain[0], **lever} for lever in alone)]

    def draw(self, trial: optuna.trial.BaseTrial) -> Plan:
        """Ask a trial for all its values."""
        booster = trial.suggest_categorical("booster", self.boosters)
        params = self._params(trial, booster)
        losses = self._losses_of(booster)
        names = tuple(map(_name_of, losses))
        loss = losses[0]
        if losses == self.losses or len(losses) > 1:
            loss = losses[names.index(trial.suggest_categorical(self._name_of_choice(booster), names))]
        gamma = 0.0
        if loss == "focal":
            gamma = trial.suggest_float("focal_gamma", 0.25, 4.0)
        elif loss == "asymmetric":
            gamma = trial.suggest_float("asymmetric_gamma", 1.0, 6.0)
        # A loss of the user's own carries the class weight that they gave it.
        weight = trial.suggest_float("class_weight", 0.0, 1.0) if isinstance(loss, str) else 0.0
        return Plan(booster, params, weight, loss, gamma, self._resampler(trial), self.task)

    def told(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a trial with its loss among them, also where its booster had no choice of it."""
        booster = params["booster"]
        return {"loss": params.get(self._name_of_choice(booster), _name_of(self._losses_of(booster)[0])), **params}

    def _losses_of(self, booster: str) -> tuple[str | AnyLoss, ...]:
        """Return the losses that a booster takes."""
        if booster == "catboost" and isinstance(self.task, SeveralClasses):
            return tuple(filter(suits_catboost, self.losses))
        return self.losses

    def _name_of_choice(self, booster: str) -> str:
        """Return the parameter of the loss: Optuna keeps one list of choices a name."""
        return "loss" if self._losses_of(booster) == self.losses else f"loss_{booster}"

    def _params(self, trial: optuna.trial.BaseTrial, booster: str) -> dict[str, Any]:
        if callable(self.space):
            return {**_FIXED[booster], **self.space(trial, booster)}
        ranges = _RANGES[booster] if self.space is None else self.space[booster]
        drawn = {
            name: suggest(trial, f"{booster}.{name}", range_) if isinstance(range_, BaseDistribution) else range_
            for name, range_ in ranges.items()
        }
        return {**_FIXED[booster], **drawn}

    def _resampler(self, trial: optuna.trial.BaseTrial) -> AnyResampler:
        names = tuple(resampler.name for resampler in self.resamplers)
        chosen = self.resamplers[names.index(trial.suggest_categorical("sampler", names))]
        if not isinstance(chosen, Resampler) or (ratios := ratio_range(chosen.name, *self.counts)) is None:
            return chosen
        # A range for each sampler, so a name for each: Optuna keeps one range a name.
        return chosen.with_ratio(trial.suggest_float(f"{chosen.name}.ratio", *ratios, log=True))


def _name_of(loss: str | AnyLoss) -> str:
    return loss if isinstance(loss, str) else repr(loss)


def check_losses(losses: Any, task: Task = TwoClasses(), boosters: Sequence[str] = ()) -> tuple[str | AnyLoss, ...]:  # noqa: B008
    """Return the losses that the search may choose among, checked."""
    if isinstance(losses, str):
        if losses == "auto":
            return ("log_loss", "focal")
        losses = [losses]
    chosen = tuple(losses) if isinstance(losses, Sequence) else (losses,)
    if not chosen:
        raise ValueError("losses must name at least one loss")
    task.losses(chosen, boosters)
    return chosen


def check_space(space: Any, boosters: tuple[str, ...]) -> Space | None:
    """Return a user's space, checked: a function of trial and booster, or a mapping for each booster."""
    if space is None or callable(space):
        return space
    if not isinstance(space, Mapping) or not all(isinstance(entry, Mapping) for entry in space.values()):
        raise TypeError(
            "space must be a function (trial, booster) -> params, or a dict {booster: {parameter: distribution or value}}"
        )
    absent = [name for name in boosters if name not in space]
    if absent:
        raise ValueError(f"space must have an entry for each booster of the search, and {absent[0]!r} has none")
    return space


def suggest(trial: optuna.trial.BaseTrial, name: str, distribution: BaseDistribution) -> Any:
    """Ask a trial for a value of a distribution."""
    if isinstance(distribution, FloatDistribution):
        return trial.suggest_float(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
    assert isinstance(distribution, CategoricalDistribution)
    return trial.suggest_categorical(name, distribution.choices)
