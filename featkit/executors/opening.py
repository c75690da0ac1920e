"""Open the executor that a caller asks for by `n_jobs` and `cluster`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from featkit._utils.workers import requested_workers, why_no_processes
from featkit.errors import ParameterError
from featkit.executors.executor import Executor


@contextmanager
def open_executor(n_jobs: int | None = 1, cluster: Any = None) -> Iterator[Executor]:
    """Open an executor, and close what was started for it afterwards.

    Parameters
    ----------
    n_jobs : int or None
        Number of local worker processes; -1 or None for one per processor. Ignored with a
        cluster.
    cluster : str, path or client, optional
        A cluster to use instead; see `featkit.executors.cluster.CLUSTERS`. An `Executor` is one
        that the caller has opened, and will close.

    Yields
    ------
    Executor

    Raises
    ------
    ParameterError
        If `n_jobs` is out of range, or the cluster is of no known kind or cannot be reached.
    """
    if isinstance(cluster, Executor):
        yield cluster
    elif cluster is not None:
        with _kind_of(cluster).open(cluster) as executor:
            yield executor
    else:
        yield local_executor(n_jobs)


def local_executor(n_jobs: int | None = 1) -> Executor:
    """Return an executor of this machine, which need not be closed.

    Parameters
    ----------
    n_jobs : int or None
        Number of worker processes; -1 or None for one per processor.

    Returns
    -------
    Executor

    Raises
    ------
    ParameterError
        If `n_jobs` is out of range.
    """
    count = requested_workers(n_jobs)
    if count == 1 or why_no_processes():
        from featkit.executors._in_process import InProcess

        return InProcess(is_wanted=count == 1)
    from featkit.executors._loky import Loky

    return Loky(count)


def _kind_of(cluster: Any) -> Any:
    from featkit.executors.cluster import CLUSTERS

    for kind in CLUSTERS.values():
        if kind.accepts(cluster):
            return kind
    examples = "; ".join(f"{kind.examples} ({name})" for name, kind in CLUSTERS.items())
    raise ParameterError(f"{cluster!r} is not a cluster: expected {examples}")
