"""Worker processes of this machine, any of which may crash or hang.

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
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from featkit._utils.workers import NO_FAULT_HANDLER, ONE_THREAD, interrupts_ignored, worker_count
from featkit.errors import FeatkitError
from featkit.executors import executor as interface
from featkit.executors import worker_process as worker
from featkit.executors._in_process import InProcess, chunks_of, with_places
from featkit.executors.executor import Crash, Executor, R, T, Task

CHUNKS_PER_WORKER = 2
"""Chunks submitted for each worker, so that no worker waits for its next chunk."""

MAX_START_CRASHES = 3
"""Maximum number of successive crashes before any worker has started an item."""

IDLE_SECONDS = 30.0
"""Seconds after which an idle worker ends."""


STORE_VARIABLES = re.compile(
    r"(AWS|AZURE|FEATKIT|FSSPEC|GCS|GOOGLE|S3|SSH)_.*|HOME|TMPDIR|.*_proxy", re.IGNORECASE
)
"""Variables of the environment on which the access to stores depends."""


class Loky(Executor):
    """Runs work in processes of this machine, which serve several executors and end when idle.

    Parameters
    ----------
    n_jobs : int, optional
        Number of processes; None for one per processor.
    """

    sends_shared_once = False

    def __init__(self, n_jobs: int | None) -> None:
        self._n_jobs = n_jobs

    @property
    def workers(self) -> int:  # type: ignore[override]
        """Number of processes; processors are counted when it is needed, by a slow import."""
        return worker_count(self._n_jobs)

    def map(
        self, function: Callable[..., R], calls: Iterable[tuple[Any, ...]], *, shared: Any = None
    ) -> Iterator[R]:
        """Call a function many times; see `Executor.map`."""
        import joblib

        # Calls that are not listed may end by the clock, so that none is taken in advance.
        is_listed = isinstance(calls, Sequence)
        options = {} if is_listed else {"pre_dispatch": "n_jobs", "batch_size": 1}
        _ignore_restarts()
        with interrupts_ignored():
            results: Iterator[R] = joblib.Parallel(
                n_jobs=self.workers, return_as="generator", **options
            )(joblib.delayed(function)(shared, *call) for call in calls)
        yield from results

    def suited(self, n_items: int, *, isolate: bool) -> Executor:
        """Return no more workers than items; see `Executor.suited`."""
        if n_items == 1 or self.workers == 1:
            return InProcess().suited(n_items, isolate=isolate)
        return self

    def process_items(
        self,
        task: Task[T, R],
        items: Sequence[T],
        *,
        chunk_size: int,
        timeout: float | None = None,
        checkpoint: Path | None = None,
    ) -> Generator[list[tuple[int, R | Crash]], None, None]:
        """Run a task on all items in processes; see `Executor.process_items`."""
        queue = chunks_of(len(items), chunk_size)
        if not queue:
            return
        processes = min(self.workers, len(queue))
        with worker.state_folder(checkpoint) as folder:
            seconds = interface.CHUNK_SECONDS
            run_chunk = partial(worker.run_chunk, task, seconds, timeout, os.fspath(folder))
            yield from _Pool(run_chunk, items, processes, folder, queue).run()


def _exit_causes(message: str) -> str:
    """How workers died, from the message of loky: ``SIGSEGV(-11)``, ``EXIT(9)``."""
    exits = re.findall(r"\b(SIG\w+|EXIT)\((-?\d+)\)", message)
    return ", ".join(name if name != "EXIT" else f"exit status {code}" for name, code in exits)


@dataclass
class _Pool:
    """State of one call of `Loky.process_items`."""

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
                        yield with_places(chunk, future.result(), self.queue)
                yield from self._attribute_crash(lost, is_retry, _exit_causes(str(error)))

    def _run_queue(
        self, in_flight: dict[Future[Any], Sequence[int]], is_retry: bool
    ) -> Iterator[list[tuple[int, Any]]]:
        """Process the retries one at a time, or the whole queue."""
        queue = self.retries if is_retry else self.queue
        max_in_flight = 1 if is_retry else CHUNKS_PER_WORKER * self.processes
        executor = shared_executor(self.processes, _store_settings())
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
                finished = wait(
                    in_flight, interface.HEARTBEAT_SECONDS, return_when=FIRST_COMPLETED
                ).done
                for future in finished:
                    results = future.result()
                    self.start_crashes = 0
                    yield with_places(in_flight.pop(future), results, self.queue)
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


def _store_settings() -> tuple[tuple[str, str], ...]:
    """Variables that say how to reach stores, such as credentials set since workers started."""
    return tuple(sorted(item for item in os.environ.items() if STORE_VARIABLES.fullmatch(item[0])))


@lru_cache(maxsize=1)
def shared_executor(processes: int, settings: tuple[tuple[str, str], ...] = ()) -> Any:
    """Return workers that serve several calls, and end when idle.

    `joblib.Parallel` is no alternative: with one job it works in the calling process.

    Parameters
    ----------
    processes : int
        Number of processes.
    settings : tuple of (str, str)
        Variables of the environment; workers that were started with others are not used.

    Returns
    -------
    loky.ProcessPoolExecutor
    """
    from joblib.externals import loky

    _ignore_restarts()
    return loky.ProcessPoolExecutor(
        processes,
        timeout=IDLE_SECONDS,
        # An initializer, not a task: a worker that never gets a task would outlive its parent.
        initializer=worker.follow_parent,
        initargs=(os.getpid(),),
        env=ONE_THREAD | NO_FAULT_HANDLER,
    )


def _ignore_restarts() -> None:
    """Ignore that loky replaces a worker, and warns for nothing.

    A worker may end just as work arrives, or because it has grown by the import of a large library.
    """
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)


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
