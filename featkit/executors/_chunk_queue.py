"""The items of a run, handed to local workers in chunks that take about half a second each.

The next chunk is twice as large after one that was finished quickly, and half as large after a slow
one. Many short recordings thus become large stacks, and a killed run loses little. At the end of
the queue, several workers get smaller chunks, so that they end together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from featkit.executors.executor import R

FIRST_CHUNK = 8
"""Items of the first chunks, while nothing is known about their duration."""

QUICK_SECONDS, SLOW_SECONDS = 0.5, 1.0
"""Seconds of work below which the next chunk is larger, and above which it is smaller."""

LEAST_SHARE = 10
"""The chunks at the end of the queue have at least one part in this many of the others."""


class ChunkQueue:
    """Places of items that no worker has taken yet.

    Parameters
    ----------
    n_items : int
        Number of items.
    largest : int
        Most items of a chunk.
    workers : int
        Number of workers that take chunks.
    """

    def __init__(self, n_items: int, largest: int, workers: int = 1) -> None:
        self._parts: deque[Sequence[int]] = deque([range(n_items)] if n_items else [])
        self._queued = n_items
        self._largest, self._workers = largest, workers
        self._size = min(FIRST_CHUNK, largest)

    def __len__(self) -> int:
        return self._queued

    def take(self) -> Sequence[int]:
        """Take the places of a chunk, at least one."""
        size = self._size
        if self._workers > 1:
            least = -(-size // LEAST_SHARE)
            size = min(size, max(least, -(-self._queued // (2 * self._workers))))
        part = self._parts.popleft()
        if rest := part[size:]:
            self._parts.appendleft(rest)
        chunk = part[:size]
        self._queued -= len(chunk)
        return chunk

    def put_back(self, chunks: Sequence[Sequence[int]]) -> None:
        """Put places back, to be taken first."""
        self._parts.extendleft(chunk for chunk in reversed(chunks) if chunk)
        self._queued += sum(map(len, chunks))

    def finish(
        self, chunk: Sequence[int], results: Sequence[R], seconds: float
    ) -> list[tuple[int, R]]:
        """Add places to the results of a chunk, and put its remaining items back."""
        rest = chunk[len(results) :]
        self.put_back([rest])
        if seconds > SLOW_SECONDS:
            self._size = max(1, self._size // 2)
        elif seconds < QUICK_SECONDS and not rest and 2 * len(chunk) > self._size:
            self._size = min(2 * self._size, self._largest)
        return list(zip(chunk, results, strict=False))
