"""A loss as LightGBM calls it, and what makes a trained booster whole: start, link and the shift to the posterior."""

from abc import ABC, abstractmethod
from typing import Any

import lightgbm as lgb
import numpy as np

from boostimb.boosters._base import ClassStart
from boostimb.boosters._lightgbm_text import merge as merge_texts
from boostimb.losses import SoftmaxFocalLoss
from boostimb.typing import BoundLoss, FloatArray, Loss, MarginArray


class _Objective(ABC):
    """A loss with labels, weights and start fixed; with ``restart``, for a model that is trained further.

    ``_init`` makes the loss's margins of LightGBM's, and ``_shift`` the posterior's of those.
    """

    def __init__(self, n_classes: int, *, restart: bool) -> None:
        self._restart = restart
        self._bound: BoundLoss | None = None
        self._init = self._shift = np.zeros(n_classes)

    @abstractmethod
    def bind(self, data: lgb.Dataset) -> None:
        """Fetch labels and weights, once; they are to be had when the Dataset has been built."""

    def _begin(self, init: FloatArray, shift: FloatArray, data: lgb.Dataset) -> None:
        self._shift = shift
        score = data.get_init_score()
        if self._restart:  # a model that is trained further has start and shift in its leaves already
            self._init = -shift
        # Beside scores of the user's the start is 0, as LightGBM's own is. Zeros are what an earlier init_model leaves there.
        elif score is None or not np.any(score):
            self._init = init

    def __call__(self, raw: MarginArray, data: lgb.Dataset) -> tuple[Any, Any]:
        if self._bound is None:
            self.bind(data)
        assert self._bound is not None
        return self._bound(raw)

    def margins(self, raw: MarginArray) -> MarginArray:
        """Return the margins of the loss."""
        return raw + self._init

    def part(self, booster: lgb.Booster, n_rounds: int) -> str:
        """Return the text of the booster's first rounds with start and link in it; its margins are those of the loss."""
        return merge_texts([booster.model_to_string(num_iteration=n_rounds)], [1.0], self._init.tolist())

    def finish(self, booster: lgb.Booster) -> lgb.Booster:
        """Return the booster with start and link in its text, and the shift that makes of them the posterior."""
        shift = (self._init + self._shift).tolist()
        return lgb.Booster(model_str=merge_texts([booster.model_to_string(num_iteration=-1)], [1.0], shift))


class Objective(_Objective):
    """A loss of two classes."""

    def __init__(self, loss: Loss, *, restart: bool = False) -> None:
        super().__init__(1, restart=restart)
        self._loss = loss

    def bind(self, data: lgb.Dataset) -> None:
        y, weight = data.get_label(), data.get_weight()
        self._begin(np.array([self._loss.init_raw(y, weight)]), np.array([self._loss.posterior_shift or 0.0]), data)
        self._bound = self._loss.bind(y, weight, scale=self._loss.log_loss_scale(y, weight), start=float(self._init[0]))


class ObjectiveOfClasses(_Objective):
    """A loss of several classes, with a start for each."""

    def __init__(self, loss: SoftmaxFocalLoss, n_classes: int, *, restart: bool = False) -> None:
        super().__init__(n_classes, restart=restart)
        self._loss, self.n_classes = loss, n_classes

    def bind(self, data: lgb.Dataset) -> None:
        y, weight = data.get_label(), data.get_weight()
        start = ClassStart.of(self._loss, y, weight)
        self._begin(start.init, np.zeros(self.n_classes) if start.shift is None else start.shift, data)
        bound, init = self._loss.bind(y, weight, n_classes=self.n_classes, scale=start.scale), self._init
        self._bound = lambda raw: bound(raw + init)

    def log_loss(self, raw: MarginArray, data: lgb.Dataset) -> tuple[str, float, bool]:
        """Log-loss of the posterior: LightGBM's own would take the margins for probabilities."""
        proba = self._loss.predict_proba(self.margins(raw))
        y, tiny = np.asarray(data.get_label(), np.intp), np.finfo(np.float64).tiny
        value = -np.average(np.log(np.maximum(proba[np.arange(y.size), y], tiny)), weights=data.get_weight())
        return "multi_logloss", float(value), False
