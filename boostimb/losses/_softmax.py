"""Focal loss over more than two classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from boostimb.losses._adapters import objective_arguments
from boostimb.losses._multiclass import BoundSoftmaxLoss, check_classes, check_margins, log_proba, row_weights
from boostimb.typing import FloatArray, GradHess
from boostimb.validation import check_length, check_number, check_weight


@dataclass(frozen=True)
class SoftmaxFocalLoss:
    """Focal loss of a class label and one margin for each class: ``w[y] * (1 - p[y])**gamma * -ln(p[y])``, ``p = softmax(raw)``.

    An objective for XGBoost, LightGBM and CatBoost, native or through scikit-learn, where the booster is told the number of
    classes. At gamma 0 it is the weighted softmax cross-entropy.

    The hessian handed over is ``w[y] * c * p * (1 - p)``, with c the factor by which the gradient differs from that of
    softmax cross-entropy: always positive, and with the step lengths of softmax cross-entropy.

    Parameters
    ----------
    gamma : float, default 2.0
        Focus, from 0 (cross-entropy) to 100.
    class_weight : sequence of float, optional
        Factors > 0 on the loss of each class, in the order of the labels 0, 1, ...; None weighs all 1. See `class_weights`.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    References
    ----------
    Lin et al. 2017, arXiv 1708.02002. Posterior: Charoenphakdee et al. 2021, arXiv 2011.09172, generalised to class weights.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb import SoftmaxFocalLoss
    >>> loss = SoftmaxFocalLoss(gamma=2.0)
    >>> grad, hess = loss.grad_hess([2], np.zeros((1, 3)))
    >>> grad.astype(float).round(4).tolist()
    [[0.3109, 0.3109, -0.6218]]
    """

    gamma: float = 2.0
    class_weight: Sequence[float] | None = None

    # CatBoost would compile the methods by numba on its own, and warn that it cannot.
    no_jit: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "gamma", check_number("gamma", self.gamma, least=0, most=100))
        if self.class_weight is not None:
            weights = tuple(check_number("class_weight", w, above=0) for w in self.class_weight)
            object.__setattr__(self, "class_weight", weights)

    @property
    def __name__(self) -> str:
        """The name of the class: boosters ask an objective for it."""
        return type(self).__qualname__

    def loss(self, y_true: ArrayLike, raw: ArrayLike, sample_weight: ArrayLike | None = None) -> FloatArray:
        """Value of the weighted loss for each sample.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0, 1, ..., n_classes - 1.
        raw : array-like of shape (n, n_classes)
            Finite margins.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        ndarray of shape (n,), float64
            At least 0.

        Raises
        ------
        ValueError
            If labels, margins or weights break the rules above.
        """
        margins = check_margins(raw)
        y = check_classes(y_true, margins.shape[1])
        check_length("raw", margins, y.size)
        log_p, log_q = (part[np.arange(y.size), y] for part in log_proba(margins))
        out: FloatArray = np.exp(self.gamma * log_q) * -log_p * row_weights(self.weights_of(margins.shape[1]), y, sample_weight)
        return out

    def grad_hess(self, y_true: ArrayLike, raw: ArrayLike, sample_weight: ArrayLike | None = None) -> GradHess:
        """First derivative of the weighted loss by each margin, and a positive stand-in for the second.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0, 1, ..., n_classes - 1.
        raw : array-like of shape (n, n_classes)
            Finite margins.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        grad, hess : ndarrays of shape (n, n_classes), float32
            The rows of the gradient sum to 0.

        Raises
        ------
        ValueError
            If labels, margins or weights break the rules above.
        """
        n_classes = check_margins(raw).shape[1]
        return BoundSoftmaxLoss(self, y_true, n_classes, sample_weight)(raw)

    def bind(
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None, *, n_classes: int | None = None, scale: float = 1.0
    ) -> BoundSoftmaxLoss:
        """Check and convert labels and weights once, for a training that asks for gradients every round.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0, 1, ..., n_classes - 1.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.
        n_classes : int, optional
            Number of columns of the margins; None takes the largest label plus 1.
        scale : float, default 1.0
            Factor > 0 on gradient and hessian.

        Returns
        -------
        callable
            Maps margins of shape (n, n_classes) to ``(grad, hess)``, float32 arrays of that shape, which stay the caller's for
            as long as he keeps them. Threads may share it. It does not check that the margins are finite.
        """
        if n_classes is None:
            n_classes = int(check_classes(y_true, None).max(initial=1)) + 1
        return BoundSoftmaxLoss(self, y_true, n_classes, sample_weight, check_number("scale", scale, above=0))

    def predict_proba(self, raw: ArrayLike) -> FloatArray:
        """P(y | raw), the true posterior under this loss and its class weights, not ``softmax(raw)``.

        On average over labels drawn from the posterior h, the gradient vanishes: ``h[k] * w[k] * c[k]`` is proportional to p[k].

        Parameters
        ----------
        raw : array-like of shape (n, n_classes)
            Finite margins.

        Returns
        -------
        ndarray of shape (n, n_classes), float64
            Rows of probabilities that sum to 1.
        """
        margins = check_margins(raw)
        log_p, log_q = log_proba(margins)
        log_odds = log_p - self.log_factor(log_p, log_q) - np.log(self.weights_of(margins.shape[1]))
        proba = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
        proba /= proba.sum(axis=1, keepdims=True)
        return proba

    def init_raw(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> FloatArray:
        """Constant margins that minimise the weighted loss: where the posterior equals the weighted rates of the classes.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0, 1, ..., n_classes - 1, each present with a weight > 0.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        ndarray of shape (n_classes,), float64
            Margins with mean 0.

        Raises
        ------
        ValueError
            If a class is missing.
        """
        y = check_classes(y_true, None)
        weight = check_weight(sample_weight, y.size)
        total = np.bincount(y, weights=weight)
        if total.size < 2 or not (total > 0).all():
            raise ValueError(
                f"y_true must hold every label from 0 to at least 1 with a weight > 0, got weights of {total.tolist()}"
            )
        goal = np.log(total / total.sum() * self.weights_of(total.size))

        # p / c grows with p: its inverse for each class, then the common factor at which the p sum to 1.
        def log_p(shift: float) -> FloatArray:
            low, high = np.full(goal.size, -800.0), np.full(goal.size, 800.0)
            for _ in range(80):
                middle = (low + high) / 2
                lp, lq = -np.logaddexp(0, -middle), -np.logaddexp(0, middle)
                above = lp - self.log_factor(lp, lq) > goal + shift
                low, high = np.where(above, low, middle), np.where(above, middle, high)
            out: FloatArray = -np.logaddexp(0, -low)
            return out

        shift = brentq(lambda s: np.log(np.exp(log_p(s)).sum()), -700.0, 700.0, xtol=1e-12)
        start = log_p(shift)
        return start - start.mean()

    def torch(self, *, reduction: str = "mean") -> Any:
        """Return this loss for PyTorch, a ``torch.nn.Module`` called as ``(logits, target, sample_weight=None)``.

        As `MarginLoss.torch`, with logits of shape (n, n_classes) and labels of shape (n,).
        """
        from boostimb.losses._torch import as_module

        return as_module(self, reduction)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None) -> GradHess:
        """Act as an objective: ``(y_true, raw, sample_weight)``, or ``(raw, data)`` as ``xgb.train`` and ``lgb.train`` call it."""
        return self.grad_hess(*objective_arguments(y_true, y_pred, sample_weight))

    def calc_ders_multi(self, approx: ArrayLike, target: float, weight: float) -> tuple[FloatArray, FloatArray]:
        """Act as a CatBoost objective for one row: minus gradient (n_classes,) and minus hessian (n_classes, n_classes)."""
        # In plain Python: for a handful of numbers a call to NumPy takes longer than all of this.
        margins, label = [float(z) for z in approx], int(target)  # type: ignore[union-attr, arg-type]  # a sequence of numbers
        n_classes, top = len(margins), max(margins)
        e = [exp(z - top) for z in margins]
        total = sum(e)
        p = [each / total for each in e]
        q = [sum(e[:k] + e[k + 1 :]) / total for k in range(n_classes)]
        log_p = -log1p(q[label] / p[label]) if p[label] > 0.0 else margins[label] - top - log(total)
        slope = q[label] ** self.gamma * (1.0 - self.gamma * (p[label] * log_p / q[label] if q[label] > 0.0 else -1.0))
        if self.class_weight is not None:
            slope *= float(self.weights_of(n_classes)[label])
        factor = slope * weight
        minus_grad = [-factor * each for each in p]
        minus_grad[label] = factor * q[label]
        minus_hess = [[factor * a * b for b in p] for a in p]
        for k in range(n_classes):
            minus_hess[k][k] = -factor * p[k] * q[k]
        return np.array(minus_grad), np.array(minus_hess)

    def log_factor(self, log_p: FloatArray, log_q: FloatArray) -> FloatArray:
        """``ln c``, with ``c = q**gamma * (1 - gamma * p * ln(p) / q)`` the gradient over that of cross-entropy."""
        # -p ln(p) / q tends to 1 as q vanishes, and is 1 to float64 below e**-36.
        near = np.maximum(log_q, -36.0)
        ratio = np.where(log_q > -36.0, np.exp(log_p - near) * -log_p, 1.0)
        out: FloatArray = self.gamma * log_q + np.log1p(self.gamma * ratio)
        return out

    def weights_of(self, n_classes: int) -> FloatArray:
        """Weights of the classes, shape (n_classes,); raises if ``class_weight`` is of another length."""
        if self.class_weight is None:
            return np.ones(n_classes)
        if len(self.class_weight) != n_classes:
            raise ValueError(
                f"class_weight must have one entry for each class, got {len(self.class_weight)} for {n_classes} classes"
            )
        return np.array(self.class_weight)
