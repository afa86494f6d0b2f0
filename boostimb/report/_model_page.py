"""What a saved model tells of itself, on labelled rows that it has not seen."""

import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

import boostimb
from boostimb.report._models import ModelScores
from boostimb.report._page import Page
from boostimb.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    from boostimb.model import Ensemble


def page_of_model(model: "Ensemble", y: BoolArray, proba: FloatArray, title: str) -> Page:
    """Return the content of a report on a model alone.

    Parameters
    ----------
    model : Ensemble
        Of ``TuneResult.best_estimator_`` or `boostimb.load`.
    y : ndarray of bool, shape (n,)
        Which of the rows are positive.
    proba : ndarray of shape (n,)
        Their probabilities.
    title : str
        The headline.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> from boostimb.report import page_of_model
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> y = X[:, 0] > 1.5
    >>> model = bi.tune(X, y, booster="lightgbm", n_trials=1, cv=3, progress=False, random_state=0).best_estimator_
    >>> X_new = np.random.default_rng(1).normal(size=(500, 3))
    >>> page = page_of_model(model, X_new[:, 0] > 1.5, model.predict_proba(X_new)[:, 1], "New rows")
    >>> page.positive, list(page.facts)
    ('label True', ['Model', 'Versions'])
    """
    names: Iterable[str] = model.encoder.names or (f"column {at}" for at in range(model.n_features_in_))
    return Page(
        title,
        y,
        proba,
        model.threshold if np.isfinite(model.threshold) else float(np.nextafter(1.0, 2.0)),
        positive=f"label {model.classes_.tolist()[model.positive_index]}",
        models=(ModelScores.of("this model", y, proba, proba >= model.threshold),),
        importances=tuple(zip(names, model.feature_importances_.tolist(), strict=True)),
        facts={"Model": _members(model), "Versions": _versions(model)},
    )


def _members(model: "Ensemble") -> dict[str, str]:
    """Return how many models of each booster there are, with their weight, and the threshold."""
    total = sum(member.weight for member in model.members)
    table = {}
    for name in sorted({member.booster for member in model.members}):
        weights = [member.weight for member in model.members if member.booster == name]
        table[name] = f"{len(weights)} model{'s' * (len(weights) != 1)}, {sum(weights) / total:.0%} of the weight"
    return {**table, "features": str(model.n_features_in_), "threshold": f"{model.threshold:.6g}"}


def _versions(model: "Ensemble") -> dict[str, str]:
    """Return the versions that a model was made or read with."""
    packages = ["numpy", "scipy", "scikit-learn", "imbalanced-learn", "optuna", *sorted({each.booster for each in model.members})]
    return {
        "boostimb": boostimb.__version__,
        "Python": platform.python_version(),
        **{name: version(name) for name in packages},
        "system": f"{platform.system()} {platform.machine()}",
    }
