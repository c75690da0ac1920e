"""Forked workers: copies of this process, which start at once and need not import anything.

A process forks only if it has no other thread: a lock that another thread holds would never be
released in the child. The command line has none; see `featkit.cli._batch.limit_threads`. Children
have the items already, so that only places are sent to them.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import multiprocessing.connection
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from featkit._utils.workers import is_daemonic, signals_blocked
from featkit.executors import executor as interface
from featkit.executors import worker_process as worker
from featkit.executors._chunk_queue import ChunkQueue
from featkit.executors._local_run import LocalRun, Results, WorkerDeathError

Work = Callable[[Sequence[int]], Any]
"""``work(places)`` processes the items at some places; its result is sent to the parent."""


def can_fork() -> bool:
    """Return whether this process may fork: it has one thread, and may have children.

    Returns
    -------
    bool
        False also where the number of threads is unknown.
    """
    return has_one_thread() and not is_daemonic()


def has_one_thread() -> bool:
    """Return whether this process has one thread only, including those of libraries.

    Returns
    -------
    bool
        False also where that is unknown.
    """
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:  # a system other than Linux
        return False


class ChildDeathError(Exception):
    """A child died; the text is how it ended."""


class Child:
    """A forked child that processes chunks until it is closed.

    Parameters
    ----------
    work : callable
        See `Work`.

    Attributes
    ----------
    connection : Connection
        Becomes ready when a result can be received.
    pid : int
        Process id.
    in_flight : deque of sequence of int
        Places of the chunks whose results were not received yet.
    """

    def __init__(self, work: Work) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, connection = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(work, connection, self.connection, os.getpid()), daemon=True
        )
        with signals_blocked():
            self._process.start()
        connection.close()
        self.pid = int(self._process.pid or 0)
        self.in_flight: deque[Sequence[int]] = deque()

    def submit(self, places: Sequence[int]) -> None:
        """Send the places of a chunk; a child that has died is noticed by `receive`."""
        self.in_flight.append(places)
        with contextlib.suppress(OSError):
            self.connection.send(places)

    def receive(self) -> tuple[Sequence[int], Any]:
        """Wait for the next result.

        Returns
        -------
        places : sequence of int
        result : object
            Result of `work`; its exception is raised here.

        Raises
        ------
        ChildDeathError
        """
        try:
            result = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            raise ChildDeathError(worker.exit_cause(self._process.exitcode or 0)) from None
        if isinstance(result, BaseException):
            raise result
        return self.in_flight.popleft(), result

    def close(self, *, kill: bool = False) -> None:
        """End the child, at once or when it has no more work."""
        if kill:
            self._process.kill()
        with contextlib.suppress(OSError):
            self.connection.send(None)  # younger children have copies of the connection
        self.connection.close()
        self._process.join()


def _serve(work: Work, connection: Any, parents: Any, parent_pid: int) -> None:
    """Process chunks in a child, until it receives None."""
    parents.close()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the alarm of a timeout ends the child
    faulthandler.disable()
    worker.follow_parent(parent_pid)
    try:
        while (places := connection.recv()) is not None:
            try:
                result = work(places)
            except BaseException as error:
                result = error
            connection.send(result)
    except (EOFError, OSError):  # the parent process was killed
        worker.remove_used_folders()


class ForkedRun(LocalRun):
    """A run in forked children.

    Parameters
    ----------
    work : callable
        See `Work`; it returns a `WorkResult`.
    queue, processes
        As for `LocalRun`.
    folder : Path
        Folder of the state files.
    """

    def __init__(self, work: Work, queue: ChunkQueue, processes: int, folder: Path) -> None:
        super().__init__(queue, processes)
        self.work, self.folder = work, folder
        self.children: list[Child] = []

    def run(self) -> Iterator[Results]:
        """Yield results as they are finished; see `LocalRun`."""
        is_complete = False
        try:
            yield from super().run()
            is_complete = True
        finally:
            for child in self.children:
                child.close(kill=not is_complete)

    def process(self, *, is_retry: bool) -> Iterator[Results]:
        """Process the retries, or the queue; see `LocalRun.process`."""
        death: WorkerDeathError | None = None
        while True:
            busy = sum(len(child.in_flight) for child in self.children)
            while death is None and self.has_next(busy, is_retry=is_retry):
                self._idlest().submit(self.next_chunk(is_retry=is_retry))
                busy += 1
            if not busy:
                break
            ready = self._ready()
            for child in ready:
                try:
                    chunk, result = child.receive()
                except ChildDeathError as error:
                    death = self._buried(child, str(error), death)
                else:
                    yield self.finish(chunk, *result)
            if not ready:
                yield []
        if death is not None:
            raise death

    def _ready(self) -> list[Child]:
        """The children whose next result has arrived, or that have died."""
        children = {child.connection: child for child in self.children if child.in_flight}
        ready = multiprocessing.connection.wait([*children], interface.HEARTBEAT_SECONDS)
        return [children[connection] for connection in ready]  # type: ignore[index]

    def _idlest(self) -> Child:
        """The child with the fewest chunks, or a new one if all are busy."""
        idlest = min(self.children, key=lambda child: len(child.in_flight), default=None)
        if idlest is not None and (not idlest.in_flight or len(self.children) >= self.processes):
            return idlest
        self.children.append(Child(self.work))
        return self.children[-1]

    def _buried(
        self, child: Child, cause: str, earlier: WorkerDeathError | None
    ) -> WorkerDeathError:
        """The death of a child, together with one before it."""
        self.children.remove(child)
        child.close()
        states = worker.read_state(self.folder / str(child.pid))
        if earlier is None:
            return WorkerDeathError(cause, [*child.in_flight], states)
        causes = dict.fromkeys([*earlier.cause.split(", "), cause])
        return WorkerDeathError(
            ", ".join(causes), [*earlier.lost, *child.in_flight], [*earlier.states, *states]
        )
