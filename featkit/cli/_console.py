"""How commands speak: tables and progress for a person, plain lines for everything else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import click

from featkit.batch import Progress

SECONDS_BETWEEN_LINES = 5.0


class Reporter(Protocol):
    """Takes note of how far a batch has come."""

    def __call__(self, progress: Progress) -> None: ...


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
def shown_progress() -> Iterator[Reporter]:
    """A progress bar on a terminal; elsewhere a plain line every few seconds. On standard error."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = [
        TextColumn("extracting"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    ]
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="")

        def report(progress: Progress) -> None:
            bar.update(task, total=progress.total, completed=progress.files, rate=rates(progress))

        yield report


class _Lines:
    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            click.echo(f"{progress.files} of {progress.total} files, {rates(progress)}", err=True)


def rates(progress: Progress) -> str:
    """Files a second, and seconds of sound a second."""
    elapsed = max(progress.elapsed, 1e-9)
    failed = f", {progress.failures} failed" if progress.failures else ""
    sound = progress.seconds / elapsed
    return f"{progress.files / elapsed:.3g} files/s, {sound:.3g} s of sound/s{failed}"
