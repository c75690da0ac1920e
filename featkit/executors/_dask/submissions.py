"""Tasks in the scheduler: submitted, collected when they are finished, cancelled at the end."""

from __future__ import annotations

import io
import pickle
import queue
import time
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

import distributed

from featkit.executors._dask.connection import LOST, Connection
from featkit.executors._dask.sending import Sent
from featkit.executors._dask.worker import Work, run

GATHERED_BYTES = 64e6
"""Results are fetched together up to about this size."""

MAX_GATHERED = 64
"""Most results that are fetched together."""


class Finished(NamedTuple):
    """End of a task.

    Attributes
    ----------
    tag : object
        Given by the caller.
    value : WorkResult
        Its result.
    error : exception or None
        The exception that it raised.
    is_lost : bool
        Whether scheduler or data were lost, so that it must be submitted again.
    """

    tag: Any
    value: Any = None
    error: BaseException | None = None
    is_lost: bool = False


class Submissions:
    """Tasks of one call in the scheduler.

    Parameters
    ----------
    connection : Connection
        The scheduler.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._name = f"featkit-{uuid4().hex}"
        self._numbers = count()
        self._tags: dict[Any, tuple[Any, Any]] = {}  # future and tag by key
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._largest = GATHERED_BYTES  # so the first result is fetched alone

    def __len__(self) -> int:
        return len(self._tags)

    def submit(self, tag: Any, work: Work, *shared: Any) -> None:
        """Submit a task, with shared data if it is a call; no other run has the same keys."""
        key = (self._name, next(self._numbers))
        packed = io.BytesIO(pickle.dumps(work, pickle.HIGHEST_PROTOCOL))
        future = self.connection.client.submit(Sent(run), packed, *shared, key=key, pure=False)
        self._tags[key] = (future, tag)
        future.add_done_callback(self._done.put)

    def finished(self, seconds: float) -> list[Finished]:
        """Wait some seconds for tasks, and collect those that have ended."""
        futures = self._next_done(seconds)
        if not futures and (self.connection.threads(), self.connection.is_lost)[1]:
            self.connection.renew()
        if self._tags and (self.connection.is_lost or self._is_stale()):
            return self._all_lost()
        return self._collected(futures)

    def _next_done(self, seconds: float) -> list[Any]:
        limit = max(1, min(MAX_GATHERED, int(GATHERED_BYTES / max(1.0, self._largest))))
        futures: list[Any] = []
        deadline = time.monotonic() + seconds
        with suppress(queue.Empty):
            while len(futures) < limit:
                rest = 0.0 if futures else max(0.0, deadline - time.monotonic())
                future = self._done.get(timeout=rest) if rest else self._done.get_nowait()
                if future.key in self._tags:
                    futures.append(future)
        return futures

    def _is_stale(self) -> bool:
        """Whether the tasks are those of a client that is closed."""
        future = next(iter(self._tags.values()), (None,))[0]
        return future is not None and future.client is not self.connection.client

    def _all_lost(self) -> list[Finished]:
        lost = [Finished(tag, is_lost=True) for _, tag in self._tags.values()]
        self._tags.clear()
        return lost

    def _collected(self, futures: list[Any]) -> list[Finished]:
        good = [future for future in futures if future.status == "finished"]
        values: dict[Any, Any] = {}
        if good and not self.connection.is_lost:
            with suppress(distributed.CancelledError, *LOST):  # lost after they were finished
                values = dict(zip(good, self.connection.client.gather(good), strict=True))
        collected = []
        for future in futures:
            _, tag = self._tags.pop(future.key)
            if future in values:
                self._largest = max(self._largest * 0.9, len(values[future].result))
                collected.append(Finished(tag, values[future]))
            elif future.status == "error":
                error = future.exception()
                if isinstance(error, ImportError | AttributeError):  # perhaps no such featkit
                    self.connection.check_workers()
                collected.append(Finished(tag, error=error))
            else:
                collected.append(Finished(tag, is_lost=True))
            future.release()
        return collected

    def cancel(self) -> None:
        """Cancel all tasks that are not finished."""
        futures = [future for future, _ in self._tags.values()]
        self._tags.clear()
        if futures and not self.connection.is_lost:
            with suppress(Exception):  # the scheduler may be gone, and forgets them by itself
                self.connection.client.cancel(futures, force=True)
