"""What a user sees when something is wrong: one message on stderr, and an exit code."""

import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from boostimb.cli._options import in_options

BAD_INPUT, INTERRUPTED = 2, 130
_DEBUG = "BOOSTIMB_DEBUG"
Debug = Annotated[bool, typer.Option("--debug", envvar=_DEBUG, help="Show the traceback of an error.")]


class InputError(Exception):
    """The user can put it right; the text says how."""


def say(text: str) -> None:
    """Write a line to stderr, where it does not mix with the results."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def refused_as_input() -> Iterator[None]:
    """Take the errors that the package raises for bad data and settings as the user's to put right."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise InputError(in_options(str(error))) from error


@contextmanager
def reported(debug: bool) -> Iterator[None]:
    """Turn errors into a message and an exit code, and warnings into notes. What is no error of the user's goes on up."""
    with warnings.catch_warnings():
        for category in (UserWarning, RuntimeWarning):
            warnings.simplefilter("default", category)
        warnings.showwarning = _note
        try:
            yield
        except KeyboardInterrupt:
            say("Interrupted: what was not finished is not saved.")
            raise typer.Exit(INTERRUPTED) from None
        except (BrokenPipeError, ModuleNotFoundError):
            # The reader of our output has gone, as in `boostimb predict ... | head`; or the installation is broken. For an extra of
            # ours that is not installed, the error is a plain ImportError.
            raise
        except (InputError, ImportError, OSError) as error:
            if debug:
                traceback.print_exc()
            say(f"Error: {error}")
            raise typer.Exit(BAD_INPUT) from None


def shorten_bugs() -> None:
    """Say of an error that nobody expected no more than one line, exit code 1; whole with --debug or BOOSTIMB_DEBUG set."""
    if "--debug" not in sys.argv and not os.environ.get(_DEBUG):
        sys.excepthook = _short


def _short(kind: type[BaseException], error: BaseException, _: object) -> None:
    say(f"Error: {kind.__name__}: {error}. This is a bug, or a broken installation: --debug shows where it comes from.")


def _note(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: str | None = None
) -> None:
    say(f"Note: {in_options(str(message)).removesuffix('.')}.")
