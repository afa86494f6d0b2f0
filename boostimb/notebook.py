"""Tables that a notebook shows: in its own colours, light or dark, and with every text escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# Everything takes the notebook's own text colour, so that it is right on a light and on a dark ground.
_STYLE = (
    "<style>.boostimb{max-width:60rem;font-variant-numeric:tabular-nums}.boostimb p{margin:.4em 0}"
    ".boostimb table{border-collapse:collapse;margin:.6em 0}.boostimb caption{text-align:left;font-weight:600;padding:.2em 0}"
    ".boostimb th,.boostimb td{text-align:right!important;padding:.2em .7em;background:none;color:inherit;"
    "border-bottom:1px solid color-mix(in srgb,currentColor 22%,transparent)}"
    ".boostimb th:first-child,.boostimb td:first-child{text-align:left!important;padding-left:0}"
    ".boostimb tbody th{font-weight:400}.boostimb small{opacity:.75}</style>"
)


@dataclass(frozen=True)
class Grid:
    """A table of texts; the first column names the rows.

    Examples
    --------
    >>> grid = Grid("Scores", ("", "recall"), (("plain <b>", "0.5"), ("tuned", "0.75")))
    >>> print(grid)
    Scores
               recall
    plain <b>     0.5
    tuned        0.75
    >>> "plain &lt;b&gt;" in grid.to_html()
    True
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = [
            "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))])
            for line in lines
        ]
        return "\n".join([self.caption, *texts] if self.caption else texts)

    def to_html(self) -> str:
        """Return the table as HTML, with heads that a screen reader tells for each cell."""
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.columns)
        body = "".join(f'<tr><th scope="row">{escape(name)}</th>{"".join(map(_cell, cells))}</tr>' for name, *cells in self.rows)
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def notebook_html(title: str, parts: Sequence[str | Grid], notes: str = "") -> str:
    """Return a block of HTML for ``_repr_html_``: a title, paragraphs and tables, and notes in small print.

    Examples
    --------
    >>> notebook_html("Found", ["1 < 2"]).endswith("<p><b>Found</b></p><p>1 &lt; 2</p></div>")
    True
    """
    head = f"<p><b>{escape(title)}</b></p>" if title else ""
    body = "".join(part.to_html() if isinstance(part, Grid) else f"<p>{escape(part)}</p>" for part in parts)
    small = f"<p><small>{escape(notes)}</small></p>" if notes else ""
    return f'<div class="boostimb">{_STYLE}{head}{body}{small}</div>'


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"
