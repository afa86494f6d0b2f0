"""The search behind `boostimb.tune`."""

from boostimb.search._context import ContextReport, context_models
from boostimb.search._report import page_of
from boostimb.search._result import TuneResult
from boostimb.search._search_cv import ImbalanceSearchCV
from boostimb.search._summary import said_of_plain
from boostimb.search._tune import tune

__all__ = ["ContextReport", "ImbalanceSearchCV", "TuneResult", "context_models", "page_of", "said_of_plain", "tune"]
