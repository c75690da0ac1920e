"""Dask clusters."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from featkit.errors import ParameterError
from featkit.executors.cluster import Cluster
from featkit.executors.executor import Executor

_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx|inproc)://|local:")


def _accepts(cluster: Any) -> bool:
    """Whether this is an address, a scheduler file or a client."""
    if isinstance(cluster, str | os.PathLike):
        name = os.fspath(cluster)
        return bool(_ADDRESS.match(name)) or name.endswith(".json") or os.path.isfile(name)
    distributed = sys.modules.get("distributed")
    return distributed is not None and isinstance(cluster, distributed.Client)


@contextmanager
def _open(cluster: Any) -> Iterator[Executor]:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise ParameterError("a cluster needs Dask: pip install 'featkit[cluster]'") from None
    from featkit.executors._dask.connection import connected
    from featkit.executors._dask.executor import Dask

    with connected(cluster) as connection:
        yield Dask(connection)


CLUSTER = Cluster(
    name="dask",
    accepts=_accepts,
    open=_open,
    examples="tcp://scheduler:8786, a scheduler file, local:8 or a distributed.Client",
)
