"""The program: its commands and its version."""

from typing import Annotated

import typer

import boostimb
from boostimb.cli import _command_explain, _command_predict, _command_report, _command_tune

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"boostimb {boostimb.__version__}")
        raise typer.Exit


@app.callback()
def boostimb_(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Models for a rare positive class: searched, calibrated, with a threshold, and honestly scored."""


app.command(epilog=_command_tune.EXAMPLES_OF_USE)(_command_tune.tune)
app.command(epilog=_command_predict.EXAMPLES_OF_USE)(_command_predict.predict)
app.command(epilog=_command_report.EXAMPLES_OF_USE)(_command_report.report)
app.command(epilog=_command_explain.EXAMPLES_OF_USE)(_command_explain.explain)
