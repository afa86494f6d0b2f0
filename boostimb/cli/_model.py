"""A saved model, as a file of rows is put through it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostimb.cli._errors import InputError, refused_as_input
from boostimb.cli._tables import check_columns, did_you_mean
from boostimb.model import Ensemble, load
from boostimb.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd


def load_model(path: Path) -> Ensemble:
    """Return the model of a folder, or raise if it holds none."""
    if not path.exists():
        beside = [each.name for each in path.parent.iterdir() if each.is_dir()] if path.parent.is_dir() else []
        raise InputError(f"there is no folder {path}{did_you_mean(path.name, beside)}")
    if not any((each / "manifest.json").is_file() for each in (path, path / "model")):
        raise InputError(f"{path} holds no boostimb model: give the folder that `boostimb tune --out` or result.save wrote")
    with refused_as_input():
        model = load(path)
    if not isinstance(model, Ensemble):
        raise InputError(
            f"{path} holds a model of {len(model.classes_)} classes, and this is for two: boostimb.load reads it in Python"
        )
    return model


def feature_names(model: Ensemble, columns: list[str]) -> list[str]:
    """Return the columns that the model reads: all of them, where it was trained without names."""
    if model.encoder.names is None:
        if len(columns) != model.n_features_in_:
            raise InputError(f"the model reads {model.n_features_in_} columns by position, and the table has {len(columns)}")
        return columns
    check_columns(model.encoder.names, columns, "the model was trained with it")
    return list(model.encoder.names)


def text_columns(model: Ensemble, names: Sequence[str]) -> list[str]:
    """Return those of the columns that are text to the model, even where they look like numbers."""
    return [name for name, levels in zip(names, model.encoder.categories, strict=True) if levels and isinstance(levels[0], str)]


def as_trained(model: Ensemble, features: "pd.DataFrame") -> Any:
    """Return the rows as the model was trained: by name or by position."""
    return features if model.encoder.names else features.to_numpy()


def log_odds(model: Ensemble, features: "pd.DataFrame") -> FloatArray:
    """Return the calibrated log-odds of the positive class, finite also where the probability rounds to 0 or 1."""
    with refused_as_input():
        raw = model.decision_function(as_trained(model, features))
    return model.calibration.logit(raw if model.positive_index == 1 else -raw)
