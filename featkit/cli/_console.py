"""How commands speak: options they share, and tables for a person, plain lines for all else."""

from __future__ import annotations

import gc
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    import pandas as pd

    from featkit.batch.extraction import Failure

SHOWN_FAILURES = 5

LEAST = 10
"""Cells that a column of a table has at least, where others are not to be broken."""

PAGE = 100
"""Most cells of a line that is read rather than looked up."""

QUIET = "featkit.quiet"
"""Where click's context remembers that a command is to be quiet."""

C = TypeVar("C", bound=Callable[..., Any])


def jobs_option(command: C) -> C:
    """Give a command ``--jobs``."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        help="Worker processes.  [default: one per processor]",
    )(command)


def quiet_option(command: C) -> C:
    """Give a command ``--quiet``; what is said by `remark` and shown as progress obeys it."""

    def keep(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        context.meta[QUIET] = value

    option = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=keep,
        help="Show no progress and no summary; what failed is told all the same.",
    )
    return option(command)


def is_quiet() -> bool:
    """Whether the command that runs was told to be quiet."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET))


def remark(text: str) -> None:
    """Say on standard error what is no result, unless quiet."""
    if not is_quiet():
        click.echo(printable(text), err=True)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Collect no garbage meanwhile: imports make none, and looking for it takes a tenth of them.

    What was loaded is kept until the end, and no later collection looks through it again.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def printable(text: str) -> str:
    """A text from outside, such as a file's name, without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(value: object) -> str:
    """A value for a table: numbers with a point to four digits, whole ones in full."""
    if isinstance(value, float):
        whole = value.is_integer() or abs(value) >= 1000
        return f"{value + 0.0:.0f}" if whole and abs(value) < 1e9 else f"{value:.4g}"
    return str(value)


def rough(value: float, places: int = 0) -> str:
    """A number with so many places; one that they would show as next to none, with two digits."""
    return f"{value:.{places}f}" if value >= 10 ** (1 - places) else f"{value:.2g}"


def percent(count: int, total: int) -> str:
    """A share in percent, which shows neither few as none nor most as all."""
    share = 100 * count / total
    if 0 < share < 0.1:
        return "<0.1%"
    return ">99.9%" if 99.9 < share < 100 else f"{share:.1f}%"


def duration(seconds: float) -> str:
    """Seconds in the units that suit them: ``0.35 s``, ``45 s``, ``3 h 20 min``, ``2 d 4 h``."""
    if 0 < seconds < 0.0995:
        return f"{1000 * seconds:.2g} ms"
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def sample_rate(rate: object) -> str:
    """A rate in Hz; what is not a number, such as ``native``, as it is."""
    return f"{rate:,.10g} Hz" if isinstance(rate, int | float) else str(rate)


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; elsewhere lines of fields with tabs between them."""
    headers, *rows = [[printable(cell) for cell in row] for row in [headers, *rows]]
    if not sys.stdout.isatty():
        for row in [headers, *rows]:
            click.echo("\t".join(row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for header, whole in zip(headers, _unbroken(headers, rows, console.width), strict=True):
        table.add_column(Text(header), overflow="fold", no_wrap=whole)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def fits(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table needs no line breaks; elsewhere than on a terminal it never does."""
    if not sys.stdout.isatty():
        return True
    from rich.cells import cell_len
    from rich.console import Console

    columns = zip(headers, *rows, strict=True)
    widths = [max(cell_len(printable(cell)) for cell in column) for column in columns]
    return sum(widths) + 3 * len(widths) <= Console().width


def _unbroken(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[bool]:
    """Which columns are not to be wrapped: names first, then what needs no more than its share."""
    from rich.cells import cell_len

    columns = list(zip(headers, *rows, strict=True))
    widest = [max(map(cell_len, column)) for column in columns]
    prose = [any(" " in cell for cell in column[1:]) for column in columns]
    whole = [False] * len(columns)
    left = width - 3 * len(columns)
    for done, k in enumerate(sorted(range(len(columns)), key=lambda k: (prose[k], widest[k]))):
        behind = len(columns) - done - 1
        room = left / (behind + 1) if prose[k] else left - LEAST * behind
        whole[k] = widest[k] <= room
        left -= widest[k] if whole[k] else LEAST
    return whole


def _page_width() -> int:
    """Cells of a line of text on this terminal."""
    from rich.console import Console

    return min(Console().width, PAGE)


def show_note(text: str) -> None:
    """Paragraphs, and items after ``- ``; on a terminal as wide as that or as a page."""
    click.echo()
    if not sys.stdout.isatty():
        for line in text.strip().split("\n"):
            click.echo(printable(line))
        return
    for part in re.split(r"\n(?=- |\n)", text.strip()):
        words = printable(" ".join(part.split()))
        behind = "  " if words.startswith("- ") else ""
        before = "\n" if part.startswith("\n") else ""
        click.echo(before + textwrap.fill(words, _page_width(), subsequent_indent=behind))


def show_entries(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Entries of a name, a remark behind it, and lines below; elsewhere as `show_table` does."""
    if not sys.stdout.isatty():
        show_table(headers, rows)
        return
    width = _page_width()
    for name, remark, *lines in rows:
        click.echo(f"{click.style(printable(name), bold=True)}  {printable(remark)}")
        for line in filter(None, lines):
            filled = textwrap.fill(printable(line), width - 4)
            click.echo(textwrap.indent(filled, "    "))


def show_facts(facts: Iterable[tuple[str, str]]) -> None:
    """What there is to say, by its name: side by side on a terminal, elsewhere with a tab."""
    if not sys.stdout.isatty():
        for name, said in facts:
            click.echo(f"{printable(name)}\t{printable(said)}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, said in facts:
        table.add_row(Text(printable(name)), Text(printable(said)))
    Console().print(table)


def show_frame(title: str | None, data: pd.DataFrame, *, more: int = 0) -> None:
    """A DataFrame with a title above it, and how many rows more there are."""
    if title is not None:
        click.echo(f"\n{title}")
    rows = data.itertuples(index=False, name=None)
    show_table(list(data.columns), [[_cell(value) for value in row] for row in rows])
    if more > 0:
        click.echo(f"and {more:,} more")


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None or value != value else short(value)


def show_left_out(counts: Mapping[str, int]) -> None:
    """The files in folders that are no sound, by ending, on standard error unless quiet."""
    from featkit.datasets.skipped_files import said

    if counts:
        remark(f"left out: {said(counts)}")


def show_warnings(warnings: Sequence[str]) -> None:
    """What makes scores or predictions doubtful, on standard error."""
    for warning in warnings:
        click.echo(f"warning: {printable(warning)}", err=True)


def show_failures(failures: Sequence[Failure], *, beside: str | None = None) -> None:
    """The first of the recordings that could not be read, on standard error."""
    if not failures:
        return
    where = f", see {beside}" if beside else ""
    click.echo(f"{len(failures)} failed{where}:", err=True)
    for failure in failures[:SHOWN_FAILURES]:
        line = f"{failure.path}: {failure.stage}: {failure.message}"
        click.echo(f"  {printable(line)}", err=True)
    if len(failures) > SHOWN_FAILURES:
        click.echo(f"  and {len(failures) - SHOWN_FAILURES} more", err=True)
