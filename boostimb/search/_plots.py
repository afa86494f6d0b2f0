"""The pictures of a search's result: from what it holds to the arrays that a plot takes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from boostimb import report
from boostimb.decision import decide
from boostimb.decision._goal import Cost
from boostimb.model import ClassEnsemble
from boostimb.resampling import NAMES, Resampler
from boostimb.search._importance import parameter_importance
from boostimb.search._surface import surface
from boostimb.typing import BoolArray, FloatArray
from boostimb.validation import check_choice, members

if TYPE_CHECKING:
    from boostimb.report._axes import Axes, Figure
    from boostimb.search._result import TuneResult


class ResultPlots:
    """``result.plot``: what a search found, as pictures.

    Each method draws on ``ax``, or on new axes that a notebook shows by itself, and returns the axes. Probabilities are those
    out of fold, and the marked cut is ``result.threshold_``.

    Parameters
    ----------
    result : TuneResult
        What to draw.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> from matplotlib.figure import Figure
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = (X[:, 0] + X[:, 1] > 2).astype(int)
    >>> result = bi.tune(X, y, booster="lightgbm", n_trials=5, cv=3, progress=False, random_state=0)
    >>> axes = Figure(figsize=(12, 9), layout="constrained").subplots(3, 3).ravel()
    >>> drawn = [
    ...     result.plot.pr(ax=axes[0]),
    ...     result.plot.threshold(ax=axes[1]),
    ...     result.plot.cost([[0, 1], [25, 0]], ax=axes[2]),
    ...     result.plot.calibration(ax=axes[3]),
    ...     result.plot.history(ax=axes[4]),
    ...     result.plot.importance(ax=axes[5]),
    ...     result.plot.levers(ax=axes[6]),
    ...     result.plot.decision_surface(X, y, ax=axes[7]),
    ...     result.plot.class_counts(ax=axes[8]),
    ... ]
    >>> drawn[1].get_title()
    'What the threshold changes'
    >>> result.plot.overview().savefig("overview.png")  # doctest: +SKIP
    """

    def __init__(self, result: "TuneResult") -> None:
        self._result = result

    def _scored(self) -> tuple[BoolArray, FloatArray]:
        """Return the labels and probabilities of the rows that have one: of a split by time, the first rows have none."""
        proba = np.asarray(self._result.oof_proba_)
        if proba.ndim != 1:
            raise ValueError(f"this plot is of two classes, and the result is of {proba.shape[1]}")
        return np.asarray(self._result._y, dtype=np.bool_), proba[self._result._rows]

    @property
    def _cut(self) -> float:
        threshold = self._result.threshold_
        if not isinstance(threshold, float):
            raise ValueError(f"this plot is of two classes, and the result is of {threshold.size}")
        return threshold

    def pr(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw precision against recall; see `boostimb.report.plot_pr`."""
        return report.plot_pr(*self._scored(), self._cut, ax=ax)

    def roc(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw the ROC curve; see `boostimb.report.plot_roc`."""
        return report.plot_roc(*self._scored(), self._cut, ax=ax)

    def threshold(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw precision, recall and F1 against the threshold; see `boostimb.report.plot_threshold`."""
        return report.plot_threshold(*self._scored(), self._cut, ax=ax)

    def cost(self, cost_matrix: ArrayLike | None = None, *, ax: "Axes | None" = None) -> "Axes":
        """Draw the cost against the threshold; see `boostimb.report.plot_cost`.

        Parameters
        ----------
        cost_matrix : array-like of shape (2, 2), optional
            By default the costs by which the threshold was chosen.
        ax : matplotlib Axes, optional
            Where to draw.

        Raises
        ------
        ValueError
            If none is given and the threshold was not chosen by costs.
        """
        scored, cut = self._scored(), self._cut  # which several classes do not have
        goal = self._result._decision.goal
        if cost_matrix is None:
            if not isinstance(goal, Cost):
                raise ValueError(
                    f"cost_matrix must be given where the threshold was not chosen by costs; its goal is {goal.name!r}"
                )
            cost_matrix = [[goal.tn, goal.fp], [goal.fn, goal.tp]]
        return report.plot_cost(*scored, cost_matrix, cut, ax=ax)

    def confusion(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw the confusion matrix; see `boostimb.report.plot_confusion`, and `plot_class_confusion` for several classes."""
        model = self._result.best_estimator_
        if isinstance(model, ClassEnsemble):
            proba = self._result._proba
            return report.plot_class_confusion(
                model.classes_[self._result._y],
                model.classes_[decide(proba, model.threshold, model.costs)],
                model.classes_.tolist(),
                ax=ax,
            )
        return report.plot_confusion(*self._scored(), self._cut, ax=ax)

    def calibration(self, *, n_bins: int | None = None, scale: str = "logit", ax: "Axes | None" = None) -> "Axes":
        """Draw the rate of positives against the probability; see `boostimb.report.plot_calibration`."""
        return report.plot_calibration(*self._scored(), n_bins=n_bins, scale=scale, ax=ax)

    def scores(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw where the probabilities of both classes lie; see `boostimb.report.plot_scores`."""
        return report.plot_scores(*self._scored(), self._cut, ax=ax)

    def overview(self, title: str | None = None) -> "Figure":
        """Draw the curves and the confusion matrix as one figure; see `boostimb.report.overview`."""
        return report.overview(*self._scored(), self._cut, title)

    def history(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw the score of each trial and the best so far; see `boostimb.report.plot_history`.

        A trial that was given up early is shown with the mean of its folds' scores by then.
        """
        trials, finished = self._result.cv_results_, self._result._finished
        stopped = [trial for trial in self._result.study_.get_trials(deepcopy=False) if trial.user_attrs.get("stopped")]
        last = [trial.intermediate_values[max(trial.intermediate_values)] for trial in stopped]
        return report.plot_history(
            trials["trial"],
            trials["score"],
            [params["booster"] for params in trials["params"]],
            given_up=([trial.number for trial in stopped], last),
            baseline=self._result.baseline_score_,
            baseline_name=self._result.baseline_name_,
            greater_is_better=finished.sign > 0,
            measure=self._result.metric_.replace("_", " "),
            ax=ax,
        )

    def importance(self, booster: str | None = None, *, ax: "Axes | None" = None) -> "Axes":
        """Draw how much of what the scores of the trials differ by each parameter explains (fANOVA, by Optuna).

        Parameters
        ----------
        booster : str, optional
            Only trials of this booster, with its own parameters. By default all, with the parameters that they have in common.
        ax : matplotlib Axes, optional
            Where to draw.

        Raises
        ------
        ValueError
            If there are fewer than 5 finished trials.
        """
        shares = parameter_importance(self._result.study_, booster)
        title = "What the scores depend on" if booster is None else f"What the scores of {booster} depend on"
        return report.plot_importance(shares, title=title, ax=ax)

    def levers(self, measure: str | None = None, *, ax: "Axes | None" = None) -> "Axes":
        """Draw what each lever bought, by the rows of `TuneResult.lever_report`; see `boostimb.report.plot_levers`.

        Parameters
        ----------
        measure : str, optional
            By which of the report's measures; by default the search metric.
        ax : matplotlib Axes, optional
            Where to draw.
        """
        rows = self._result.lever_report().rows
        if measure is None:
            measure = rows[0].measure
        check_choice("measure", measure, tuple(dict.fromkeys(row.measure for row in rows)))
        rows = tuple(row for row in rows if row.measure == measure)
        gains, half_widths = (
            [np.nan if value is None else value for value in column]
            for column in ([row.gain for row in rows], [row.half_width for row in rows])
        )
        names, verdicts = [row.lever for row in rows], [row.verdict for row in rows]
        return report.plot_levers(names, gains, half_widths, verdicts, measure=measure, ax=ax)

    def class_counts(self, *, ax: "Axes | None" = None) -> "Axes":
        """Draw the rows of both classes as they are and as each sampler that was tried makes them.

        Of a sampler with a ratio, that of its best trial. The counts are those of all rows; a fold has its share of them.
        """
        finished, scores = self._result._finished, self._result._finished.sign * self._result.cv_results_["score"]
        n_pos, n_neg = (int(rows.sum()) for rows in members(np.asarray(self._scored()[0])))
        names, counts = ["as it is"], [np.array([n_pos, n_neg], dtype=np.float64)]
        for name in finished.samplers:
            tried = [at for at, params in enumerate(finished.params) if params["sampler"] == name]
            if name == "none" or not tried:
                continue
            ratio = finished.params[max(tried, key=scores.__getitem__)].get(f"{name}.ratio")
            names.append(name if ratio is None else f"{name} to {ratio:.2g}")
            after = Resampler(name, ratio).counts(n_pos, n_neg) if name in NAMES else None
            counts.append(np.full(2, np.nan) if after is None else np.array(after, dtype=np.float64))
        return report.plot_class_counts(names, *np.array(counts).T, ax=ax)

    def decision_surface(
        self, X: Any, y: Any = None, features: Sequence[str | int] | None = None, *, ax: "Axes | None" = None
    ) -> "Axes":
        """Draw the probability over two features; the others are held at their median or most frequent category.

        Parameters
        ----------
        X : array-like or dataframe of shape (n, d)
            Rows as the model takes them; the range of the features is read from them, for which some 10,000 are enough.
        y : array-like of shape (n,), optional
            Their labels: the rows are then drawn too.
        features : sequence of two names or positions, optional
            Across and up; by default the two that the model gains most by.
        ax : matplotlib Axes, optional
            Where to draw.

        Raises
        ------
        ValueError
            If the table or the features do not suit.
        """
        cut = self._cut  # which several classes do not have
        seen = surface(self._result.best_estimator_, X, y, features)
        return report.plot_decision_surface(
            seen.x,
            seen.y,
            seen.proba,
            cut,
            names=seen.names,
            levels=seen.levels,
            points=seen.points,
            title="Where the model says positive\nother features at their middle",
            ax=ax,
        )
