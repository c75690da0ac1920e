"""Code of the threads of Dask workers: they pass work to a child process for each thread."""

from __future__ import annotations

import io
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from featkit._utils.workers import NO_FAULT_HANDLER, ONE_THREAD
from featkit.executors._dask import child
from featkit.executors._dask.versions import (
    DISABLE,
    Versions,
    check_versions,
    disabled_instruction_sets,
)
from featkit.executors.worker_process import exit_cause

IDLE_SECONDS = 30.0
"""Seconds after which an idle process ends."""

CANCEL_CHECK_SECONDS = 1.0
"""Seconds after which work is ended that the driver does not want any more."""

TRIM_THRESHOLD = "MALLOC_TRIM_THRESHOLD_"
"""Variable that Dask's nanny sets. With it, glibc returns every large array to the system, and
fetches the next one page by page, which takes 40 % of the time of short recordings."""

NOTHING = pickle.dumps(None)
"""Shared data of calls without any."""


@dataclass(frozen=True)
class Work:
    """A chunk of items, or a call.

    Attributes
    ----------
    expected : Versions
        Versions of the driver.
    content : tuple
        Sent to the child process: ``("chunk", task, items)`` or ``("call", call)``, all pickled.
    is_alone : bool
        Whether the worker does nothing else for us meanwhile.
    key : str
        Name of the shared data of a call.
    """

    expected: Versions
    content: tuple[Any, ...]
    is_alone: bool
    key: str = ""


class WorkResult(NamedTuple):
    """Result of a chunk of items, or of a call.

    Attributes
    ----------
    result : bytes
        Pickled list of the results of the first items, or result of the call; empty if the process
        died.
    seconds : float
        Duration.
    begun : tuple of int
        Places in the chunk that were being processed when the process died.
    cause : str
        How it died; "" if it did not.
    is_timeout : bool
        Whether the alarm of the timeout ended it.
    """

    result: bytes
    seconds: float
    begun: tuple[int, ...] = ()
    cause: str = ""
    is_timeout: bool = False


def run(packed: io.BytesIO, shared: bytes = NOTHING) -> WorkResult:
    """Do some work in a child process, which gets shared data only once.

    The work is a pickled `Work` in a stream, whose text, which Dask logs after an error, has no
    content, and which a scheduler without featkit can unpickle.
    """
    work: Work = pickle.load(packed)
    check_versions(work.expected, worker_name())
    with _turn(alone=work.is_alone):
        start = time.monotonic()
        process = _take_child(disabled_instruction_sets(work.expected), work.key)
        if process.shared_key != work.key:
            process.send("shared", shared)
            process.shared_key = work.key
        process.send(*work.content)
        kind, content, begun = process.result()
        seconds = time.monotonic() - start
    if kind == "ended":
        return WorkResult(b"", seconds, begun, *_exit_cause(process.exit_code()))
    _put_back(process)
    if kind == "error":
        raise pickle.loads(content)
    return WorkResult(content, seconds)


def worker_name() -> str:
    """Address of the Dask worker."""
    import distributed

    return str(distributed.get_worker().address)


def _exit_cause(code: int) -> tuple[str, bool]:
    return exit_cause(code), -code == getattr(signal, "SIGALRM", None)


def _environment(disabled: str) -> dict[str, str]:
    """Environment of a process: that of a local worker, without Dask's advice for the allocator."""
    own = {name: value for name, value in os.environ.items() if name != TRIM_THRESHOLD}
    return own | ONE_THREAD | NO_FAULT_HANDLER | {DISABLE: disabled}


class _Child:
    """A process that works for one thread; `disabled` are instruction sets that it must not use."""

    def __init__(self, disabled: str) -> None:
        self.disabled = disabled
        self.shared_key = ""
        path = [os.path.abspath(folder) for folder in sys.path]
        self._process = subprocess.Popen(
            [sys.executable, "-c", child.START, json.dumps(path), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(disabled),
        )
        self._messages: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.idle_timer: threading.Timer | None = None

    def _read(self) -> None:
        """Queue the messages; a thread, so that `run` can also look for a cancelled task."""
        assert self._process.stdout
        with self._process.stdout as stream, suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                self._messages.put(pickle.load(stream))
        self._messages.put(("ended", None))

    def send(self, *content: Any) -> None:
        """Send work to the process; if it has died, `result` returns that."""
        assert self._process.stdin
        with suppress(OSError):
            pickle.dump(content, self._process.stdin)
            self._process.stdin.flush()

    def result(self) -> tuple[str, Any, tuple[int, ...]]:
        """Kind and content of the last message, and the places begun."""
        import distributed

        begun: tuple[int, ...] = ()
        while True:
            try:
                kind, content = self._messages.get(timeout=CANCEL_CHECK_SECONDS)
            except queue.Empty:
                if _is_cancelled():
                    self.close()
                    raise distributed.Reschedule() from None
                continue
            if kind != "begun":
                return kind, content, begun
            begun = content

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self.exit_code()

    def exit_code(self) -> int:
        """Wait for the end of the process, and return its exit code."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()
        return self._process.wait()


def _is_cancelled() -> bool:
    """Whether the scheduler wants the running task no more: the driver has ended."""
    import distributed

    worker = distributed.get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is None or task.state == "cancelled"


@dataclass
class _State:
    """Processes and turns of this worker."""

    idle: list[_Child] = field(default_factory=list)
    running: int = 0
    waiting_alone: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)


_state = _State()


@contextmanager
def _turn(*, alone: bool) -> Iterator[None]:
    """Wait until no chunk runs that must be alone and, if `alone`, until no other chunk runs."""
    with _state.changed:
        _state.waiting_alone += alone
        _state.changed.wait_for(lambda: _state.running == 0 if alone else not _state.waiting_alone)
        _state.running += 1
    try:
        yield
    finally:
        with _state.changed:
            _state.running -= 1
            _state.waiting_alone -= alone
            _state.changed.notify_all()


def _take_child(disabled: str, key: str) -> _Child:
    """An idle process, if possible one that has the shared data, or a new one."""
    with _state.changed:
        suited = [process for process in _state.idle if process.disabled == disabled]
        if not suited:
            return _Child(disabled)
        process = max(suited, key=lambda process: process.shared_key == key)
        _state.idle.remove(process)
        if process.idle_timer:
            process.idle_timer.cancel()
    return process


def _put_back(process: _Child) -> None:
    with _state.changed:
        _state.idle.append(process)
        process.idle_timer = threading.Timer(IDLE_SECONDS, _end_idle, [process])
        process.idle_timer.daemon = True
        process.idle_timer.start()


def _end_idle(process: _Child) -> None:
    with _state.changed:
        if process not in _state.idle or process.idle_timer is not threading.current_thread():
            return
        _state.idle.remove(process)
    process.close()
