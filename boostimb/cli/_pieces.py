"""Reading a table piece by piece, as a model needs it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boostimb.cli._tables import PARQUET, csv_options, ending, read_csv, reading

if TYPE_CHECKING:
    import pandas as pd

ROWS = 100_000  # of a piece: enough for the boosters to work at full speed


@dataclass(frozen=True, eq=False)
class Piece:
    """Some rows: the columns that the model reads, and all of them as they are written again (None: they are not)."""

    features: "pd.DataFrame"
    kept: "pd.DataFrame | None"


def shape_of(table: Path) -> tuple[list[str], int | None]:
    """Return the names of the columns and, where the file says it, the number of rows."""
    if ending(table) not in PARQUET:
        return [str(name) for name in read_csv(table, nrows=1).columns], None
    from pyarrow import parquet

    with reading(table), parquet.ParquetFile(table) as file:
        return list(file.schema_arrow.names), int(file.metadata.num_rows)


def pieces_of(table: Path, names: Sequence[str], texts: Sequence[str], *, keep: bool) -> Iterator[Piece]:
    """Yield the table in pieces; ``texts`` are those of the columns ``names`` that are text even where they look like numbers."""
    every = _parquet_pieces(table, list(names), keep) if ending(table) in PARQUET else _csv_pieces(table, list(names), texts, keep)
    return (piece for piece in every if len(piece.features))  # a text table without rows is one piece without rows


def _csv_pieces(table: Path, names: list[str], texts: Sequence[str], keep: bool) -> Iterator[Piece]:
    import pandas as pd

    options = {**csv_options(table), "chunksize": ROWS}
    with reading(table), ExitStack() as stack:
        # low_memory=False: one kind a column and piece, as in training.
        kinds = dict.fromkeys(texts, "str")
        features = stack.enter_context(pd.read_csv(table, usecols=names, dtype=kinds, low_memory=False, **options))
        # Read a second time as bare text, fields go through as they stand: 12.50 stays 12.50, and NA stays NA.
        kept = stack.enter_context(pd.read_csv(table, dtype="str", na_filter=False, **options)) if keep else None
        for piece in features:
            yield Piece(piece[names], None if kept is None else next(kept))


def _parquet_pieces(table: Path, names: list[str], keep: bool) -> Iterator[Piece]:
    import pandas as pd
    from pyarrow import parquet

    with reading(table), parquet.ParquetFile(table) as file:
        for batch in file.iter_batches(batch_size=ROWS, columns=None if keep else names):
            # In Arrow's own types, whole numbers stay whole beside missing ones.
            kept = batch.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True) if keep else None
            yield Piece(batch.select(names).to_pandas(ignore_metadata=True), kept)
