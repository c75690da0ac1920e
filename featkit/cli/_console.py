"""How commands speak: tables and progress for a person, plain lines for everything else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from featkit.batch import Progress

SECONDS_BETWEEN_LINES = 5.0


class Reporter(Protocol):
    """Takes note of how far something has come."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


def printable(text: str) -> str:
    """A text from outside, such as a file's name, without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; elsewhere lines of fields with tabs between them."""
    if not sys.stdout.isatty():
        for row in [headers, *rows]:
            click.echo("\t".join(row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


@contextmanager
def shown_progress(doing: str) -> Iterator[Reporter]:
    """A progress bar on a terminal; elsewhere a plain line every few seconds. On standard error."""
    if not sys.stderr.isatty():
        yield _Lines(doing)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    ]
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None, note="")

        def report(done: int, total: int, note: str = "") -> None:
            bar.update(task, total=total, completed=done, note=note)

        yield report


class _Lines:
    def __init__(self, doing: str) -> None:
        self.doing = doing
        self.last = time.monotonic()

    def __call__(self, done: int, total: int, note: str = "") -> None:
        if time.monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            click.echo(f"{self.doing}: {done} of {total} files  {note}".rstrip(), err=True)


@contextmanager
def shown_batch() -> Iterator[Callable[[Progress], None]]:
    """The progress of a batch, with its rates."""
    with shown_progress("extracting") as report:
        yield lambda progress: report(progress.files, progress.total, rates(progress))


def rates(progress: Progress) -> str:
    """Files a second, and seconds of sound a second."""
    elapsed = max(progress.elapsed, 1e-9)
    failed = f", {progress.failures} failed" if progress.failures else ""
    sound = progress.seconds / elapsed
    return f"{progress.files / elapsed:.3g} files/s, {sound:.3g} s of sound/s{failed}"
