"""What a model is worth, as pictures and as a page. Matplotlib and Jinja load when the first one is drawn."""

from boostimb.report._calibration import plot_calibration
from boostimb.report._class_counts import plot_class_counts
from boostimb.report._confusion import plot_class_confusion, plot_confusion
from boostimb.report._cost import plot_cost
from boostimb.report._history import plot_history
from boostimb.report._importance import plot_importance
from boostimb.report._levers import plot_levers
from boostimb.report._model_page import page_of_model
from boostimb.report._models import ModelScores, grids_of_models
from boostimb.report._overview import overview
from boostimb.report._page import Costs, Estimate, History, Levers, Page, write_page
from boostimb.report._pr import plot_pr
from boostimb.report._roc import plot_roc
from boostimb.report._scores import plot_scores
from boostimb.report._surface import plot_decision_surface
from boostimb.report._threshold import plot_threshold
from boostimb.report._words import in_plain_words

__all__ = [
    "Costs",
    "Estimate",
    "History",
    "Levers",
    "ModelScores",
    "Page",
    "grids_of_models",
    "in_plain_words",
    "overview",
    "page_of_model",
    "plot_calibration",
    "plot_class_confusion",
    "plot_class_counts",
    "plot_confusion",
    "plot_cost",
    "plot_decision_surface",
    "plot_history",
    "plot_importance",
    "plot_levers",
    "plot_pr",
    "plot_roc",
    "plot_scores",
    "plot_threshold",
    "write_page",
]
