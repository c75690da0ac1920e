"""Progress on standard error: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import click

from featkit._utils.formatting import duration, rounded
from featkit.cli._options import is_quiet

if TYPE_CHECKING:
    from featkit.batch.extraction import Progress

SECONDS_BETWEEN_LINES = 5.0

WINDOW = 60.0
"""Seconds over which the current throughput is measured."""


class Reporter(Protocol):
    """Callback that receives the progress of a computation."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


class Snapshot(NamedTuple):
    """Progress at one time: seconds since the start, finished items, seconds of audio."""

    elapsed: float
    done: int
    audio: float


class Throughput:
    """Throughput of a computation, and the time that is left.

    The throughput is that of the last minute, so that it follows a change to longer recordings or
    a processor that becomes busy. The time left is estimated from the number of items: the
    duration of a file is unknown until it is read, and its size says little if formats are mixed.
    """

    def __init__(self) -> None:
        self.snapshots = deque([Snapshot(0.0, 0, 0.0)])
        self.latest = self.snapshots[0]

    def update(self, elapsed: float, done: int, audio: float = 0.0) -> None:
        """Record the progress of this run; results of earlier runs do not count."""
        self.latest = Snapshot(elapsed, done, audio)
        while len(self.snapshots) > 1 and self.snapshots[1].elapsed <= elapsed - WINDOW:
            self.snapshots.popleft()
        if elapsed - self.snapshots[-1].elapsed >= WINDOW / 60:
            self.snapshots.append(self.latest)

    @property
    def items(self) -> float:
        """Items per second."""
        return (self.latest.done - self.snapshots[0].done) / self._seconds

    @property
    def audio(self) -> float:
        """Seconds of audio per second."""
        return (self.latest.audio - self.snapshots[0].audio) / self._seconds

    @property
    def _seconds(self) -> float:
        return max(self.latest.elapsed - self.snapshots[0].elapsed, 1e-9)

    def time_left(self, items: int) -> str:
        """Return the estimated time for a number of items; empty before there is a rate."""
        if not items or not self.items:
            return ""
        return f"about {duration(items / self.items)} left"


@contextmanager
def show_progress(activity: str, items: str = "files") -> Iterator[Reporter]:
    """Show the progress of a computation, with the estimated time left."""
    throughput = Throughput()
    start = time.monotonic()
    with _display(activity, items) as show:

        def report(done: int, total: int, note: str = "") -> None:
            throughput.update(time.monotonic() - start, done)
            show(done, total, _joined(note, throughput.time_left(total - done)))

        yield report


@contextmanager
def show_explanation_progress() -> Iterator[Reporter]:
    """Show the progress of `featkit.explain`: first of fitting models, then of explaining rows."""
    with ExitStack() as displays:
        reporters: dict[str, Reporter] = {}

        def report(done: int, total: int, note: str = "") -> None:
            fitting = note == "fitting"
            activity, items = ("fitting", "models") if fitting else ("explaining", "rows")
            if activity not in reporters:
                displays.close()
                reporters[activity] = displays.enter_context(show_progress(activity, items))
            reporters[activity](done, total, "" if fitting else note)

        yield report


@contextmanager
def show_evaluation_progress() -> Iterator[tuple[Reporter, Callable[[Progress], None]]]:
    """Show the progress of `featkit.evaluate`: its steps, and the extraction of sound."""
    with _one_at_a_time() as reporter:

        def report(done: int, total: int, note: str = "") -> None:
            reporter("evaluating", lambda: show_progress("evaluating", "steps"))(done, total, note)

        def report_extraction(progress: Progress) -> None:
            reporter("extracting", show_extraction_progress)(progress)

        yield report, report_extraction


@contextmanager
def show_merge_progress() -> Iterator[Reporter]:
    """Show the progress of `featkit.merge`: first of reading metadata, then of merging rows."""
    with _one_at_a_time() as reporter:

        def report(done: int, total: int, note: str = "") -> None:
            activity = "reading" if note == "files" else "merging"
            reporter(activity, lambda: show_progress(activity, note))(done, total)

        yield report


@contextmanager
def show_audit_progress(
    *, resumable: bool
) -> Iterator[tuple[Reporter, Callable[[str, Progress], None]]]:
    """Show the progress of `featkit.audit` and, if it is interrupted, how to resume it."""
    finished = 0
    try:
        with _one_at_a_time() as reporter:

            def report(done: int, total: int, note: str = "") -> None:
                reporter("checking", lambda: show_progress("checking", "checks"))(done, total, note)

            def report_files(activity: str, progress: Progress) -> None:
                nonlocal finished
                finished = max(finished, progress.files - progress.failures)
                reporter(activity, lambda: show_extraction_progress(activity))(progress)

            yield report, report_files
    except KeyboardInterrupt:
        if resumable and finished:
            show_resume_hint()
        raise


def show_resume_hint(finished: str = "finished files are saved") -> None:
    """Print how to resume an interrupted batch, even if ``--quiet``."""
    click.echo(f"{finished}; run the same command to resume", err=True)


@contextmanager
def _one_at_a_time() -> Iterator[Callable[[str, Callable[[], Any]], Any]]:
    """Yield ``reporter(activity, open)``; the display of the last activity is closed first."""
    with ExitStack() as displays:
        current: tuple[str, Any] = ("", None)

        def reporter(activity: str, open_display: Callable[[], Any]) -> Any:
            nonlocal current
            if activity != current[0]:
                displays.close()
                current = (activity, displays.enter_context(open_display()))
            return current[1]

        yield reporter


@contextmanager
def show_extraction_progress(
    activity: str = "extracting",
) -> Iterator[Callable[[Progress], None]]:
    """Show the progress of an extraction with its throughput.

    The clock starts with the first file that is not a result of an earlier run.
    """
    throughput, start = Throughput(), 0.0
    with _display(activity, "files") as show:

        def report(progress: Progress) -> None:
            nonlocal start
            done = progress.files - progress.resumed
            if progress.resumed and not done:
                start = progress.elapsed
            throughput.update(progress.elapsed - start, done, progress.seconds)
            note = _joined(
                f"{rounded(throughput.items)} files/s",
                f"{rounded(throughput.audio)} s of audio/s",
                f"{progress.resumed:,} from earlier runs" if progress.resumed else "",
                f"{progress.failures:,} failed" if progress.failures else "",
                throughput.time_left(progress.total - progress.files),
            )
            show(progress.files, progress.total, note)

        yield report


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


@contextmanager
def _display(activity: str, items: str) -> Iterator[Reporter]:
    if is_quiet():
        yield lambda done, total, note="": None
    elif sys.stderr.isatty():
        with _bar(activity) as show:
            yield show
    else:
        lines = _Lines(activity, items)
        try:
            yield lines
        finally:
            lines.finish()


@contextmanager
def _bar(activity: str) -> Iterator[Reporter]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    ]
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(activity, total=None, note="")

        def show(done: int, total: int, note: str = "") -> None:
            bar.update(task, total=total, completed=done, note=note)

        yield show


class _Lines:
    """Lines at intervals; a last line only if there were others, so that short runs print none."""

    def __init__(self, activity: str, items: str) -> None:
        self.activity = activity
        self.items = items
        self.printed_at = time.monotonic()
        self.printed = ""
        self.line = ""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        self.line = _joined(f"{self.activity}: {done:,} of {total:,} {self.items}", note)
        if time.monotonic() - self.printed_at >= SECONDS_BETWEEN_LINES:
            self.printed_at = time.monotonic()
            self._print()

    def finish(self) -> None:
        if self.printed and self.line != self.printed:
            self._print()

    def _print(self) -> None:
        click.echo(self.line, err=True)
        self.printed = self.line
