"""Requests of several threads, answered together where that saves time.

While one thread computes, others add their requests to a list. The next thread that computes takes
the whole list: the cost of a call is then paid once for all of them. A request that arrives while
no thread computes is answered at once, by its own thread. So Python code of several threads, which
cannot run at the same time, does not slow all of them down by handing on the interpreter's lock.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

PAUSE = 5e-5
"""Seconds that a thread gives others to add their requests, if several were just answered."""

T = TypeVar("T")
R = TypeVar("R")


class _Request:
    """A request, its answer or exception, and the turn of its thread."""

    __slots__ = ("answer", "computes", "done", "item", "size", "turn")

    def __init__(self, item: Any, size: float) -> None:
        self.item, self.size = item, size
        self.answer: Any = None
        self.done = self.computes = False
        self.turn = Lock()
        self.turn.acquire()


class Combiner(Generic[T, R]):
    """A function of many items that threads call with one item each.

    Parameters
    ----------
    compute : callable
        ``compute(items)`` returns the answer to each item, which must not depend on the others;
        or an exception, which is raised for this item.
    limit : float
        Largest sum of the sizes of items that are computed together.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[T]], Sequence[R | Exception]],
        limit: float,
    ) -> None:
        self._compute = compute
        self._limit = limit
        self._forget()
        _COMBINERS.add(self)

    def _forget(self) -> None:
        """Begin without requests: a forked process has none of the threads that computed."""
        self._is_busy = False
        self._last_count = 1
        self._lock = Lock()
        self._waiting: deque[_Request] = deque()

    def __call__(self, item: T, size: float) -> R:
        """Compute the answer to an item, possibly together with those of other threads.

        Parameters
        ----------
        item : object
            The item.
        size : float
            Its size, in the unit of `limit`.

        Returns
        -------
        object
            The answer.

        Raises
        ------
        Exception
            The error of this item.
        """
        own = _Request(item, size)
        with self._lock:
            own.computes = not self._is_busy
            self._is_busy = True
            if not own.computes:
                self._waiting.append(own)
        if not own.computes:
            self._wait(own)
        if own.computes:
            self._compute_with(own)
        if isinstance(own.answer, Exception):
            raise own.answer
        answer: R = own.answer
        return answer

    def _wait(self, own: _Request) -> None:
        """Wait until another thread has answered a request, or hands on its turn to compute."""
        try:
            own.turn.acquire()
        except BaseException:  # such as KeyboardInterrupt
            with self._lock:
                if own in self._waiting:
                    self._waiting.remove(own)
                elif own.computes:
                    self._hand_on()
            raise

    def _compute_with(self, own: _Request) -> None:
        """Answer a request and those that wait, then hand on the turn to compute."""
        batch = [own]
        try:
            self._await_others()
            with self._lock:
                self._add_waiting(batch)
                self._last_count = len(batch)
            self._answer(batch)
        finally:
            for request in batch[1:]:
                if request.done:
                    request.turn.release()
            with self._lock:
                # After an interruption, other threads compute their own requests.
                self._waiting.extendleft(one for one in reversed(batch[1:]) if not one.done)
                self._hand_on()

    def _await_others(self) -> None:
        """Let threads add requests that had one in the last batch, as long as some do.

        They were woken a moment ago. Without a pause, the first of them would compute alone.
        """
        count = -1
        while count < len(self._waiting) < self._last_count - 1:
            count = len(self._waiting)
            time.sleep(PAUSE)

    def _hand_on(self) -> None:
        """Let the next thread compute that waits; the lock is held."""
        if self._waiting:
            following = self._waiting.popleft()
            following.computes = True
            following.turn.release()
        else:
            self._is_busy = False

    def _add_waiting(self, batch: list[_Request]) -> None:
        """Add the requests that wait to a batch, up to the limit; the lock is held."""
        total = batch[0].size
        while self._waiting and total + self._waiting[0].size <= self._limit:
            batch.append(self._waiting.popleft())
            total += batch[-1].size

    def _answer(self, batch: Sequence[_Request]) -> None:
        """Compute the answers; an error that is not that of one request is looked for in each."""
        try:
            answers = self._compute([request.item for request in batch])
        except Exception as error:
            if len(batch) > 1:
                for request in batch:
                    self._answer([request])
                return
            answers = [error]
        for request, answer in zip(batch, answers, strict=True):
            request.answer, request.done = answer, True


_COMBINERS: WeakSet[Combiner[Any, Any]] = WeakSet()


def _forget_all() -> None:
    for combiner in _COMBINERS:
        combiner._forget()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_all)
