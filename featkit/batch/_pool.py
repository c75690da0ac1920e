"""Work shared out among processes, of which one may die or hang.

A process that is on an item notes it in a file of its own before. When one dies, the pool is broken
and all are started anew; what the notes name is tried again alone, with nothing beside it. Who dies
there is the culprit, and everything else goes on. An item that is given a time is ended by an
alarm that kills its process, since a decoder in C cannot be asked to stop.

What a process has finished is lost with it until it is handed over. So a share ends by the clock,
too: after some seconds no more of it is begun, and the rest is given out again.
"""

from __future__ import annotations

import atexit
import glob
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from featkit._utils.parameters import is_number
from featkit._utils.workers import ONE_THREAD, interrupts_ignored, is_daemonic
from featkit.errors import FeatkitError, ParameterError, WriteError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")

Work = Callable[[Iterable[T], Callable[..., None]], list[R]]
"""A share of the items, taken one after the other, and what is told the places in it that are
worked on, to a result of each that was taken."""

AT_ONCE = 2.0
"""Seconds after which no more of a share is begun: what a death costs, beside what it was on."""

PULSE = 1.0
"""Seconds after which it is told that nothing was finished meanwhile."""

AHEAD = 2
"""Shares that are given out for each process, so that none waits for its next."""

ATTEMPTS = 3
"""How often processes may die before they begin with anything."""

LONGEST = 1e7
"""Most seconds of a timeout, sixteen weeks: no system's alarm is set for much more."""

IDLE = 30.0
"""Seconds after which a process that has nothing to do ends."""

ORPHANED = 1.0
"""Seconds after which a process notices that the one that started it is gone."""

NOTES = ".notes"
"""Ending of the folder that notes are in."""

TEMPORARY = "featkit-"
"""How the name of that folder begins, if it is among temporary files."""

NOTE = 256
"""Bytes of a note, so that a new one covers the last."""

QUIET = {"PYTHONFAULTHANDLER": ""}
"""What a dying process would print: how it died is known without."""


@dataclass(frozen=True)
class Death:
    """What became of an item that killed its process.

    Attributes
    ----------
    how : str
        Name of the signal or the exit status, if it is known.
    timeout : bool
        Whether it was the alarm.
    """

    how: str
    timeout: bool


def check_timeout(timeout: float | None) -> None:
    """Refuse a time that cannot be kept.

    Raises
    ------
    ParameterError
        If it is not above 0, or the system has no alarms.
    """
    if timeout is None:
        return
    if not is_number(timeout) or not 0 < timeout <= LONGEST:
        raise ParameterError(
            f"timeout must be above 0 and at most {LONGEST:g} seconds, got {timeout!r}"
        )
    if not hasattr(signal, "setitimer"):
        raise ParameterError("timeout needs alarms, which this system does not have")


def results(
    work: Work[T, R],
    items: Sequence[T],
    *,
    processes: int,
    size: int,
    timeout: float | None = None,
    beside: Path | None = None,
) -> Generator[list[tuple[int, R | Death]], None, None]:
    """What becomes of items, as shares of them are finished.

    Parameters
    ----------
    work : callable
        ``work(share, busy)`` takes items of the share as long as there are some, and gives a result
        for each; ``busy(place, ...)`` says which of them it is on.
    items : sequence
        What is to be done.
    processes : int
        Worker processes; 0 to work in this one, where nothing is safe from a death. A single item
        is then given to a child that is forked, if this process has no other thread: with others
        a fork is not safe, for a lock that one of them holds is never let go of in the child.
    size : int
        Items of a share at most.
    timeout : float, optional
        Seconds for each item.
    beside : Path, optional
        The file in whose folder processes note what they are on; see `remove_notes`. Left out, it
        is that for temporary files.

    Yields
    ------
    list of (int, result)
        Places in `items` and what became of them; none, if nothing was finished for a while.

    Raises
    ------
    FeatkitError
        If processes die before they begin.
    WriteError
        If they cannot note what they are on.
    """
    shares: deque[Sequence[int]] = deque(
        range(k, min(k + size, len(items))) for k in range(0, len(items), size)
    )
    if not processes and len(items) == 1 and _one_thread() and not is_daemonic():
        answer = _forked(work, items)
        yield [(0, answer)]
        return
    if not processes:
        while shares:
            share = shares.popleft()
            yield _ended(share, work(_begun([items[k] for k in share], AT_ONCE), _nobody), shares)
        return
    with _notes(beside) as notes:
        yield from _Pool(work, items, processes, timeout, notes, shares).run()


@contextmanager
def _notes(beside: Path | None) -> Iterator[Path]:
    """A folder for notes, while they are needed."""
    with _told(os.fspath(beside.absolute().parent) if beside else None):
        folder = tempfile.TemporaryDirectory(
            prefix=f".{beside.name}." if beside else TEMPORARY,
            suffix=NOTES,
            dir=beside.absolute().parent if beside else None,
            ignore_cleanup_errors=True,
        )
    with folder as name:
        yield Path(name)


@contextmanager
def _told(folder: str | None) -> Iterator[None]:
    """What is wrong in the folder of notes, or in that for temporary files, and what to do."""
    try:
        yield
    except OSError as error:
        where = folder or tempfile.tempdir or "the folder for temporary files"
        temporary = folder is None or os.path.basename(folder).startswith(TEMPORARY)
        other = ", or name another folder by the environment variable TMPDIR" if temporary else ""
        raise WriteError(
            f"{where}: workers cannot note there what they are on: {error.strerror or error}. Make"
            f" room there{other}"
        ) from None


def remove_notes(beside: Path) -> None:
    """Remove what runs that were killed left beside a file.

    For who knows that no other process is at work on it.
    """
    for folder in beside.absolute().parent.glob(f".{glob.escape(beside.name)}.*{NOTES}"):
        shutil.rmtree(folder, ignore_errors=True)


def _nobody(*places: int) -> None:
    """Hears what is worked on where nobody needs to know."""


def _one_thread() -> bool:
    """Whether this process is known to have no thread but this one, those of libraries included."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:  # a system that does not tell
        return False


def _forked(work: Work[T, R], items: Sequence[T]) -> R | Death:
    """What becomes of one item in a child of this process, which takes no time to start."""
    import multiprocessing

    context = multiprocessing.get_context("fork")
    answers, end = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(work, items, end, os.getpid()), daemon=True)
    child.start()
    end.close()
    try:
        answer = answers.recv()
    except EOFError:
        child.join()
        return Death(_how(child.exitcode or 0), timeout=False)
    finally:
        child.kill()
        child.join()
    if isinstance(answer, BaseException):
        raise answer
    result: R = answer
    return result


def _how(status: int) -> str:
    """How a process died, by its exit code."""
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _ended(
    share: Sequence[int], answers: Sequence[R], waiting: deque[Sequence[int]]
) -> list[tuple[int, R]]:
    """What became of a share, as far as it came; the rest waits again, as the next."""
    if rest := share[len(answers) :]:
        waiting.appendleft(rest)
    return list(zip(share, answers, strict=False))


def _begun(items: Iterable[T], seconds: float) -> Iterator[T]:
    """The items that are asked for within some seconds, but at least one."""
    end = time.monotonic() + seconds
    for k, item in enumerate(items):
        if k and time.monotonic() >= end:
            return
        yield item


class _Pool:
    """The state of one call of `results`."""

    def __init__(
        self,
        work: Work[Any, Any],
        items: Sequence[Any],
        processes: int,
        timeout: float | None,
        notes: Path,
        waiting: deque[Sequence[int]],
    ) -> None:
        self.work = partial(
            _watched, work, seconds=AT_ONCE, timeout=timeout, notes=os.fspath(notes)
        )
        self.items = items
        self.processes = processes
        self.notes = notes
        self.waiting = waiting
        self.suspects: deque[Sequence[int]] = deque()
        self.unbegun = 0

    def run(self) -> Iterator[list[tuple[int, Any]]]:
        from joblib.externals.loky.process_executor import BrokenProcessPool

        while self.waiting or self.suspects:
            alone = bool(self.suspects)
            flying: dict[Future[Any], Sequence[int]] = {}
            try:
                yield from self._fly(flying, alone)
            except BrokenProcessPool as error:
                lost = []
                for future, share in flying.items():
                    if future.exception():
                        lost.append(share)
                    else:
                        yield _ended(share, future.result(), self.waiting)
                yield from self._inquest(lost, alone, str(error))

    def _fly(
        self, flying: dict[Future[Any], Sequence[int]], alone: bool
    ) -> Iterator[list[tuple[int, Any]]]:
        """Results of the suspects, one at a time, or of all that waits."""
        queue, most = (self.suspects, 1) if alone else (self.waiting, AHEAD * self.processes)
        executor = started(self.processes)
        whole = False
        try:
            while queue or flying:
                while queue and len(flying) < most:
                    with interrupts_ignored():
                        future = executor.submit(self.work, queue[0], self._of(queue[0]))
                        flying[future] = queue.popleft()
                        if len(flying) == 1:
                            executor.submit(_nothing)
                finished = wait(flying, PULSE, return_when=FIRST_COMPLETED).done
                for future in finished:
                    answers = future.result()
                    self.unbegun = 0
                    yield _ended(flying.pop(future), answers, self.waiting)
                if not finished:
                    yield []
            whole = True
        finally:
            if not whole:
                _end(executor, flying)

    def _of(self, share: Sequence[int]) -> list[Any]:
        return [self.items[k] for k in share]

    def _inquest(
        self, lost: Sequence[Sequence[int]], alone: bool, said: str
    ) -> Iterator[list[tuple[int, Any]]]:
        """Convict who is known to have killed its process; the others are tried again."""
        left = {k for share in lost for k in share}
        notes = [note for note in self._read_notes() if left.issuperset(note.items)]
        late = [note for note in notes if note.deadline <= time.monotonic()]
        how = _exit_codes(said)
        culprits: set[int] = set()
        timeout = "SIGALRM" in how and len(late) == 1 and len(late[0].items) == 1
        if timeout:
            culprits = set(late[0].items)
        elif alone and notes:
            culprits = left
        begun = {k for note in notes for k in note.items}
        if not begun:
            self._count_unbegun(how)
        suspected = (begun or left) - culprits
        self.suspects.extend([k] for k in sorted(suspected))
        again = [[k for k in share if k not in suspected | culprits] for share in lost]
        self.waiting.extendleft(share for share in reversed(again) if share)
        for culprit in culprits:
            yield [(culprit, Death(how, timeout))]

    def _count_unbegun(self, how: str) -> None:
        self.unbegun += 1
        if self.unbegun >= ATTEMPTS:
            died = f" ({how})" if how else ""
            raise FeatkitError(
                f"worker processes die before they begin{died}: is there too little memory for"
                f" {self.processes}? Try fewer of them, such as --jobs 1 (n_jobs=1)"
            )

    def _read_notes(self) -> list[_Note]:
        """What the processes were on; forgotten, since all of them are gone."""
        notes = []
        for file in self.notes.iterdir():
            deadline, *items = file.read_text("ascii").split() or [""]
            file.unlink()
            if items:
                notes.append(_Note(float(deadline), tuple(map(int, items))))
        return notes


@dataclass(frozen=True)
class _Note:
    """What a process was on, and until when it might be."""

    deadline: float
    items: tuple[int, ...]


@lru_cache(maxsize=1)
def started(processes: int) -> Any:
    """Processes that serve several calls, and go when there are none for a while.

    Not those of `joblib.Parallel`, which works in this process if it is to use one.
    """
    from joblib.externals import loky

    return loky.ProcessPoolExecutor(
        processes,
        timeout=IDLE,
        initializer=_follow,  # before any work: without, a process that got none waits for a minute
        initargs=(os.getpid(),),
        env=ONE_THREAD | QUIET,
    )


def _end(executor: Any, flying: Iterable[Future[Any]]) -> None:
    """End all processes at once, whatever they are on.

    loky stumbles, and says so, if it is to end before it has taken up what it was given.
    """
    started.cache_clear()
    patience = time.monotonic() + 1.0
    while not all(f.running() or f.done() for f in flying) and time.monotonic() < patience:
        time.sleep(0.001)
    executor.shutdown(wait=True, kill_workers=True)


atexit.register(started.cache_clear)  # while there is still all that they need to end


def _exit_codes(said: str) -> str:
    """How processes died, from what loky says of it: ``SIGSEGV(-11)``, ``EXIT(9)``."""
    found = re.findall(r"\b(SIG\w+|EXIT)\((-?\d+)\)", said)
    return ", ".join(name if name != "EXIT" else f"exit status {code}" for name, code in found)


# In a worker process


def _nothing() -> None:
    """Work that has loky look at its processes again.

    When those of before have ended for want of work, it looks which there are before it starts new
    ones for what it is given (3.6). It would never hear of the death of one of these.
    """


_noted_in: set[str] = set()
"""Folders of notes, which nobody else removes if the starter is killed."""


def _watched(
    work: Work[T, R],
    share: Sequence[int],
    items: Sequence[T],
    *,
    seconds: float,
    timeout: float | None,
    notes: str,
) -> list[R]:
    """Work on a share, with a note of what is worked on and an alarm for it."""
    _noted_in.add(notes)
    with _told(notes):
        note = open(os.path.join(notes, str(os.getpid())), "wb", buffering=0)  # noqa: SIM115
    with note:

        def busy(*places: int) -> None:
            allowed = timeout * len(places) if timeout else float("inf")
            told = [str(time.monotonic() + allowed), *(str(share[k]) for k in places)]
            with _told(notes):
                note.seek(0)
                note.write(" ".join(told).ljust(NOTE).encode())
            if timeout:
                signal.setitimer(signal.ITIMER_REAL, allowed)

        try:
            return work(_begun(items, seconds), busy)
        finally:
            if timeout:
                signal.setitimer(signal.ITIMER_REAL, 0)
            note.truncate(0)


def _answer(work: Work[T, R], items: Sequence[T], end: Connection, parent: int) -> None:
    """Send what becomes of an item, or the error that is to be raised."""
    _follow(parent)
    try:
        (answer,) = work(items, _nobody)
    except BaseException as error:
        end.send(error)
    else:
        end.send(answer)


def _follow(parent: int) -> None:
    """End this process soon after the one that started it, which may not live to do so."""

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHANED)
        for folder in _noted_in:
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
