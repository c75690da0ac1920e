"""Worker processes: how many to start, and how they react to signals.

All functions of featkit have the default ``n_jobs=1``: they start no process unless they are told
to, so that a script without ``if __name__ == "__main__"``, a service or a worker of another program
may call them. The result has the same bits for any number. A user at the command line has the whole
machine, so that commands start one worker per processor.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from featkit._utils.parameters import check_parameter, is_whole

if TYPE_CHECKING:
    from threading import Thread

ONE_THREAD = dict.fromkeys(
    ["MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "1"
) | {"VECLIB_MAXIMUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
"""Environment in which numerical libraries use one thread, if it is set before they are loaded."""

NO_FAULT_HANDLER = {"PYTHONFAULTHANDLER": ""}
"""Environment that stops a crashing worker from printing: the exit status is reported instead."""

THREAD_END_SECONDS = 1.0
"""Seconds within which the system removes a thread that has ended."""


def requested_workers(n_jobs: int | None) -> int | None:
    """Check a number of worker processes.

    Parameters
    ----------
    n_jobs : int or None
        The requested number; None or -1 for one per processor.

    Returns
    -------
    int or None
        None for one per processor.

    Raises
    ------
    ParameterError
        If `n_jobs` is not a whole number, or below 1 and not -1.
    """
    if is_whole(n_jobs) and n_jobs == -1:
        return None
    count = check_parameter("n_jobs", n_jobs, int | None, at_least=1)
    return None if count is None else int(count)


def worker_count(n_jobs: int | None) -> int:
    """Number of worker processes to use.

    Parameters
    ----------
    n_jobs : int or None
        The requested number; None or -1 for one per processor that this process may use, according
        to its affinity and the CPU quota of its container.

    Returns
    -------
    int
        At least 1; exactly 1 if this process cannot start others (see `why_no_processes`).

    Raises
    ------
    ParameterError
        If `n_jobs` is not a whole number, or below 1 and not -1.
    """
    count = requested_workers(n_jobs)
    if count == 1 or why_no_processes():
        return 1
    if count is None:
        from joblib import cpu_count

        return int(cpu_count())
    return count


def why_no_processes() -> str:
    """Reason why this process cannot start others.

    A worker of `multiprocessing.Pool`, of Celery or of dask is daemonic, and may have no children.
    Some systems, such as AWS Lambda, have no semaphores, which processes need to share work.

    Returns
    -------
    str
        The reason; "" if it can.
    """
    if is_daemonic():
        return "it is a daemonic worker process, which cannot start other processes"
    import multiprocessing

    try:
        multiprocessing.Lock()
    except (ImportError, OSError) as error:
        return f"this system has no semaphores ({getattr(error, 'strerror', None) or error})"
    return ""


def is_daemonic() -> bool:
    """Whether this process is a daemonic worker, which may have no children.

    Returns
    -------
    bool
        False also where `multiprocessing` was never imported.
    """
    process = sys.modules.get("multiprocessing.process")  # imported in every worker
    return bool(process and process.current_process().daemon)


def join(thread: Thread) -> None:
    """Wait until a thread has ended, and the system counts it no more.

    `threading.Thread.join` returns a moment earlier, and a process forks only if it has no other
    thread.

    Parameters
    ----------
    thread : Thread
        A thread that was started.
    """
    thread.join()
    deadline = time.monotonic() + THREAD_END_SECONDS
    while os.path.exists(f"/proc/self/task/{thread.native_id}") and time.monotonic() < deadline:
        time.sleep(0.0001)


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Start processes that ignore Ctrl-C and SIGTERM; this process ends them instead.

    Both signals are blocked within the context and delivered after it. The started processes
    inherit the block.

    Yields
    ------
    None
        The context in which to start processes.
    """
    import multiprocessing.resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    # Starting a resource tracker unblocks the signals, so both are started before.
    if hasattr(signal, "pthread_sigmask"):
        multiprocessing.resource_tracker.ensure_running()
        loky_tracker.ensure_running()
    with signals_blocked():
        yield


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Block Ctrl-C and SIGTERM, which are delivered after the context, also in started processes.

    Yields
    ------
    None
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
