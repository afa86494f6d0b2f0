"""Reading a table from a file."""

import gzip
import re
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, cast

import typer

from boostimb.cli._errors import InputError, say
from boostimb.validation import missing_extra

if TYPE_CHECKING:
    import pandas as pd

PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_WITH = {mark: re.compile(rf"[+-]?\d*[{mark}]\d+([eE][+-]?\d+)?") for mark in ",."}
_WITHOUT = re.compile(r"[+-]?\d+")
_SEEN = 200  # values of a text column that are looked at to tell whether they are numbers

DecimalMark = Annotated[
    str | None,
    typer.Option(
        "--decimal",
        metavar="MARK",
        help="The decimal mark of numbers in a text table, as --decimal , for 3,14.",
        show_default=False,
    ),
]


def ending(path: Path, what: str = "the table") -> str:
    """Return the ending of a table's name, or raise if it is not one that can be read and written."""
    name = path.name.lower()
    for known in (*PARQUET, *TEXT):
        if name.endswith(known):
            return known
    raise InputError(f"{what} must end in {', '.join((*TEXT, *PARQUET[:-1]))} or {PARQUET[-1]}, got {str(path)!r}")


def require_pyarrow() -> None:
    """Raise the error that names the extra if pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        raise missing_extra("pyarrow", "a Parquet file")


def check_file(path: Path) -> None:
    """Raise if there is no such file, naming those beside it that are called nearly the same."""
    if path.is_dir():
        raise InputError(f"{path} is a folder, and not a table")
    if not path.is_file():
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"there is no file {path}{did_you_mean(path.name, beside)}")


def did_you_mean(name: str, others: Iterable[str]) -> str:
    """Return the names that are close to ``name``, as the end of a sentence.

    Examples
    --------
    >>> did_you_mean("Targt", ["age", "target"])
    "; did you mean 'target'?"
    >>> did_you_mean("y", ["age", "target"])
    ''
    """
    by_lower = {other.lower(): other for other in others}
    close = [by_lower[each] for each in get_close_matches(name.lower(), by_lower, n=3)]
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def check_columns(wanted: Iterable[str], columns: Iterable[str], why: str) -> None:
    """Raise if the table has not all columns that are wanted."""
    columns = list(columns)
    absent = [name for name in wanted if name not in columns]
    if not absent:
        return
    named = ", ".join(map(repr, absent[:5])) + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
    hint = did_you_mean(absent[0], columns)
    if not hint:
        hint = "; it has " + ", ".join(map(repr, columns[:12])) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
    raise InputError(f"the table has no column {named} ({why}){hint}")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file in whatever goes wrong while it is read."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8 ({error.reason} at byte {error.start}): convert it first") from error
    except (ValueError, OSError, EOFError, zlib.error) as error:  # also what pandas and Arrow raise for a broken file
        text = str(error).strip() or type(error).__name__
        raise InputError(f"{path} cannot be read as a {ending(path)} file: {text}") from error


def open_text(path: Path, mode: str) -> IO[str]:
    """Open a text file, packed by gzip or not."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    encoding = "utf-8-sig" if mode == "r" else "utf-8"  # spreadsheets write a mark in front
    return cast(IO[str], opener(path, f"{mode}t", encoding=encoding, newline=""))


def csv_options(path: Path, decimal: str | None = None) -> dict[str, Any]:
    """Return how pandas is to read a text table: what separates its fields, the decimal mark, and that no field names the rows.

    A .tsv has tabs; of comma, semicolon, tab and bar the most frequent one in the first line separates the fields of a .csv.
    """
    if decimal not in (None, ",", "."):
        raise InputError(f"--decimal must be , or ., got {decimal!r}")
    with reading(path), open_text(path, "r") as file:
        header = re.sub(r'"[^"]*"', "", file.readline())
    separator = "\t" if ".tsv" in ending(path) else max(",;\t|", key=header.count)
    return {"sep": separator, "decimal": decimal or ".", "encoding": "utf-8-sig", "index_col": False}


def csv_style(table: Path, decimal: str | None) -> dict[str, Any]:
    """Return how pandas is to write a .csv file, so that it opens wherever ``table`` does; a .tsv gives its decimal mark alone."""
    if ending(table) in PARQUET:
        return {"sep": ",", "decimal": "."}
    options = csv_options(table, decimal)
    return {"sep": options["sep"] if ".csv" in ending(table) else ",", "decimal": options["decimal"]}


def check_decimals(frame: "pd.DataFrame", decimal: str | None) -> None:
    """Raise for a column of text that reads as numbers with a decimal comma, unless the user has said what the mark is."""
    if decimal is None:
        for name, value in _texts_like(frame, ","):
            raise InputError(
                f"column {name!r} is text, and reads as numbers with a decimal comma, such as {value!r}: --decimal , takes "
                "them so, and --decimal . leaves them text; commas between thousands must be taken out first"
            )


def _texts_like(frame: "pd.DataFrame", mark: str) -> Iterator[tuple[str, str]]:
    """Yield the columns of text that read as numbers with a decimal mark, each with the first value that has it."""
    import pandas as pd

    for name in frame.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]]:
        values = [str(value).strip() for value in frame[name].dropna().iloc[:_SEEN]]
        marked = [value for value in values if _WITH[mark].fullmatch(value)]
        if marked and all(_WITH[mark].fullmatch(value) or _WITHOUT.fullmatch(value) for value in values):
            yield str(name), marked[0]


def read_csv(path: Path, decimal: str | None = None, **options: Any) -> "pd.DataFrame":
    """Read a text table, or raise if its rows have more fields than its header has names, or two columns have one name."""
    import pandas as pd

    how = csv_options(path, decimal)
    options |= how
    with reading(path):
        header = pd.read_csv(path, header=None, nrows=1, dtype="str", na_filter=False, **how).iloc[0]
    if twice := next((name for name in header[header.duplicated()] if name), None):  # pandas would rename one of them
        raise InputError(f"{path} has two columns called {twice!r}: rename one")
    with reading(path), warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            return pd.read_csv(path, **options)
        except pd.errors.ParserWarning:  # it would leave fields out
            raise InputError(f"{path} has rows with more fields than its first line has names") from None


def read_table(path: Path, decimal: str | None = None) -> "pd.DataFrame":
    """Return the whole table with columns named by text and rows numbered from 0.

    Raises
    ------
    InputError
        If there is no such file, it is no table, it has no rows, or the decimal mark is not clear.
    """
    check_file(path)
    if ending(path) in PARQUET:
        require_pyarrow()
        import pandas as pd

        with reading(path):
            frame = pd.read_parquet(path)
    else:
        # The whole column at once: in pieces, one column could come out as numbers here and text there.
        frame = read_csv(path, decimal, low_memory=False)
        check_decimals(frame, decimal)
        for name, value in _texts_like(frame, ".") if decimal == "," else ():
            say(f"Note: column {name!r} is taken as text, such as {value!r}, since the decimal mark is a comma.")
    if frame.empty:
        raise InputError(f"{path} holds no rows" if len(frame.columns) else f"{path} holds no columns")
    return frame.reset_index(drop=True).rename(columns=str)
