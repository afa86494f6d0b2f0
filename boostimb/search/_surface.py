"""The probability over two features, all others held where most rows are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.model import Ensemble
from boostimb.table import Table
from boostimb.typing import FloatArray, IntArray
from boostimb.validation import as_vector, check_length

# Points of the grid along each feature of numbers, and the share of either class's rows that it leaves out at either end.
_POINTS, _TAIL = 100, 0.005
# Rows that ranges and middles are read from.
_ROWS = 100_000


@dataclass(frozen=True, eq=False)
class Surface:
    """What is drawn: the grid, its probabilities, what the features are called, and rows with their labels."""

    x: FloatArray
    y: FloatArray
    proba: FloatArray
    names: tuple[str, str]
    levels: tuple[Sequence[object] | None, Sequence[object] | None]
    points: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None


def surface(model: Ensemble, X: Any, y: Any, features: Sequence[str | int] | None) -> Surface:
    """Evaluate a model over two features of a table.

    Parameters
    ----------
    model : Ensemble
        The model.
    X : array-like or dataframe of shape (n, d)
        The rows that the range of both features, and the middle of the others (median or most frequent category), are read from.
    y : array-like of shape (n,), optional
        Their labels: the rows are then drawn, and the grid reaches over both classes.
    features : sequence of two names or positions, optional
        By default the two that the model gains most by.
    """
    table = model.encoder.transform(X, estimator_name="decision_surface")
    first, second = _pair(model, table, features)
    positive = None
    if y is not None:
        positive = as_vector("y", y) == model.classes[model.positive_index]
        check_length("y", positive, table.n_rows, "X")
    rows = _some(np.arange(table.n_rows))
    classes = [rows] if positive is None else [_some(np.flatnonzero(~positive)), _some(np.flatnonzero(positive))]
    axes = [_axis(table, at, classes) for at in (first, second)]
    middle = np.array([_middle(table.values[rows, at], table.categories[at]) for at in range(table.n_features)])
    grid = np.tile(middle, (axes[0].size * axes[1].size, 1))
    grid[:, first], grid[:, second] = (each.ravel() for each in np.meshgrid(*axes))
    proba = model.proba_of_table(Table(grid.astype(table.values.dtype), table.names, table.categories))
    names = tuple(f"feature {at}" if table.names is None else table.names[at] for at in (first, second))
    points = None if positive is None else (table.values[:, first], table.values[:, second], positive)
    return Surface(
        axes[0],
        axes[1],
        proba.reshape(axes[1].size, axes[0].size),
        (names[0], names[1]),
        (table.categories[first], table.categories[second]),
        points,
    )


def _pair(model: Ensemble, table: Table, features: Sequence[str | int] | None) -> tuple[int, int]:
    if table.n_features < 2:
        raise ValueError(f"a decision surface needs a table of at least 2 features, got {table.n_features}")
    if features is None:
        chosen = np.argsort(-model.feature_importances_, kind="stable")[:2].tolist()
    else:
        chosen = [_position(table, feature) for feature in features]
        if len(set(chosen)) != 2 or len(chosen) != 2:
            raise ValueError(f"features must be two different ones, got {list(features)!r}")
    return chosen[0], chosen[1]


def _position(table: Table, feature: str | int) -> int:
    if isinstance(feature, str):
        if table.names is None or feature not in table.names:
            known = "it has no names" if table.names is None else f"one of {', '.join(table.names)}"
            raise ValueError(f"features must be in the table ({known}), got {feature!r}")
        return table.names.index(feature)
    if not 0 <= feature < table.n_features:
        raise ValueError(f"features must be positions from 0 to {table.n_features - 1}, got {feature}")
    return int(feature)


def _some(rows: IntArray) -> IntArray:
    """Return at most so many of the rows as a median or a quantile needs."""
    return rows if rows.size <= _ROWS else np.sort(np.random.default_rng(0).choice(rows, _ROWS, replace=False))


def _axis(table: Table, at: int, classes: Sequence[IntArray]) -> FloatArray:
    """Return where the grid lies along a feature: over each class but for its outermost values."""
    parts = [_known(table.values[rows, at]) for rows in classes]
    if not any(part.size for part in parts):
        raise ValueError(f"a decision surface needs values, and feature {at} has none but missing ones")
    levels = table.categories[at]
    if levels is not None:
        return np.arange(len(levels), dtype=np.float64)
    ends = np.array([np.quantile(part, [_TAIL, 1 - _TAIL]) for part in parts if part.size])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    return np.linspace(low, high if high > low else low + 1.0, _POINTS)


def _middle(values: NDArray[np.floating[Any]], levels: Sequence[object] | None) -> float:
    """Return the median or the most frequent category; a missing value where there is nothing else."""
    values = _known(values)
    if not values.size:
        return float("nan")
    return float(np.median(values)) if levels is None else float(np.argmax(np.bincount(values.astype(np.intp))))


def _known(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    return values[~np.isnan(values)]
