"""XGBoost on a CUDA device with nothing copied through the host between rounds.

``xgboost.train`` hands a custom objective its margins as a NumPy array each round, also on ``device="cuda"``, and takes gradients
from wherever they are. On that plain route, `boostimb.boosters.xgboost.train` with ``{"device": "cuda"}``, 12 bytes a row are
copied in each round. Here the margins stay on the device: after each round the new tree's predictions are added to them, and
gradients, hessians and average precision are computed there by the formulas of the kernels.

It runs on NumPy arrays and ``device="cpu"`` too, to the same models.
"""

from typing import Any, NamedTuple

import numpy as np
import xgboost as xgb
from scipy.special import logit

from boostimb.boosters._base import Params
from boostimb.boosters.xgboost import _plan, _shifted
from boostimb.losses import LogLoss
from boostimb.typing import Loss, Metric
from boostimb.validation import check_choice, check_integer, cupy, on_device, to_host


class Rows(NamedTuple):
    """A table of shape (n, n_features), labels 0 and 1 and, optionally, weights of shape (n,): CuPy or NumPy arrays."""

    X: Any
    y: Any
    weight: Any = None


def train(
    params: Params,
    data: Rows,
    num_boost_round: int = 10,
    *,
    loss: Loss | None = None,
    metric: Metric | None = None,
    valid: Rows | None = None,
    early_stopping_rounds: int | None = None,
    evals_result: dict[str, list[float]] | None = None,
) -> xgb.Booster:
    """Train on rows that lie on a device, margins and gradients with them.

    Parameters
    ----------
    params : mapping
        As for `boostimb.boosters.xgboost.train`; ``device`` is "cuda" where the table is a CuPy array, unless it says otherwise.
    data : Rows
        Training rows. The table is binned once and must stay as it is until the training ends.
    num_boost_round : int
        Number of rounds.
    loss : Loss, default LogLoss()
        What to minimise. A loss without a formula for the device (see ``boostimb/losses/_gpu.py``) gets its margins by the host.
    metric : Metric, optional
        Evaluated on ``valid`` after each round.
    valid : Rows, optional
        Validation rows.
    early_stopping_rounds : int, optional
        Stop after so many rounds without a better value of ``metric``; ``best_iteration`` and ``best_score`` are then set.
    evals_result : dict, optional
        Takes the values of the metric, under its name.

    Returns
    -------
    xgboost.Booster
        What `boostimb.boosters.xgboost.train` returns.

    Raises
    ------
    ValueError
        For a parameter that the loss carries, labels other than 0 and 1, a ``booster`` other than "gbtree", or early stopping
        without a metric and validation rows.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> from boostimb.boosters.xgboost_gpu import Rows, train
    >>> X = np.random.default_rng(0).normal(size=(500, 3))  # or a CuPy array
    >>> y = (X[:, 0] > 1.5).astype(int)
    >>> model = train({"max_depth": 3}, Rows(X, y), 20, loss=bi.FocalLoss())
    >>> model.num_boosted_rounds()
    20
    """
    # The trees of dart are weighed anew each round, so that margins are no running sum.
    check_choice("booster", params.get("booster", "gbtree"), ("gbtree",))
    if early_stopping_rounds is not None:
        check_integer("early_stopping_rounds", early_stopping_rounds, least=1)
        if metric is None or valid is None:
            raise ValueError("early_stopping_rounds needs metric= and valid=, to stop on")
    loss = LogLoss() if loss is None else loss
    y, weight = to_host(data.y), to_host(data.weight)
    plan = _plan({"device": "cuda" if on_device(data.X) else "cpu", **params}, loss, y, weight)
    matrix = xgb.QuantileDMatrix(data.X, label=y, weight=weight, max_bin=int(params.get("max_bin", 256)))
    booster = xgb.Booster({**plan.params, "disable_default_eval_metric": 1}, cache=[matrix])
    start = float(logit(np.float32(plan.params["base_score"])))
    seen = _Margins(valid, start) if valid is not None and metric is not None else None
    value = metric.bind(to_host(valid.y), to_host(valid.weight)) if valid is not None and metric is not None else None
    gradient = None if plan.objective is None else loss.bind(y, weight, scale=loss.log_loss_scale(y, weight))
    own = None if gradient is None else _Margins(data, start)
    best, values = -1, []
    for at in range(num_boost_round):
        if gradient is None or own is None:  # log-loss runs on XGBoost's own objective, on the device already
            booster.update(matrix, at)
        else:
            grad, hess = gradient(own.latest)
            booster.boost(matrix, at, grad=grad, hess=hess)
            own.add(booster, at)
        if seen is None or value is None or metric is None:
            continue
        seen.add(booster, at)
        values.append(value(seen.latest))
        if best < 0 or (values[at] > values[best] if metric.greater_is_better else values[at] < values[best]):
            best = at
        if early_stopping_rounds is not None and at - best >= early_stopping_rounds:
            break
    if early_stopping_rounds is not None and values:
        booster.best_iteration, booster.best_score = best, values[best]
    if evals_result is not None and metric is not None:
        evals_result[metric.name] = values
    return booster if plan.shift is None else _shifted(booster, plan.shift)


class _Margins:
    """The margins of some rows, kept where their table is, one round after the other."""

    def __init__(self, rows: Rows, start: float) -> None:
        xp = cupy() if on_device(rows.X) else np
        self._table = rows.X
        self.latest: Any = xp.full(rows.X.shape[0], start, dtype=xp.float32)

    def add(self, booster: xgb.Booster, at: int) -> None:
        """Add what the trees of round ``at`` say."""
        self.latest = booster.inplace_predict(
            self._table, iteration_range=(at, at + 1), predict_type="margin", base_margin=self.latest
        )
