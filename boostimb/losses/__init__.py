"""What to minimise: losses of a label and a raw margin, for every booster.

The first gradient of a loss compiles its kernel, which takes a few seconds once in an installation; it is kept on disk, where
numba keeps such things (``NUMBA_CACHE_DIR`` moves it). Nothing else needs numba.
"""

from boostimb.losses._asymmetric import AsymmetricLoss
from boostimb.losses._base import MarginLoss
from boostimb.losses._focal import FocalLoss
from boostimb.losses._lambda_ap import LambdaAPLoss
from boostimb.losses._ldam import LDAMLoss
from boostimb.losses._log_loss import LogLoss
from boostimb.losses._softmax import SoftmaxFocalLoss
from boostimb.losses._weights import class_weights, effective_number_weights

__all__ = [
    "AsymmetricLoss",
    "FocalLoss",
    "LDAMLoss",
    "LambdaAPLoss",
    "LogLoss",
    "MarginLoss",
    "SoftmaxFocalLoss",
    "class_weights",
    "effective_number_weights",
]
