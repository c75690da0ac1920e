"""Hours of sound in bounded memory: how much, how fast, and whether the numbers are the same.

    python benchmarks/long.py [--audio FOLDER] [--hours H] [--format wav|flac] [--librosa]

A recording is made of the clips of a folder (or of made-up music), in random order and at random
levels. Each measurement is a process of its own. Needs some 0.5 GB of disk for three hours as WAV;
the comparison with the numbers in memory needs 5 GB of memory.
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

import _common  # before NumPy: it sets one thread
import numpy as np
import soundfile
from _common import SR, Array, show

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
    parser.add_argument("--audio", metavar="FOLDER", help="clips instead of made-up music")
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--format", choices=("wav", "flac"), default="wav")
    parser.add_argument("--librosa", action="store_true", help="librosa on one hour, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / f"long.{options.format}")
        write(recording, clips(options.audio), options.hours)
        bounded(recording, folder, options.hours)
        fast(recording, folder)
        same(recording)
        if options.librosa:
            beside_librosa(recording, min(LIBROSA_HOURS, options.hours))


def clips(folder: str | None) -> list[Array]:
    if folder is None:
        return [_common.music(float(SECONDS))]
    return [featkit.load(recording.file, sr=SR)[0] for recording in find([folder])]


def write(target: str, sounds: list[Array], hours: float) -> None:
    """Clips in random order, up to 30 dB quieter than they are, until it is long enough."""
    rng = np.random.default_rng(0)
    left = round(hours * 3600 * SR)
    with soundfile.SoundFile(target, "w", SR, 1, "PCM_16") as out:
        while left:
            quieter = 10 ** (-rng.uniform(0, 30) / 20)
            y = sounds[rng.integers(len(sounds))][:left] * quieter
            out.write(y)
            left -= len(y)


def bounded(recording: str, folder: str, hours: float) -> None:
    lines = []
    for name in SETS:
        table = str(Path(folder) / f"{name}.parquet")
        extract = ["extract", recording, "-o", table, "--features", name, "--jobs", "1"]
        peak, seconds, _ = run(["-m", "featkit", *extract])
        lines.append([name, f"{peak:.0f}", f"{seconds:.1f}"])
    show(
        f"featkit extract on {hours:g} hours, one fresh process",
        ["feature set", "peak resident memory, MB", "s"],
        lines,
    )


def fast(recording: str, folder: str) -> None:
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
    show(
        f"Speed, file to row, in turn with clips of {SECONDS} s of the same sound",
        ["feature set", "clip, ms", f"long, ms per {SECONDS} s", "speed of the long", "rounds"],
        lines,
    )


def write_clips(recording: str, folder: str) -> None:
    length = SECONDS * SR
    for k, start in enumerate(np.linspace(0, soundfile.info(recording).frames - length, CLIPS)):
        y, _ = soundfile.read(recording, frames=length, start=int(start), dtype="int16")
        soundfile.write(Path(folder) / f"clip{k}{Path(recording).suffix}", y, SR, subtype="PCM_16")


def same(recording: str) -> None:
    lines = []
    for name in SETS:
        rows = [json.loads(run([__file__, how, name, recording])[2]) for how in ("file", "memory")]
        streamed, held = np.array(rows, dtype=float)
        apart = np.abs(streamed - held) / np.where(held == 0, 1, np.abs(held))
        apart[(streamed == held) | (np.isnan(streamed) & np.isnan(held))] = 0
        lines.append([name, f"{apart.max():.1e}", str(int(np.sum(apart == 0))), str(len(apart))])
    show(
        "Against the same recording held in memory",
        ["feature set", "largest relative difference", "columns equal to the bit", "columns"],
        lines,
    )


def beside_librosa(recording: str, hours: float) -> None:
    peak, seconds, _ = run([__file__, "librosa", str(hours), recording])
    show(
        f"librosa's functions for genre75 on {hours:g} hours",
        ["peak resident memory, MB", "s"],
        [[f"{peak:.0f}", f"{seconds:.1f}"]],
    )


def run(words: list[str]) -> tuple[float, float, str]:
    """Peak resident memory in MB of a fresh process, its seconds, and what it printed."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([sys.executable, *words], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{words} ended with status {process.returncode}")
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
    """Seconds per second of sound: of the clips, before and after, and of the recording."""
    pieces = sorted(map(str, Path(recording).parent.glob("clip*")))
    hour = soundfile.info(recording).duration

    def of_clips() -> float:
        begin = time.perf_counter()
        for clip in pieces:
            from_memory(name, clip)
        return (time.perf_counter() - begin) / (SECONDS * len(pieces))

    def of_recording() -> float:
        begin = time.perf_counter()
        from_file(name, recording)
        return (time.perf_counter() - begin) / hour

    of_clips()
    clip, long = [], []
    for _ in range(ROUNDS):
        before = of_clips()
        long.append(of_recording())
        clip.append((before + of_clips()) / 2)
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
