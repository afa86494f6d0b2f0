"""The command line: from a table to a model in a folder, and from a model to decisions."""

import sys
from importlib.util import find_spec

from boostimb.validation import missing_extra

__all__ = ["main"]


def main() -> None:
    """Run the command that ``sys.argv`` gives and end the process: 0 fine, 2 bad usage or input, 130 interrupted."""
    for module in ("typer", "rich", "pandas"):
        if find_spec(module) is None:
            print(f"Error: {missing_extra(module, 'the command line')}", file=sys.stderr)
            raise SystemExit(2)
    from boostimb.cli._app import app

    app(prog_name="boostimb")
