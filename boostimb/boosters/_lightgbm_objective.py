"""A loss as LightGBM calls it, and what makes a trained booster whole: start, link and the shift to the posterior."""

from typing import Any

import lightgbm as lgb
import numpy as np

from boostimb.boosters._base import ClassStart
from boostimb.boosters._lightgbm_text import merge as merge_texts
from boostimb.losses import SoftmaxFocalLoss
from boostimb.typing import BoundLoss, Loss, MarginArray


class Objective:
    """A loss with labels, weights and start fixed, as LightGBM calls it; and what makes a trained booster whole."""

    def __init__(self, loss: Loss, *, restart: bool = False) -> None:
        self._loss, self._restart = loss, restart
        self._bound: BoundLoss | None = None
        self._init = 0.0

    def bind(self, data: lgb.Dataset) -> None:
        """Fetch labels and weights, once; they are to be had when the Dataset has been built."""
        y, weight = data.get_label(), data.get_weight()
        if not self._restart:  # a model that is trained further has its start in its leaves already
            self._init = self._loss.init_raw(y, weight)
        self._bound = self._loss.bind(y, weight, scale=self._loss.log_loss_scale(y, weight), start=self._init)

    def __call__(self, raw: MarginArray, data: lgb.Dataset) -> tuple[Any, Any]:
        if self._bound is None:
            self.bind(data)
        assert self._bound is not None
        return self._bound(raw)

    def margins(self, raw: MarginArray) -> MarginArray:
        """Return the margins with the start added."""
        return raw + self._init

    def part(self, booster: lgb.Booster, n_rounds: int) -> str:
        """Return the text of the booster's first rounds with start and link in it; its margins are those of the loss."""
        return merge_texts([booster.model_to_string(num_iteration=n_rounds)], [1.0], [self._init])

    def finish(self, booster: lgb.Booster) -> lgb.Booster:
        """Return the booster with start and link in its text, and the shift that makes of them the posterior."""
        shift = self._init + (self._loss.posterior_shift or 0.0)
        return lgb.Booster(model_str=merge_texts([booster.model_to_string(num_iteration=-1)], [1.0], [shift]))


class ObjectiveOfClasses:
    """The same for several classes, with a start for each."""

    def __init__(self, loss: SoftmaxFocalLoss, y: Any, weight: Any, *, restart: bool) -> None:
        self._loss, self._start = loss, ClassStart.of(loss, y, weight)
        self.n_classes = self._start.init.size
        self._init = np.zeros(self.n_classes) if restart else self._start.init
        self._bound = loss.bind(y, weight, n_classes=self.n_classes, scale=self._start.scale)

    def __call__(self, raw: MarginArray, _: lgb.Dataset) -> tuple[Any, Any]:
        return self._bound(self.margins(raw))

    def margins(self, raw: MarginArray) -> MarginArray:
        """Return the margins with the starts added."""
        return raw + self._init

    def part(self, booster: lgb.Booster, n_rounds: int) -> str:
        """Return the text of the booster's first rounds with starts and link in it; its margins are those of the loss."""
        return merge_texts([booster.model_to_string(num_iteration=n_rounds)], [1.0], self._init.tolist())

    def log_loss(self, raw: MarginArray, data: lgb.Dataset) -> tuple[str, float, bool]:
        """Log-loss of the posterior: LightGBM's own would take the margins for probabilities."""
        proba = self._loss.predict_proba(raw + self._init)
        y, tiny = np.asarray(data.get_label(), np.intp), np.finfo(np.float64).tiny
        value = -np.average(np.log(np.maximum(proba[np.arange(y.size), y], tiny)), weights=data.get_weight())
        return "multi_logloss", float(value), False

    def finish(self, booster: lgb.Booster) -> lgb.Booster:
        shift = self._init if self._start.shift is None else self._init + self._start.shift
        return lgb.Booster(model_str=merge_texts([booster.model_to_string(num_iteration=-1)], [1.0], shift.tolist()))
