"""A run of local worker processes, any of which may crash or hang.

Each worker writes down which items it is processing (see `worker_process`). After a crash, the
items that were in flight are retried one at a time: an item whose worker crashes again has caused
the crash, and all others finish. A timeout is an alarm that kills the worker, because a decoder in
C cannot be interrupted.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from featkit.errors import FeatkitError
from featkit.executors._chunk_queue import ChunkQueue
from featkit.executors.executor import Crash
from featkit.executors.worker_process import WorkerState

CHUNKS_PER_WORKER = 2
"""Chunks submitted for each worker, so that no worker waits for its next chunk."""

MAX_START_CRASHES = 3
"""Maximum number of successive crashes before any worker has started an item."""

Results = list[tuple[int, Any]]
"""Places of items with their results."""


class WorkerDeathError(Exception):
    """Workers died.

    Parameters
    ----------
    cause : str
        How they ended, such as ``SIGSEGV``.
    lost : sequence of sequence of int
        Places of the items of each chunk that they had, without those whose results arrived.
    states : sequence of WorkerState
        The items in work.
    """

    def __init__(
        self, cause: str, lost: Sequence[Sequence[int]], states: Sequence[WorkerState]
    ) -> None:
        super().__init__(cause)
        self.cause, self.lost, self.states = cause, lost, states


class LocalRun(ABC):
    """State of one call of `process_items`.

    Parameters
    ----------
    queue : ChunkQueue
        The items.
    processes : int
        Number of workers.
    """

    def __init__(self, queue: ChunkQueue, processes: int) -> None:
        self.queue, self.processes = queue, processes
        self.retries: deque[int] = deque()
        self.start_crashes = 0

    def run(self) -> Iterator[Results]:
        """Yield results as they are finished."""
        while self.queue or self.retries:
            is_retry = bool(self.retries)
            try:
                yield from self.process(is_retry=is_retry)
            except WorkerDeathError as death:
                yield from self._attribute(death, is_retry=is_retry)

    @abstractmethod
    def process(self, *, is_retry: bool) -> Iterator[Results]:
        """Process the retries one at a time, or the whole queue.

        Raises
        ------
        WorkerDeathError
            If workers died, when no chunk is in flight any more.
        """

    def has_next(self, n_in_flight: int, *, is_retry: bool) -> bool:
        """Whether another chunk is to be submitted."""
        if is_retry:
            return bool(self.retries) and not n_in_flight
        return bool(self.queue) and n_in_flight < CHUNKS_PER_WORKER * self.processes

    def next_chunk(self, *, is_retry: bool) -> Sequence[int]:
        """Take the places of the next chunk."""
        return [self.retries.popleft()] if is_retry else self.queue.take()

    def return_chunk(self, chunk: Sequence[int], *, is_retry: bool) -> None:
        """Put back a chunk that no worker received."""
        if is_retry:
            self.retries.extendleft(reversed(chunk))
        else:
            self.queue.put_back([chunk])

    def finish(self, chunk: Sequence[int], results: Sequence[Any], seconds: float) -> Results:
        """Add places to the results of a chunk, and put its remaining items back."""
        self.start_crashes = 0
        return self.queue.finish(chunk, results, seconds)

    def _attribute(self, death: WorkerDeathError, *, is_retry: bool) -> Iterator[Results]:
        """Yield the items known to have killed their worker; queue the other lost items again."""
        lost_items = {k for chunk in death.lost for k in chunk}
        states = [state for state in death.states if lost_items.issuperset(state.items)]
        overdue = [state for state in states if state.deadline <= time.monotonic()]
        crashed: set[int] = set()
        is_timeout = "SIGALRM" in death.cause and len(overdue) == 1 and len(overdue[0].items) == 1
        if is_timeout:
            crashed = set(overdue[0].items)
        elif is_retry and states:
            crashed = lost_items
        begun = {k for state in states for k in state.items}
        if not begun:
            self._count_start_crash(death.cause)
        retries = (begun or lost_items) - crashed
        self.retries.extend(sorted(retries))
        self.queue.put_back([[k for k in own if k not in retries | crashed] for own in death.lost])
        for k in crashed:
            yield [(k, Crash(death.cause, is_timeout))]

    def _count_start_crash(self, cause: str) -> None:
        self.start_crashes += 1
        if self.start_crashes >= MAX_START_CRASHES:
            exits = f" ({cause})" if cause else ""
            raise FeatkitError(
                f"worker processes crash at their start{exits}: is there too little memory for"
                f" {self.processes} of them? Use fewer, such as --jobs 1 (n_jobs=1)"
            )
