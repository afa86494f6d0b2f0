"""What to train on: imbalanced-learn's samplers, by name or as the user configured them, and the neighbours that they share.

Resampling is for training rows only; nothing in here ever sees a row that is scored.
"""

from boostimb.resampling._cache import ResamplingCache
from boostimb.resampling._choose import AnyResampler, as_resampler, resolve_resamplers
from boostimb.resampling._foreign import ForeignResampler
from boostimb.resampling._resampled import Resampled, least_and_most
from boostimb.resampling._resampler import NAMES, Resampler, ratio_range
from boostimb.validation import ImbalanceWarning

__all__ = [
    "NAMES",
    "AnyResampler",
    "ForeignResampler",
    "ImbalanceWarning",
    "Resampled",
    "Resampler",
    "ResamplingCache",
    "as_resampler",
    "least_and_most",
    "ratio_range",
    "resolve_resamplers",
]
