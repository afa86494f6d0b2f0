"""The search behind `boostimb.tune`."""

from boostimb.search._result import TuneResult
from boostimb.search._search_cv import ImbalanceSearchCV
from boostimb.search._tune import tune

__all__ = ["ImbalanceSearchCV", "TuneResult", "tune"]
