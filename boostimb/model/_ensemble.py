"""The model that a search hands over: boosters whose calibrated log-odds are averaged."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.boosters import get_booster
from boostimb.decision import Calibration
from boostimb.model._folder import write_folder
from boostimb.model._margin_sum import MarginSum
from boostimb.model._members import Member, MemberSum
from boostimb.model._native import check_suffix, effective_n_jobs
from boostimb.table import Table, TableEncoder
from boostimb.typing import FloatArray
from boostimb.validation import decode


class Ensemble(MemberSum):
    """A fitted classifier over members of any booster.

    Its log-odds are a linear function of the members' margins, mapped by ``calibration`` to a probability. `boostimb.tune`
    builds it and `boostimb.load` reads it; it cannot be fitted again.

    Parameters
    ----------
    members : sequence of Member
        The models and their weights.
    encoder : TableEncoder
        From the user's table to the boosters'.
    classes : ndarray of shape (2,)
        The labels, sorted.
    positive_index : int
        Which of them is positive.
    calibration : Calibration
        From the sum of the members to a probability.
    threshold : float
        ``predict`` says positive where the probability is at least this.
    n_jobs : int, optional
        Threads of ``predict``; None and -1 mean all cores.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels, in the order of predict_proba's columns.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the training table had names.
    """

    def __init__(
        self,
        members: Sequence[Member],
        encoder: TableEncoder,
        classes: NDArray[Any],
        positive_index: int,
        calibration: Calibration,
        threshold: float,
        n_jobs: int | None = None,
    ) -> None:
        self.members = members
        self.encoder = encoder
        self.classes = classes
        self.positive_index = positive_index
        self.calibration = calibration
        self.threshold = threshold
        self.n_jobs = n_jobs

    def __repr__(self) -> str:
        positive = self.classes.tolist()[self.positive_index]
        return f"<boostimb Ensemble of {self._counted()}; positive {positive!r} from {self.threshold:.4g}>"

    def decision_function(self, X: Any) -> FloatArray:
        """Return the log-odds of ``classes_[1]`` before ``calibration``, shape (n_samples,)."""
        log_odds = self._log_odds(self._read(X))
        return log_odds if self.positive_index == 1 else -log_odds

    def _read(self, X: Any) -> Table:
        return self.encoder.transform(X, estimator_name=type(self).__name__)

    def _log_odds(self, table: Table) -> FloatArray:
        """Return the members' weighted sum, of the positive class."""
        n_jobs = effective_n_jobs(self.n_jobs)
        total = np.zeros(table.n_rows)
        for member in self.members:
            total += member.part(table, n_jobs)
        return total

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or dataframe of shape (n_samples, n_features)
            Columns as in the training table. A category that it did not hold counts as missing.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Columns in the order of ``classes_``.
        """
        positive = self.proba_of_table(self._read(X))
        columns = [1.0 - positive, positive]
        return np.column_stack(columns if self.positive_index == 1 else columns[::-1])

    def proba_of_table(self, table: Table) -> FloatArray:
        """Return the probability of the positive class for rows that ``encoder`` has read, shape (n_samples,)."""
        return self.calibration.apply(self._log_odds(table))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each row, shape (n_samples,): positive where its probability is at least ``threshold``."""
        proba = self.predict_proba(X)[:, self.positive_index]
        return decode(self.classes, self.positive_index, proba >= self.threshold)

    def _log_odds_sum(self, line: tuple[float, float]) -> MarginSum:
        """Return the log-odds of the positive class as a sum of the members' margins, after the calibration ``line``."""
        scale, shift = line
        return MarginSum(
            [m.model for m in self.members],
            [scale * m.weight * m.scale for m in self.members],
            shift + scale * float(sum(m.shift for m in self.members)),
        )

    def contributions(self, X: Any) -> FloatArray:
        """Return what each column adds to the log-odds of the positive class (SHAP values, by the boosters' own exact algorithm).

        Parameters
        ----------
        X : array-like or dataframe of shape (n_samples, n_features)
            Columns as in the training table.

        Returns
        -------
        ndarray of shape (n_samples, n_features + 1)
            The last column is where each row starts from. A row sums to the log-odds of ``predict_proba``; after an isotonic
            calibration, to the log-odds before it, which they rise with. XGBoost computes its part in float32.
        """
        table = self.encoder.transform(X, estimator_name="the model")
        return self._log_odds_sum(self.calibration.line or (1.0, 0.0)).contributions(table, n_jobs=effective_n_jobs(self.n_jobs))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model as a folder: one JSON manifest and the members' native files. `boostimb.load` reads it.

        Raises
        ------
        FileExistsError
            If ``path`` is a file, or a folder that holds anything but such a model.
        """
        content = {
            "dtype": self.classes.dtype.str,
            "classes": self.classes.tolist(),
            "positive_index": self.positive_index,
            "threshold": self.threshold if np.isfinite(self.threshold) else None,
            "table": self.encoder.to_dict(),
            "calibration": self.calibration.to_dict(),
        }
        write_folder(Path(path), content, [(member.to_dict(), member.model) for member in self.members])

    def export(self, path: str | PathLike[str]) -> None:
        """Write one native model file whose plain predict gives the probability of the positive class, without boostimb.

        Parameters
        ----------
        path : path-like
            Ends in .ubj or .json (XGBoost), .txt (LightGBM) or .cbm (CatBoost).

        Raises
        ------
        ValueError
                If the members are of several boosters, or the calibration is isotonic; `save` keeps every model. Or if the path has
            another ending.

        Notes
        -----
        Categories are read, and warned of, as in `BoostClassifier.export`.
        """
        names = {member.booster for member in self.members}
        line = self.calibration.line
        if len(names) > 1 or line is None:
            raise ValueError(
                f"one native file holds one booster with a logistic calibration, and this is {self!r}: use save(folder)"
            )
        booster = get_booster(names.pop())
        check_suffix(path, booster)
        self._log_odds_sum(line).merged(booster).export(Path(path), self.encoder.categories)
