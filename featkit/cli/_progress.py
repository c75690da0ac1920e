"""Progress of commands on standard error: a bar on a terminal, else a line every few seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from featkit._utils.progress import Progress, ProgressCallback
from featkit._utils.progress_display import (
    Show,
    lines_at_intervals,
    one_display_at_a_time,
    terminal_bar,
)
from featkit.cli._colour import console, has_cursor
from featkit.cli._options import is_quiet
from featkit.cli._run_log import ProgressLog


@contextmanager
def show_progress() -> Iterator[ProgressCallback]:
    """Show the progress of a computation, one activity after the other."""
    with one_display_at_a_time(_display) as report:
        yield report


@contextmanager
def show_audit_progress(*, resumable: bool) -> Iterator[ProgressCallback]:
    """Show the progress of `featkit.audit` and, if it is interrupted, how to resume it."""
    finished = 0
    try:
        with show_progress() as show:

            def report(progress: Progress) -> None:
                nonlocal finished
                if progress.unit == "files":
                    finished = max(finished, progress.done - progress.failed)
                show(progress)

            yield report
    except KeyboardInterrupt:
        if resumable and finished:
            show_resume_hint()
        raise


def show_resume_hint(finished: str = "finished files are saved") -> None:
    """Print how to resume an interrupted batch, even if ``--quiet``."""
    click.echo(f"{finished}; run the same command to resume", err=True)


@contextmanager
def _display(activity: str, items: str) -> Iterator[Show]:
    log = ProgressLog(activity, items)

    def report(done: int, total: int, note: str = "") -> None:
        log.update(done, total, note)
        show(done, total, note)

    try:
        with _shown(activity, items) as show:
            yield report
    finally:
        log.flush()


@contextmanager
def _shown(activity: str, items: str) -> Iterator[Show]:
    if is_quiet():
        yield lambda done, total, note="": None
    elif has_cursor(sys.stderr.isatty()):
        with terminal_bar(activity, items, console(stderr=True)) as show:
            yield show
    else:
        with lines_at_intervals(activity, items) as show:
            yield show
