"""``boostimb predict``: its options."""

from pathlib import Path
from typing import Annotated

import typer

from boostimb.cli._errors import Debug, reported
from boostimb.cli._tables import DecimalMark

EXAMPLES_OF_USE = """[bold]Examples[/bold]

boostimb predict boostimb-model new.csv --out decisions.csv

boostimb predict boostimb-model new.parquet --only | head

boostimb predict boostimb-model day-*.csv.gz --out decided/"""


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder that `boostimb tune` or result.save wrote.")],
    tables: Annotated[
        list[Path],
        typer.Argument(metavar="TABLE...", help="Files .csv, .tsv (also .gz) or .parquet with the model's columns."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to write, by its ending; without it to stdout, as CSV. For several tables, a folder.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="Write the new columns alone, without those of the table.")] = False,
    decimal: DecimalMark = None,
    debug: Debug = False,
) -> None:
    """Score tables of any length: log-odds (score), probability and decision for each row, beside its columns.

    Of several classes: a probability for each, and the decision.

    A table is read and written in pieces, so that it need not fit in memory.
    """
    with reported(debug):
        from boostimb.cli._predict import score_files

        score_files(model, tables, out, only=only, decimal=decimal)
