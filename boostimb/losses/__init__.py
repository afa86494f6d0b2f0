"""What to minimise: losses of a label and a raw margin, for every booster."""

from boostimb.losses._asymmetric import AsymmetricLoss
from boostimb.losses._base import MarginLoss
from boostimb.losses._focal import FocalLoss
from boostimb.losses._log_loss import LogLoss
from boostimb.losses._softmax import SoftmaxFocalLoss
from boostimb.losses._weights import class_weights, effective_number_weights

__all__ = [
    "AsymmetricLoss",
    "FocalLoss",
    "LogLoss",
    "MarginLoss",
    "SoftmaxFocalLoss",
    "class_weights",
    "effective_number_weights",
]
