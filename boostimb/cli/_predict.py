"""Scoring a file of any length with a saved model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from boostimb.cli._errors import InputError, refused_as_input, say
from boostimb.cli._pieces import Piece, pieces_of, shape_of
from boostimb.cli._tables import PARQUET, TEXT, check_columns, check_file, ending, require_pyarrow
from boostimb.cli._write import writing
from boostimb.model import Ensemble, load
from boostimb.validation import decode

if TYPE_CHECKING:
    import pandas as pd

PROBABILITY, DECISION = "probability", "decision"


def score_file(model_path: Path, table: Path, out: Path | None, *, only: bool) -> None:
    """Score every row of a table and write the answers, beside its columns or alone.

    Raises
    ------
    InputError
        If model, table or output cannot be used; no output is left behind then.
    """
    check_file(table)
    to_parquet = out is not None and ending(out, "--out") in PARQUET
    if to_parquet or ending(table) in PARQUET:
        require_pyarrow()
    if out is not None and out.exists() and out.samefile(table):
        raise InputError(f"--out must not be the table itself, {table}")
    model = _load(model_path)
    columns, n_rows = shape_of(table)
    names = _feature_names(model, columns)
    if not only and (taken := sorted({PROBABILITY, DECISION} & set(columns))):
        raise InputError(f"the table has a column {taken[0]!r} already: rename it, or write the new columns alone with --only")
    texts = [name for name, levels in zip(names, model.encoder.categories, strict=True) if levels and isinstance(levels[0], str)]
    # Into a Parquet file, the features of a text table go as what they are, and not as the text of their fields.
    as_read = ([name for name in names if name not in texts], texts) if to_parquet and ending(table) in TEXT else ([], [])
    positive = model.classes_[model.positive_index]
    seen = flagged = 0
    with writing(out) as write, _progress(shown=out is not None) as bar:
        job = bar.add_task("Scoring", total=n_rows)
        for piece in pieces_of(table, names, texts, keep=not only):
            answer = _answer(model, piece, *as_read)
            write(answer)
            seen, flagged = seen + len(answer), flagged + int((answer[DECISION] == positive).sum())
            bar.advance(job, len(answer))
        if not seen:
            raise InputError(f"{table} holds no rows")
    where = "" if out is None else f" Written to {out}."
    say(f"{seen:,} rows scored, {flagged:,} of them ({flagged / seen:.2%}) decided {positive}.{where}")


def _load(path: Path) -> Ensemble:
    folder = next((each for each in (path, path / "model") if (each / "manifest.json").is_file()), None)
    if folder is None:
        raise InputError(f"{path} holds no boostimb model: give the folder that `boostimb tune --out` or result.save wrote")
    with refused_as_input():
        return load(folder)


def _feature_names(model: Ensemble, columns: list[str]) -> list[str]:
    """Return the columns that the model reads: all of them, where it was trained without names."""
    if model.encoder.names is None:
        if len(columns) != model.n_features_in_:
            raise InputError(f"the model reads {model.n_features_in_} columns by position, and the table has {len(columns)}")
        return columns
    check_columns(model.encoder.names, columns, "the model was trained with it")
    return list(model.encoder.names)


def _answer(model: Ensemble, piece: Piece, numbers: Sequence[str], texts: Sequence[str]) -> "pd.DataFrame":
    """Return what is written for a piece.

    ``numbers`` and ``texts`` are the columns that are written as the model reads them, and not as they stand in the table.
    """
    import pandas as pd

    with refused_as_input():
        proba = model.predict_proba(piece.features if model.encoder.names else piece.features.to_numpy())[:, model.positive_index]
    new = {PROBABILITY: proba, DECISION: decode(model.classes_, model.positive_index, proba >= model.threshold)}
    if piece.kept is None:
        return pd.DataFrame(new)
    read = {name: piece.features[name] for name in texts}
    read |= {name: piece.features[name].astype("float64") for name in numbers}  # one type in all pieces
    return piece.kept.assign(**read, **new)


def _progress(*, shown: bool) -> Progress:
    """Return a bar on stderr, where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn())
    disable = not (shown and console.is_terminal)
    return Progress(*columns, console=console, disable=disable, transient=True, redirect_stdout=False, redirect_stderr=False)
