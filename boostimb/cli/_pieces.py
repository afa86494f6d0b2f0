"""Reading a table piece by piece, as a model needs it."""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from boostimb.cli._tables import PARQUET, TEXT, check_decimals, csv_options, ending, read_csv, reading

if TYPE_CHECKING:
    import pandas as pd

# Rows of a piece: enough for the boosters to work at full speed, and fewer of a wide table, which must not fill the memory.
ROWS, CELLS = 100_000, 4_000_000


@dataclass(frozen=True, eq=False)
class Piece:
    """Some rows: the columns that the model reads, and all of them as they are written again (None: they are not)."""

    features: "pd.DataFrame"
    kept: "pd.DataFrame | None"
    share: float  # how much of the file has been read, from 0 to 1


def columns_of(table: Path) -> list[str]:
    """Return the names of the columns."""
    if ending(table) not in PARQUET:
        return [str(name) for name in read_csv(table, nrows=1).columns]
    from pyarrow import parquet

    with reading(table), parquet.ParquetFile(table) as file:
        return list(file.schema_arrow.names)


def pieces_of(
    table: Path, names: Sequence[str], texts: Sequence[str], *, keep: bool, decimal: str | None = None
) -> Iterator[Piece]:
    """Yield the table in pieces; ``texts`` are those of the columns ``names`` that are text even where they look like numbers."""
    rows = min(ROWS, max(1, CELLS // len(columns_of(table) if keep or ending(table) in TEXT else names)))
    if ending(table) in PARQUET:
        every = _parquet_pieces(table, list(names), rows, keep)
    else:
        every = _csv_pieces(table, list(names), texts, rows, keep, decimal)
    return (piece for piece in every if len(piece.features))  # a text table without rows is one piece without rows


def _csv_pieces(table: Path, names: list[str], texts: Sequence[str], rows: int, keep: bool, decimal: str | None) -> Iterator[Piece]:
    import pandas as pd

    options = {**csv_options(table, decimal), "chunksize": rows}
    size = max(1, table.stat().st_size)
    with reading(table), ExitStack() as stack:

        def opened() -> tuple[IO[bytes], IO[bytes]]:
            """Open the table; return the file, whose place tells how far it is read, and its contents."""
            file = stack.enter_context(table.open("rb"))
            return file, cast(IO[bytes], gzip.open(file)) if table.name.lower().endswith(".gz") else file

        # low_memory=False: one kind a column and piece, as in training. No usecols: with it, pandas takes rows of too many fields.
        kinds = dict.fromkeys(texts, "str")
        file, stream = opened()
        features = stack.enter_context(pd.read_csv(stream, dtype=kinds, low_memory=False, **options))
        # Read a second time as bare text, fields go through as they stand: 12.50 stays 12.50, and NA stays NA.
        kept = stack.enter_context(pd.read_csv(opened()[1], dtype="str", na_filter=False, **options)) if keep else None
        for piece in features:
            read = piece[names]
            check_decimals(read.drop(columns=list(texts)), decimal)
            yield Piece(read, None if kept is None else next(kept), file.tell() / size)


def _parquet_pieces(table: Path, names: list[str], rows: int, keep: bool) -> Iterator[Piece]:
    import pandas as pd
    from pyarrow import parquet

    # Read ahead, a row group would lie in memory as a whole.
    with reading(table), parquet.ParquetFile(table, pre_buffer=False, buffer_size=1 << 20) as file:
        total, seen = max(1, file.metadata.num_rows), 0
        for batch in file.iter_batches(batch_size=rows, columns=None if keep else names):
            seen += batch.num_rows
            # In Arrow's own types, whole numbers stay whole beside missing ones.
            kept = batch.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True) if keep else None
            yield Piece(batch.select(names).to_pandas(ignore_metadata=True), kept, seen / total)
