"""From the chosen trials to the members of the final model."""

import time
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

from boostimb.boosters import Model
from boostimb.model import Member
from boostimb.search._folds import Data
from boostimb.search._select import Choice
from boostimb.search._trial import Outcome, Workers, refit_on_all
from boostimb.validation import warn

# More rows bear more rounds.
REFIT_ROUNDS = 1.15


@dataclass
class Trained:
    """A finished trial: what is told of it, what it left behind, its calibration, and the log-loss of its calibrated margins."""

    row: dict[str, Any]
    outcome: Outcome
    line: Any  # of the task's kind
    log_loss: float

    def forget_models(self) -> None:
        """Free the fold models, which are most of what a trial holds."""
        self.outcome = replace(self.outcome, models=())


def final_members(
    choice: Choice, trained: Sequence[Trained], all_rows: bool, data: Data, workers: Workers, seed: int, deadline: float | None
) -> list[Member]:
    """Return the models of the chosen trials as members of an ensemble.

    Fold models together are better than one model of all rows, and as good as with it (benchmarks/ablation.py).

    Parameters
    ----------
    choice : Choice
        The trials, their weights and calibrations.
    trained : sequence of Trained
        All trials; those chosen have their fold models.
    all_rows : bool
        Whether to train each trial once more, on all rows, and to take that model in the place of its fold models.
    data : Data
        All rows.
    workers : Workers
        The cores.
    seed : int
        Of the trainings.
    deadline : float or None
        Moment of ``time.monotonic()`` at which trainings that are not through are given up; fold models then take their place.
    """
    outcomes = [trained[at].outcome for at in choice.trials]
    again: list[Model | None] = [None] * len(outcomes)
    if all_rows:
        again = _train_again(outcomes, data, workers, seed, deadline)
        late = sum(model is None for model in again)
        if late and deadline is not None and time.monotonic() > deadline:
            warn(
                f"{late} of {len(again)} models of all rows were not trained in time, and fold models, which have seen a part of "
                "the rows, stand in for them: give more time",
                RuntimeWarning,
            )
    members = []
    for outcome, weight, line, model in zip(outcomes, choice.weights, choice.calibrations, again, strict=True):
        models = outcome.models if model is None else (model,)
        members += [Member(outcome.plan.booster, each, weight / len(models), line.scale, line.offset) for each in models]
    return members


def _train_again(
    outcomes: Sequence[Outcome], data: Data, workers: Workers, seed: int, deadline: float | None
) -> list[Model | None]:
    """Train the plans of some trials on all rows, side by side; None for one that is not through at the deadline.

    An interrupt counts as the deadline. A plan that is refused for all rows, as by a sampler that counts them, is left out with
    a warning: what is finished is not to be lost for it.
    """
    stop = Event()

    def is_over() -> bool:
        return stop.is_set() or (deadline is not None and time.monotonic() > deadline)

    # A single model, or few, share all cores.
    workers = replace(workers, threads=max(1, workers.cores // min(len(outcomes), len(workers.lanes))))
    futures = [
        workers.lanes[at % len(workers.lanes)].submit(
            refit_on_all, outcome.plan, round(REFIT_ROUNDS * outcome.n_rounds), data, workers, seed, is_over
        )
        for at, outcome in enumerate(outcomes)
    ]
    try:
        wait(futures)
    except KeyboardInterrupt:
        stop.set()
        warn("interrupted: models of all rows that are not trained are left out, and fold models stand in for them", RuntimeWarning)
    models: list[Model | None] = []
    for future in futures:
        try:
            models.append(future.result())
        except ValueError as error:
            warn(f"a model of all rows was left out, and fold models stand in for it: {error}", RuntimeWarning)
            models.append(None)
    return models
