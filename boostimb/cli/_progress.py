"""A bar for work on the pieces of a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

# Rows that were done since the last call, and how much of the file has been read by now, from 0 to 1.
Advance: TypeAlias = Callable[[int, float], None]


@contextmanager
def progress(what: str, *, shown: bool) -> Iterator[Advance]:
    """Yield a function that moves a bar on stderr, where that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,.0f} rows"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    disable = not (shown and console.is_terminal)
    rows = 0
    with Progress(*columns, console=console, disable=disable, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        job = bar.add_task(what, total=1.0, rows=0)

        def advance(more: int, share: float) -> None:
            nonlocal rows
            rows += more
            bar.update(job, completed=share, rows=rows)

        yield advance
