"""Code that runs inside a worker process, and the state files that describe its work.

A worker writes the items that it is processing, and their deadline, to a file of its own. After a
crash the parent process reads these files to learn which items were in flight.
"""

from __future__ import annotations

import glob
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from featkit.errors import WriteError
from featkit.executors.executor import R, T, Task

PARENT_CHECK_SECONDS = 1.0
"""Seconds after which a worker notices that its parent process has died."""

STATE_SUFFIX = ".notes"
"""Suffix of the folder of state files."""

TEMPORARY_PREFIX = "featkit-"
"""Prefix of that folder within the folder for temporary files."""

STATE_BYTES = 256
"""Smallest size of a state. It is padded with spaces, so that it overwrites the last one."""

_used_folders: set[str] = set()
"""Folders of state files that this worker removes if its parent process is killed."""


@dataclass(frozen=True)
class WorkerState:
    """What a worker was processing.

    Attributes
    ----------
    deadline : float
        Time at which its alarm goes off, by `time.monotonic`.
    items : tuple of int
        Places of the items.
    """

    deadline: float
    items: tuple[int, ...]


class WorkResult(NamedTuple):
    """Results of a chunk, and the time that they took.

    Attributes
    ----------
    results : list
        A result for each item that was started.
    seconds : float
        Seconds of work.
    """

    results: list[Any]
    seconds: float


@contextmanager
def state_folder(checkpoint: Path | None) -> Iterator[Path]:
    """Make a folder for state files next to the checkpoint, and remove it afterwards.

    Parameters
    ----------
    checkpoint : Path or None
        The checkpoint; None for the folder for temporary files.

    Yields
    ------
    Path
    """
    parent = checkpoint.absolute().parent if checkpoint else None
    prefix = f".{checkpoint.name}." if checkpoint else TEMPORARY_PREFIX
    with _state_errors(os.fspath(parent) if parent else None):
        folder = tempfile.TemporaryDirectory(
            STATE_SUFFIX, prefix, parent, ignore_cleanup_errors=True
        )
    with folder as name:
        yield Path(name)


@contextmanager
def _state_errors(folder: str | None) -> Iterator[None]:
    """Report an error in the folder of state files, or in that for temporary files."""
    try:
        yield
    except OSError as error:
        shown = folder or tempfile.tempdir or "the folder for temporary files"
        temporary = folder is None or os.path.basename(folder).startswith(TEMPORARY_PREFIX)
        other = ", or name another folder by the environment variable TMPDIR" if temporary else ""
        raise WriteError(
            f"{shown}: cannot write worker state: {error.strerror or error}. Free some space"
            f" there{other}"
        ) from None


def remove_state_folders(checkpoint: Path) -> None:
    """Remove folders left by killed runs.

    Parameters
    ----------
    checkpoint : Path
        The checkpoint, which no other run may be using.
    """
    pattern = f".{glob.escape(checkpoint.name)}.*{STATE_SUFFIX}"
    for folder in checkpoint.absolute().parent.glob(pattern):
        shutil.rmtree(folder, ignore_errors=True)


def read_states(folder: Path) -> list[WorkerState]:
    """Read and remove the states of all workers, which must have ended.

    Parameters
    ----------
    folder : Path
        Folder of the state files.

    Returns
    -------
    list of WorkerState
    """
    return [state for file in folder.iterdir() for state in read_state(file)]


def read_state(file: Path) -> list[WorkerState]:
    """Read and remove the state of a worker, which must have ended.

    Parameters
    ----------
    file : Path
        Its state file.

    Returns
    -------
    list of WorkerState
        Empty if it was not processing anything.
    """
    if not file.exists():
        return []
    deadline, *items = file.read_text("ascii").split() or [""]
    file.unlink()
    return [WorkerState(float(deadline), tuple(map(int, items)))] if items else []


def ignore_report(*places: int) -> None:
    """Do nothing: the callback of a task whose state is not recorded.

    Parameters
    ----------
    *places : int
        Places of items.
    """


def items_for(items: Iterable[T], seconds: float) -> Iterator[T]:
    """Yield items until some seconds have passed, but at least one.

    Parameters
    ----------
    items : iterable
        The items.
    seconds : float
        Seconds after which no further item is yielded.

    Yields
    ------
    item
    """
    deadline = time.monotonic() + seconds
    for k, item in enumerate(items):
        if k and time.monotonic() >= deadline:
            return
        yield item


def run_chunk(
    task: Task[T, R],
    seconds: float,
    timeout: float | None,
    folder: str,
    places: Sequence[int],
    items: Sequence[T],
) -> WorkResult:
    """Process a chunk; the state is written, and the alarm set, whenever the task reports.

    Parameters
    ----------
    task : callable
        See `Task`.
    seconds : float
        Seconds after which no further item is started.
    timeout : float or None
        Seconds for each item.
    folder : str
        Folder of the state files.
    places : sequence of int
        Places of the items.
    items : sequence
        The items.

    Returns
    -------
    WorkResult
    """
    _used_folders.add(folder)
    with _state_errors(folder):
        state = open(os.path.join(folder, str(os.getpid())), "wb", buffering=0)  # noqa: SIM115
    with state:
        width = STATE_BYTES

        def report(*reported: int) -> None:
            nonlocal width
            allowed = timeout * len(reported) if timeout else float("inf")
            words = [str(time.monotonic() + allowed), *(str(places[k]) for k in reported)]
            text = " ".join(words).ljust(width)
            width = len(text)
            with _state_errors(folder):
                state.seek(0)
                state.write(text.encode())
            if timeout:
                signal.setitimer(signal.ITIMER_REAL, allowed)

        start = time.monotonic()
        try:
            results = task(items_for(items, seconds), report)
            return WorkResult(results, time.monotonic() - start)
        finally:
            if timeout:
                signal.setitimer(signal.ITIMER_REAL, 0)
            state.truncate(0)


def remove_used_folders() -> None:
    """Remove the folders of state files, after the parent process of this worker was killed."""
    for folder in _used_folders:
        shutil.rmtree(folder, ignore_errors=True)


def follow_parent(parent: int) -> None:
    """End this process soon after its parent process, even if that is killed.

    Parameters
    ----------
    parent : int
        Process id of the parent process.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        remove_used_folders()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def wake_up() -> None:
    """Empty task that makes loky look at its processes again.

    After idle workers have ended, loky 3.6 lists its processes before it starts new ones for a
    task. Without a second task it would not notice that one of the new workers dies.
    """


def exit_cause(exit_code: int) -> str:
    """Describe how a process ended.

    Parameters
    ----------
    exit_code : int
        Its exit status, or the negative number of the signal that killed it.

    Returns
    -------
    str
        Name of the signal, or the exit status.
    """
    return signal.Signals(-exit_code).name if exit_code < 0 else f"exit status {exit_code}"
