"""The same losses for PyTorch: a loss's own NumPy formulas, run on tensors where these lie.

A NumPy function leaves the work to an argument that knows how to do it. `_Tensor` does it by PyTorch, so that value, slope and
curvature of a loss serve tensors of any device, and there is no second formula. What autograd gives is the slope itself, not the
derivative of the value's operations, which is 0 * inf at some margins.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from boostimb.losses._base import MarginLoss
from boostimb.losses._focal import FocalLoss
from boostimb.losses._softmax import SoftmaxFocalLoss
from boostimb.validation import check_choice

try:
    import torch
except ImportError as error:
    raise ImportError("loss.torch() needs PyTorch, of which boostimb has no copy: pip install torch") from error

REDUCTIONS = ("mean", "sum", "none")
# PyTorch's names for what NumPy and SciPy call otherwise; all other functions have the same name in both.
_NAMES: dict[str, Callable[..., Any]] = {
    "absolute": torch.abs,
    "expit": torch.special.expit,
    "invert": torch.logical_not,
    "log_expit": torch.nn.functional.logsigmoid,
    "power": torch.pow,
}


class _Tensor(NDArrayOperatorsMixin):
    """A tensor that NumPy's functions and operators take for an array."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> "_Tensor":
        if method != "__call__":
            raise TypeError(f"numpy.{ufunc.__name__}.{method} cannot be computed on a tensor")
        return self._call(ufunc.__name__, inputs, options)

    def __array_function__(self, function: Any, _: Any, inputs: Any, options: Any) -> "_Tensor":
        return self._call(function.__name__, inputs, options)

    def _call(self, name: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> "_Tensor":
        function = _NAMES.get(name) or getattr(torch, name, None)
        if function is None or options:
            raise TypeError(f"numpy.{name} has no counterpart of this name and these arguments on a tensor")
        return _Tensor(function(*map(self._tensor_of, inputs)))

    def _tensor_of(self, value: Any) -> Any:
        """Return an argument as a tensor; a number, of this one's kind and where it lies."""
        if isinstance(value, _Tensor):
            return value.tensor
        return torch.as_tensor(
            value, dtype=self.tensor.dtype if self.tensor.is_floating_point() else None, device=self.tensor.device
        )


class _Piece(torch.autograd.Function):
    """One of a loss's three pieces for each row's label, times the weight of its class; its derivative is the next one."""

    PIECES = ("value", "slope", "curvature")

    @staticmethod
    def forward(context: Any, raw: Any, positive: Any, loss: MarginLoss, order: int) -> Any:
        context.save_for_backward(raw, positive)
        context.loss, context.order = loss, order
        piece = getattr(loss, _Piece.PIECES[order])
        negatives, positives = (weight * piece(label, _Tensor(raw)) for label, weight in enumerate(loss.class_weight))
        return torch.where(positive, positives.tensor, negatives.tensor)

    @staticmethod
    def backward(context: Any, upstream: Any) -> Any:
        if context.order + 1 == len(_Piece.PIECES):
            raise NotImplementedError("a loss has a first and a second derivative here, and no third one")
        raw, positive = context.saved_tensors
        return upstream * _Piece.apply(raw, positive, context.loss, context.order + 1), None, None, None


class _Module(torch.nn.Module):
    """What the two kinds of losses share: weights of rows, and what becomes of the rows."""

    def __init__(self, loss: Any, reduction: str) -> None:
        super().__init__()
        self.loss, self.reduction = loss, check_choice("reduction", reduction, REDUCTIONS)

    def extra_repr(self) -> str:
        """Show the loss in the ``repr``, as PyTorch's modules show their settings."""
        return f"{self.loss!r}, reduction={self.reduction!r}"

    def forward(self, logits: Any, target: Any, sample_weight: Any = None) -> Any:
        """Return the loss of a batch.

        Parameters
        ----------
        logits : tensor
            Floating. Of any shape; for `SoftmaxFocalLoss`, (n, n_classes). Half precision is computed as float32.
        target : tensor
            Labels 0 and 1 in the shape of ``logits``; for `SoftmaxFocalLoss`, 0 to n_classes - 1, shape (n,).
        sample_weight : tensor, optional
            Weights in the shape of ``target``.

        Returns
        -------
        tensor
            A number, or with ``reduction="none"`` the losses in the shape of ``target``.

        Raises
        ------
        TypeError
            If ``logits`` are not floating.
        ValueError
            If shapes differ, or ``target`` holds anything but labels.
        """
        if not logits.is_floating_point():
            raise TypeError(f"logits must be floating, got {logits.dtype}")
        rows = self._rows(logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits, target)
        if sample_weight is not None:
            _check_shape("sample_weight", sample_weight, "target", target.shape)
            rows = rows * sample_weight
        return rows if self.reduction == "none" else getattr(rows, self.reduction)()

    def _rows(self, logits: Any, target: Any) -> Any:
        raise NotImplementedError


class TorchMarginLoss(_Module):
    """A loss of labels 0 and 1; see `MarginLoss.torch`."""

    def _rows(self, logits: Any, target: Any) -> Any:
        _check_shape("target", target, "logits", logits.shape)
        positive = target == 1
        _check_labels(target, positive | (target == 0), "0 and 1")
        return _Piece.apply(logits, positive, self.loss, 0)


class TorchSoftmaxLoss(_Module):
    """A loss of several classes; see `SoftmaxFocalLoss.torch`.

    With u the margin of the label less the log-sum-exp of all others, p[y] is sigmoid(u): the loss of a positive at u.
    """

    def _rows(self, logits: Any, target: Any) -> Any:
        if logits.ndim != 2 or logits.shape[1] < 2:
            raise ValueError(f"logits must have the shape (n, n_classes) with at least 2 classes, got {tuple(logits.shape)}")
        _check_shape("target", target, "the rows of logits", logits.shape[:1])
        n_classes = logits.shape[1]
        label = target.long()
        _check_labels(target, (label >= 0) & (label < n_classes) & (label == target), f"0 to {n_classes - 1}")
        mine = torch.nn.functional.one_hot(label, n_classes).bool()
        u = logits[mine] - torch.logsumexp(logits.masked_fill(mine, -torch.inf), dim=1)
        weights = torch.as_tensor(self.loss.weights_of(n_classes), dtype=u.dtype, device=u.device)
        return weights[label] * _Piece.apply(u, torch.ones_like(u, dtype=torch.bool), FocalLoss(self.loss.gamma), 0)


def as_module(loss: MarginLoss | SoftmaxFocalLoss, reduction: str) -> _Module:
    """Return the loss as a module."""
    return (TorchSoftmaxLoss if isinstance(loss, SoftmaxFocalLoss) else TorchMarginLoss)(loss, reduction)


def _check_shape(name: str, tensor: Any, of: str, shape: Any) -> None:
    # A broadcast of (n, 1) against (n,) would sum n * n losses without a word.
    if tensor.shape != shape:
        raise ValueError(f"{name} must have the shape of {of}, {tuple(shape)}, got {tuple(tensor.shape)}")


def _check_labels(target: Any, right: Any, labels: str) -> None:
    if not bool(right.all()):
        raise ValueError(f"target must hold the labels {labels} only, got {target[~right][0].item()}")
