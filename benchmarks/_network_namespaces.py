"""Machines of a network, simulated by the network namespaces of Linux.

The hosts are joined by a bridge in a namespace of its own, so that the machine that runs this keeps
its interfaces, addresses and routes. A host has one address and a cable that can be pulled.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

SUBNET = "10.77.0"
"""First three bytes of all addresses, which nothing outside the namespaces can see."""

Process = subprocess.Popen[Any]


def why_no_namespaces() -> str:
    """Return the reason why this process cannot make network namespaces; "" if it can."""
    if shutil.which("ip") is None:
        return "the command ip (iproute2) is not installed"
    name = f"featkit{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"network namespaces need root: {made.stderr.strip()}"
    ip("netns", "del", name)
    return ""


def ip(*arguments: str) -> str:
    """Run ``ip`` and return what it prints."""
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout


class Host:
    """A host: a namespace, an address and a folder.

    Attributes
    ----------
    name : str
        Name of the host.
    address : str
        Its IPv4 address.
    folder : Path
        Working directory of its processes.
    hidden : Path or None
        A folder that is empty on this host, as if its file system were not mounted.
    """

    hidden: Path | None = None

    def __init__(self, name: str, address: str, folder: Path, switch: str, namespace: str) -> None:
        self.name, self.address, self.folder = name, address, folder
        self._switch, self._namespace = switch, namespace
        (folder / "tmp").mkdir(parents=True)
        plug = ["type", "veth", "peer", "name", "eth0", "netns", namespace]
        ip("-n", switch, "link", "add", name, *plug)
        ip("-n", switch, "link", "set", name, "master", "bridge", "up")
        ip("-n", namespace, "addr", "add", f"{address}/24", "dev", "eth0")
        for interface in ("lo", "eth0"):
            ip("-n", namespace, "link", "set", interface, "up")

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], output: IO[Any]
    ) -> Process:
        """Start a command on this host, as a process group of its own."""
        mount = f"mount -t tmpfs none '{self.hidden}';" if self.hidden else ""
        script = f'hostname {self.name}; {mount} exec "$@"'
        shell = ["ip", "netns", "exec", self._namespace, "unshare", "--uts", "sh", "-c", script]
        return subprocess.Popen(
            [*shell, "sh", *command],
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.folder / "tmp"), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def pull_cable(self) -> None:
        """Cut the network: packets are lost, and connections stay open."""
        ip("-n", self._switch, "link", "set", self.name, "down")

    def plug_in(self) -> None:
        """Restore the network."""
        ip("-n", self._switch, "link", "set", self.name, "up")


class Network:
    """Hosts at a bridge.

    Parameters
    ----------
    folder : Path
        Contains a folder for each host.
    cleanup : ExitStack
        Kills all processes of the network and removes it.
    """

    def __init__(self, folder: Path, cleanup: contextlib.ExitStack) -> None:
        self.hosts: dict[str, Host] = {}
        self._folder, self._cleanup = folder, cleanup
        self._switch = self._add_namespace("switch")
        ip("-n", self._switch, "link", "add", "bridge", "type", "bridge")
        ip("-n", self._switch, "link", "set", "bridge", "up")

    def add_host(self, name: str) -> Host:
        """Add a host; its name has at most 15 characters."""
        address = f"{SUBNET}.{len(self.hosts) + 1}"
        namespace = self._add_namespace(name)
        host = Host(name, address, self._folder / name, self._switch, namespace)
        self.hosts[name] = host
        return host

    def _add_namespace(self, name: str) -> str:
        namespace = f"featkit{os.getpid()}-{name}"
        ip("netns", "add", namespace)
        self._cleanup.callback(remove_namespace, namespace)
        return namespace


def remove_namespace(namespace: str) -> None:
    """Kill all processes of a namespace, and remove it."""
    for _ in range(100):
        if not (processes := ip("netns", "pids", namespace).split()):
            break
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        time.sleep(0.05)
    ip("netns", "del", namespace)
