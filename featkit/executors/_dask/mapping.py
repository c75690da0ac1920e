"""`map` on a Dask cluster: calls in order, with data that each worker gets once."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import cloudpickle
from distributed import KilledWorker

from featkit._utils.formatting import counted
from featkit.errors import FeatkitError
from featkit.executors import executor as interface
from featkit.executors._dask.connection import LOST, Connection
from featkit.executors._dask.submissions import Finished, Submissions
from featkit.executors._dask.versions import versions
from featkit.executors._dask.worker import Work

CALLS_PER_THREAD = 2
"""Calls submitted for each thread, so that no thread waits for its next call."""

MAX_TASKS = 1000
"""Most calls in the scheduler."""

MAX_WAITING = 4
"""Calls that are finished before an earlier one, per submitted call, until no more are drawn."""

MAX_CRASHES = 2
"""Processes that may die with a call; from the second on, it is alone in its Dask worker."""

MAX_GIVEN_UP = 3
"""Times that Dask may give up a call because Dask workers died, which is rarely its fault."""


@dataclass
class _Call:
    """A call.

    Attributes
    ----------
    place : int
        Its place in the calls.
    pickled : bytes
        The function and the arguments.
    crashes : int
        Number of processes that died with it.
    given_up : int
        Number of times that Dask gave it up.
    """

    place: int
    pickled: bytes
    crashes: int = 0
    given_up: int = 0


class MapRun:
    """One call of `map`.

    Parameters
    ----------
    connection : Connection
        The cluster.
    function, calls, shared
        As for `Executor.map`.
    """

    def __init__(
        self,
        connection: Connection,
        function: Callable[..., Any],
        calls: Iterable[tuple[Any, ...]],
        shared: Any,
    ) -> None:
        self.connection, self.function, self.calls = connection, function, enumerate(calls)
        self.shared = None if shared is None else cloudpickle.dumps(shared)
        self.key = uuid4().hex
        self.scattered: Any = None
        self.submissions = Submissions(connection)
        self.retries: list[_Call] = []
        self.results: dict[int, Any] = {}
        self.next_place = 0
        self.is_drawn = False

    def run(self) -> Generator[Any, None, None]:
        """Yield results in the order of the calls."""
        try:
            while True:
                self._submit()
                if self.is_drawn and not len(self.submissions) and not self.retries:
                    return
                for finished in self.submissions.finished(interface.HEARTBEAT_SECONDS):
                    self._settle(finished)
                while self.next_place in self.results:
                    yield self.results.pop(self.next_place)
                    self.next_place += 1
        finally:
            self.submissions.cancel()

    def _submit(self) -> None:
        """Fill the scheduler up to the limit."""
        threads = self.connection.threads()
        limit = min(MAX_TASKS, CALLS_PER_THREAD * max(1, threads))
        while len(self.submissions) < limit and not self.connection.is_lost:
            if self.shared is not None and not threads:
                return  # nobody could take the shared data
            if not self.retries and not self._draw(limit):
                return
            try:
                shared = self._shared()
            except LOST:  # the workers were lost just now
                return
            call = self.retries.pop()
            work = Work(versions(), ("call", call.pickled), call.crashes > 0, self.key)
            self.submissions.submit(call, work, *shared)

    def _draw(self, limit: int) -> bool:
        """Take the next call; False if there is none, or too many results wait for their turn."""
        if self.is_drawn or len(self.results) >= MAX_WAITING * limit:
            return False
        place, call = next(self.calls, (-1, ()))
        self.is_drawn = place < 0
        if not self.is_drawn:
            self.retries.append(_Call(place, cloudpickle.dumps((self.function, call))))
        return not self.is_drawn

    def _shared(self) -> tuple[Any, ...]:
        """The shared data in the workers; sent again if the workers that had it were lost."""
        if self.shared is None:
            return ()
        future, client = self.scattered, self.connection.client
        if future is None or future.client is not client or future.status != "finished":
            self.scattered = client.scatter(self.shared, broadcast=True, hash=False)
        return (self.scattered,)

    def _settle(self, finished: Finished) -> None:
        call: _Call = finished.tag
        if isinstance(finished.error, KilledWorker):
            call.given_up += 1
            if call.given_up >= MAX_GIVEN_UP:
                deaths = call.given_up * (finished.error.allowed_failures + 1)
                worker = finished.error.last_worker.address
                raise self._error(
                    call, f"{counted(deaths, 'Dask worker')} died, the last {worker},"
                )
        elif finished.error is not None:
            raise finished.error
        elif not finished.is_lost:
            result = finished.value
            if not result.cause:
                self.results[call.place] = pickle.loads(result.result)
                return
            call.crashes += 1
            if call.crashes >= MAX_CRASHES:
                raise self._error(call, f"a process died ({result.cause})")
        self.retries.append(call)

    def _error(self, call: _Call, deaths: str) -> FeatkitError:
        name = getattr(self.function, "__name__", "a function").lstrip("_")
        return FeatkitError(
            f"{deaths} while running {name} (call {call.place + 1}): is there too little memory?"
            " See the logs of the Dask workers"
        )
