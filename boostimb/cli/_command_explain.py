"""``boostimb explain``: its options."""

from pathlib import Path
from typing import Annotated

import typer

from boostimb.cli._errors import Debug, reported
from boostimb.cli._tables import DecimalMark

EXAMPLES_OF_USE = """[bold]Examples[/bold]

boostimb explain boostimb-model new.csv

boostimb explain boostimb-model flagged.csv --top 5 --out reasons.csv"""


def explain(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder that `boostimb tune` or result.save wrote.")],
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A .csv, .tsv (also .gz) or .parquet file with the model's columns.")
    ],
    top: Annotated[int, typer.Option(metavar="N", min=1, help="How many columns are named; the rest is one sum.")] = 10,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to write what the columns add in each row, by its ending.",
            show_default=False,
        ),
    ] = None,
    decimal: DecimalMark = None,
    debug: Debug = False,
) -> None:
    """Say which columns a model goes by, over a table of any length and for each of its rows.

    What a column adds is counted in log-odds (SHAP values). In each row of --out, start + the columns + others = score.
    """
    with reported(debug):
        from boostimb.cli._explain import explain_file

        explain_file(model, table, out, top, decimal)
