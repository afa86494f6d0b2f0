"""``boostimb report``: its options."""

from pathlib import Path
from typing import Annotated

import typer

from boostimb.cli._errors import Debug, reported
from boostimb.cli._tables import DecimalMark

EXAMPLES_OF_USE = """[bold]Examples[/bold]

boostimb report boostimb-model holdout.csv --target is_fraud

boostimb report boostimb-model march.parquet --target is_fraud --out march.html"""


def report(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder that `boostimb tune` or result.save wrote.")],
    table: Annotated[
        Path,
        typer.Argument(metavar="TABLE", help="A .csv, .tsv (also .gz) or .parquet file with the model's columns and the labels."),
    ],
    target: Annotated[str, typer.Option("--target", "-t", metavar="COLUMN", help="The column with the labels.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write the page.")] = Path("report.html"),
    decimal: DecimalMark = None,
    debug: Debug = False,
) -> None:
    """Show what a saved model is worth on labelled rows that it has not seen, as one HTML file with a threshold to move."""
    with reported(debug):
        from boostimb.cli._report import report_file

        report_file(model, table, target, out, decimal)
