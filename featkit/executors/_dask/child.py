"""The process that works for one thread of a Dask worker.

A recording that crashes or hangs a decoder ends this process and not the Dask worker: no other
work is lost, the recording is known, and a timeout can be an alarm, as for local workers. Threads
of a Dask worker do not share state of modules, such as NumPy's random generator, which would change
results. Work arrives at standard input; messages leave by standard output, as pickled pairs.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from featkit.executors import worker_process as worker

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from featkit.executors._dask.child import serve; serve(int(sys.argv[2]))"
)
"""Program of the process; its arguments are the module path and the id of the Dask worker."""

OOM_SCORE = "500"
"""Added to the score by which Linux chooses the process to kill when memory runs out: this one
rather than the Dask worker."""

Send = Callable[[str, Any], None]


def serve(parent: int) -> None:
    """Process chunks until standard input ends or the Dask worker dies."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the messages
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.follow_parent(parent)
    with contextlib.suppress(OSError):  # a system other than Linux
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)

    def send(kind: str, content: Any) -> None:
        try:
            pickle.dump((kind, content), messages)
            messages.flush()
        except BrokenPipeError:  # the Dask worker has died
            os._exit(1)

    shared: Any = None
    while True:
        try:
            kind, *content = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            if kind == "shared":
                shared = pickle.loads(*content)
                continue
            result = _call(shared, *content) if kind == "call" else _run(send, *content)
            pickled = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
        except BaseException as error:
            send("error", _pickled_error(error))
        else:
            send("result", pickled)


def _call(shared: Any, call: bytes) -> Any:
    function, arguments = pickle.loads(call)
    return function(shared, *arguments)


def _run(send: Send, work: bytes, pickled_items: bytes) -> Any:
    """Process a chunk; the alarm is set, and a message sent, whenever the task reports."""
    task, seconds, timeout, folder = _loaded(work)
    with contextlib.suppress(OSError):  # the folder of the driver, for relative paths
        os.chdir(folder)

    def report(*places: int) -> None:
        send("begun", places)
        if timeout:
            signal.setitimer(signal.ITIMER_REAL, timeout * len(places))

    try:
        return task(worker.items_for(pickle.loads(pickled_items), seconds), report)
    finally:
        if timeout:
            signal.setitimer(signal.ITIMER_REAL, 0)


@lru_cache(maxsize=1)
def _loaded(work: bytes) -> Any:
    return pickle.loads(work)


def _pickled_error(error: BaseException) -> bytes:
    try:
        return pickle.dumps(error)
    except Exception:  # an exception may hold anything
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
