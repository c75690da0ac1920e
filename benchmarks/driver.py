"""Rate and memory of the process that drives a batch, with simulated workers.

A tree of empty files is listed, and made-up rows take the place of the analysis. What remains is
the driver's own work, from the listing to the table: once with an executor that has every row at
once, and once with a real Dask cluster of two workers, whose scheduler shares the processors of
this machine. Usage::

    python benchmarks/driver.py [FILES] [FOLDER]

The tree is made in FOLDER, by default a temporary folder, and kept if FOLDER is given.
"""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

FILES = 1_000_000
PER_FOLDER = 1000
FEATURES = "genre75"

MIN_RATE = 2000.0
"""Target: finished files per second."""

MAX_MEMORY = 500.0
"""Target: peak memory of the driver in MB (1e6 bytes) for a million files."""


def make_tree(folder: Path, files: int) -> None:
    """Make empty files with ten labels, as in a large corpus."""
    for k in range(0, files, PER_FOLDER):
        take = folder / f"class_{k // PER_FOLDER % 10}" / f"take_{k // PER_FOLDER:04d}"
        take.mkdir(parents=True, exist_ok=True)
        for number in range(k, min(k + PER_FOLDER, files)):
            (take / f"recording_{number:07d}.wav").touch()


def outcomes(recordings: Iterable[Any], report: Callable[..., None], **_: Any) -> list[Any]:
    """Return made-up rows, in place of `featkit.batch._tasks.analyse_recordings`."""
    import hashlib

    import numpy as np

    import featkit
    from featkit.batch._rows import Rows
    from featkit.batch.file_identity import FileIdentity
    from featkit.batch.outcomes import Outcome
    from featkit.schema import MEASURED_QUALITY

    columns = len(featkit.feature_set(FEATURES).columns)
    results = []
    for place, recording in enumerate(recordings):
        report(place)
        digest = hashlib.sha256(recording.path.encode()).digest()
        values = np.frombuffer(digest * 20, dtype=np.uint8)[:columns] / 256.0
        quality = np.zeros((1, len(MEASURED_QUALITY)))
        rows = Rows(np.zeros(1), np.full(1, 5.0), quality, values[np.newaxis])
        identity = FileIdentity(digest, 220_544, f"220544 {place} {place}")
        results.append(Outcome(rows, identity, "libsndfile", "WAV PCM_16"))
    return results


@contextlib.contextmanager
def simulated_executor(*_: Any) -> Iterator[Any]:
    """Open an executor that calls `outcomes` here, in place of `open_executor`."""
    from featkit.executors.executor import Executor

    class Simulated(Executor):
        workers = 64

        def map(self, function: Any, calls: Any, *, shared: Any = None, quick: bool = False) -> Any:
            raise NotImplementedError

        def process_items(
            self, task: Any, items: Sequence[Any], *, chunk_size: int, **_: Any
        ) -> Generator[list[tuple[int, Any]], None, None]:
            for start in range(0, len(items), chunk_size):
                chunk = items[start : start + chunk_size]
                results = outcomes(chunk, lambda place: None)
                yield list(enumerate(results, start))

    yield Simulated()


def drive(corpus: str, output: str, cluster: str | None) -> None:
    """Extract with simulated work, and print what it took."""
    import featkit
    from featkit.batch import _tasks, extraction

    _tasks.analyse_recordings = outcomes  # type: ignore[assignment]
    if cluster is None:
        extraction.open_executor = simulated_executor
    first: list[float] = []
    last: list[float] = []

    def progress(state: Any) -> None:
        if state.done and not first:
            first.extend([time.perf_counter(), time.process_time()])
        last[:] = [time.perf_counter(), time.process_time()]

    start = time.perf_counter()
    result = featkit.extract(
        corpus,
        output=output,
        features=FEATURES,
        labels="folder:2",
        progress=progress,
        cluster=cluster,
    )
    end = time.perf_counter()
    assert result.rows == result.files
    rate = result.files / (last[0] - first[0])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    size = Path(output).stat().st_size / 1e6
    print(f"{result.files:,} files, {'a Dask cluster' if cluster else 'simulated executor'}")
    print(f"  listing and start {first[0] - start:7.1f} s")
    print(f"  finished files    {last[0] - first[0]:7.1f} s  {rate:,.0f} a second")
    print(f"  CPU of the driver {1000 * (last[1] - first[1]) / result.files:8.2f} ms per file")
    print(f"  table of {size:4.0f} MB  {end - last[0]:7.1f} s")
    print(f"  peak memory       {memory:7.0f} MB", flush=True)


@contextlib.contextmanager
def dask_cluster() -> Iterator[str]:
    """Start a Dask cluster of two workers, and give its address."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as one:
        yield str(one.scheduler_address)


def main() -> None:
    if sys.argv[1:2] == ["--drive"]:
        drive(sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else None)
        return
    files = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(sys.argv[2] if len(sys.argv) > 2 else f"{scratch}/corpus")
        if not corpus.exists():
            make_tree(corpus, files)
        command = [sys.executable, __file__, "--drive", str(corpus), f"{scratch}/a.parquet"]
        subprocess.run(command, check=True)
        with dask_cluster() as address:
            command[-1] = f"{scratch}/b.parquet"
            subprocess.run([*command, address], check=True)
        same = Path(f"{scratch}/a.parquet").read_bytes() == Path(command[-1]).read_bytes()
        print(f"same bytes: {same}")


if __name__ == "__main__":
    main()
