"""Worker processes: how many, and who hears that they are to end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from featkit._utils.parameters import is_whole
from featkit.errors import ParameterError

ONE_THREAD = dict.fromkeys(
    ["MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "1"
) | {"VECLIB_MAXIMUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
"""The environment in which libraries that are loaded then use one thread."""


def worker_count(n_jobs: int | None, *, items: int | None = None) -> int:
    """Number of worker processes: `n_jobs`, or for None or -1 as many as there are processors.

    Processors are those that this process may use: its affinity and a container's share count. One
    worker is enough for one of `items`, and then joblib, which counts, need not be imported. Where
    no process may be started (see `why_no_processes`) there is one, too: the calling process.

    Raises
    ------
    ParameterError
        If it is not a whole number, or below 1 and not -1.
    """
    if n_jobs is not None and not is_whole(n_jobs):
        raise ParameterError(f"n_jobs must be a whole number or None, got {n_jobs!r}")
    if n_jobs is not None and n_jobs < 1 and n_jobs != -1:
        raise ParameterError(f"n_jobs must be at least 1, or None for all processors, got {n_jobs}")
    if items == 1 or n_jobs == 1 or why_no_processes():
        return 1
    if n_jobs is None or n_jobs == -1:
        from joblib import cpu_count

        return int(cpu_count())
    return int(n_jobs)


def why_no_processes() -> str:
    """Why this process cannot start others; "" if it can.

    A worker of `multiprocessing.Pool`, of Celery or of dask is daemonic, and may have no children.
    Some systems, such as AWS Lambda, have no semaphores, which processes need to share work.
    """
    if is_daemonic():
        return "it is a daemonic worker process, which may start no others"
    import multiprocessing

    try:
        multiprocessing.Lock()
    except (ImportError, OSError) as error:
        return f"this system has no semaphores ({getattr(error, 'strerror', None) or error})"
    return ""


def is_daemonic() -> bool:
    """Whether this process is a worker that may have no children."""
    process = sys.modules.get("multiprocessing.process")  # it is imported in all that are
    return bool(process and process.current_process().daemon)


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Processes started here leave Ctrl-C and SIGTERM to their starter, which ends them.

    Both are held back meanwhile, not lost: a process inherits what its starter does not hear.
    """
    import multiprocessing.resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # The trackers of both libraries let go of what is held back when they are started.
    multiprocessing.resource_tracker.ensure_running()
    loky_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
