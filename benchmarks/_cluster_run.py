"""One run of ``featkit extract`` on a simulated cluster, watched and compared with a local run."""

from __future__ import annotations

import contextlib
import csv
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _cluster_hook import NAMES
from _dask_cluster import Cluster, kill_group
from _network_namespaces import Network, Process

FEATURES = "genre75"

WORKERS = ("worker1", "worker2", "worker3", "worker4")

KILL_PAUSE = (2.0, 5.0)
"""Least and most seconds between two kills."""

NANNY_SHARE = 0.3
"""Share of the kills that hit the nanny, too."""

LIMIT = 240.0
"""Seconds after which a run counts as hanging."""


@dataclass(frozen=True)
class Shared:
    """Files that all hosts see.

    Attributes
    ----------
    folder : Path
        Contains all of them.
    """

    folder: Path

    @property
    def corpus(self) -> Path:
        """Folder of the recordings."""
        return self.folder / "corpus"

    @property
    def expected(self) -> Path:
        """The table of one local process."""
        return self.folder / "expected.parquet"

    @property
    def opened(self) -> Path:
        """Log of the recordings that workers open."""
        return self.folder / "opened.txt"

    @property
    def deaths(self) -> Path:
        """Log of the workers that a recording has killed."""
        return self.folder / "deaths.txt"

    @property
    def hooks(self) -> Path:
        """Folder of the module that logs and kills."""
        return self.folder / "hooks"

    @property
    def environment(self) -> dict[str, str]:
        """Environment of workers, in which recordings are logged and may kill."""
        path = [str(self.hooks), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            "PYTHONPATH": os.pathsep.join(path),
            **dict(zip(NAMES, map(str, (self.corpus, self.opened, self.deaths)), strict=True)),
        }


@dataclass
class Run:
    """A run of the driver.

    Attributes
    ----------
    shared : Shared
        Files that all hosts see.
    network : Network
        The hosts.
    cluster : Cluster
        The cluster.
    output : Path
        The table to write.
    failed : dict of str to str
        Recordings that must fail because of the scenario, with the stage.
    timeout : float, optional
        Seconds for each recording.
    refusal : sequence of str
        Words of the message with which the driver must refuse to work.
    notes, problems : list of str
        What was measured, and what went wrong.
    """

    shared: Shared
    network: Network
    cluster: Cluster
    output: Path
    failed: dict[str, str] = field(default_factory=dict)
    timeout: float | None = None
    refusal: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _driver: Process | None = None
    _next_kill: float = 0.0
    _finished: list[tuple[float, set[str]]] = field(default_factory=list)

    @property
    def driver(self) -> Process:
        """The driver, which was started."""
        assert self._driver is not None
        return self._driver

    @property
    def messages(self) -> Path:
        """Everything that the driver prints."""
        return self.network.hosts["driver"].folder / f"{self.output.stem}.txt"

    @property
    def monitor_log(self) -> Path:
        """Tasks, workers and memory of the scheduler over time."""
        return self.network.hosts["monitor"].folder / f"{self.output.stem}.txt"

    def scheduler_states(self) -> list[tuple[int, ...]]:
        """Return the numbers of tasks and workers of the scheduler, and its memory in MB."""
        lines = self.monitor_log.read_text().splitlines()
        return [(0, 0, 0), *(tuple(map(int, line.split())) for line in lines)]

    def start(self) -> None:
        """Start ``featkit extract``, or start it again."""
        arguments = ["extract", self.shared.corpus, "-o", self.output, "--features", FEATURES]
        arguments += ["--cluster", self.cluster.address]
        arguments += ["--timeout", self.timeout] if self.timeout else []
        command = [sys.executable, "-m", "featkit", *map(str, arguments)]
        with self.messages.open("ab") as output:
            self._driver = self.network.hosts["driver"].start(command, {}, output)

    def is_running(self) -> bool:
        """Return whether the driver is running."""
        return self.driver.poll() is None

    def opened(self, since: float = 0.0) -> Counter[str]:
        """Return how often recordings were opened since a time, by `time.time`."""
        if not self.shared.opened.exists():
            return Counter()
        lines = [line.partition(" ") for line in self.shared.opened.read_text().splitlines()]
        return Counter(name for when, _, name in lines if float(when) >= since)

    def wait(self, is_over: Callable[[], bool], *, kills: bool = False) -> None:
        """Wait until a condition holds or the driver ends, perhaps with random kills."""
        deadline = time.monotonic() + LIMIT
        while self.is_running() and not is_over():
            if time.monotonic() > deadline:
                self.problems.append(f"not finished after {LIMIT:g} s")
                self.kill()
                return
            if kills and time.monotonic() > self._next_kill:
                self._next_kill = time.monotonic() + random.uniform(*KILL_PAUSE)
                nanny = random.random() < NANNY_SHARE
                self.cluster.kill_worker(random.choice(WORKERS), nanny=nanny)
            time.sleep(0.1)

    def wait_for_share(self, share: float, *, kills: bool = False) -> None:
        """Wait until workers have opened a share of the recordings, or the driver ends."""
        count = share * sum(file.is_file() for file in self.shared.corpus.rglob("*"))
        self.wait(lambda: len(self.opened()) >= count, kills=kills)

    def sleep(self, seconds: float, *, kills: bool = False) -> None:
        """Wait for some seconds or until the driver ends, perhaps with random kills."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, kills=kills)

    def finish(self, *, kills: bool = False) -> None:
        """Wait until the driver ends."""
        self.wait(lambda: False, kills=kills)

    def kill(self) -> None:
        """Kill the driver."""
        kill_group(self.driver)

    def interrupt(self) -> None:
        """Press Ctrl-C, and wait until the driver ends."""
        os.killpg(self.driver.pid, signal.SIGINT)
        try:
            self.driver.wait(10)
        except subprocess.TimeoutExpired:
            self.problems.append("the driver runs on after Ctrl-C")
            self.kill()

    def remember_finished(self) -> None:
        """Remember which recordings are finished: none of them may be opened after this."""
        self._finished.append((time.time(), self.saved()))

    def saved(self) -> set[str]:
        """Return the finished recordings in the checkpoint."""
        for _ in range(50):
            with contextlib.suppress(sqlite3.Error, OSError):
                return self._read_checkpoint()
            time.sleep(0.1)
        raise RuntimeError(f"{self.output}.parts cannot be read")

    def _read_checkpoint(self) -> set[str]:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / f"{self.output.name}.parts"
            for ending in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(f"{self.output}.parts{ending}", f"{copy}{ending}")
            with contextlib.closing(sqlite3.connect(copy)) as checkpoint:
                names = checkpoint.execute("SELECT name FROM files").fetchall()
        return {os.path.relpath(os.fsdecode(name), self.shared.corpus) for (name,) in names}

    def deaths(self) -> int:
        """Return the number of worker processes that were killed, also by a recording."""
        deaths = self.shared.deaths
        return self.cluster.killed + len(deaths.read_text().split() if deaths.exists() else [])

    def check(self) -> None:
        """Compare the results with those of one local process."""
        text = self.messages.read_text("utf-8")
        if "Traceback" in text:
            self.problems.append("the driver prints a traceback")
        self.problems += [f"log: {line}" for line in text.splitlines() if " - distributed" in line]
        last = text.strip().rpartition("\n")[2]
        if self.refusal:
            self.notes.append(last)
            if self.driver.returncode != 1 or not all(word in last for word in self.refusal):
                self.problems.append(
                    f"expected {self.refusal}, got status {self.driver.returncode}"
                )
            return
        if self.driver.returncode != 3:  # there are broken files
            self.problems.append(f"exit status {self.driver.returncode}: {last}")
        for since, finished in self._finished:
            repeated = finished & set(self.opened(since))
            self.notes.append(f"{len(repeated)} of {len(finished)} finished files opened again")
            if repeated:
                self.problems.append(f"computed again: {', '.join(sorted(repeated)[:3])} ...")
        if not self.output.exists():
            self.problems.append("no table")
        elif self.output.read_bytes() != self.shared.expected.read_bytes():
            self.problems.append("the table differs")
        self._check_failures()

    def _check_failures(self) -> None:
        """Compare the failures, which are those of the local run and those of the scenario."""
        own, others = [], []
        for line in lines_of_failures(self.output):
            (own if line.partition(",")[0] in self.failed else others).append(line)
        if others != lines_of_failures(self.shared.expected):
            self.problems.append("the list of failures differs")
        stages = {path: stage for path, stage, *_ in csv.reader(own)}
        if stages != self.failed or len(own) != len(self.failed):
            self.problems.append(f"expected failures {self.failed}, got {own}")
        self.notes += [f"failed: {line.strip()}" for line in own]


def lines_of_failures(table: Path) -> list[str]:
    """Return the lines of the list of failures of a table; none if there is no list."""
    file = Path(f"{table}.failures.csv")
    return file.read_text("utf-8").splitlines(keepends=True) if file.exists() else []
