"""Clusters: each module of `featkit.executors.clusters` opens one kind.

To support another engine, add a module that exports a `Cluster` as ``CLUSTER``; it is found
without a list. Such a module imports its engine only when a cluster is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from featkit._utils.registry import module_registry
from featkit.executors.executor import Executor


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A kind of cluster.

    Attributes
    ----------
    name : str
        Name of the engine and of its module.
    accepts : callable
        ``accepts(cluster)`` returns whether an address, a file or an object describes a cluster of
        this kind.
    open : callable
        ``open(cluster)`` is a context manager that connects to the cluster and gives its
        `Executor`. It raises `ParameterError` if the cluster cannot be reached.
    examples : str
        What `accepts` accepts, for error messages, such as ``"tcp://scheduler:8786"``.
    """

    name: str
    accepts: Callable[[Any], bool]
    open: Callable[[Any], AbstractContextManager[Executor]]
    examples: str


CLUSTERS = module_registry("cluster", "featkit.executors.clusters", "CLUSTER", Cluster)
"""All kinds of clusters by name, in alphabetical order."""
