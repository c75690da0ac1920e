"""Exact copies and the scan of an audit: planted copies, time and memory.

    python benchmarks/audit_exact.py FOLDER... [--clips N] [--seconds S] [--jobs N]

Each FOLDER holds recordings, such as ESC-10; copies are planted in a temporary folder of links. The
scan measures N synthetic clips with all measures. The exit status is 1 if a target is
missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import pandas as pd
import soundfile
from _common import Target, any_missed, print_table

import featkit
from featkit import signals
from featkit.auditing.measure import MEASURES
from featkit.auditing.scan import scan_recordings
from featkit.datasets.files import find
from featkit.executors.opening import local_executor

N_SEEDS = 20
"""Tables with planted pairs of rows."""

N_COPIES = 8
"""Copies of each kind in each folder."""

N_DISTINCT = 200
"""Different synthetic clips; the others are links to them."""

Array = _common.Array


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    targets = [*planted_rows()]
    for folder in options.folders:
        targets += planted_recordings(folder, options.jobs)
    targets += scan(options.clips, options.seconds, options.jobs)
    sys.exit(any_missed(targets))


def planted_rows() -> list[Target]:
    """Plant 14 bit-equal pairs in each of some tables of 1,000 rows."""
    found = planted = wrong = 0
    for seed in range(N_SEEDS):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(1000, 75)).astype(np.float32).astype(np.float64)
        pairs = rng.permutation(1000)[:28].reshape(14, 2)
        X[pairs[:, 1]] = X[pairs[:, 0]]
        table = pd.DataFrame(X).rename(columns=lambda k: f"x{k}")
        truth = {frozenset(f"row {k + 1}" for k in pair) for pair in pairs}
        clusters = reported(featkit.audit(table, checks=["exact_copies"]))
        planted, found = planted + len(truth), found + len(truth & clusters)
        wrong += len(clusters - truth)
    print(f"rows: {found} of {planted} planted pairs, {wrong} others, in {N_SEEDS} tables")
    return [
        Target("pairs of rows that are found", found / planted, at_least=1.0),
        Target("wrong pairs of rows", wrong, at_most=0),
    ]


def reported(audit: featkit.Audit) -> set[frozenset[str]]:
    """Return the recordings of each issue."""
    return {frozenset(place.path for place in issue.places) for issue in audit.issues}


def planted_recordings(folder: Path, jobs: int) -> list[Target]:
    """Plant copies of each kind among the recordings of a folder."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as temporary:
        own = Path(temporary)
        sources = find([folder])
        for number, one in enumerate(sources):
            (own / f"{number:05d}{Path(one.file).suffix}").symlink_to(one.file)
        before = reported(featkit.audit(own, checks=["exact_copies"], n_jobs=jobs))
        truth: dict[frozenset[str], str] = {}
        chosen = iter(rng.permutation(len(sources)).tolist())
        for kind, plant in KINDS.items():
            for _ in range(N_COPIES):
                number = next(chosen)
                file = own / f"{number:05d}{Path(sources[number].file).suffix}"
                y, sr = soundfile.read(file, always_2d=True)
                copy = plant(own / f"{number:05d} copy", y, sr, rng)
                truth[frozenset((file.name, copy.name))] = kind
        start = time.perf_counter()
        after = reported(featkit.audit(own, checks=["exact_copies"], n_jobs=jobs)) - before
        seconds = time.perf_counter() - start
    rows = [
        [kind, str(N_COPIES), str(sum(truth[pair] == kind for pair in after & truth.keys()))]
        for kind in KINDS
    ]
    rows.append(["others", "0", str(len(after - truth.keys()))])
    title = f"{folder.name}: {len(sources)} recordings, {seconds:.1f} s, {len(before)} before"
    print_table(title, ["copy", "planted", "found"], rows)
    return [
        Target(f"{folder.name}: recall", len(after & truth.keys()) / len(truth), at_least=1.0),
        Target(f"{folder.name}: others", len(after - truth.keys()), at_most=0),
    ]


def _write(path: Path, y: Array, sr: int, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, y, sr, subtype=subtype)
    return path


def _dithered(y: Array, rng: np.random.Generator) -> Array:
    return y + rng.triangular(-1, 0, 1, y.shape) / 32768


KINDS: Mapping[str, Callable[[Path, Array, int, np.random.Generator], Path]] = {
    "FLAC, 16 bits": lambda path, y, sr, rng: _write(path.with_suffix(".flac"), y, sr),
    "AIFF, 24 bits": lambda path, y, sr, rng: _write(path.with_suffix(".aiff"), y, sr, "PCM_24"),
    "both channels": lambda path, y, sr, rng: _write(
        path.with_suffix(".wav"), np.repeat(y[:, :1], 2, axis=1) if y.shape[1] == 1 else y, sr
    ),
    "-12 dB": lambda path, y, sr, rng: _write(path.with_suffix(".wav"), y * 10**-0.6, sr),
    "-12 dB, dithered": lambda path, y, sr, rng: _write(
        path.with_suffix(".wav"), _dithered(y * 10**-0.6, rng), sr
    ),
    "-30 dB": lambda path, y, sr, rng: _write(path.with_suffix(".wav"), y * 10**-1.5, sr),
    "inverted": lambda path, y, sr, rng: _write(path.with_suffix(".wav"), -0.9 * y, sr),
}
"""Functions that write a copy of each kind."""


def scan(n_clips: int, duration: float, jobs: int) -> list[Target]:
    """Measure synthetic clips with all measures: time, peak memory, size of the checkpoint."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "clips"
        folder.mkdir()
        for number in range(n_clips):
            name = folder / f"{number:06d}.wav"
            if number < N_DISTINCT:
                y = 0.3 * signals.noise(44100, duration, seed=number)
                y *= np.hanning(len(y))
                y += signals.sine(200.0 + 7 * number, 44100, duration, amplitude=0.3)
                soundfile.write(name, y, 44100, subtype="PCM_16")
            else:
                os.link(folder / f"{number % N_DISTINCT:06d}.wav", name)
        recordings = find([folder])
        checkpoint = Path(temporary) / "audit.parquet"
        rows, worked = [], time.process_time()
        for label in ("first run", "resumed"):
            start = time.perf_counter()
            result = scan_recordings(
                recordings, list(MEASURES), checkpoint=checkpoint, executor=local_executor(jobs)
            )
            seconds = time.perf_counter() - start
            work = time.process_time() + sum(map(processor_seconds, children())) - worked
            worked += work
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            worker = max([*map(peak_memory, children()), 0.0])
            size = os.path.getsize(f"{checkpoint}.parts") / 2**20
            per_clip = 1000 * work / n_clips
            rows.append([label, *(f"{x:.1f}" for x in (seconds, per_clip, own, worker, size))])
        assert len(result.durations) == n_clips
    names = ", ".join(MEASURES)
    print_table(
        f"scan of {n_clips:,} clips of {duration:g} s, {jobs} processes: {names}",
        ["", "s", "ms of a processor per clip", "MB of the parent", "MB of a worker", "MB on disk"],
        rows,
    )
    return [Target("memory of the scan in MB", own + jobs * worker, at_most=1000)]


def children() -> list[int]:
    """Return the process ids of the children of this process."""
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(number) for task in tasks for number in task.read_text().split()]


def processor_seconds(process: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(process: int) -> float:
    """Return the largest resident memory of a process so far, in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
