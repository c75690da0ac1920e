"""Annotations of a long recording: peak memory and time, compared with cutting by hand.

    python benchmarks/annotations.py [--hours H] [--annotations N] [--format wav|flac]
        [--background] [--features NAME]

The recording is synthetic music at random levels, at 16 kHz; the intervals last 0.5 to 5 s, begin
anywhere, and overlap. Cutting by hand seeks to each interval, writes its frames to a file, and
extracts the features of all these files. Each measurement runs in its own process. The rows must be
the same to the bit. 24 hours need about 2.8 GB of disk as WAV, and the clips another 1 GB.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile
from _common import Target, any_missed, print_table

from featkit.table.feature_table import FeatureTable

RATE = 16000
SECONDS = 30.0
"""Length of the piece of music that the recording repeats."""

SHORTEST, LONGEST = 0.5, 5.0
"""Length of an interval, in seconds."""

MOST_MEMORY = {"genre75": 231, "standard": 624}
"""Peak resident memory of ``long.py`` for a recording of three hours, in MB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--annotations", type=int, default=10_000)
    parser.add_argument("--format", choices=("wav", "flac"), default="wav")
    parser.add_argument("--background", action="store_true", help="also analyse the gaps")
    parser.add_argument("--features", choices=sorted(MOST_MEMORY), default="genre75")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = folder / f"long.{options.format}"
        write_recording(recording, options.hours)
        times = random_times(options.hours * 3600, options.annotations)
        write_manifest(folder / "annotations.csv", recording.name, times)
        missed = measure(folder, recording, times, options)
    raise SystemExit(missed)


def measure(
    folder: Path, recording: Path, times: list[tuple[float, float]], options: argparse.Namespace
) -> bool:
    """Measure both ways, print the results, and return whether a target is missed."""
    extract = ["extract", "--features", options.features, "--jobs", "1", "--quiet"]
    annotated = ["--manifest", "annotations.csv", "-o", "annotated.parquet"]
    background = ["--background", "background"] if options.background else []
    whole = run(["-m", "featkit", *extract, *annotated, *background], folder)
    begin, own_begin = time.perf_counter(), time.process_time()
    cut_by_hand(recording, times, folder / "clips")
    cutting = time.perf_counter() - begin, time.process_time() - own_begin
    clips = run(["-m", "featkit", *extract, "clips", "-o", "own.parquet"], folder)
    print_table(
        f"{len(times):,} annotations of {options.hours:g} hours of {options.format.upper()},"
        f" {options.features}, {sum(end - start for start, end in times) / 3600:.1f} hours in all",
        ["", "s", "s of the processor", "peak resident memory, MB"],
        [
            [f"one file, annotations{' and background' * options.background}", *shown(*whole)],
            ["cutting by hand: seek, read, write", *shown(*cutting)],
            ["cutting by hand: featkit extract on the clips", *shown(*clips)],
        ],
    )
    rows, own = (FeatureTable.read(folder / f"{name}.parquet") for name in ("annotated", "own"))
    equal = np.array_equal(rows.values[: len(times)], own.values, equal_nan=True)
    return any_missed(
        [
            Target("rows equal to the bit, 1 for all", float(equal), at_least=1),
            Target("peak memory, MB", whole[2], at_most=MOST_MEMORY[options.features]),
        ]
    )


def shown(seconds: float, processor: float, peak: float | None = None) -> list[str]:
    return [f"{seconds:.1f}", f"{processor:.1f}", "" if peak is None else f"{peak:.0f}"]


def write_recording(target: Path, hours: float) -> None:
    """Write music of a random level, minute by minute."""
    rng = np.random.default_rng(0)
    piece = _common.synthetic_music(SECONDS)
    n_left = round(hours * 3600 * RATE)
    with soundfile.SoundFile(target, "w", RATE, 1, "PCM_16") as out:
        while n_left:
            y = piece[rng.integers(len(piece) // 2) :][:n_left] * 10 ** (-rng.uniform(0, 30) / 20)
            out.write(y)
            n_left -= len(y)


def random_times(seconds: float, count: int) -> list[tuple[float, float]]:
    rng = np.random.default_rng(1)
    lengths = rng.uniform(SHORTEST, LONGEST, count)
    starts = rng.uniform(0, seconds - LONGEST, count)
    return [
        (round(start, 4), round(start + length, 4))
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]


def write_manifest(file: Path, path: str, times: list[tuple[float, float]]) -> None:
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "start", "end", "label"])
        writer.writerows([path, start, end, f"{k % 10}"] for k, (start, end) in enumerate(times))


def cut_by_hand(recording: Path, times: list[tuple[float, float]], folder: Path) -> None:
    folder.mkdir()
    with soundfile.SoundFile(recording) as sound:
        for k, (start, end) in enumerate(times):
            first, last = round(start * RATE), round(end * RATE)
            sound.seek(first)
            y = sound.read(last - first, dtype="int16")
            soundfile.write(folder / f"{k:05d}.wav", y, RATE, subtype="PCM_16")


def run(arguments: list[str], folder: Path) -> tuple[float, float, float]:
    """Run a Python process; return its seconds, processor seconds, and peak memory in MB."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} ended with status {process.returncode}")
    processor = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - begin, processor, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
