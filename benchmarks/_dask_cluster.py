"""A Dask cluster on hosts of a simulated network, as an administrator would start it.

A scheduler and workers with nannies are processes of Dask's own command line, with its default
settings. A supervisor, such as systemd, starts them again when they end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _network_namespaces import Host, Network, Process

PORT = 8786

RESTART_SECONDS = 1.0
"""Seconds after which the supervisor starts a process again."""


def kill_group(process: Process) -> None:
    """Kill a process and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass
class Service:
    """A process that is started again when it ends.

    Attributes
    ----------
    host : Host
        Where it runs.
    command : sequence of str
        Its command line.
    environment : mapping of str to str
        Added to the environment of this process.
    process : Process or None
        The running or the last process.
    starts : int
        Number of times that it was started.
    supervised : bool
        Whether it is started again.
    """

    host: Host
    command: Sequence[str]
    environment: dict[str, str]
    process: Process | None = None
    starts: int = 0
    supervised: bool = True

    @property
    def log(self) -> Path:
        """File of everything that it prints."""
        return self.host.folder / "log.txt"

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as output:
            self.process = self.host.start(self.command, self.environment, output)
        self.starts += 1

    def kill(self) -> None:
        """Kill its process and all children."""
        if self.process:
            kill_group(self.process)

    def worker_process(self) -> int | None:
        """Return the id of the process that a nanny has started; None while there is none."""
        if self.process is None:
            return None
        with contextlib.suppress(OSError):
            for children in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
                for child in children.read_text().split():
                    if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                        return int(child)
        return None


@dataclass
class Cluster:
    """A running cluster; see `open_cluster`.

    Attributes
    ----------
    scheduler : Service
        The scheduler.
    workers : dict of str to Service
        The nannies, each of one worker, by the name of the host.
    killed : int
        Number of worker processes that were killed.
    """

    scheduler: Service
    workers: dict[str, Service]
    killed: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """Address of the scheduler."""
        return f"tcp://{self.scheduler.host.address}:{PORT}"

    @property
    def services(self) -> list[Service]:
        """All processes."""
        return [self.scheduler, *self.workers.values()]

    def start_workers(self) -> None:
        """Start all workers."""
        for service in self.workers.values():
            service.start()

    def kill_worker(self, name: str, *, nanny: bool) -> None:
        """Kill a worker process, and its nanny, too, whose supervisor starts another."""
        service = self.workers[name]
        worker = service.worker_process()
        if worker is None:
            return
        self.killed += 1
        if nanny:
            service.kill()
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)

    def supervise(self) -> None:
        """Start processes again until the cluster is stopped."""
        ended: dict[int, float] = {}
        while not self._stop.wait(0.1):
            for k, service in enumerate(self.services):
                process = service.process
                if not service.supervised or process is None or process.poll() is None:
                    continue
                if time.monotonic() - ended.setdefault(k, time.monotonic()) > RESTART_SECONDS:
                    del ended[k]
                    service.start()

    def stop(self) -> None:
        """Kill all processes."""
        self._stop.set()
        for service in self.services:
            service.kill()


@contextlib.contextmanager
def open_cluster(
    network: Network,
    workers: Sequence[str],
    environment: Mapping[str, str],
) -> Iterator[Cluster]:
    """Start a scheduler, and kill it and the workers afterwards; the workers can then be started.

    Parameters
    ----------
    network : Network
        Has the host ``scheduler`` and those of the workers.
    workers : sequence of str
        Names of the hosts that have a worker.
    environment : mapping of str to str
        Added to the environment of the workers.

    Yields
    ------
    Cluster
    """
    host = network.hosts["scheduler"]
    dask = [sys.executable, "-m", "dask"]
    command = [*dask, "scheduler", "--host", host.address, "--port", str(PORT), "--no-show"]
    cluster = Cluster(Service(host, command, {}), {})
    for name in workers:
        command = [*dask, "worker", cluster.address, "--name", name, "--nanny", "--no-dashboard"]
        command += ["--nthreads", "1", "--memory-limit", "0", "--local-directory"]
        host = network.hosts[name]
        command.append(str(host.folder / "local"))
        cluster.workers[name] = Service(host, command, dict(environment))
    supervisor = threading.Thread(target=cluster.supervise, daemon=True)
    try:
        cluster.scheduler.start()
        supervisor.start()
        yield cluster
    finally:
        cluster.stop()
        if supervisor.ident:
            supervisor.join()
        cluster.stop()
