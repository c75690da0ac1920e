"""Work in the calling process, one call after another."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from featkit._utils.workers import is_daemonic, why_no_processes
from featkit.executors import executor as interface
from featkit.executors import worker_process as worker
from featkit.executors.executor import Crash, Executor, R, T, Task


class InProcess(Executor):
    """Runs everything in the calling process, which a crash ends, too.

    A single item is given to a forked child, if this process has no other thread: a lock that
    another thread holds would never be released in the child.

    Parameters
    ----------
    is_wanted : bool
        Whether the caller asked for one process; False if others cannot be started.
    """

    workers = 1

    def __init__(self, *, is_wanted: bool = True) -> None:
        self.is_wanted = is_wanted

    def map(
        self, function: Callable[..., R], calls: Iterable[tuple[Any, ...]], *, shared: Any = None
    ) -> Iterator[R]:
        """Call a function many times; see `Executor.map`."""
        return (function(shared, *call) for call in calls)

    def obstacle(self, *, isolate: bool) -> str:
        """Return why no other process can be started, if one is wanted; see `Executor.obstacle`."""
        return why_no_processes() if isolate or not self.is_wanted else ""

    def suited(self, n_items: int, *, isolate: bool) -> Executor:
        """Return a worker process for items that must be isolated; see `Executor.suited`."""
        from featkit.executors._loky import Loky

        return Loky(1) if isolate and not why_no_processes() else self

    def process_items(
        self,
        task: Task[T, R],
        items: Sequence[T],
        *,
        chunk_size: int,
        timeout: float | None = None,
        checkpoint: Path | None = None,
    ) -> Generator[list[tuple[int, R | Crash]], None, None]:
        """Run a task on all items here, without a timeout; see `Executor.process_items`."""
        if len(items) == 1 and has_one_thread() and not is_daemonic():
            yield [(0, _run_in_child(task, items))]
            return
        queue = chunks_of(len(items), chunk_size)
        while queue:
            chunk = queue.popleft()
            chosen = worker.items_for((items[k] for k in chunk), interface.CHUNK_SECONDS)
            yield with_places(chunk, task(chosen, worker.ignore_report), queue)


def chunks_of(n_items: int, chunk_size: int) -> deque[Sequence[int]]:
    """Divide the places of items into chunks.

    Parameters
    ----------
    n_items : int
        Number of items.
    chunk_size : int
        Most items of a chunk.

    Returns
    -------
    deque of range
    """
    starts = range(0, n_items, chunk_size)
    return deque(range(start, min(start + chunk_size, n_items)) for start in starts)


def with_places(
    chunk: Sequence[int], results: Sequence[R], queue: deque[Sequence[int]]
) -> list[tuple[int, R | Crash]]:
    """Add places to the results of a chunk; its remaining items go back to the queue.

    Parameters
    ----------
    chunk : sequence of int
        Places of the items of the chunk.
    results : sequence
        Results of its first items.
    queue : deque of sequence of int
        The chunks that are not started.

    Returns
    -------
    list of (int, result)
    """
    if rest := chunk[len(results) :]:
        queue.appendleft(rest)
    return list(zip(chunk, results, strict=False))


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
        return Crash(worker.exit_cause(child.exitcode or 0), is_timeout=False)
    finally:
        child.kill()
        child.join()
    if isinstance(result, BaseException):
        raise result
    return result
