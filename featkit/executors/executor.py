"""The interface of executors, which run work: in this process, in worker processes, on a cluster.

There are two kinds of work. `Executor.map` calls a function, such as a fit, many times; an error
or a crash ends it. `Executor.process_items` runs a *task* on many items, such as recordings: an
item may crash or hang its worker, which gives a `Crash`, and all others finish.
"""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from featkit._utils.parameters import check_parameter
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.schema import Failure

T = TypeVar("T")
R = TypeVar("R")

Task = Callable[[Iterable[T], Callable[..., None]], list[R]]
"""``task(items, report)`` returns a result for each item that it takes; ``report(place, ...)``
names the items that it is about to process."""

CHUNK_SECONDS = 2.0
"""Seconds after which a worker starts no further item of its chunk."""

HEARTBEAT_SECONDS = 1.0
"""Seconds without results after which an empty list is yielded."""

MAX_CHUNK = 256
"""Most files that a worker takes at a time; short ones are analysed as one stack."""

MAX_TIMEOUT = 1e7
"""Longest timeout in seconds, sixteen weeks; some systems do not accept longer alarms."""


@dataclass(frozen=True)
class Crash:
    """Result of an item whose worker process died.

    Attributes
    ----------
    cause : str
        Name of the signal, or the exit status; "" if unknown.
    is_timeout : bool
        Whether the timeout ended the process.
    """

    cause: str
    is_timeout: bool

    def failure(self, path: str, timeout: float | None) -> Failure:
        """Return the failure of the recording that crashed its worker.

        Parameters
        ----------
        path : str
            Path of the recording.
        timeout : float or None
            Seconds that a recording may take.

        Returns
        -------
        Failure
        """
        if self.is_timeout:
            return Failure(path, "timeout", "TimeoutError", f"took longer than {timeout:g} s")
        cause = f" ({self.cause})" if self.cause else ""
        message = (
            f"the worker process died{cause}: killed by the system, or by a fault in a decoder"
        )
        return Failure(path, "worker", "TerminatedWorkerError", message)


def check_timeout(timeout: float | None) -> None:
    """Check a timeout.

    Parameters
    ----------
    timeout : float or None
        Seconds for each item.

    Raises
    ------
    ParameterError
        If it is no positive number, or this operating system has no alarms.
    """
    check_parameter("timeout", timeout, float | None, above=0, at_most=MAX_TIMEOUT)
    if timeout is not None and not hasattr(signal, "setitimer"):
        raise ParameterError("timeout needs alarms, which this operating system does not have")


class Executor(ABC):
    """Runs functions, and tasks on many items.

    Attributes
    ----------
    workers : int
        Number of calls that run at a time.
    max_chunk : int
        Most recordings that a worker takes at a time.
    sends_shared_once : bool
        Whether a worker gets the shared data of `map` once, and not with each call; local
        processes map large arrays into memory, but get all else with each call.
    """

    workers: int
    max_chunk: int = MAX_CHUNK
    sends_shared_once: bool = True

    @abstractmethod
    def map(
        self,
        function: Callable[..., R],
        calls: Iterable[tuple[Any, ...]],
        *,
        shared: Any = None,
        quick: bool = False,
    ) -> Iterator[R]:
        """Call a function many times, and give the results in the order of the calls.

        Parameters
        ----------
        function : callable
            ``function(shared, *call)``; a function of a module, which workers can import.
        calls : iterable of tuple
            The other arguments of each call. The next ones are taken when a worker is free, so a
            generator may end by the clock.
        shared : object
            The first argument of all calls, such as the data of all fits. A cluster sends it to
            each worker once.
        quick : bool
            Whether all calls may take less time than starting local workers. Listed calls are then
            made in this process until the time that they took shows that workers are worth it.

        Returns
        -------
        iterator
            The result of each call.
        """

    @abstractmethod
    def process_items(
        self,
        task: Task[T, R],
        items: Sequence[T],
        *,
        chunk_size: int,
        timeout: float | None = None,
        checkpoint: Path | None = None,
    ) -> Generator[list[tuple[int, R | Crash]], None, None]:
        """Run a task on all items, and give results chunk by chunk as they are finished.

        Parameters
        ----------
        task : callable
            See `Task`.
        items : sequence
            The items.
        chunk_size : int
            Most items of a chunk.
        timeout : float, optional
            Seconds for each item.
        checkpoint : Path, optional
            State of local workers is written to a folder next to this file; without it, to the
            folder for temporary files.

        Returns
        -------
        generator of list of (int, result)
            Places in `items` with their results; empty if nothing was finished for a while.

        Raises
        ------
        FeatkitError
            If workers crash before they start an item.
        WriteError
            If workers cannot write their state.
        """

    def obstacle(self, *, isolate: bool) -> str:
        """Return why items are processed in this process, although other processes are wanted.

        Parameters
        ----------
        isolate : bool
            Whether the items should not be processed in this process; see `suited`.

        Returns
        -------
        str
            "" if there is no obstacle, or other processes are not wanted.
        """
        return ""

    def suited(self, n_items: int, *, isolate: bool) -> Executor:
        """Return the executor that processes some items best.

        Parameters
        ----------
        n_items : int
            Number of items.
        isolate : bool
            Whether the items must not be processed in this process, because their results are
            stored or a timeout may end them.

        Returns
        -------
        Executor
            This one, unless it is local: a single item needs no workers, and isolation needs one.
        """
        return self

    def process_places(
        self,
        task: Task[T, Any],
        items: Sequence[T],
        places: Sequence[int] | Array,
        *,
        timeout: float | None = None,
        checkpoint: Path | None = None,
    ) -> Generator[list[tuple[int, Any]], None, None]:
        """Process some of the items, in chunks that suit recordings.

        Parameters
        ----------
        task, items, timeout, checkpoint
            As for `process_items`.
        places : sequence of int
            Places of the items to process.

        Yields
        ------
        list of (int, result)
            Places in `items` with their results.

        Raises
        ------
        FeatkitError, WriteError
            As for `process_items`.
        """
        chosen = [items[k] for k in places]
        chunks = self.process_items(
            task, chosen, chunk_size=self.max_chunk, timeout=timeout, checkpoint=checkpoint
        )
        with closing(chunks):
            for chunk in chunks:
                yield [(int(places[k]), result) for k, result in chunk]
