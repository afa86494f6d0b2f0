"""The fitted things that a user keeps."""

from boostimb.model._classifier import BoostClassifier
from boostimb.model._ensemble import Ensemble, Member
from boostimb.model._load import load
from boostimb.model._native import effective_n_jobs

__all__ = ["BoostClassifier", "Ensemble", "Member", "effective_n_jobs", "load"]
