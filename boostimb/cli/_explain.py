"""What each column adds to the log-odds, over a table and in each of its rows."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from boostimb.cli._errors import InputError, refused_as_input, say
from boostimb.cli._model import as_trained, feature_names, load_model_of_two, text_columns
from boostimb.cli._pieces import Piece, columns_of, pieces_of
from boostimb.cli._predict import check_files
from boostimb.cli._progress import progress
from boostimb.cli._tables import csv_style
from boostimb.cli._write import writing
from boostimb.model import Ensemble
from boostimb.typing import FloatArray, IntArray
from boostimb.validation import decode

if TYPE_CHECKING:
    import pandas as pd

ROW, SCORE, PROBABILITY, DECISION, START, OTHERS = OWN = ("row", "score", "probability", "decision", "start", "others")


def explain_file(model_path: Path, table: Path, out: Path | None, n_top: int, decimal: str | None) -> None:
    """Print the columns by what they add on average, and write what those that gained most in training add in each row.

    Raises
    ------
    InputError
        If model, table or output cannot be used; no output is left behind then.
    """
    check_files(table, out)
    model = load_model_of_two(model_path, "boostimb explain")
    names = feature_names(model, columns_of(table))
    gain = model.feature_importances_
    top = np.argsort(-gain, kind="stable")[:n_top]  # known before the first row is read, and the same for every table
    if taken := sorted({names[at] for at in top} & set(OWN)):
        raise InputError(f"a column of the model is called {taken[0]!r}, which is a column of the output: rename it or lower --top")
    if model.calibration.line is None:
        say("Note: the calibration is isotonic; scores are the log-odds before it.")
    absolute, seen = np.zeros(len(names)), 0
    writer = nullcontext() if out is None else writing(out, csv_style(table, decimal))
    with writer as write, progress(f"Explaining {table.name}", shown=True) as advance:
        for piece in pieces_of(table, names, text_columns(model, names), keep=False, decimal=decimal):
            with refused_as_input():
                parts = model.contributions(as_trained(model, piece.features))
            absolute += np.abs(parts[:, :-1]).sum(axis=0)
            if write is not None:
                write(_rows(model, piece, parts, names, top, seen))
            seen += len(parts)
            advance(len(parts), piece.share)
        if not seen:
            raise InputError(f"{table} holds no rows")
    _show(names, gain, absolute / seen, n_top)
    say(f"{seen:,} rows explained." + ("" if out is None else f" Written to {out}."))


def _rows(model: Ensemble, piece: Piece, parts: FloatArray, names: Sequence[str], top: IntArray, first: int) -> "pd.DataFrame":
    """Return what is written for a piece, whose first row is the table's row ``first``."""
    import pandas as pd

    proba = model.predict_proba(as_trained(model, piece.features))[:, model.positive_index]
    score = parts.sum(axis=1)
    named = {names[at]: parts[:, at] for at in top}
    others = score - parts[:, -1] - parts[:, top].sum(axis=1)
    decided = decode(model.classes_, model.positive_index, proba >= model.threshold)
    own = {ROW: np.arange(first, first + len(parts)), SCORE: score, PROBABILITY: proba, DECISION: decided, START: parts[:, -1]}
    return pd.DataFrame({**own, **named, OTHERS: others})


def _show(names: Sequence[str], gain: FloatArray, absolute: FloatArray, n_top: int) -> None:
    """Print the columns that add most, up or down."""
    table = Table(title="What the model goes by", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("column")
    table.add_column("moves the log-odds by, on average", justify="right")
    table.add_column("share of the gain in training", justify="right")
    order = np.argsort(-absolute, kind="stable")
    for at in order[:n_top]:
        table.add_row(Text(names[at]), f"{absolute[at]:.4f}", f"{gain[at]:.1%}")
    if rest := order[n_top:].tolist():
        table.add_row(Text(f"{len(rest)} others, together", style="dim"), f"{absolute[rest].sum():.4f}", f"{gain[rest].sum():.1%}")
    Console(highlight=False).print(table)
