"""Writing a table piece by piece."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from boostimb.cli._tables import PARQUET, ending, open_text

if TYPE_CHECKING:
    import pandas as pd

Write: TypeAlias = "Callable[[pd.DataFrame], None]"


@contextmanager
def writing(out: Path | None, style: Mapping[str, Any]) -> Iterator[Write]:
    """Yield a function that appends rows to a file, or as CSV to stdout; ``style`` is the separator and decimal mark of CSV.

    The file appears when all is written, and takes the place of an older one only then.
    """
    if out is None:
        yield _text(sys.stdout, style)
        sys.stdout.flush()
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{os.getpid()}-{out.name}")
    try:
        if ending(out) in PARQUET:
            with _parquet(part) as write:
                yield write
        else:
            with open_text(part, "w") as file:
                yield _text(file, {**style, "sep": "\t"} if ".tsv" in ending(out) else style)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _text(stream: IO[str], style: Mapping[str, Any]) -> Write:
    header = True

    def write(frame: "pd.DataFrame") -> None:
        nonlocal header
        frame.to_csv(stream, **style, index=False, header=header, lineterminator="\n")
        header = False

    return write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    from pyarrow import parquet

    writer: Any = None

    def write(frame: "pd.DataFrame") -> None:
        nonlocal writer
        schema = None if writer is None else writer.schema
        # Without the notes that pandas leaves in a file, each reader takes the types that it prefers.
        rows = pa.Table.from_pandas(frame, schema=schema, preserve_index=False).replace_schema_metadata()
        writer = writer or parquet.ParquetWriter(path, rows.schema)
        writer.write_table(rows)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()
