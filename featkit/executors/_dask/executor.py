"""The executor of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from featkit.executors._dask.connection import Connection
from featkit.executors._dask.mapping import MapRun
from featkit.executors._dask.processing import ChunkRun
from featkit.executors.executor import Crash, Executor, R, T, Task


class Dask(Executor):
    """Runs work on a Dask cluster, whose number of workers may change.

    Parameters
    ----------
    connection : Connection
        The cluster.
    """

    max_chunk = 64

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def workers(self) -> int:  # type: ignore[override]
        """Threads of all workers; at least 1."""
        return max(1, self.connection.threads())

    def map(
        self,
        function: Callable[..., R],
        calls: Iterable[tuple[Any, ...]],
        *,
        shared: Any = None,
        quick: bool = False,
    ) -> Iterator[R]:
        """Call a function many times; see `Executor.map`."""
        return MapRun(self.connection, function, calls, shared).run()

    def process_items(
        self,
        task: Task[T, R],
        items: Sequence[T],
        *,
        chunk_size: int,
        timeout: float | None = None,
        checkpoint: Path | None = None,
    ) -> Generator[list[tuple[int, R | Crash]], None, None]:
        """Run a task on all items; see `Executor.process_items`."""
        return ChunkRun(self.connection, task, items, chunk_size, timeout).run()
