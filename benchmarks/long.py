"""Long recordings: peak memory, speed, and equality with features of audio in memory.

    python benchmarks/long.py [--audio FOLDER] [--hours H] [--format wav|flac] [--librosa]

The recording concatenates the clips of a folder (or synthetic music) in random order and at random
levels. Each measurement runs in its own process. Three hours need about 0.5 GB of disk as WAV; the
comparison with audio in memory needs 5 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile
from _common import SR, Array, print_table

import featkit
from featkit.audio import loading
from featkit.datasets.files import find
from featkit.features.analysis import analyse_loaded

SETS = ("genre75", "standard")
SECONDS = 30
CLIPS = 20
ROUNDS = 5
LIBROSA_HOURS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", metavar="FOLDER", help="clips instead of synthetic music")
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--format", choices=("wav", "flac"), default="wav")
    parser.add_argument("--librosa", action="store_true", help="also run librosa, on one hour")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / f"long.{options.format}")
        write(recording, clips(options.audio), options.hours)
        measure_memory(recording, folder, options.hours)
        measure_speed(recording, folder)
        compare_with_memory(recording)
        if options.librosa:
            measure_librosa(recording, min(LIBROSA_HOURS, options.hours))


def clips(folder: str | None) -> list[Array]:
    if folder is None:
        return [_common.synthetic_music(float(SECONDS))]
    return [featkit.load(recording.file, sr=SR)[0] for recording in find([folder])]


def write(target: str, clips: list[Array], hours: float) -> None:
    """Write clips in random order, each attenuated by up to 30 dB, up to a duration in hours."""
    rng = np.random.default_rng(0)
    n_left = round(hours * 3600 * SR)
    with soundfile.SoundFile(target, "w", SR, 1, "PCM_16") as out:
        while n_left:
            gain = 10 ** (-rng.uniform(0, 30) / 20)
            y = clips[rng.integers(len(clips))][:n_left] * gain
            out.write(y)
            n_left -= len(y)


def measure_memory(recording: str, folder: str, hours: float) -> None:
    lines = []
    for name in SETS:
        table = str(Path(folder) / f"{name}.parquet")
        extract = ["extract", recording, "-o", table, "--features", name, "--jobs", "1"]
        peak, seconds, _ = run(["-m", "featkit", *extract])
        lines.append([name, f"{peak:.0f}", f"{seconds:.1f}"])
    print_table(
        f"featkit extract on {hours:g} hours, one fresh process",
        ["feature set", "peak resident memory, MB", "s"],
        lines,
    )


def measure_speed(recording: str, folder: str) -> None:
    write_clips(recording, folder)
    lines = []
    for name in SETS:
        clip, long = json.loads(run([__file__, "speed", name, recording])[2])
        ratios = np.array(clip) / np.array(long)
        lines.append(
            [
                name,
                f"{1000 * SECONDS * np.median(clip):.1f}",
                f"{1000 * SECONDS * np.median(long):.1f}",
                f"{np.median(ratios):.2f}",
                f"{ratios.min():.2f} to {ratios.max():.2f}",
            ]
        )
    print_table(
        f"Speed, file to row, in turn with clips of {SECONDS} s of the same recording",
        [
            "feature set",
            "clip, ms",
            f"long, ms per {SECONDS} s",
            "speed of the long recording",
            "range over rounds",
        ],
        lines,
    )


def write_clips(recording: str, folder: str) -> None:
    length = SECONDS * SR
    for k, start in enumerate(np.linspace(0, soundfile.info(recording).frames - length, CLIPS)):
        y, _ = soundfile.read(recording, frames=length, start=int(start), dtype="int16")
        soundfile.write(Path(folder) / f"clip{k}{Path(recording).suffix}", y, SR, subtype="PCM_16")


def compare_with_memory(recording: str) -> None:
    lines = []
    for name in SETS:
        rows = [
            json.loads(run([__file__, source, name, recording])[2]) for source in ("file", "memory")
        ]
        streamed, held = np.array(rows, dtype=float)
        differences = np.abs(streamed - held) / np.where(held == 0, 1, np.abs(held))
        differences[(streamed == held) | (np.isnan(streamed) & np.isnan(held))] = 0
        lines.append(
            [
                name,
                f"{differences.max():.1e}",
                str(int(np.sum(differences == 0))),
                str(len(differences)),
            ]
        )
    print_table(
        "Compared with the same recording in memory",
        ["feature set", "largest relative difference", "columns equal to the bit", "columns"],
        lines,
    )


def measure_librosa(recording: str, hours: float) -> None:
    peak, seconds, _ = run([__file__, "librosa", str(hours), recording])
    print_table(
        f"librosa's functions for genre75 on {hours:g} hours",
        ["peak resident memory, MB", "s"],
        [[f"{peak:.0f}", f"{seconds:.1f}"]],
    )


def run(arguments: list[str]) -> tuple[float, float, str]:
    """Run a Python process; return its peak resident memory in MB, its seconds and its output."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([sys.executable, *arguments], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{arguments} ended with status {process.returncode}")
        out.seek(0)
        return usage.ru_maxrss / 1024, time.perf_counter() - begin, out.read()


def from_file(name: str, recording: str) -> list[float]:
    features = featkit.feature_set(name)
    with (
        loading.opening(recording, sr=features.sample_rate) as sound,
        sound.samples() as clip,
    ):
        return next(analyse_loaded([(clip, sound.sr)], features))[0].tolist()


def from_memory(name: str, recording: str) -> list[float]:
    features = featkit.feature_set(name)
    y, sr = featkit.load(recording, sr=features.sample_rate)
    return featkit.analyse([y], sr, features)[0].tolist()


def speed(name: str, recording: str) -> list[list[float]]:
    """Seconds per second of audio, in each round: of the clips and of the recording."""
    pieces = sorted(map(str, Path(recording).parent.glob("clip*")))
    length = soundfile.info(recording).duration

    def time_clips() -> float:
        begin = time.perf_counter()
        for clip in pieces:
            from_memory(name, clip)
        return (time.perf_counter() - begin) / (SECONDS * len(pieces))

    def time_recording() -> float:
        begin = time.perf_counter()
        from_file(name, recording)
        return (time.perf_counter() - begin) / length

    time_clips()
    clip, long = [], []
    for _ in range(ROUNDS):
        before = time_clips()
        long.append(time_recording())
        clip.append((before + time_clips()) / 2)
    return [clip, long]


def by_librosa(hours: str, recording: str) -> list[float]:
    import librosa

    y, sr = librosa.load(recording, sr=SR, duration=float(hours) * 3600)
    return _common.librosa_row(y, sr).tolist()


TASKS: dict[str, Callable[[str, str], object]] = {
    "file": from_file,
    "memory": from_memory,
    "speed": speed,
    "librosa": by_librosa,
}


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] in TASKS:
        print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
    else:
        main()
