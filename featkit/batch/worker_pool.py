"""Process items in a pool of worker processes, any of which may crash or hang.

Each worker writes down which items it is processing (see `worker_process`). If one crashes, loky
declares the pool broken and all workers are restarted. The items that were in flight are then
retried one at a time: an item whose worker crashes again has caused the crash, and all others
finish. A timeout is an alarm that kills the worker, because a decoder in C cannot be interrupted.

A worker returns results once for a chunk of items, so a crash loses the finished items of its
chunk. A chunk is therefore limited in time, too: after some seconds its remaining items go back to
the queue.
"""

from __future__ import annotations

import atexit
import os
import re
import signal
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from featkit._utils.parameters import check_parameter
from featkit._utils.workers import ONE_THREAD, interrupts_ignored, is_daemonic
from featkit.batch import worker_process as worker
from featkit.batch.worker_process import R, T, Task
from featkit.errors import FeatkitError, ParameterError
from featkit.schema import Failure

CHUNK_SECONDS = 2.0
"""Seconds after which a worker starts no further item of its chunk."""

HEARTBEAT_SECONDS = 1.0
"""Seconds without results after which an empty list is yielded."""

CHUNKS_PER_WORKER = 2
"""Chunks submitted for each worker, so that no worker waits for its next chunk."""

MAX_CHUNK = 8
"""Files that a worker takes at a time; short ones are analysed as one stack."""

MAX_START_CRASHES = 3
"""Maximum number of successive crashes before any worker has started an item."""

MAX_TIMEOUT = 1e7
"""Longest timeout in seconds, sixteen weeks; some systems do not accept longer alarms."""

IDLE_SECONDS = 30.0
"""Seconds after which an idle worker ends."""

NO_FAULT_HANDLER = {"PYTHONFAULTHANDLER": ""}
"""Environment that stops a crashing worker from printing: the exit status is reported instead."""


@dataclass(frozen=True)
class Crash:
    """Result of an item whose worker process died.

    Attributes
    ----------
    cause : str
        Name of the signal, or the exit status; "" if unknown.
    is_timeout : bool
        Whether the alarm of the timeout ended the process.
    """

    cause: str
    is_timeout: bool

    def failure(self, path: str, timeout: float | None) -> Failure:
        """Return the failure of the recording that crashed its worker.

        Parameters
        ----------
        path : str
            Path of the recording.
        timeout : float or None
            Seconds that a recording may take.

        Returns
        -------
        Failure
        """
        if self.is_timeout:
            return Failure(path, "timeout", "TimeoutError", f"took longer than {timeout:g} s")
        cause = f" ({self.cause})" if self.cause else ""
        message = (
            f"the worker process died{cause}: killed by the system, or by a fault in a decoder"
        )
        return Failure(path, "worker", "TerminatedWorkerError", message)


def check_timeout(timeout: float | None) -> None:
    """Check a timeout.

    Parameters
    ----------
    timeout : float or None
        Seconds for each item.

    Raises
    ------
    ParameterError
        If it is no positive number, or this operating system has no alarms.
    """
    check_parameter("timeout", timeout, float | None, above=0, at_most=MAX_TIMEOUT)
    if timeout is not None and not hasattr(signal, "setitimer"):
        raise ParameterError("timeout needs alarms, which this operating system does not have")


def process_items(
    task: Task[T, R],
    items: Sequence[T],
    *,
    processes: int,
    chunk_size: int,
    timeout: float | None = None,
    checkpoint: Path | None = None,
) -> Generator[list[tuple[int, R | Crash]], None, None]:
    """Run a task on all items, and yield results chunk by chunk as they are finished.

    Parameters
    ----------
    task : callable
        ``task(items, report)`` returns a result for each item that it takes from the iterator;
        ``report(place, ...)`` names the items that it is about to process.
    items : sequence
        The items.
    processes : int
        Worker processes; 0 to work in this process, which a crash then ends, too. A single item
        is given to a forked child, if this process has no other thread: a lock that another
        thread holds would never be released in the child.
    chunk_size : int
        Most items of a chunk.
    timeout : float, optional
        Seconds for each item.
    checkpoint : Path, optional
        The state of workers is written to a folder next to this file; without it, to the folder
        for temporary files.

    Yields
    ------
    list of (int, result)
        Places in `items` with their results; empty if nothing was finished for a while.

    Raises
    ------
    FeatkitError
        If workers crash before they start an item.
    WriteError
        If workers cannot write their state.
    """
    queue: deque[Sequence[int]] = deque(
        range(k, min(k + chunk_size, len(items))) for k in range(0, len(items), chunk_size)
    )
    if processes:
        with worker.state_folder(checkpoint) as folder:
            run_chunk = partial(worker.run_chunk, task, CHUNK_SECONDS, timeout, os.fspath(folder))
            yield from _Pool(run_chunk, items, processes, folder, queue).run()
    elif len(items) == 1 and has_one_thread() and not is_daemonic():
        yield [(0, _run_in_child(task, items))]
    else:
        while queue:
            chunk = queue.popleft()
            results = task(
                worker.items_for((items[k] for k in chunk), CHUNK_SECONDS), worker.ignore_report
            )
            yield _with_places(chunk, results, queue)


def process_places(
    task: Task[T, Any],
    items: Sequence[T],
    places: Sequence[int],
    *,
    processes: int,
    timeout: float | None = None,
    checkpoint: Path | None = None,
) -> Generator[list[tuple[int, Any]]]:
    """Process some of the items, in chunks that suit recordings.

    Parameters
    ----------
    task, items, processes, timeout, checkpoint
        As for `process_items`.
    places : sequence of int
        Places of the items to process.

    Yields
    ------
    list of (int, result)
        Places in `items` with their results.

    Raises
    ------
    FeatkitError, WriteError
        As for `process_items`.
    """
    chosen = [items[k] for k in places]
    chunk_size = max(1, min(MAX_CHUNK, len(chosen) // (4 * max(1, processes))))
    chunks = process_items(
        task,
        chosen,
        processes=min(processes, -(-len(chosen) // chunk_size)),
        chunk_size=chunk_size,
        timeout=timeout,
        checkpoint=checkpoint,
    )
    with closing(chunks):
        for chunk in chunks:
            yield [(places[k], result) for k, result in chunk]


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


def _run_in_child(task: Task[Any, Any], items: Sequence[Any]) -> Any:
    """Process one item in a forked child, which starts without delay."""
    import multiprocessing

    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(
        target=worker.send_result, args=(task, items, sender, os.getpid()), daemon=True
    )
    child.start()
    sender.close()
    try:
        result = receiver.recv()
    except EOFError:
        child.join()
        return Crash(_exit_cause(child.exitcode or 0), is_timeout=False)
    finally:
        child.kill()
        child.join()
    if isinstance(result, BaseException):
        raise result
    return result


def _exit_cause(exit_code: int) -> str:
    return signal.Signals(-exit_code).name if exit_code < 0 else f"exit status {exit_code}"


def _exit_causes(message: str) -> str:
    """How workers died, from the message of loky: ``SIGSEGV(-11)``, ``EXIT(9)``."""
    exits = re.findall(r"\b(SIG\w+|EXIT)\((-?\d+)\)", message)
    return ", ".join(name if name != "EXIT" else f"exit status {code}" for name, code in exits)


def _with_places(
    chunk: Sequence[int], results: Sequence[R], queue: deque[Sequence[int]]
) -> list[tuple[int, R]]:
    """Results with their places; the remaining items of the chunk go back to the queue."""
    if rest := chunk[len(results) :]:
        queue.appendleft(rest)
    return list(zip(chunk, results, strict=False))


@dataclass
class _Pool:
    """State of one call of `process_items`."""

    run_chunk: Callable[..., list[Any]]
    items: Sequence[Any]
    processes: int
    folder: Path
    queue: deque[Sequence[int]]
    retries: deque[Sequence[int]] = field(default_factory=deque)
    start_crashes: int = 0

    def run(self) -> Iterator[list[tuple[int, Any]]]:
        from joblib.externals.loky.process_executor import BrokenProcessPool

        while self.queue or self.retries:
            is_retry = bool(self.retries)
            in_flight: dict[Future[Any], Sequence[int]] = {}
            try:
                yield from self._run_queue(in_flight, is_retry)
            except BrokenProcessPool as error:
                lost = []
                for future, chunk in in_flight.items():
                    if future.exception():
                        lost.append(chunk)
                    else:
                        yield _with_places(chunk, future.result(), self.queue)
                yield from self._attribute_crash(lost, is_retry, _exit_causes(str(error)))

    def _run_queue(
        self, in_flight: dict[Future[Any], Sequence[int]], is_retry: bool
    ) -> Iterator[list[tuple[int, Any]]]:
        """Process the retries one at a time, or the whole queue."""
        queue = self.retries if is_retry else self.queue
        max_in_flight = 1 if is_retry else CHUNKS_PER_WORKER * self.processes
        executor = shared_executor(self.processes)
        is_complete = False
        try:
            while queue or in_flight:
                while queue and len(in_flight) < max_in_flight:
                    with interrupts_ignored():
                        chunk_items = [self.items[k] for k in queue[0]]
                        future = executor.submit(self.run_chunk, queue[0], chunk_items)
                        in_flight[future] = queue.popleft()
                        if len(in_flight) == 1:
                            executor.submit(worker.wake_up)
                finished = wait(in_flight, HEARTBEAT_SECONDS, return_when=FIRST_COMPLETED).done
                for future in finished:
                    results = future.result()
                    self.start_crashes = 0
                    yield _with_places(in_flight.pop(future), results, self.queue)
                if not finished:
                    yield []
            is_complete = True
        finally:
            if not is_complete:
                _kill_workers(executor, in_flight)

    def _attribute_crash(
        self, lost: Sequence[Sequence[int]], is_retry: bool, cause: str
    ) -> Iterator[list[tuple[int, Any]]]:
        """Yield the items known to have killed their worker; queue the other lost items again."""
        lost_items = {k for chunk in lost for k in chunk}
        states = [
            state for state in worker.read_states(self.folder) if lost_items.issuperset(state.items)
        ]
        overdue = [state for state in states if state.deadline <= time.monotonic()]
        crashed: set[int] = set()
        is_timeout = "SIGALRM" in cause and len(overdue) == 1 and len(overdue[0].items) == 1
        if is_timeout:
            crashed = set(overdue[0].items)
        elif is_retry and states:
            crashed = lost_items
        begun = {k for state in states for k in state.items}
        if not begun:
            self._count_start_crash(cause)
        retries = (begun or lost_items) - crashed
        self.retries.extend([k] for k in sorted(retries))
        unbegun = [[k for k in chunk if k not in retries | crashed] for chunk in lost]
        self.queue.extendleft(chunk for chunk in reversed(unbegun) if chunk)
        for k in crashed:
            yield [(k, Crash(cause, is_timeout))]

    def _count_start_crash(self, cause: str) -> None:
        self.start_crashes += 1
        if self.start_crashes >= MAX_START_CRASHES:
            exits = f" ({cause})" if cause else ""
            raise FeatkitError(
                f"worker processes crash at their start{exits}: is there too little memory for"
                f" {self.processes} of them? Use fewer, such as --jobs 1 (n_jobs=1)"
            )


@lru_cache(maxsize=1)
def shared_executor(processes: int) -> Any:
    """Return workers that serve several calls, and end when idle.

    `joblib.Parallel` is no alternative: with one job it works in the calling process.

    Parameters
    ----------
    processes : int
        Number of processes.

    Returns
    -------
    loky.ProcessPoolExecutor
    """
    from joblib.externals import loky

    # An idle worker may end just as work arrives: loky starts another, and warns for nothing.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
    return loky.ProcessPoolExecutor(
        processes,
        timeout=IDLE_SECONDS,
        # An initializer, not a task: a worker that never gets a task would outlive its parent.
        initializer=worker.follow_parent,
        initargs=(os.getpid(),),
        env=ONE_THREAD | NO_FAULT_HANDLER,
    )


atexit.register(shared_executor.cache_clear)  # while the modules that shutdown needs still exist


def _kill_workers(executor: Any, in_flight: Iterable[Future[Any]]) -> None:
    """Kill all workers at once, whatever they are processing.

    loky prints a traceback if it is shut down before it has taken up the submitted chunks, so this
    waits for that, up to a second.
    """
    shared_executor.cache_clear()
    deadline = time.monotonic() + 1.0
    while not all(f.running() or f.done() for f in in_flight) and time.monotonic() < deadline:
        time.sleep(0.001)
    executor.shutdown(wait=True, kill_workers=True)
