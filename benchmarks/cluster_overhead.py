"""Rate of one Dask worker compared with one local worker.

    python benchmarks/cluster_overhead.py [FOLDER] [--features NAME,NAME] [--files N]

A scheduler and a worker with one thread are processes of their own. The files are divided into
batches, and both workers analyse each batch in turn, so that a busy machine slows both; the rate is
that of the median batch. The CPU time is that of the process that analyses, which depends less on
the load. Before that, both write the table of all files, which must have the same bytes; this
starts the processes, too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import psutil
import soundfile

import featkit
from featkit.audio.excerpt import Excerpt
from featkit.batch import _tasks
from featkit.datasets import files
from featkit.datasets.files import Recording
from featkit.dsp import synthesis
from featkit.executors._loky import Loky
from featkit.executors.executor import Executor
from featkit.executors.opening import open_executor
from featkit.features.sets.loading import feature_set

PROCESSES = ("popen_loky", "_dask.child")
"""In the command lines of the processes that analyse: of a local worker, and of a Dask worker."""

MIN_FILES = 300
SECONDS = 5.0
BATCH = 100
TARGET = 0.85


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="files of about 5 s; default: synthetic ones")
    parser.add_argument("--features", default="genre75,standard", help="feature sets")
    parser.add_argument("--files", type=int, default=400, help="files (400)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, dask_worker(Path(scratch)) as address:
        folder = options.folder or write_files(Path(scratch) / "files", options.files)
        recordings = files.find([folder])[: options.files]
        if len(recordings) < MIN_FILES:
            raise SystemExit(f"{len(recordings)} files; at least {MIN_FILES} are needed")
        targets = [
            compare(recordings, name, address, Path(scratch))
            for name in options.features.split(",")
        ]
    raise SystemExit(_common.any_missed(targets))


def write_files(folder: Path, count: int) -> str:
    """Write synthetic clips of 5 s."""
    folder.mkdir()
    styles = list(synthesis.STYLES.values())
    length = round(SECONDS * _common.SR)
    for k in range(count):
        y = synthesis.clip(styles[k % len(styles)], np.random.default_rng(k))
        soundfile.write(folder / f"{k:03d}.wav", np.resize(y, length), _common.SR)
    return str(folder)


@contextmanager
def dask_worker(scratch: Path) -> Iterator[str]:
    """Start a scheduler and a worker with one thread, and yield the address of the scheduler."""
    scheduler_file = scratch / "scheduler.json"
    shared = ["--scheduler-file", str(scheduler_file)]
    commands = [
        ["scheduler", *shared, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        ["worker", *shared, "--nthreads", "1", "--no-dashboard", "--local-directory", str(scratch)],
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            stderr=subprocess.DEVNULL,
            env=os.environ,
        )
        for command in commands
    ]
    try:
        from distributed import Client

        with Client(scheduler_file=str(scheduler_file), timeout=60) as client:
            client.wait_for_workers(1, timeout=60)
            address = client.scheduler.address
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def compare(
    recordings: Sequence[Recording], features: str, address: str, scratch: Path
) -> _common.Target:
    check_bytes(recordings, features, address, scratch)
    task = partial(
        _tasks.analyse_recordings,
        features=feature_set(features),
        excerpt=Excerpt(),
        identify=True,
    )
    starts = range(0, len(recordings), BATCH)
    seconds, cpu = np.empty((len(starts), 2)), np.zeros(2)
    with open_executor(cluster=address) as dask:
        executors = [Loky(1), dask]
        for number, start in enumerate(starts):
            batch = recordings[start : start + BATCH]
            for k in (0, 1) if number % 2 else (1, 0):
                before = cpu_seconds(PROCESSES[k])
                seconds[number, k] = seconds_of(executors[k], task, batch)
                cpu[k] += cpu_seconds(PROCESSES[k]) - before
    cpu *= 1000 / len(recordings)
    local, cluster = seconds.T
    rates = [len(recordings) / total for total in seconds.sum(axis=0)]
    rate = _common.speedup(local, cluster)
    _common.print_table(
        f"{features} of {len(recordings)} files",
        ["", "s", "files per second", "CPU, ms per file", "rate of the median batch"],
        [
            ["local worker", f"{local.sum():.1f}", f"{rates[0]:.1f}", f"{cpu[0]:.1f}", "1.00"],
            [
                "Dask worker",
                f"{cluster.sum():.1f}",
                f"{rates[1]:.1f}",
                f"{cpu[1]:.1f}",
                f"{rate:.2f}",
            ],
        ],
    )
    return _common.Target(f"rate of a Dask worker, {features}", rate, at_least=TARGET)


def check_bytes(
    recordings: Sequence[Recording], features: str, address: str, scratch: Path
) -> None:
    tables = [scratch / "local.parquet", scratch / "dask.parquet"]
    for table, cluster in zip(tables, (None, address), strict=True):
        featkit.extract(
            [recording.file for recording in recordings],
            output=table,
            features=features,
            cluster=cluster,
            fresh=True,
        )
    if tables[0].read_bytes() != tables[1].read_bytes():
        raise SystemExit(f"{features}: the tables differ")
    print(f"\n{features}: the tables have the same bytes")


def cpu_seconds(name: str) -> float:
    """CPU time of the descendants of this process with a name in their command line."""
    processes = psutil.Process().children(recursive=True)
    times = [p.cpu_times() for p in processes if any(name in word for word in p.cmdline())]
    return sum(used.user + used.system for used in times)


def seconds_of(executor: Executor, task: Any, batch: Sequence[Recording]) -> float:
    begin = time.perf_counter()
    for results in executor.process_places(task, batch, range(len(batch))):
        if any(outcome.failure for _, outcome in results):
            raise SystemExit(f"a recording failed: {results}")
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
