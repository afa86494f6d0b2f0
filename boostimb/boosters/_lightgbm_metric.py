"""What LightGBM reports of a training, and when it stops on it."""

from collections.abc import Callable
from typing import Any

import lightgbm as lgb

from boostimb.boosters._base import OnData, Params
from boostimb.typing import MarginArray, Metric

# Functions of the order alone: LightGBM's others would read margins without their start, and as if they were probabilities.
_OF_ORDER = ("auc", "average_precision")
_NONE = ("none", "null", "custom", "na")


def check_metrics(params: Params, *, beside: bool) -> None:
    """Raise for a metric in params that LightGBM would get wrong, or, ``beside`` one of ours, not evaluate."""
    allowed = () if beside else _OF_ORDER
    reason = (
        "another metric takes its place"
        if beside
        else "others read margins as probabilities; pass metric=, for example boostimb.PRAUC()"
    )
    for key in ("metric", "metrics", "metric_types"):
        given = params.get(key) or ()
        for name in given.split(",") if isinstance(given, str) else given:
            if str(name).strip().lower() not in allowed + _NONE:
                raise ValueError(f"{key} must be {' or '.join((*allowed, 'none'))} in params: {reason}; got {name!r}")


def feval_of(metric: Metric) -> Callable[[MarginArray, lgb.Dataset], tuple[str, float, bool]]:
    """Return ``metric`` as LightGBM calls it."""
    value = OnData(metric)
    return lambda raw, data: (metric.name, value(raw, data), metric.greater_is_better)


class StopOnFirst:
    """LightGBM's early stopping, shown the one metric of the first validation set alone: it stops when any set stalls.

    ``after_train`` says that the training rows are evaluated too, which LightGBM does before the others.
    """

    before_iteration = False

    def __init__(self, rounds: int, *, after_train: bool) -> None:
        self._stop = lgb.early_stopping(rounds, verbose=False)
        self.order = self._stop.order
        self._first = slice(after_train, after_train + 1)
        self._seen: list[Any] = []

    def __call__(self, env: Any) -> None:
        """Look at the results of a round; LightGBM ends the training on the error that this raises."""
        self._seen.append(env.evaluation_result_list)
        # Without a model: by its names LightGBM would take a set that is called as the training rows are for these.
        told = {"model": None, **{key: getattr(env, key) for key in ("params", "iteration", "begin_iteration", "end_iteration")}}
        try:
            self._stop(lgb.callback.CallbackEnv(**told, evaluation_result_list=env.evaluation_result_list[self._first]))
        except lgb.EarlyStopException as stopped:
            best = stopped.best_iteration
            raise lgb.EarlyStopException(best, self._seen[best - env.begin_iteration]) from None
