"""What a model is worth, as pictures and as a page. Matplotlib and Jinja load when the first one is drawn."""

from boostimb.report._confusion import plot_confusion
from boostimb.report._models import ModelScores, grids_of_models
from boostimb.report._overview import overview
from boostimb.report._page import Costs, Estimate, History, Levers, Page, write_page
from boostimb.report._pr import plot_pr
from boostimb.report._roc import plot_roc
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
    "plot_confusion",
    "plot_pr",
    "plot_roc",
    "plot_threshold",
    "write_page",
]
