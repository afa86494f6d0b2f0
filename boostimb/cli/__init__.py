"""The command line: from a table to a model in a folder, and from a model to decisions."""

import sys
from importlib.util import find_spec

from boostimb.validation import missing_extra

__all__ = ["main"]


def main() -> None:
    """Run the command that ``sys.argv`` gives and end the process: 0 fine, 1 a bug, 2 bad usage or input, 130 interrupted."""
    for module in ("typer", "rich", "pandas"):
        if find_spec(module) is None:
            print(f"Error: {missing_extra(module, 'the command line')}", file=sys.stderr)
            raise SystemExit(2)
    from typer.main import get_command

    from boostimb.cli._app import app
    from boostimb.cli._errors import shorten_bugs

    shorten_bugs()
    get_command(app)(prog_name="boostimb")  # called itself, the app would put an excepthook of its own in place of ours
