"""The base of every binary margin loss: from value, slope and curvature to all that a booster asks for."""

from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from boostimb.losses._adapters import native_data, objective_arguments
from boostimb.losses._bound import BoundMarginLoss, Kernel
from boostimb.losses._chunks import ChunkObjective
from boostimb.losses._reference import by_label, log_loss_scale, posterior_logit, rate_of_positives, start_value
from boostimb.typing import FloatArray, GradHess
from boostimb.validation import as_vector, check_binary, check_choice, check_number, check_scores, check_weight, on_device

HESSIANS = ("expected", "exact", "clamp", "guarded")


@dataclass(frozen=True, repr=False)
class MarginLoss:
    """A loss of a binary label and a raw margin, and everything that follows from its three pieces.

    A loss of your own is a frozen dataclass with three small NumPy functions; see the example. It then goes to
    XGBoost, LightGBM and CatBoost, native or through scikit-learn, has its start value and its true posterior,
    and is tested by :func:`boostimb.losses.testing.check_loss`.

    The pieces ``value``, ``slope`` and ``curvature`` take the label (0 or 1) and float64 margins of shape (n,), leave
    ``pos_weight`` out, and return float64 of shape (n,). Write them without clipping: with ``u = raw if label else -raw``,
    in ``np.logaddexp(0, u)`` and ``scipy.special.expit``, so that they are finite at any margin.

    ========== ======================================================================================
    hessian    second derivative handed to the booster
    ========== ======================================================================================
    exact      the curvature itself, which is negative where the loss is not convex
    clamp      the curvature, but at least ``|slope| * sigmoid(u)``: no Newton step exceeds log-loss's
    expected   the mean curvature over the label, drawn from the posterior at this margin
    guarded    the expected one, with the floor of ``clamp``
    ========== ======================================================================================

    Parameters
    ----------
    pos_weight : float, default 1.0
        Factor > 0 on the loss of positives. The posterior undoes it: ``predict_proba`` stays a probability.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from scipy.special import expit
    >>> from boostimb.losses import MarginLoss
    >>> @dataclass(frozen=True)
    ... class SquaredProbability(MarginLoss):
    ...     def value(self, label, raw):
    ...         return expit(-raw if label else raw) ** 2
    ...
    ...     def slope(self, label, raw):
    ...         p, q = expit(raw), expit(-raw)  # not 1 - p, which is 0 from a margin of 37 on
    ...         return -2 * p * q * q if label else 2 * p * q * p
    ...
    ...     def curvature(self, label, raw):
    ...         p, q = expit(raw), expit(-raw)
    ...         return 2 * p * q * (q * (2 * p - q) if label else p * (2 * q - p))
    >>> loss = SquaredProbability(pos_weight=3.0)
    >>> round(float(loss.predict_proba(np.array([loss.init_raw([0, 0, 0, 1])]))[0]), 6)
    0.25
    """

    pos_weight: float = field(default=1.0, kw_only=True)

    hessian: ClassVar[str] = "guarded"
    # CatBoost would compile the methods by numba on its own, and warn that it cannot.
    no_jit: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._check_field("pos_weight", above=0)
        check_choice("hessian", self.hessian, HESSIANS)

    def _check_field(self, name: str, **bounds: float) -> None:
        """Check a number and keep it as a plain float, so that ``repr`` reads the same whatever kind of number came in."""
        object.__setattr__(self, name, check_number(name, getattr(self, name), **bounds))

    def __repr__(self) -> str:
        ordered = sorted((f for f in fields(self) if f.init), key=lambda f: bool(f.kw_only))
        return f"{type(self).__name__}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in ordered)})"

    @property
    def __name__(self) -> str:
        """The name of the class: boosters ask an objective for it."""
        return type(self).__qualname__.rpartition(".")[2]

    # ---- the pieces that a loss is made of ----

    def value(self, label: int, raw: FloatArray) -> FloatArray:
        """Loss of samples with this label, shape (n,), at least 0."""
        raise NotImplementedError(f"{type(self).__name__} must define value(label, raw)")

    def slope(self, label: int, raw: FloatArray) -> FloatArray:
        """First derivative of ``value`` by ``raw``, shape (n,): <= 0 for label 1 and >= 0 for label 0."""
        raise NotImplementedError(f"{type(self).__name__} must define slope(label, raw)")

    def curvature(self, label: int, raw: FloatArray) -> FloatArray:
        """Second derivative of ``value`` by ``raw``, shape (n,)."""
        raise NotImplementedError(f"{type(self).__name__} must define curvature(label, raw)")

    def log_slope(self, label: int, raw: FloatArray) -> FloatArray:
        """``ln |slope|``, shape (n,). Override it where the slope underflows within the margins that matter."""
        with np.errstate(divide="ignore"):
            log: FloatArray = np.log(np.abs(self.slope(label, raw)))
        return log

    @property
    def class_weight(self) -> tuple[float, float]:
        """Factors on the loss of negatives and of positives."""
        return 1.0, self.pos_weight

    @property
    def posterior_shift(self) -> float | None:
        """The constant c with ``logit P(y=1 | raw) = raw + c``, or None where the posterior is not of this form."""
        return None

    def _compiled(self) -> tuple[Kernel, tuple[Any, ...]] | None:
        """Kernel and its parameters after the constants (see ``_kernels.py``); None leaves the work to the NumPy pieces."""
        return None

    # ---- what follows from them ----

    def loss(self, y_true: ArrayLike, raw: ArrayLike, sample_weight: ArrayLike | None = None) -> FloatArray:
        """Value of the weighted loss for each sample.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0 and 1.
        raw : array-like of shape (n,)
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
        positive = check_binary(y_true)
        margins = check_scores("raw", raw, positive.size).astype(np.float64, copy=False)
        weight = check_weight(sample_weight, positive.size)
        out = by_label(self.value, positive, margins, self.class_weight)
        return out if weight is None else out * weight

    def grad_hess(self, y_true: ArrayLike, raw: ArrayLike, sample_weight: ArrayLike | None = None) -> GradHess:
        """First and second derivative of the weighted loss by the margin.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0 and 1.
        raw : array-like of shape (n,)
            Finite margins.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        grad, hess : ndarrays of shape (n,), float32
            The hessian is positive under every policy but "exact".

        Raises
        ------
        ValueError
            If labels, margins or weights break the rules above.
        """
        margins = as_vector("raw", raw)
        return BoundMarginLoss(self, y_true, sample_weight)(check_scores("raw", margins, margins.size))

    def bind(
        self, y_true: ArrayLike, sample_weight: ArrayLike | None = None, *, scale: float = 1.0, start: float = 0.0
    ) -> BoundMarginLoss:
        """Check and convert labels and weights once, for a training that asks for gradients every round.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0 and 1.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.
        scale : float, default 1.0
            Factor > 0 on gradient and hessian; see :meth:`log_loss_scale`.
        start : float, default 0.0
            Added to the margins, for a booster whose margins count from 0; see :meth:`init_raw`.

        Returns
        -------
        callable
            Maps margins of shape (n,) to ``(grad, hess)``, float32 arrays of shape (n,). They stay the caller's for as long as
            he keeps them or a view of them; once dropped, their memory serves the next call. Threads may share it. It does not
            check that the margins are finite. From some 300,000 rows on it works in threads of its own, as many as there are
            processors, or as the environment variable ``BOOSTIMB_NUM_THREADS`` says; the result is the same.
        """
        return BoundMarginLoss(self, y_true, sample_weight, check_number("scale", scale, above=0), check_number("start", start))

    def in_chunks(self, *, scale: float = 1.0, start: float = 0.0) -> ChunkObjective:
        """Return the objective that CatBoost calls with some hundred rows at a time.

        Parameters
        ----------
        scale : float, default 1.0
            Factor > 0 on gradient and hessian; see :meth:`log_loss_scale`.
        start : float, default 0.0
            Added to the margins, which count from 0 in CatBoost; see :meth:`init_raw`.
        """
        return ChunkObjective(self, check_number("scale", scale, above=0), check_number("start", start))

    def posterior_logit(self, raw: ArrayLike) -> FloatArray:
        """``logit P(y=1 | raw)``, shape (n,): the log-odds at which ``raw`` minimises the expected loss.

        At that minimum ``P * w1 * slope(1) + (1 - P) * w0 * slope(0) = 0``, so that the odds are a ratio of slopes. Taken in
        log space, it needs no clipping (Charoenphakdee et al. 2021, arXiv 2011.09172, generalised to class weights).
        """
        margins = as_vector("raw", raw)
        return posterior_logit(self, check_scores("raw", margins, margins.size).astype(np.float64, copy=False))

    def predict_proba(self, raw: ArrayLike) -> FloatArray:
        """P(y=1 | raw), the true posterior under this loss and its class weights, not ``sigmoid(raw)``.

        Parameters
        ----------
        raw : array-like of shape (n,)
            Finite margins.

        Returns
        -------
        ndarray of shape (n,), float64
            Probabilities that do not fall as the margin rises.
        """
        proba: FloatArray = expit(self.posterior_logit(raw))
        return proba

    def init_raw(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Constant margin that minimises the weighted loss: where the posterior equals the weighted rate of positives.

        Parameters
        ----------
        y_true : array-like of shape (n,)
            Labels 0 and 1, both present with a weight > 0.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        float
            The margin; within +-50, where a loss levels off before it reaches the rate.

        Raises
        ------
        ValueError
            If one of the two labels is missing.
        """
        positive = check_binary(y_true)
        weight = check_weight(sample_weight, positive.size)
        return start_value(self, rate_of_positives(positive, weight))

    def log_loss_scale(self, y_true: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Factor for :meth:`bind` under which ``min_child_weight``, ``min_sum_hessian`` and ``lambda`` keep their meaning.

        A booster weighs these against sums of hessians. The factor makes that sum, at the start value, what log-loss with
        the same ratio of class weights has there; it is 1 for log-loss itself.
        """
        positive = check_binary(y_true)
        weight = check_weight(sample_weight, positive.size)
        return log_loss_scale(self, rate_of_positives(positive, weight))

    # ---- a net's ----

    def torch(self, *, reduction: str = "mean") -> Any:
        """Return this loss for PyTorch, with the same numbers: a net trained on the same table minimises what the booster does.

        Parameters
        ----------
        reduction : {"mean", "sum", "none"}, default "mean"
            What becomes of the weighted losses of the rows. "mean" divides by their number, whatever their weights.

        Returns
        -------
        torch.nn.Module
            Called as ``(logits, target, sample_weight=None)``; works where the tensors lie. Its gradient is ``slope`` and its
            second derivative ``curvature``: finite at any logit.

        Raises
        ------
        ImportError
            If PyTorch is not installed. boostimb does not depend on it.
        """
        from boostimb.losses._torch import as_module

        return as_module(self, reduction)

    # ---- the boosters' calling conventions ----

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None) -> GradHess:
        """Act as an objective: ``(y_true, raw, sample_weight)``, or ``(raw, data)`` as ``xgb.train`` and ``lgb.train`` call it.

        The parameters keep the names and the number by which ``XGBClassifier`` and ``LGBMClassifier`` recognise weights.
        """
        margins = y_true if native_data(y_pred) else y_pred
        if on_device(margins):
            labels, _, weight = objective_arguments(y_true, y_pred, sample_weight)
            return self.bind(labels, weight)(margins)
        labels, raw, weight = objective_arguments(y_true, y_pred, sample_weight)
        if native_data(y_pred) and raw.ndim == 2 and raw.shape[1] == 1:
            raw = raw[:, 0]
        return self.grad_hess(labels, raw, weight)

    def calc_ders_range(self, approxes: ArrayLike, targets: ArrayLike, weights: ArrayLike | None) -> FloatArray:
        """Act as a CatBoost objective: minus gradient and minus hessian, shape (n, 2), for one chunk of rows."""
        return _in_chunks(self).calc_ders_range(approxes, targets, weights)


@lru_cache(maxsize=256)
def _in_chunks(loss: MarginLoss) -> ChunkObjective:
    """Remember what is prepared: CatBoost asks for it with every chunk."""
    return ChunkObjective(loss)
