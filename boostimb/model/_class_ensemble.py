"""The model that a search over several classes hands over."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from boostimb.boosters import get_booster
from boostimb.decision import ClassCalibration, decide
from boostimb.metrics._classes import class_log_odds
from boostimb.model._folder import write_folder
from boostimb.model._margin_sum import MarginSum
from boostimb.model._members import Member, MemberSum
from boostimb.model._native import check_suffix, effective_n_jobs
from boostimb.table import TableEncoder
from boostimb.typing import FloatArray


class ClassEnsemble(MemberSum):
    """A fitted classifier of several classes over members of any booster.

    Its probabilities are the softmax of a linear function of the members' margins. `boostimb.tune` builds it and `boostimb.load`
    reads it; it cannot be fitted again.

    Parameters
    ----------
    members : sequence of Member
        The models and their weights.
    encoder : TableEncoder
        From the user's table to the boosters'.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    calibration : ClassCalibration
        From the sum of the members to the probabilities.
    threshold : ndarray of shape (n_classes,)
        Multipliers: ``predict`` takes the class with the largest probability times multiplier.
    costs : ndarray of shape (n_classes, n_classes) or None
        Cost of each truth (down) and decision (across): ``predict`` takes the class of the least expected cost instead.
    n_jobs : int, optional
        Threads of ``predict``; None and -1 mean all cores.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
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
        calibration: ClassCalibration,
        threshold: FloatArray,
        costs: FloatArray | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.members = members
        self.encoder = encoder
        self.classes = classes
        self.calibration = calibration
        self.threshold = threshold
        self.costs = costs
        self.n_jobs = n_jobs

    def __repr__(self) -> str:
        how = "multipliers" if self.costs is None else "costs"
        return f"<boostimb ClassEnsemble of {self._counted()}; {self.classes.size} classes, decided by {how}>"

    def margins(self, X: Any) -> FloatArray:
        """Return the calibrated margins, shape (n_samples, n_classes): finite, and their softmax is the probability."""
        table = self.encoder.transform(X, estimator_name=type(self).__name__)
        n_jobs = effective_n_jobs(self.n_jobs)
        return self.calibration.logit(sum(member.part(table, n_jobs) for member in self.members))

    def decision_function(self, X: Any) -> FloatArray:
        """Return the log-odds of each class against all others, shape (n_samples, n_classes); finite, as `margins` are."""
        return np.asarray(class_log_odds(self.margins(X)).T, dtype=np.float64)

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or dataframe of shape (n_samples, n_features)
            Columns as in the training table. A category that it did not hold counts as missing.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        proba: FloatArray = softmax(self.margins(X), axis=1)
        return proba

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each row, shape (n_samples,), by ``threshold`` and ``costs``."""
        labels: NDArray[Any] = self.classes[decide(self.predict_proba(X), self.threshold, self.costs)]
        return labels

    def contributions(self, X: Any) -> FloatArray:
        """Raise: what a column adds is told of one positive class only."""
        raise ValueError(f"contributions are those to one positive class, and this model has {self.classes.size} classes")

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
            "threshold": self.threshold.tolist(),
            "costs": None if self.costs is None else self.costs.tolist(),
            "table": self.encoder.to_dict(),
            "calibration": self.calibration.to_dict(),
        }
        write_folder(Path(path), content, [(member.to_dict(), member.model) for member in self.members])

    def export(self, path: str | PathLike[str]) -> None:
        """Write one native model file whose plain predict gives the probability of each class, without boostimb.

        Parameters
        ----------
        path : path-like
            Ends in .ubj or .json (XGBoost), .txt (LightGBM) or .cbm (CatBoost).

        Raises
        ------
        ValueError
            If the members are of several boosters; `save` keeps every model. Or if the path has another ending.

        Notes
        -----
        Categories are read, and warned of, as in `BoostClassifier.export`.
        """
        names = {member.booster for member in self.members}
        if len(names) > 1:
            raise ValueError(f"one native file holds one booster, and this is {self!r}: use save(folder)")
        booster = get_booster(names.pop())
        check_suffix(path, booster)
        scale = self.calibration.scale
        total = MarginSum(
            [member.model for member in self.members],
            [scale * member.weight * member.scale for member in self.members],
            np.array(self.calibration.offset) + scale * sum(member.shift for member in self.members),
        )
        total.merged(booster).export(Path(path), self.encoder.categories)
