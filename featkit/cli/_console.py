"""Output of the commands: tables, fields and messages.

Results go to standard output: formatted on a terminal, as lines of tab-separated fields elsewhere.
Messages go to standard error. All text from outside is made `printable`.
"""

from __future__ import annotations

import gc
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import printable, significant
from featkit.cli._colour import console as colour_console
from featkit.cli._options import is_json, is_quiet
from featkit.cli._plain import plain
from featkit.cli._run_log import current_log, log_event

if TYPE_CHECKING:
    import pandas as pd

    from featkit.batch.extraction import Failure

MAX_FAILURES_SHOWN = 5

MIN_COLUMN_WIDTH = 10
"""Smallest width, in terminal cells, to which a column is squeezed to keep others unbroken."""

MAX_LINE_WIDTH = 100
"""Largest width of a line of prose, in terminal cells."""

COLUMN_GAP = 3
"""Cells between two columns of a table."""


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Import modules without garbage collection, which would take a tenth of the time.

    Imported objects live until the process ends, so later collections skip them, too.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


# Messages


def show_message(text: str) -> None:
    """Print a message to standard error, unless ``--quiet``."""
    log_event("message", message=text)
    if not is_quiet():
        click.echo(printable(text), err=True)


def show_warnings(warnings: Sequence[str]) -> None:
    """Print warnings to standard error."""
    for warning in warnings:
        log_event("warning", message=warning)
        click.echo(f"warning: {printable(warning)}", err=True)


def show_skipped_files(counts: Mapping[str, int]) -> None:
    """Print the number of files in folders that are not audio, by extension."""
    from featkit.datasets.skipped_files import format_counts

    if counts:
        show_message(f"skipped: {format_counts(counts)}")


def show_failures(failures: Sequence[Failure], *, list_file: str | None = None) -> None:
    """Print the first failures to standard error, and the file that lists all of them."""
    for failure in failures:
        log_event("failure", **plain(failure))
    if not failures:
        return
    where = f", see {list_file}" if list_file else ""
    click.echo(f"{len(failures):,} failed{where}:", err=True)
    for failure in failures[:MAX_FAILURES_SHOWN]:
        line = f"{failure.path}: {failure.stage}: {failure.message}"
        click.echo(f"  {printable(line)}", err=True)
    if len(failures) > MAX_FAILURES_SHOWN:
        click.echo(f"  and {len(failures) - MAX_FAILURES_SHOWN:,} more", err=True)


# Results


def show_result(document: Callable[[], Any], show: Callable[[], None]) -> None:
    """Print the result of a command: with ``--json`` as JSON, else as text.

    The log, if there is one, receives the document in both cases.

    Parameters
    ----------
    document : callable
        ``document()`` returns the result as data that `plain` accepts.
    show : callable
        ``show()`` prints the result as text.
    """
    if is_json() or current_log() is not None:
        data = plain(document())
        log_event("result", result=data)
    if not is_json():
        show()
        return
    # Escapes are valid JSON in any encoding, and harmless on a terminal.
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    ascii_only = sys.stdout.isatty() or not is_utf8
    click.echo(json.dumps(data, indent=2, ensure_ascii=ascii_only, allow_nan=False))


# Tables


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    headers, *rows = [[printable(cell) for cell in row] for row in [headers, *rows]]
    if not sys.stdout.isatty():
        for row in [headers, *rows]:
            click.echo("\t".join(row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    console = colour_console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    unbroken = _unbroken_columns(headers, rows, console.width)
    for header, no_wrap in zip(headers, unbroken, strict=True):
        table.add_column(Text(header), overflow="fold", no_wrap=no_wrap)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def fits(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table fits on the terminal without line breaks; always true elsewhere."""
    if not sys.stdout.isatty():
        return True
    from rich.cells import cell_len

    columns = zip(headers, *rows, strict=True)
    widths = [max(cell_len(printable(cell)) for cell in column) for column in columns]
    return sum(widths) + COLUMN_GAP * len(widths) <= colour_console().width


def _unbroken_columns(
    headers: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> list[bool]:
    """Choose the columns that are not wrapped: names first, then prose that is short enough."""
    from rich.cells import cell_len

    columns = list(zip(headers, *rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    prose = [any(" " in cell for cell in column[1:]) for column in columns]
    order = sorted(range(len(columns)), key=lambda k: (prose[k], widths[k]))
    unbroken = [False] * len(columns)
    free = width - COLUMN_GAP * len(columns)
    for n_remaining, k in zip(reversed(range(len(columns))), order, strict=True):
        room = free / (n_remaining + 1) if prose[k] else free - MIN_COLUMN_WIDTH * n_remaining
        unbroken[k] = widths[k] <= room
        free -= widths[k] if unbroken[k] else MIN_COLUMN_WIDTH
    return unbroken


def show_dataframe(title: str | None, data: pd.DataFrame, *, n_more: int = 0) -> None:
    """Print a DataFrame below a title, and the number of rows that are not shown."""
    if title is not None:
        click.echo(f"\n{title}")
    rows = data.itertuples(index=False, name=None)
    show_table(list(data.columns), [[_cell(value) for value in row] for row in rows])
    if n_more > 0:
        click.echo(f"and {n_more:,} more")


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None or value != value else significant(value)


def first_names(names: Sequence[str], limit: int) -> str:
    """Join the first names with commas, and count the others."""
    rest = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest


# Fields and prose


def show_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print names and their values."""
    if not sys.stdout.isatty():
        for name, value in fields:
            click.echo(f"{printable(name)}\t{printable(value)}")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(Text(printable(name)), Text(printable(value)))
    colour_console().print(table)


def show_entries(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print entries: a name and a detail, with indented lines below; elsewhere a table."""
    if not sys.stdout.isatty():
        show_table(headers, rows)
        return
    width = _line_width()
    for name, detail, *lines in rows:
        click.echo(f"{click.style(printable(name), bold=True)}  {printable(detail)}")
        for line in filter(None, lines):
            filled = textwrap.fill(printable(line), width - 4)
            click.echo(textwrap.indent(filled, "    "))


def show_paragraphs(text: str) -> None:
    """Print paragraphs and list items, which begin with ``- ``, filled on a terminal."""
    click.echo()
    if not sys.stdout.isatty():
        for line in text.strip().split("\n"):
            click.echo(printable(line))
        return
    for part in re.split(r"\n(?=- |\n)", text.strip()):
        words = printable(" ".join(part.split()))
        indent = "  " if words.startswith("- ") else ""
        blank = "\n" if part.startswith("\n") else ""
        click.echo(blank + textwrap.fill(words, _line_width(), subsequent_indent=indent))


def show_item(text: str, *, indent: str = "  ", marker: str = "") -> None:
    """Print an indented line, filled on a terminal; further lines are aligned after the marker."""
    text = f"{marker}{printable(text)}"
    if sys.stdout.isatty():
        further = indent + " " * len(marker)
        text = textwrap.fill(
            text, _line_width(), initial_indent=indent, subsequent_indent=further
        ).removeprefix(indent)
    click.echo(f"{indent}{text}")


def _line_width() -> int:

    return min(colour_console().width, MAX_LINE_WIDTH)
