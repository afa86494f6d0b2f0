"""What the final models of a search have in common: members whose margins are summed, and nothing to fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from boostimb.boosters import Model
from boostimb.table import Table, TableEncoder
from boostimb.typing import FloatArray


@dataclass(frozen=True)
class Member:
    """One booster's part of the sum: ``weight * (scale * raw + offset)``; of several classes an offset for each."""

    booster: str
    model: Model
    weight: float
    scale: float
    offset: float | tuple[float, ...]

    @property
    def shift(self) -> FloatArray:
        """The weighted offset, a number or one for each class."""
        return self.weight * np.asarray(self.offset)

    def part(self, table: Table, n_jobs: int) -> FloatArray:
        """Return the part for each row."""
        return self.weight * (self.scale * self.model.raw(table, n_jobs=n_jobs) + np.asarray(self.offset))

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold, without the model."""
        offset = list(self.offset) if isinstance(self.offset, tuple) else self.offset
        return {"booster": self.booster, "weight": self.weight, "scale": self.scale, "offset": offset}


class MemberSum(ClassifierMixin, BaseEstimator):
    """A classifier over a sum of members; `boostimb.tune` builds it."""

    members: Sequence[Member]
    encoder: TableEncoder
    classes: NDArray[Any]
    n_jobs: int | None

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.classes.size > 2
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags

    def _counted(self) -> str:
        """Return how many members of each booster there are."""
        count = {name: sum(member.booster == name for member in self.members) for name in sorted({m.booster for m in self.members})}
        return ", ".join(f"{n} {name}" for name, n in count.items())

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, in the order of predict_proba's columns."""
        return self.classes

    @property
    def n_features_in_(self) -> int:
        """Number of features."""
        return self.encoder.n_features

    @property
    def feature_names_in_(self) -> NDArray[Any]:
        """Names of the features; an AttributeError where the training table had none."""
        if self.encoder.names is None:
            raise AttributeError("this model was trained on a table without column names")
        return np.asarray(self.encoder.names, dtype=object)

    def fit(self, X: Any, y: Any) -> "MemberSum":
        """Raise: there is nothing to fit. It is here because scikit-learn's tools ask every estimator for it."""
        raise TypeError("an ensemble is built by boostimb.tune and cannot be fitted: wrap it in sklearn.frozen.FrozenEstimator")

    @property
    def feature_importances_(self) -> FloatArray:
        """Members' shares of gain, averaged by weight, shape (n_features,)."""
        total = sum((m.weight * m.model.importances() for m in self.members), start=np.zeros(self.n_features_in_))
        return np.asarray(total / sum(m.weight for m in self.members))
