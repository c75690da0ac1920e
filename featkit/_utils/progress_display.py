"""Displays of progress: a bar in a terminal or a notebook, lines at intervals elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol

from featkit._utils.formatting import duration, rounded
from featkit._utils.progress import Progress, ProgressCallback

SECONDS_BETWEEN_LINES = 5.0

SECONDS_BETWEEN_FRAMES = 0.2
"""Seconds between two states of the bar of a notebook, which each are a message to the browser."""

SECONDS_BEFORE_BAR = 1.0
"""Seconds after which a notebook shows a bar that nobody asked for."""

WINDOW = 60.0
"""Seconds over which the current throughput is measured."""


class Show(Protocol):
    """Shows a state of one activity."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


OpenActivity = Callable[[str, str], AbstractContextManager[Show]]
"""``open(activity, unit)`` opens the display of an activity, which ends with the context."""


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
        """Record the progress of this run; results of earlier runs do not count.

        Parameters
        ----------
        elapsed : float
            Seconds since the start.
        done : int
            Finished items.
        audio : float
            Seconds of audio in them.
        """
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
        """Estimate the time for a number of items.

        Parameters
        ----------
        items : int
            Items that are left.

        Returns
        -------
        str
            Empty before there is a rate.
        """
        if not items or not self.items:
            return ""
        return f"about {duration(items / self.items)} left"


class ActivityNotes:
    """Words beside the bar of one activity: rates, failures, and the time left.

    The clock starts with the first file that is not a result of an earlier run.
    """

    def __init__(self) -> None:
        self._throughput, self._start = Throughput(), 0.0

    def note(self, progress: Progress) -> str:
        """Return the words for a state.

        Parameters
        ----------
        progress : Progress
            The state.

        Returns
        -------
        str
            Parts that are separated by commas.
        """
        done = progress.done - progress.resumed
        if progress.resumed and not done:
            self._start = progress.elapsed
        throughput = self._throughput
        throughput.update(progress.elapsed - self._start, done, progress.audio_seconds or 0.0)
        return _joined(
            progress.note,
            *(() if progress.audio_seconds is None else self._rates(progress)),
            throughput.time_left(progress.total - progress.done),
        )

    def _rates(self, progress: Progress) -> Iterator[str]:
        yield f"{rounded(self._throughput.items)} files/s"
        yield f"{rounded(self._throughput.audio)} s of audio/s"
        if progress.resumed:
            yield f"{progress.resumed:,} from earlier runs"
        if progress.failed:
            yield f"{progress.failed:,} failed"


@contextmanager
def one_display_at_a_time(open_activity: OpenActivity) -> Iterator[ProgressCallback]:
    """Show activities one after the other; the display of the last one is closed first.

    Parameters
    ----------
    open_activity : callable
        Opens the display of an activity.

    Yields
    ------
    callable
        Receives a `Progress`.
    """
    with ExitStack() as displays:
        current: tuple[str, ActivityNotes, Show] | None = None

        def report(progress: Progress) -> None:
            nonlocal current
            if current is None or current[0] != progress.activity:
                displays.close()
                show = displays.enter_context(open_activity(progress.activity, progress.unit))
                current = progress.activity, ActivityNotes(), show
            _, notes, show = current
            show(progress.done, progress.total, notes.note(progress))

        yield report


@contextmanager
def open_display(*, is_notebook: bool, is_late: bool) -> Iterator[ProgressCallback]:
    """Open the display that suits this process.

    Parameters
    ----------
    is_notebook : bool
        Whether to show a bar in a notebook. Otherwise, standard error has a bar if it is a
        terminal, and lines at intervals if it is not.
    is_late : bool
        Whether a notebook shows no bar before `SECONDS_BEFORE_BAR`.

    Yields
    ------
    callable
        Receives a `Progress`.
    """
    if is_notebook:
        with (
            notebook_bar(SECONDS_BEFORE_BAR if is_late else 0.0) as open_activity,
            one_display_at_a_time(open_activity) as report,
        ):
            yield report
    else:
        open_activity = terminal_bar if sys.stderr.isatty() else lines_at_intervals
        with one_display_at_a_time(open_activity) as report:
            yield report


# A terminal


@contextmanager
def terminal_bar(activity: str, unit: str, console: Any = None) -> Iterator[Show]:
    """Show a bar on a terminal, which is removed at the end.

    Parameters
    ----------
    activity, unit : str
        As in `Progress`.
    console : rich.console.Console, optional
        The terminal; by default standard error.

    Yields
    ------
    callable
        Shows a state.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    ]
    with Bar(*columns, console=console or Console(stderr=True), transient=True) as bar:
        task = bar.add_task(activity, total=None, note="")

        def show(done: int, total: int, note: str = "") -> None:
            bar.update(task, total=total, completed=done, note=note)

        yield show


# A log or a pipe


@contextmanager
def lines_at_intervals(activity: str, unit: str) -> Iterator[Show]:
    """Print lines to standard error at intervals.

    Parameters
    ----------
    activity, unit : str
        As in `Progress`.

    Yields
    ------
    callable
        Shows a state.
    """
    lines = _Lines(activity, unit)
    try:
        yield lines
    finally:
        lines.finish()


class _Lines:
    """Lines at intervals; a last line only if there were others, so that short runs print none."""

    def __init__(self, activity: str, unit: str) -> None:
        self.activity = activity
        self.unit = unit
        self.printed_at = time.monotonic()
        self.printed = ""
        self.line = ""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        self.line = _joined(f"{self.activity}: {done:,} of {total:,} {self.unit}", note)
        if time.monotonic() - self.printed_at >= SECONDS_BETWEEN_LINES:
            self.printed_at = time.monotonic()
            self._print()

    def finish(self) -> None:
        if self.printed and self.line != self.printed:
            self._print()

    def _print(self) -> None:
        print(self.line, file=sys.stderr, flush=True)
        self.printed = self.line


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


# A notebook


@contextmanager
def notebook_bar(seconds_before: float) -> Iterator[OpenActivity]:
    """Show a bar below the cell of a notebook, which is emptied at the end.

    It is plain HTML, which needs no widgets.

    Parameters
    ----------
    seconds_before : float
        Seconds before the bar appears.

    Yields
    ------
    callable
        Opens the display of an activity; all share one bar.
    """
    output = _NotebookOutput(seconds_before)

    @contextmanager
    def open_activity(activity: str, unit: str) -> Iterator[Show]:
        def show(done: int, total: int, note: str = "") -> None:
            output.show(activity, _joined(f"{done:,} of {total:,} {unit}", note), done, total)

        yield show

    try:
        yield open_activity
    finally:
        output.clear()


class _NotebookOutput:
    """One output of a cell, which is updated in place."""

    def __init__(self, seconds_before: float) -> None:
        self._due = time.monotonic() + seconds_before
        self._handle: Any = None
        self._activity = ""

    def show(self, activity: str, text: str, done: int, total: int) -> None:
        from html import escape  # only notebooks need it; it takes a millisecond to load

        now = time.monotonic()
        is_new = bool(self._activity) and activity != self._activity
        if now < self._due and not (is_new and self._handle is not None):
            return
        self._due, self._activity = now + SECONDS_BETWEEN_FRAMES, activity
        value = f' value="{done}" max="{total}"' if total else ""
        self._update(
            '<div style="display:flex;flex-wrap:wrap;gap:0 .8em;align-items:center">'
            f"<span>{escape(activity)}</span>"
            f'<progress{value} aria-label="{escape(activity)}" style="width:14em"></progress>'
            f"<span>{escape(text)}</span></div>",
            f"{activity}: {text}",
        )

    def clear(self) -> None:
        if self._handle is not None:
            self._update("", "")

    def _update(self, html: str, text: str) -> None:
        data = {"text/html": html, "text/plain": text}
        if self._handle is not None:
            self._handle.update(data, raw=True)
            return
        from IPython.display import display

        self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
