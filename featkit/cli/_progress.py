"""Progress of what takes its time: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

import click

from featkit.cli._console import duration, is_quiet, rough

if TYPE_CHECKING:
    from featkit.batch.extraction import Progress

SECONDS_BETWEEN_LINES = 5.0

RECENT = 60.0
"""Seconds by which the present rate is judged."""


class Reporter(Protocol):
    """Takes note of how far something has come."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


class Mark(NamedTuple):
    """How much was finished when: seconds since the beginning, things, and seconds of sound."""

    elapsed: float
    done: int
    sound: float


class Pace:
    """How fast things are finished, and when the last will be.

    The rate is that of the last minute, so that it follows where longer recordings begin or another
    program takes the processor. The time left is counted in things: how much sound a file holds is
    known only once it is read, and its bytes say little of that where formats are mixed. What an
    earlier run had finished took no time, and is not among what is done.
    """

    def __init__(self) -> None:
        self.marks = deque([Mark(0.0, 0, 0.0)])
        self.now = self.marks[0]

    def note(self, elapsed: float, done: int, sound: float = 0.0) -> None:
        """Take note of what this run has finished since its beginning."""
        self.now = Mark(elapsed, done, sound)
        while len(self.marks) > 1 and self.marks[1].elapsed <= elapsed - RECENT:
            self.marks.popleft()
        if elapsed - self.marks[-1].elapsed >= RECENT / 60:
            self.marks.append(self.now)

    @property
    def things(self) -> float:
        """Things a second, of late."""
        return (self.now.done - self.marks[0].done) / self._span

    @property
    def sound(self) -> float:
        """Seconds of sound a second, of late."""
        return (self.now.sound - self.marks[0].sound) / self._span

    @property
    def _span(self) -> float:
        return max(self.now.elapsed - self.marks[0].elapsed, 1e-9)

    def left(self, things: int) -> str:
        """How long so many things will still take; nothing, where it cannot be told."""
        if not things or not self.things:
            return ""
        return f"about {duration(things / self.things)} left"


@contextmanager
def shown_progress(doing: str, things: str = "files") -> Iterator[Reporter]:
    """A progress bar on a terminal; elsewhere a plain line every few seconds. On standard error."""
    pace = Pace()
    begin = time.monotonic()
    with _shown(doing, things) as show:

        def report(done: int, total: int, note: str = "") -> None:
            pace.note(time.monotonic() - begin, done)
            show(done, total, _joined(note, pace.left(total - done)))

        yield report


@contextmanager
def shown_explaining() -> Iterator[Reporter]:
    """The progress of `featkit.explain`: of models that are fitted for it, then of rows."""
    with ExitStack() as shown:
        show: dict[str, Reporter] = {}

        def report(done: int, total: int, note: str = "") -> None:
            doing, things = ("fitting", "models") if note == "fitting" else ("explaining", "rows")
            if doing not in show:
                shown.close()
                show[doing] = shown.enter_context(shown_progress(doing, things))
            show[doing](done, total, "" if note == doing else note)

        yield report


@contextmanager
def shown_batch() -> Iterator[Callable[[Progress], None]]:
    """The progress of a batch, with its rates.

    As long as nothing but an earlier run's work is finished, it is being looked through, and the
    clock by which rates are told has not begun.
    """
    pace, begin = Pace(), 0.0
    with _shown("extracting", "files") as show:

        def report(progress: Progress) -> None:
            nonlocal begin
            done = progress.files - progress.resumed
            if progress.resumed and not done:
                begin = progress.elapsed
            pace.note(progress.elapsed - begin, done, progress.seconds)
            note = _joined(
                f"{rough(pace.things)} files/s",
                f"{rough(pace.sound)} s of sound/s",
                f"{progress.resumed:,} done before" if progress.resumed else "",
                f"{progress.failures:,} failed" if progress.failures else "",
                pace.left(progress.total - progress.files),
            )
            show(progress.files, progress.total, note)

        yield report


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


@contextmanager
def _shown(doing: str, things: str) -> Iterator[Reporter]:
    if is_quiet():
        yield lambda done, total, note="": None
    elif sys.stderr.isatty():
        with _bar(doing) as show:
            yield show
    else:
        lines = _Lines(doing, things)
        try:
            yield lines
        finally:
            lines.finish()


@contextmanager
def _bar(doing: str) -> Iterator[Reporter]:
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
        task = bar.add_task(doing, total=None, note="")

        def show(done: int, total: int, note: str = "") -> None:
            bar.update(task, total=total, completed=done, note=note)

        yield show


class _Lines:
    """A line every few seconds, and one at the end of what took so long that there were others."""

    def __init__(self, doing: str, things: str) -> None:
        self.doing = doing
        self.things = things
        self.last = time.monotonic()
        self.said = ""
        self.line = ""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        where = f"{self.doing}: {done:,} of {total:,} {self.things}"
        self.line = _joined(where, note)
        if time.monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            self._say()

    def finish(self) -> None:
        if self.said and self.line != self.said:
            self._say()

    def _say(self) -> None:
        click.echo(self.line, err=True)
        self.said = self.line
