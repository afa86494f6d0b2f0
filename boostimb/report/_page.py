"""What stands in a report, as plain arrays and texts; and the page that is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from boostimb.decision import ConstraintReport
from boostimb.metrics import Confusion, confusion_at
from boostimb.notebook import Grid
from boostimb.report._models import ModelScores
from boostimb.typing import BoolArray, FloatArray


@dataclass(frozen=True)
class Estimate:
    """The score by the search metric: corrected for the search, with its interval, as it stands, and of what is beside it."""

    metric: str
    corrected: float
    low: float
    high: float
    naive: float
    plain: float
    beside: str = "plain booster"


@dataclass(frozen=True)
class Costs:
    """The cost of each outcome, and whether the user named them."""

    tn: float = 0.0
    fp: float = 1.0
    fn: float = 10.0
    tp: float = 0.0
    given: bool = False


@dataclass(frozen=True)
class Levers:
    """What the levers of the search bought: in words, as tables, and how it was measured."""

    summary: str
    grids: tuple[Grid, ...]
    notes: str


@dataclass(frozen=True)
class History:
    """The finished trials of a search: their numbers, scores and boosters, and whether a higher score is better."""

    numbers: tuple[int, ...]
    scores: tuple[float, ...]
    boosters: tuple[str, ...]
    greater_is_better: bool = True


@dataclass(frozen=True, eq=False)
class Page:
    """A report on one model and one set of labelled rows that it has not seen.

    Parameters
    ----------
    title : str
        The headline.
    y : ndarray of bool, shape (n,)
        Labels.
    proba : ndarray of shape (n,)
        Probability of the positive class.
    threshold : float
        The cut that was chosen.
    positive : str
        What a positive is, such as "label yes".
    rows : str
        What rows these are; "out of fold" and "held out" are explained on the page.
    chosen_by : str
        What the cut was chosen by.
    plain, plain_name : Confusion and str, optional
        The decisions of a plain booster on the same rows, and what it is.
    estimate, costs, constraints, models, levers, history, importances, warned
        Sections of the page; left out where there is nothing to tell.
    cut, models_note : str
        Which cut was chosen for each of ``models``, and what else is to be said of them.
    facts : mapping of str to mapping of str to str
        Tables of names and values, such as settings and versions.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from boostimb.report import Page, write_page
    >>> y = np.arange(100) < 10
    >>> page = Page("A toy", y, np.where(y, 0.8, 0.1), 0.5)
    >>> write_page(page, tempfile.mkdtemp() + "/report.html").name
    'report.html'
    """

    title: str
    y: BoolArray
    proba: FloatArray
    threshold: float
    positive: str = ""
    rows: str = "not seen in training"
    chosen_by: str = ""
    plain: Confusion | None = None
    plain_name: str = "A plain booster"
    estimate: Estimate | None = None
    costs: Costs = Costs()
    constraints: tuple[ConstraintReport, ...] = ()
    models: tuple[ModelScores, ...] = ()
    cut: str = "the chosen cut"
    models_note: str = ""
    levers: Levers | None = None
    history: History | None = None
    importances: tuple[tuple[str, float], ...] = ()
    warned: tuple[str, ...] = ()
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def decision(self) -> Confusion:
        """The decisions at the threshold."""
        return confusion_at(self.y, self.proba, self.threshold)


def write_page(page: Page, path: str | PathLike[str]) -> Path:
    """Write one HTML file that holds all it needs: no server, no network.

    Parameters
    ----------
    page : Page
        What stands in it.
    path : path-like
        Where to.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    ValueError
        If only one class is there, or a probability is not in [0, 1].
    ImportError
        If Jinja is not installed.
    """
    from boostimb.report._render import render

    text = render(page)
    where = Path(path)
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(text, encoding="utf-8")
    return where
