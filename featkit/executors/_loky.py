"""Worker processes of this machine: those of loky or, where that is safe, forked ones.

A worker returns results once for a chunk of items, so a crash loses the finished items of its
chunk. A chunk is therefore limited in time, too: after some seconds its remaining items go back to
the queue. See `_local_run` for crashes.
"""

from __future__ import annotations

import atexit
import os
import re
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featkit._utils.workers import NO_FAULT_HANDLER, ONE_THREAD, interrupts_ignored, worker_count
from featkit.executors import executor as interface
from featkit.executors import worker_process as worker
from featkit.executors._chunk_queue import ChunkQueue
from featkit.executors._forked import ForkedRun, can_fork
from featkit.executors._in_process import InProcess
from featkit.executors._local_run import LocalRun, Results, WorkerDeathError
from featkit.executors.executor import Crash, Executor, R, T, Task
from featkit.executors.worker_process import WorkResult

if TYPE_CHECKING:
    from concurrent.futures import Future

IDLE_SECONDS = 30.0
"""Seconds after which an idle worker ends."""

START_SECONDS = 1.0
"""Seconds until workers have started and imported the modules of a fit, about."""


STORE_VARIABLES = re.compile(
    r"(AWS|AZURE|FEATKIT|FSSPEC|GCS|GOOGLE|S3|SSH)_.*|HOME|TMPDIR|.*_proxy", re.IGNORECASE
)
"""Variables of the environment on which the access to stores depends."""


class Loky(Executor):
    """Runs work in processes of this machine, which serve several executors and end when idle.

    Parameters
    ----------
    n_jobs : int or None
        Number of processes; None for one per processor.
    """

    sends_shared_once = False

    def __init__(self, n_jobs: int | None) -> None:
        self._n_jobs = n_jobs
        self._has_started = False
        self._seconds_here = 0.0

    @property
    def workers(self) -> int:  # type: ignore[override]
        """Number of processes; processors are counted when it is needed, by a slow import."""
        return worker_count(self._n_jobs)

    def map(
        self,
        function: Callable[..., R],
        calls: Iterable[tuple[Any, ...]],
        *,
        shared: Any = None,
        quick: bool = False,
    ) -> Iterator[R]:
        """Call a function many times; see `Executor.map`."""
        if quick and isinstance(calls, Sequence) and not self._has_started:
            n_made = yield from self._map_here(function, calls, shared)
            calls = calls[n_made:]
        if not isinstance(calls, Sequence) or calls:
            yield from self._map_in_workers(function, calls, shared)

    def _map_here(
        self, function: Callable[..., R], calls: Sequence[tuple[Any, ...]], shared: Any
    ) -> Generator[R, None, int]:
        """Make calls in this process as long as that is faster; return how many were made.

        As much work as there was before is expected to follow these calls.
        """
        seconds = 0.0
        for n_made, call in enumerate(calls):
            left = seconds / n_made * (len(calls) - n_made) if n_made else 0.0
            if (left + self._seconds_here) * (1 - 1 / self.workers) > START_SECONDS:
                return n_made
            begin = time.perf_counter()
            result = function(shared, *call)
            taken = time.perf_counter() - begin
            seconds += taken
            self._seconds_here += taken
            yield result
        return len(calls)

    def _map_in_workers(
        self, function: Callable[..., R], calls: Iterable[tuple[Any, ...]], shared: Any
    ) -> Iterator[R]:
        import joblib

        self._has_started = True
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
        if not items:
            return
        processes = min(self.workers, len(items))
        queue = ChunkQueue(len(items), chunk_size, processes)
        with worker.state_folder(checkpoint) as folder:
            seconds = interface.CHUNK_SECONDS
            run_chunk = partial(worker.run_chunk, task, seconds, timeout, os.fspath(folder))
            if can_fork():

                def work(places: Sequence[int]) -> WorkResult:
                    return run_chunk(places, [items[k] for k in places])

                yield from ForkedRun(work, queue, processes, folder).run()
            else:
                yield from _LokyRun(run_chunk, items, queue, processes, folder).run()


def _exit_causes(message: str) -> str:
    """How workers died, from the message of loky: ``SIGSEGV(-11)``, ``EXIT(9)``."""
    exits = re.findall(r"\b(SIG\w+|EXIT)\((-?\d+)\)", message)
    return ", ".join(name if name != "EXIT" else f"exit status {code}" for name, code in exits)


class _LokyRun(LocalRun):
    """A run in the shared workers of loky: if one dies, all of them are restarted."""

    def __init__(
        self,
        run_chunk: Callable[..., WorkResult],
        items: Sequence[Any],
        queue: ChunkQueue,
        processes: int,
        folder: Path,
    ) -> None:
        super().__init__(queue, processes)
        self.run_chunk, self.items, self.folder = run_chunk, items, folder

    def process(self, *, is_retry: bool) -> Iterator[Results]:
        from joblib.externals.loky.process_executor import BrokenProcessPool

        in_flight: dict[Future[Any], Sequence[int]] = {}
        try:
            yield from self._submit_all(in_flight, is_retry=is_retry)
        except BrokenProcessPool as error:
            lost = []
            for future, chunk in in_flight.items():
                if future.exception():
                    lost.append(chunk)
                else:
                    yield self.finish(chunk, *future.result())
            states = worker.read_states(self.folder)
            raise WorkerDeathError(_exit_causes(str(error)), lost, states) from None

    def _submit_all(
        self, in_flight: dict[Future[Any], Sequence[int]], *, is_retry: bool
    ) -> Iterator[Results]:
        from concurrent import futures

        from joblib.externals.loky.process_executor import BrokenProcessPool

        executor = shared_executor(self.processes, _store_settings())
        is_complete = False
        try:
            while in_flight or self.has_next(0, is_retry=is_retry):
                while self.has_next(len(in_flight), is_retry=is_retry):
                    with interrupts_ignored():
                        chunk = self.next_chunk(is_retry=is_retry)
                        chunk_items = [self.items[k] for k in chunk]
                        try:
                            future = executor.submit(self.run_chunk, chunk, chunk_items)
                        except BrokenProcessPool:  # a worker has died since the last result
                            self.return_chunk(chunk, is_retry=is_retry)
                            raise
                        in_flight[future] = chunk
                        if len(in_flight) == 1:
                            executor.submit(worker.wake_up)
                finished = futures.wait(
                    in_flight, interface.HEARTBEAT_SECONDS, return_when=futures.FIRST_COMPLETED
                ).done
                for future in finished:
                    result = future.result()
                    yield self.finish(in_flight.pop(future), *result)
                if not finished:
                    yield []
            is_complete = True
        finally:
            if not is_complete:
                _kill_workers(executor, in_flight)


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
