"""Open the executor that a caller asks for by `n_jobs` and `cluster`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from featkit._utils.workers import worker_count
from featkit.errors import ParameterError
from featkit.executors.executor import Executor


@contextmanager
def open_executor(n_jobs: int | None = 1, cluster: Any = None) -> Iterator[Executor]:
    """Open an executor, and close what was started for it afterwards.

    Parameters
    ----------
    n_jobs : int, optional
        Number of local worker processes; None for one per processor. Ignored with a cluster.
    cluster : str, path or client, optional
        A cluster to use instead; see `featkit.executors.cluster.CLUSTERS`.

    Yields
    ------
    Executor

    Raises
    ------
    ParameterError
        If `n_jobs` is out of range, or the cluster is of no known kind or cannot be reached.
    """
    if cluster is not None:
        with _kind_of(cluster).open(cluster) as executor:
            yield executor
        return
    workers = worker_count(n_jobs)
    if workers == 1:
        from featkit.executors._in_process import InProcess

        yield InProcess()
    else:
        from featkit.executors._loky import Loky

        yield Loky(workers)


def _kind_of(cluster: Any) -> Any:
    from featkit.executors.cluster import CLUSTERS

    for kind in CLUSTERS.values():
        if kind.accepts(cluster):
            return kind
    examples = "; ".join(f"{name}: {kind.examples}" for name, kind in CLUSTERS.items())
    raise ParameterError(f"{cluster!r} is not a cluster: expected one of {examples}")
