"""What a search returns: the model, how good it is, and all that was tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import ArrayLike, NDArray

from boostimb.decision import CONFIDENCE, ClassDecision, ConstraintReport, Decision, warn_of_doubt
from boostimb.metrics import ClassConfusion, Confusion
from boostimb.model import ClassEnsemble, Ensemble
from boostimb.report import write_page
from boostimb.search._context import ContextReport
from boostimb.search._estimate import Estimate
from boostimb.search._lever_effects import Finished, lever_report
from boostimb.search._lever_report import LeverReport
from boostimb.search._plots import ResultPlots
from boostimb.search._report import page_of
from boostimb.search._summary import summary_html
from boostimb.search._task import task_of
from boostimb.search._traps import warn_of_alarm
from boostimb.typing import FloatArray, IntArray, LabelArray, Metric


@dataclass(eq=False)
class TuneResult:
    """The outcome of `boostimb.tune`.

    Attributes
    ----------
    best_estimator_ : Ensemble
        The fitted model: ``predict``, ``predict_proba``, ``save``.
    best_params_ : dict
        Parameters of the best single trial, levers included.
    threshold_ : float or ndarray of shape (n_classes,)
        Probability from which ``predict`` says positive: the best cut of the out-of-fold probabilities under the goal. Of several
        classes the multipliers of their probabilities, of which the largest product is decided for.
    constraint_report_ : tuple of ConstraintReport
        For each constraint on the threshold: "rate", "sign", "bound", the out-of-fold "value" and the "chance_of_missing" the
        bound on new rows.
    best_score_ : float
        Out-of-fold score of the model by the search metric, as it stands.
    corrected_score_ : float
        The same less what choosing among the trials added by luck: the figure to quote.
    score_interval_ : tuple of two floats
        95% interval of the corrected score.
    baseline_score_ : float
        Out-of-fold score of the best of the boosters' plain defaults; of the first trial where the space does not hold them.
    baseline_name_ : str
        Which of the two it is: "plain booster" or "first trial".
    oof_proba_ : ndarray of shape (n_samples,)
        Out-of-fold probability of the positive class for each row; NaN for a row that no fold leaves out, as the first ones of a
        split in time order.
    cv_results_ : dict of str to ndarray
        One entry a finished trial: "trial", "score", "threshold", "n_rounds", "seconds" and "params".
    anomaly_score_ : float or None
        Where fewer than 0.1% of the rows are positive, the out-of-fold average precision of an isolation forest, which sees no
        labels: what the search must beat to be worth them. None at a higher rate, or with a timeout below 20 seconds.
    study_ : optuna.Study
        The study.
    metric_ : str
        Name of the search metric.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = (X[:, 0] + X[:, 1] > 2).astype(int)
    >>> result = bi.tune(X, y, booster="lightgbm", n_trials=1, cv=3, progress=False, random_state=0)
    >>> bool(result.set_threshold(constraints={"recall": ">=0.9"}).confusion().recall >= 0.9)
    True
    """

    best_estimator_: Ensemble | ClassEnsemble
    best_params_: dict[str, Any]
    baseline_score_: float
    oof_proba_: FloatArray
    cv_results_: dict[str, NDArray[Any]]
    study_: optuna.Study
    metric_: str
    _estimate: Estimate
    _y: LabelArray  # of the rows that are scored
    _asked: Decision | ClassDecision  # of the search
    _finished: Finished
    _settings: Mapping[str, str] = field(default_factory=dict)  # what the report tells of the call
    _warned: Sequence[str] = ()  # and of its warnings
    constraint_report_: tuple[ConstraintReport, ...] = field(default=(), kw_only=True)
    anomaly_score_: float | None = field(default=None, kw_only=True)
    _rows: IntArray = field(kw_only=True)  # those that are scored
    _weight: FloatArray | None = field(default=None, kw_only=True)  # in every score of theirs
    baseline_name_: str = field(kw_only=True)
    _decision: Decision | ClassDecision = field(init=False)  # of the last set_threshold

    def __repr__(self) -> str:
        low, high = self.score_interval_
        trials = self.cv_results_["trial"].size
        return (
            f"<TuneResult: {self.metric_} {self.corrected_score_:.4f} [{low:.4f}, {high:.4f}] after {trials} trials, "
            f"{self.baseline_name_} {self.baseline_score_:.4f}, threshold {_shown(self.threshold_)}"
            f"{''.join(f', {each}' for each in self.constraint_report_)}>"
        )

    def _repr_html_(self) -> str:
        return summary_html(self)

    @property
    def best_score_(self) -> float:
        """Out-of-fold score of the model, not corrected for the search."""
        return self._estimate.naive

    @property
    def corrected_score_(self) -> float:
        """Out-of-fold score of the model, corrected for the search."""
        return self._estimate.corrected

    @property
    def score_interval_(self) -> tuple[float, float]:
        """95% interval of the corrected score."""
        return self._estimate.interval

    @property
    def search_metric(self) -> Metric:
        """What the search maximised, or minimised."""
        return self._finished.metric

    @property
    def threshold_(self) -> float | FloatArray:
        """Probability from which ``predict`` says positive; of several classes the multipliers of their probabilities."""
        return self.best_estimator_.threshold

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, in the order of predict_proba's columns."""
        return self.best_estimator_.classes_

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each row, shape (n_samples,), by ``threshold_``."""
        return self.best_estimator_.predict(X)

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class, shape (n_samples, n_classes), columns in the order of ``classes_``."""
        return self.best_estimator_.predict_proba(X)

    def set_threshold(
        self,
        *,
        goal: Any = None,
        constraints: Mapping[str, str] | None = None,
        cost_matrix: ArrayLike | None = None,
        confidence: float | None = CONFIDENCE,
    ) -> "TuneResult":
        """Choose another cut from the out-of-fold probabilities. Nothing is trained.

        Parameters
        ----------
        goal : str, callable or float, optional
            As in `boostimb.tune`; by default the goal or the costs of the search.
        constraints : dict, optional
            Such as ``{"recall": ">=0.9"}`` or ``{"alerts": "<=50/20000"}``.
        cost_matrix : array-like of shape (n_classes, n_classes), optional
            Costs, a row for each truth and a column for each decision; it takes the place of the goal.
        confidence : float or None, default 0.9
            The chance with which new rows must keep each constraint, see `best_threshold`; None asks of the out-of-fold rows only.

        Returns
        -------
        TuneResult
            Itself.

        Raises
        ------
        ValueError
            If the goal is unknown, or no cut satisfies the constraints.

        Warns
        -----
        ImbalanceWarning
            If cuts satisfy the constraints out of fold, but none with the confidence; the surest are then chosen among. If the
            decision flags positives hardly more readily than negatives.
        """
        if goal is None:
            goal = "f1" if cost_matrix is not None else self._asked.goal
        task = task_of(self._y)
        decision = task.decision(goal, constraints, cost_matrix, confidence, self.classes_.size)
        found: Any = decision.choose(self._y, self._proba, self._weight)
        self._decision = decision
        task.settle(self.best_estimator_, found)
        self.constraint_report_ = found.constraint_report
        warn_of_doubt(found.constraint_report, confidence)
        confusion = self.confusion()
        if isinstance(confusion, Confusion):
            warn_of_alarm(confusion)
        return self

    def confusion(self) -> Confusion | ClassConfusion:
        """Return counts and rates of the out-of-fold decisions by ``threshold_``; of several classes one that prints as a table."""
        return task_of(self._y).confusion(self.best_estimator_, self._y, self._proba, self._weight)

    @property
    def _proba(self) -> FloatArray:
        """Out-of-fold probabilities of the rows that are scored."""
        return self.oof_proba_[self._rows]

    def lever_report(self) -> LeverReport:
        """Tell what class weight, loss, samplers, ensemble, calibration and threshold bought over the plain booster.

        Read from the out-of-fold margins of the finished trials; nothing is trained. The threshold is that of the last
        `set_threshold`.

        Returns
        -------
        LeverReport
            Prints as a table; ``rows`` holds the comparisons and ``to_dict()`` all of it as JSON can.

        Examples
        --------
        >>> import numpy as np, boostimb as bi
        >>> X = np.random.default_rng(0).normal(size=(500, 3))
        >>> y = (X[:, 0] + X[:, 1] > 2).astype(int)
        >>> result = bi.tune(X, y, booster="lightgbm", n_trials=2, cv=3, progress=False, random_state=0)
        >>> report = result.lever_report()
        >>> [row.verdict for row in report.rows if row.lever == "sampler smote"]
        ['not tried']
        """
        return lever_report(self._finished, self._decision)

    @property
    def plot(self) -> ResultPlots:
        """Pictures of the result, such as ``result.plot.pr()``; see `ResultPlots`."""
        return ResultPlots(self)

    def report(
        self, path: str | PathLike[str], *, title: str = "What the search found", context: ContextReport | None = None
    ) -> Path:
        """Write all of it as one HTML file that works offline, with a threshold to move.

        The answer in plain words with a plain booster beside it, the corrected score, precision, recall, F1, cost, alerts and
        confusion matrix at every threshold, the curves, the levers, warnings, settings and versions. All numbers are out of fold.
        The table itself is not in the file, but names of columns and of labels are.

        Parameters
        ----------
        path : path-like
            The file, such as "report.html".
        title : str
            Its headline.
        context : ContextReport, optional
            Of `context_models` on the same table: shown beside the model. With the ``cv`` and ``random_state`` of the search, its
            folds are the same.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            If ``context`` is of other rows.
        ImportError
            If Jinja is not installed.

        Examples
        --------
        >>> import tempfile, numpy as np, boostimb as bi
        >>> X = np.random.default_rng(0).normal(size=(500, 3))
        >>> y = (X[:, 0] + X[:, 1] > 2).astype(int)
        >>> result = bi.tune(X, y, booster="lightgbm", n_trials=1, cv=3, progress=False, random_state=0)
        >>> result.report(tempfile.mkdtemp() + "/report.html").stat().st_size < 100_000
        True
        """
        return write_page(page_of(self, title, context), path)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model as a folder that `boostimb.load` reads; see `Ensemble.save`."""
        self.best_estimator_.save(path)

    def export(self, path: str | PathLike[str]) -> None:
        """Write the model as one native file that needs no boostimb; see `Ensemble.export`."""
        self.best_estimator_.export(path)


def _shown(threshold: float | FloatArray) -> str:
    return f"{threshold:.4g}" if isinstance(threshold, float) else f"[{', '.join(f'{each:.3g}' for each in threshold)}]"


def trial_table(trials: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    """Return one array for each key of the rows."""
    return {key: _column([trial[key] for trial in trials]) for key in trials[0]}


def _column(values: list[Any]) -> NDArray[Any]:
    if isinstance(values[0], dict):
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column
    return np.asarray(values)
