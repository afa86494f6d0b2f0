"""``boostimb predict``: its options."""

from pathlib import Path
from typing import Annotated

import typer

from boostimb.cli._errors import Debug, reported

EXAMPLES_OF_USE = """[bold]Examples[/bold]

boostimb predict boostimb-model new.csv --out decisions.csv

boostimb predict boostimb-model new.parquet --only | head"""


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder that `boostimb tune` or result.save wrote.")],
    table: Annotated[
        Path,
        typer.Argument(metavar="TABLE", help="A .csv, .tsv (also .gz) or .parquet file with the model's columns."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to write, by its ending; without it to stdout, as CSV.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="Write the two new columns alone, without those of the table.")] = False,
    debug: Debug = False,
) -> None:
    """Score a table of any length: a probability and a decision for each row, beside its columns.

    The table is read and written in pieces, so that it need not fit in memory.
    """
    with reported(debug):
        from boostimb.cli._predict import score_file

        score_file(model, table, out, only=only)
