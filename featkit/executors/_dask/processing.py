"""`process_items` on a Dask cluster: sizes of chunks, and crashes.

A recording that crashes ends a process of the Dask worker, not the worker (see `child`), and is
then processed alone; a second crash is its failure. If Dask gives up a chunk because workers died,
its items are processed one by one, and those that are given up again, alone. Only an item that is
alone while several workers die is a failure.
"""

from __future__ import annotations

import math
import os
import pickle
from collections import Counter, deque
from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import cloudpickle
from distributed import KilledWorker

from featkit.errors import FeatkitError
from featkit.executors import executor as interface
from featkit.executors._dask.connection import Connection
from featkit.executors._dask.submissions import Finished, Submissions
from featkit.executors._dask.versions import versions
from featkit.executors._dask.worker import Work, WorkResult
from featkit.executors.executor import Crash

CHUNK_SECONDS = 1.0
"""Seconds that a chunk should take, to be long compared with the work of the scheduler."""

MIN_CHUNK_SECONDS = 0.1
"""Seconds of the chunks at the end of the queue, which are smaller."""

CHUNKS_PER_THREAD = 8
"""Chunks submitted for each thread: with two, an adaptive cluster would not see that there is more
work, since it adds workers for more than five seconds of work per thread."""

MAX_TASKS = 3000
"""Most chunks in the scheduler."""

FIRST_CHUNK = 8
"""Items of a chunk while nothing is known about their duration."""

MAX_START_CRASHES = 3
"""Maximum number of successive crashes before an item was started."""

MIN_DEATHS = 4
"""Dask workers that must die with an item that is alone before it is a failure."""


class Chunk(NamedTuple):
    """Items in the scheduler.

    Attributes
    ----------
    places : sequence of int
        Places of the items.
    is_alone : bool
        Whether their worker does nothing else for us.
    """

    places: Sequence[int]
    is_alone: bool


class ChunkRun:
    """One call of `process_items`.

    Parameters
    ----------
    connection : Connection
        The cluster.
    task, items, chunk_size, timeout
        As for `Executor.process_items`.
    """

    def __init__(
        self,
        connection: Connection,
        task: Any,
        items: Sequence[Any],
        chunk_size: int,
        timeout: float | None,
    ) -> None:
        self.connection, self.items, self.chunk_size = connection, items, chunk_size
        self.task = cloudpickle.dumps((task, interface.CHUNK_SECONDS, timeout, os.getcwd()))
        self.queue: deque[Sequence[int]] = deque([range(len(items))] if items else [])
        self.queued = len(items)
        self.suspects: deque[int] = deque()
        self.running_alone = False
        self.deaths: Counter[int] = Counter()
        self.start_crashes = 0
        self.item_seconds = 0.0
        self.submissions = Submissions(connection)

    def run(self) -> Generator[list[tuple[int, Any]], None, None]:
        """Yield results as they are finished."""
        try:
            while self.queue or self.suspects or len(self.submissions):
                self._submit()
                done = self.submissions.finished(interface.HEARTBEAT_SECONDS)
                results = [pair for one in done for pair in self._settle(one)]
                if results or not done:
                    yield results
        finally:
            self.submissions.cancel()

    def _submit(self) -> None:
        """Fill the scheduler up to the limit."""
        threads = max(1, self.connection.threads())
        if self.connection.is_lost:
            return
        if self.suspects and not self.running_alone:
            self._submit_chunk(Chunk([self.suspects.popleft()], is_alone=True))
        limit = min(MAX_TASKS, CHUNKS_PER_THREAD * threads)
        while self.queue and len(self.submissions) < limit:
            self._submit_chunk(Chunk(self._next_places(threads), is_alone=False))

    def _submit_chunk(self, chunk: Chunk) -> None:
        self.running_alone |= chunk.is_alone
        items = pickle.dumps([self.items[k] for k in chunk.places], pickle.HIGHEST_PROTOCOL)
        work = Work(versions(), ("chunk", self.task, items), chunk.is_alone)
        self.submissions.submit(chunk, work)

    def _next_places(self, threads: int) -> Sequence[int]:
        """Take the places of a chunk: fewer at the end, so that all workers end together."""
        size = FIRST_CHUNK
        if self.item_seconds:
            size = math.ceil(CHUNK_SECONDS / self.item_seconds)
        least = math.ceil(size * MIN_CHUNK_SECONDS / CHUNK_SECONDS)
        size = min(size, self.chunk_size, max(least, self.queued // (2 * threads)))
        places = self.queue.popleft()
        if rest := places[size:]:
            self.queue.appendleft(rest)
        self.queued -= len(places) - len(rest)
        return places[:size]

    def _return(self, chunks: Sequence[Sequence[int]]) -> None:
        """Put places back to the queue."""
        chunks = [chunk for chunk in chunks if chunk]
        self.queue.extendleft(reversed(chunks))
        self.queued += sum(map(len, chunks))

    def _settle(self, finished: Finished) -> list[tuple[int, Any]]:
        """Results of a chunk; its other items are queued again."""
        chunk: Chunk = finished.tag
        if chunk.is_alone:
            self.running_alone = False
        if finished.is_lost:
            self._try_again(chunk)
            return []
        if isinstance(finished.error, KilledWorker):
            return self._after_deaths(chunk, finished.error)
        if finished.error is not None:
            raise finished.error
        result: WorkResult = finished.value
        if result.cause:
            return self._after_crash(chunk, result)
        self.start_crashes = 0
        results = pickle.loads(result.result)
        seconds = result.seconds / max(1, len(results))
        self.item_seconds = (
            0.8 * self.item_seconds + 0.2 * seconds if self.item_seconds else seconds
        )
        self._return([chunk.places[len(results) :]])
        return list(zip(chunk.places, results, strict=False))

    def _try_again(self, chunk: Chunk) -> None:
        if chunk.is_alone:
            self.suspects.extend(chunk.places)
        else:
            self._return([chunk.places])

    def _after_crash(self, chunk: Chunk, result: WorkResult) -> list[tuple[int, Any]]:
        """The process of a chunk died: its suspects are processed alone, the others again."""
        begun = [chunk.places[k] for k in result.begun]
        if not begun:
            self._count_start_crash(result.cause)
            self._try_again(chunk)
            return []
        self.start_crashes = 0
        self._return([[k for k in chunk.places if k not in begun]])
        if chunk.is_alone or (result.is_timeout and len(begun) == 1):
            return [(k, Crash(result.cause, result.is_timeout)) for k in begun]
        self.suspects.extend(begun)
        return []

    def _count_start_crash(self, cause: str) -> None:
        self.start_crashes += 1
        if self.start_crashes >= MAX_START_CRASHES:
            raise FeatkitError(
                f"processes of the Dask workers crash at their start ({cause}): is there too little"
                " memory? Use fewer threads per worker"
            )

    def _after_deaths(self, chunk: Chunk, error: KilledWorker) -> list[tuple[int, Any]]:
        """Dask gave up a chunk because workers died."""
        if len(chunk.places) > 1:
            self._return([[k] for k in chunk.places])
            return []
        (k,) = chunk.places
        if chunk.is_alone:
            self.deaths[k] += error.allowed_failures + 1
            if self.deaths[k] >= MIN_DEATHS:
                return [(k, Crash(f"with {self.deaths[k]} Dask workers", is_timeout=False))]
        self.suspects.append(k)
        return []
