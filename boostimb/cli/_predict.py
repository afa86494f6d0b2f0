"""Scoring files of any length with a saved model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from boostimb.cli._errors import InputError, refused_as_input, say
from boostimb.cli._model import AnyModel, as_trained, feature_names, load_model, log_odds, text_columns
from boostimb.cli._pieces import Piece, columns_of, pieces_of
from boostimb.cli._progress import progress
from boostimb.cli._several_classes import with_numbers
from boostimb.cli._tables import PARQUET, TEXT, check_file, csv_style, ending, require_pyarrow
from boostimb.cli._write import writing
from boostimb.decision import decide
from boostimb.model import Ensemble
from boostimb.validation import decode

if TYPE_CHECKING:
    import pandas as pd

SCORE, PROBABILITY, DECISION = "score", "probability", "decision"


def score_files(model_path: Path, tables: Sequence[Path], out: Path | None, *, only: bool, decimal: str | None) -> None:
    """Score every row of each table and write the answers: of one table to a file or stdout, of several into a folder.

    Raises
    ------
    InputError
        If model, tables or output cannot be used. Of a table that is refused no output is left behind; those before it are done.
    """
    outs = _outputs(tables, out)
    for table, to in zip(tables, outs, strict=True):
        check_files(table, to)
    model = load_model(model_path)
    read = [columns_of(table) for table in tables]
    for columns in read:  # before the first row of any is scored
        feature_names(model, columns)
        if not only and (taken := [name for name in new_columns(model) if name in columns]):
            raise InputError(f"the table has a column {taken[0]!r} already: rename it, or write the new columns alone with --only")
    for table, to, columns in zip(tables, outs, read, strict=True):
        _score(model, table, to, feature_names(model, columns), only=only, decimal=decimal)


def _outputs(tables: Sequence[Path], out: Path | None) -> list[Path | None]:
    """Return where the answers to each table go; a name without an ending is that of a folder, as a pattern may match one table."""
    if len(tables) == 1 and not (out is not None and (out.is_dir() or not (out.suffix or out.exists()))):
        return [out]
    if out is None:
        raise InputError("several tables need --out DIR, a folder in which each answer gets the name of its table")
    if out.exists() and not out.is_dir():
        raise InputError(f"--out must be a folder for {len(tables)} tables, and {out} is a file")
    names = [table.name for table in tables]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"tables must have different names, by which their answers are called; several are called {repeated[0]!r}")
    return [out / name for name in names]


def new_columns(model: AnyModel) -> list[str]:
    """Return the names of the columns that an answer adds: of several classes a probability for each."""
    if isinstance(model, Ensemble):
        return [SCORE, PROBABILITY, DECISION]
    return [*(f"{PROBABILITY}_{label}" for label in model.classes_.tolist()), DECISION]


def check_files(table: Path, out: Path | None) -> None:
    """Raise if a table is not there, or its answer could not be written or would overwrite it."""
    check_file(table)
    if ending(table) in PARQUET or (out is not None and ending(out, "--out") in PARQUET):
        require_pyarrow()
    if out is not None and out.exists() and out.samefile(table):
        raise InputError(f"--out must not be the table itself, {table}")


def _score(model: AnyModel, table: Path, out: Path | None, names: list[str], *, only: bool, decimal: str | None) -> None:
    """Put one table through the model."""
    texts = text_columns(model, names)
    # Into a Parquet file, the features of a text table go as what they are, and not as the text of their fields.
    typed = out is not None and ending(out) in PARQUET and ending(table) in TEXT
    as_read = ([name for name in names if name not in texts], texts) if typed else ([], [])
    decided = np.zeros(model.classes_.size, dtype=np.intp)
    style, told = csv_style(table, decimal), progress(f"Scoring {table.name}", shown=out is not None)
    with writing(out, style) as write, told as advance:
        for piece in pieces_of(table, names, texts, keep=not only, decimal=decimal):
            answer = _answer(model, piece, *as_read)
            write(answer)
            decided += [int((answer[DECISION] == label).sum()) for label in model.classes_]
            advance(len(answer), piece.share)
        seen = int(decided.sum())
        if not seen:
            raise InputError(f"{table} holds no rows")
    where = "" if out is None else f" Written to {out}."
    if isinstance(model, Ensemble):
        flagged, positive = int(decided[model.positive_index]), model.classes_[model.positive_index]
        found = f"{flagged:,} of them ({flagged / seen:.2%}) decided {positive}"
    else:
        found = f"decided: {with_numbers(model.classes_.tolist(), decided.tolist())}"
    say(f"{seen:,} rows scored, {found}.{where}")


def _answer(model: AnyModel, piece: Piece, numbers: Sequence[str], texts: Sequence[str]) -> "pd.DataFrame":
    """Return what is written for a piece.

    ``numbers`` and ``texts`` are the columns that are written as the model reads them, and not as they stand in the table.
    """
    import pandas as pd

    new = dict(zip(new_columns(model), _scored(model, piece), strict=True))
    if piece.kept is None:
        return pd.DataFrame(new)
    read = {name: piece.features[name] for name in texts}
    read |= {name: piece.features[name].astype("float64") for name in numbers}  # one type in all pieces
    return piece.kept.assign(**read, **new)


def _scored(model: AnyModel, piece: Piece) -> list[NDArray[Any]]:
    """Return the values of the new columns."""
    if isinstance(model, Ensemble):
        score = log_odds(model, piece.features)
        proba = expit(score)
        return [score, proba, decode(model.classes_, model.positive_index, proba >= model.threshold)]
    with refused_as_input():
        of_classes = model.predict_proba(as_trained(model, piece.features))
    return [*of_classes.T, model.classes_[decide(of_classes, model.threshold, model.costs)]]
