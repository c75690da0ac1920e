"""How commands speak: tables and progress for a person, plain lines for everything else."""

from __future__ import annotations

import re
import sys
import textwrap
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import click

if TYPE_CHECKING:
    import pandas as pd

    from featkit.batch import Failure, Progress

SECONDS_BETWEEN_LINES = 5.0

RECENT = 60.0
"""Seconds by which the present rate is judged."""

SHOWN_FAILURES = 5

LEAST = 10
"""Cells that a column of a table has at least, where others are not to be broken."""

PAGE = 100
"""Most cells of a line that is read rather than looked up."""

QUIET = "featkit.quiet"
"""Where click's context remembers that a command is to be quiet."""

C = TypeVar("C", bound=Callable[..., Any])


class Reporter(Protocol):
    """Takes note of how far something has come."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


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


def printable(text: str) -> str:
    """A text from outside, such as a file's name, without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(value: object) -> str:
    """A value for a table: numbers with a point to four digits, whole ones in full."""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"
    return str(value)


def duration(seconds: float) -> str:
    """Seconds in the units that suit them: ``45 s``, ``12 min``, ``3 h 20 min``, ``2 d 4 h``."""
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
    return f"{rate:,g} Hz" if isinstance(rate, int | float) else str(rate)


def listed(options: Iterable[str]) -> list[str]:
    """The names of an option that may stand several times, and hold several by commas."""
    return [name.strip() for names in options for name in names.split(",") if name.strip()]


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
                f"{pace.things:.3g} files/s",
                f"{pace.sound:.3g} s of sound/s",
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
