"""The fitted things that a user keeps."""

from boostimb.model._class_ensemble import ClassEnsemble
from boostimb.model._classifier import BoostClassifier
from boostimb.model._ensemble import Ensemble
from boostimb.model._load import load
from boostimb.model._members import Member
from boostimb.model._native import effective_n_jobs

__all__ = ["BoostClassifier", "ClassEnsemble", "Ensemble", "Member", "effective_n_jobs", "load"]
