"""Connection to the scheduler of a Dask cluster: opened, checked, and renewed if it is lost."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import dask
import distributed

from featkit._utils.workers import ONE_THREAD, interrupts_ignored
from featkit.errors import FeatkitError, ParameterError
from featkit.executors._dask.sending import Sent
from featkit.executors._dask.versions import VersionError, check_versions, versions

CONNECT_SECONDS = 10.0
"""Seconds after which a scheduler that does not answer is an error."""

CHECK_SECONDS = 60.0
"""Seconds after which a worker that does not answer is left to the checks by its tasks."""

CLOSE_SECONDS = 10.0
"""Seconds that local workers have to end, before they are killed."""

RECONNECT_SECONDS = 300.0
"""Seconds after which a scheduler that was lost, and does not come back, is an error."""

COUNT_SECONDS = 2.0
"""Seconds after which the threads of all workers are counted again."""

REMINDER_SECONDS = 60.0
"""Seconds between messages that there are no workers."""

LOST = (OSError, TimeoutError, distributed.client.ClosedClientError)
"""Exceptions of Dask if the scheduler does not answer."""

CONFIGURATION = {
    "distributed.admin.large-graph-warning-threshold": "1 TiB",
    "distributed.deploy.lost-worker-timeout": "120 s",
}
"""Dask's configuration: no advice to users of Dask's own collections (shared data are sent apart),
and time for a local worker to start again on a busy machine, before it is replaced."""

log = logging.getLogger("featkit.cluster")


class Connection:
    """Connection to a scheduler, by a client of its own.

    Parameters
    ----------
    name : str
        Name of the cluster for messages.
    address : callable
        Returns the address; a scheduler that is started again may have another one.
    security : distributed.Security, optional
        Certificates of the client; by default those of Dask's configuration.
    replace_workers : callable, optional
        Starts workers in place of those that were given up.
    """

    def __init__(
        self,
        name: str,
        address: Callable[[], str],
        security: Any = None,
        replace_workers: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._address, self._security = address, security
        self._replace_workers = replace_workers
        self.client: Any = None
        self._threads = 0
        self._counted_at = -COUNT_SECONDS
        self._reminded_at = time.monotonic() - REMINDER_SECONDS + CONNECT_SECONDS
        self._connect()

    def _connect(self) -> None:
        self.client = distributed.Client(  # type: ignore[no-untyped-call]
            self._address(),
            timeout=CONNECT_SECONDS,
            security=self._security,
            set_as_default=False,
            name="featkit",
        )

    @property
    def is_lost(self) -> bool:
        """Whether the scheduler was lost; counting the threads shows it, too."""
        return self.client is None or self.client.status != "running"

    def threads(self) -> int:
        """Threads of all workers, at most some seconds ago; 0 if the scheduler does not answer."""
        if time.monotonic() - self._counted_at >= COUNT_SECONDS and not self.is_lost:
            try:
                threads = self.client.nthreads(callback_timeout=CONNECT_SECONDS)
            except LOST:
                self.close()
            else:
                self._threads = sum(threads.values())
                self._counted_at = time.monotonic()
                self._replace_workers()
                self._remind()
        return 0 if self.is_lost else self._threads

    def _remind(self) -> None:
        """Say from time to time that there are no workers."""
        if self._threads:
            self._reminded_at = time.monotonic() - REMINDER_SECONDS + CONNECT_SECONDS
        elif time.monotonic() - self._reminded_at >= REMINDER_SECONDS:
            self._reminded_at = time.monotonic()
            log.warning("%s: no workers; waiting for some to join", self.name)

    def renew(self) -> None:
        """Connect again after the scheduler was lost."""
        self.close()
        log.warning(
            "%s: the scheduler was lost; trying to reach it for %g s",
            self.name,
            RECONNECT_SECONDS,
        )
        deadline = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                self._connect()
                break
            except (*LOST, ValueError) as error:
                if time.monotonic() >= deadline:
                    raise FeatkitError(
                        f"{self.name}: the Dask scheduler was lost, and did not come back within"
                        f" {RECONNECT_SECONDS:g} s: {error}. Start it again, then run the same"
                        " command: finished files are saved"
                    ) from None
                time.sleep(1.0)
        self._counted_at = -COUNT_SECONDS
        log.warning("%s: connected again", self.name)

    def check_workers(self) -> None:
        """Compare the versions of all workers; those that join later are checked by each task."""
        refused = self._refused()
        for worker, error in sorted(refused.items()):
            if isinstance(error, VersionError):
                raise error
            if isinstance(error, ImportError | AttributeError):
                raise FeatkitError(
                    f"worker {worker} cannot import this version of featkit: {error}. Install the"
                    " same version of featkit on all workers and here"
                )

    def _refused(self) -> dict[str, Any]:
        """The error of each worker that refuses to work, by its address."""
        deadline = time.monotonic() + CHECK_SECONDS
        while True:
            try:
                return dict(
                    self.client.run(
                        Sent(_check_worker),
                        versions(),
                        on_error="return",
                        callback_timeout=CHECK_SECONDS,
                    )
                )
            except LOST:  # the scheduler restarts just now, or a worker does not answer
                if time.monotonic() >= deadline:
                    log.warning("%s: some workers do not answer; going on without", self.name)
                    return {}
                self.renew()

    def close(self) -> None:
        """Close the client; the scheduler then forgets its tasks."""
        client, self.client = self.client, None
        if client is not None:
            with suppress(Exception):  # the scheduler may be gone
                client.close(timeout=2.0)


def _check_worker(expected: Any, dask_worker: Any) -> None:
    check_versions(expected, dask_worker.address)


@contextmanager
def connected(cluster: Any) -> Iterator[Connection]:
    """Connect to a cluster; the connection and processes that were started end with the context.

    Parameters
    ----------
    cluster : str, path or distributed.Client
        See `featkit.executors.clusters.dask`.

    Yields
    ------
    Connection

    Raises
    ------
    ParameterError
        If the cluster cannot be reached.
    FeatkitError
        If a worker has other versions.
    """
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        stack.enter_context(dask.config.set(CONFIGURATION))
        name, *options = _resolved(cluster, stack)
        try:
            connection = Connection(name, *options)
        except (*LOST, ValueError) as error:
            raise ParameterError(
                f"{name}: no Dask scheduler answers within {CONNECT_SECONDS:g} s: {error}. Check"
                " the address, and whether the scheduler runs and can be reached from here"
            ) from None
        stack.callback(connection.close)
        connection.check_workers()
        yield connection


def _resolved(cluster: Any, stack: ExitStack) -> tuple[Any, ...]:
    """The arguments of the connection to a cluster."""
    if isinstance(cluster, distributed.Client):
        if cluster.asynchronous:
            raise ParameterError(
                "cluster is an asynchronous client: create it with asynchronous=False"
            )
        if cluster.status != "running" or cluster.scheduler is None:
            raise ParameterError(f"cluster is a client that is not connected: {cluster.status}")
        address = str(cluster.scheduler.address)
        return address, lambda: address, cluster.security
    name = os.fspath(cluster)
    if name.startswith("local:"):
        local = stack.enter_context(_local_cluster(name))
        replace_workers = partial(local.scale, len(local.worker_spec))
        return name, lambda: str(local.scheduler_address), local.security, replace_workers
    if re.match(r"\w+://", name):
        return name, lambda: name
    read = partial(_address_in, name)
    read()
    return name, read


def _address_in(file: str) -> str:
    """Address of the scheduler in a scheduler file."""
    try:
        with open(file, encoding="utf-8") as stream:
            address = json.load(stream)["address"]
    except OSError as error:
        raise ParameterError(
            f"{file}: cannot read this scheduler file: {error.strerror or error}"
        ) from None
    except (ValueError, LookupError, TypeError):
        address = None
    if not isinstance(address, str):
        raise ParameterError(
            f"{file} is not a scheduler file, which `dask scheduler --scheduler-file` writes: JSON"
            " with the address"
        )
    return address


@contextmanager
def _local_cluster(name: str) -> Iterator[Any]:
    """Start worker processes on this machine, with a scheduler in this process."""
    count = name.removeprefix("local:")
    if not count.isascii() or not count.isdigit() or int(count) == 0:
        raise ParameterError(
            f"{name!r} is not a cluster: expected local:N with a number of workers, such as local:8"
        )
    with interrupts_ignored():
        cluster = distributed.LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=int(count),
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",  # without it, port 8787 of all interfaces
            worker_dashboard_address=None,
            silence_logs=logging.CRITICAL,
            env=ONE_THREAD,
        )
    try:
        yield cluster
    finally:
        with suppress(TimeoutError), interrupts_ignored():
            cluster.close(timeout=CLOSE_SECONDS)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the messages of Dask about connections; featkit has its own.

    Loggers that are quiet, perhaps for the call of another thread, are left as they are.
    """
    loggers = [
        logger
        for name in ("distributed", *logging.root.manager.loggerDict)
        if name.partition(".")[0] == "distributed"
        and (logger := logging.getLogger(name)).level != logging.CRITICAL
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
