"""Work in the calling process, one call after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from featkit._utils.workers import why_no_processes
from featkit.executors import executor as interface
from featkit.executors import worker_process as worker
from featkit.executors._chunk_queue import ChunkQueue
from featkit.executors._forked import Child, ChildDeathError, can_fork
from featkit.executors.executor import Crash, Executor, R, T, Task


class InProcess(Executor):
    """Runs everything in the calling process, which a crash ends, too.

    A single item is given to a forked child, if that is safe; see `_forked`.

    Parameters
    ----------
    is_wanted : bool
        Whether the caller asked for one process; False if others cannot be started.
    """

    workers = 1

    def __init__(self, *, is_wanted: bool = True) -> None:
        self.is_wanted = is_wanted

    def map(
        self,
        function: Callable[..., R],
        calls: Iterable[tuple[Any, ...]],
        *,
        shared: Any = None,
        quick: bool = False,
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
        if len(items) == 1 and can_fork():
            yield [(0, _run_in_child(task, items))]
            return
        queue = ChunkQueue(len(items), chunk_size)
        while queue:
            chunk = queue.take()
            start = time.monotonic()
            chosen = worker.items_for((items[k] for k in chunk), interface.CHUNK_SECONDS)
            results = task(chosen, worker.ignore_report)
            yield queue.finish(chunk, results, time.monotonic() - start)


def _run_in_child(task: Task[Any, Any], items: Sequence[Any]) -> Any:
    """Process one item in a forked child, which starts without delay."""
    child = Child(lambda _: task(items, worker.ignore_report))
    is_complete = False
    try:
        child.submit([0])
        _, (result,) = child.receive()
        is_complete = True
    except ChildDeathError as death:
        return Crash(str(death), is_timeout=False)
    finally:
        child.close(kill=not is_complete)
    return result
