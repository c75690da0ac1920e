"""Processor time of the whole command for many short files, one worker and two.

    python benchmarks/short_files.py [--files N] [--rounds N] [--baseline FOLDER] [--features NAME]

The files are like the spoken digits of FSDD: 8 kHz, 16 bits, one channel, 0.44 s on average. The
processor time is that of the command and its workers, from start to end, so it depends little on
other programs. With ``--baseline``, the command of another version is timed in turn: a
folder with a package `featkit`, such as a checkout of an earlier commit.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile

RATE = 8000
"""Sample rate of the files in Hz."""

MEAN, DEVIATION, SHORTEST, LONGEST = 0.44, 0.12, 0.15, 1.2
"""Durations of the files in seconds."""

TARGET_MS = 2.2
"""Milliseconds of processor time for each file."""

TARGET_GAIN = 7.2 / 2.2
"""By how much less than the baseline: on one machine, the version before took 7.2 ms."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1500, help="number of files (1500)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (3)")
    parser.add_argument("--features", default="standard", help="feature set (standard)")
    parser.add_argument("--baseline", type=Path, help="folder with the package of another version")
    options = parser.parse_args()
    here = Path(__file__).resolve().parent.parent
    versions = {"this version": here}
    if options.baseline is not None:
        versions["baseline"] = options.baseline.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "digits"
        folder.mkdir()
        write_files(folder, options.files)
        taken = measured(versions, folder, options)
    milliseconds = {name: 1000 * np.array(rounds) / options.files for name, rounds in taken.items()}
    least = {name: float(values.min()) for name, values in milliseconds.items()}
    _common.print_table(
        f"{options.features} of {options.files:,} files of {MEAN} s: processor time of the command",
        ["version", "jobs", "ms per file, least", "all rounds"],
        [
            [*name, f"{least[name]:.2f}", " ".join(f"{value:.2f}" for value in values)]
            for name, values in milliseconds.items()
        ],
    )
    own, before = least["this version", "1"], least.get(("baseline", "1"))
    targets = [
        _common.Target("ms of processor time per file", own, at_most=TARGET_MS),
        _common.Target(
            "less than the baseline by",
            None if before is None else before / own,
            at_least=TARGET_GAIN,
        ),
    ]
    raise SystemExit(_common.any_missed(targets))


def write_files(folder: Path, count: int) -> None:
    """Cut the files from synthetic speech: a voice with formants, noise, and pauses."""
    rng = np.random.default_rng(0)
    for k in range(count):
        seconds = float(np.clip(rng.normal(MEAN, DEVIATION), SHORTEST, LONGEST))
        time = np.arange(round(seconds * RATE)) / RATE
        pitch = rng.uniform(90, 240) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 4) * time))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        formants = rng.uniform([300, 900, 2200], [800, 2000, 3200])
        y = np.zeros(len(time))
        for harmonic in range(1, 16):
            distance = np.min(np.abs(formants - harmonic * pitch.mean())) / 200
            y += np.cos(harmonic * phase) / (1 + distance**2) / harmonic
        envelope = np.sin(np.pi * time / seconds) ** 0.5
        y = y * envelope + 0.05 * rng.normal(size=len(time))
        y *= 10 ** rng.uniform(-1.5, -0.1) / np.abs(y).max()
        soundfile.write(folder / f"{k % 10}_{k:05d}.wav", y, RATE, subtype="PCM_16")


def measured(
    versions: dict[str, Path], folder: Path, options: argparse.Namespace
) -> dict[tuple[str, str], list[float]]:
    """Seconds of processor time of each round, by version and number of jobs."""
    taken: dict[tuple[str, str], list[float]] = {}
    digests: dict[str, set[str]] = {}
    for _ in range(options.rounds):
        for name, package in versions.items():
            for jobs in ("1", "2"):
                seconds, digest = extract(package, folder, options.features, jobs)
                taken.setdefault((name, jobs), []).append(seconds)
                digests.setdefault(name, set()).add(digest)
    if any(len(own) > 1 for own in digests.values()):
        raise SystemExit("the tables of one and of two workers differ")
    return taken


def extract(package: Path, folder: Path, features: str, jobs: str) -> tuple[float, str]:
    """Seconds of processor time of one command, and the digest of its table."""
    table = folder.parent / "table.parquet"
    for file in folder.parent.glob("table.*"):
        file.unlink()
    arguments = ["extract", folder, "-o", table, "--features", features, "--jobs", jobs]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "featkit", *map(os.fspath, arguments)],
        cwd=package,
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, hashlib.sha256(table.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
