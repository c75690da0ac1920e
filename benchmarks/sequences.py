"""Sequences of ESC-10: differences from librosa, rate, and memory.

    python benchmarks/sequences.py ESC10 [--rounds N]

- The arrays of all recordings compared with those of librosa.
- Seconds of ``featkit sequences``, of ``featkit extract`` with the same families, and of a loop
  over librosa that saves one array per kind; each in a fresh process with one worker, in turn.
- Peak of the memory of a process and of its workers with 100, 400 and 1,600 recordings.

The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import SR, Array, Target

KINDS = ("mel", "mfcc40", "chroma24")

UNITS = {"mel": "dB", "mfcc40": "dB", "chroma24": "1"}

SECONDS = 5
"""Length of most recordings, to which the others are cut or padded."""

FEATURES = {
    "name": "same_families",
    "sample_rate": SR,
    "features": [
        {"family": "mel_bands", "n_bands": 128, "statistics": ["mean", "std"]},
        {"family": "mfcc", "n_mfcc": 40, "statistics": ["mean", "std"]},
        {"family": "chroma", "n_chroma": 24, "statistics": ["mean", "std"]},
    ],
}
"""The families of `KINDS`, with two statistics."""

CLIP_COUNTS = (100, 400, 1600)

MAX_DIFFERENCE = 1e-4
"""Target for the largest difference of a channel, relative to its largest value."""

MAX_TIME = 1.25
"""Target for the processor time of sequences, relative to that of extraction."""

MAX_GROWTH = 1.15
"""Target for the peak with 1,600 recordings, relative to the peak with 400."""


def librosa_arrays(y: Array) -> dict[str, Array]:
    """Arrays of librosa with its defaults."""
    import librosa

    return {
        "mel": librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=SR)),
        "mfcc40": librosa.feature.mfcc(y=y, sr=SR, n_mfcc=40),
        "chroma24": librosa.feature.chroma_stft(y=y, sr=SR, n_chroma=24),
    }


def five_seconds(file: Path) -> Array:
    """Samples of a recording, read by librosa, cut or padded with zeros."""
    import librosa

    y, _ = librosa.load(file, sr=SR, duration=SECONDS)
    return np.asarray(librosa.util.fix_length(y, size=SECONDS * SR))


def librosa_loop(inputs: str, output: str) -> None:
    """Compute the arrays of all recordings of a folder, and save one file for each kind."""
    arrays: dict[str, list[Array]] = {kind: [] for kind in KINDS}
    for file in sorted(Path(inputs).rglob("*.ogg")):
        for kind, values in librosa_arrays(five_seconds(file)).items():
            arrays[kind].append(values)
    Path(output).mkdir(exist_ok=True)
    for kind, values in arrays.items():
        np.save(Path(output, f"{kind}.npy"), np.stack(values))


def peak_of(pid: str) -> float:
    """Peak of the memory of a process, in MB; `getrusage` counts that of the parent, too."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended
        return 0.0
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(sizes[0]) / 1024 if sizes else 0.0


def memory_of_a_run(inputs: str, output: str) -> None:
    """Compute series4 with two workers, and print the peaks of this process and of a worker."""
    from featkit.batch.sequence_extraction import sequences

    workers: dict[int, float] = {}

    def watch(_: object) -> None:
        """Called at least every second while recordings are analysed."""
        for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            workers[int(pid)] = max(workers.get(int(pid), 0.0), peak_of(pid))

    result = sequences(inputs, output=output, features="series4", n_jobs=2, progress=watch)
    own, worker = peak_of("self"), max(workers.values())
    size = sum(file.stat().st_size for file in Path(output).iterdir()) / 1e6
    print(json.dumps([result.rows, own, worker, size]))


def differences(folder: str, files: Sequence[Path], inputs: Path) -> dict[str, Array]:
    """Largest differences from librosa of each recording, ``(2, recordings)``, by kind.

    First in the unit of the kind, then relative to the largest value of the channel.
    """
    from featkit.table.sequences.reading import read_sequences

    table = read_sequences(folder)
    rows = {path: row for row, path in enumerate(table.column("path").tolist())}
    largest: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for file in files:
        expected = librosa_arrays(five_seconds(file))
        place = np.array([rows[str(file.relative_to(inputs))]])
        assert table.sequences is not None
        for kind, values in expected.items():
            own = table.sequences.kinds[kind].rows(place)
            assert own.shape == values.shape
            difference = np.abs(own.read()[0] - values).max(axis=1)
            scale = np.maximum(np.abs(values).max(axis=1), np.finfo(np.float32).tiny)
            largest[kind].append((float(difference.max()), float((difference / scale).max())))
    return {kind: np.array(pairs).T for kind, pairs in largest.items()}


def run(command: Sequence[str]) -> tuple[float, float]:
    """Run a command; return seconds, and seconds of the processor with all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ})
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rates(inputs: Path, scratch: Path, rounds: int) -> dict[str, Array]:
    """Seconds and processor seconds of each program, ``(rounds, 2)``."""
    (scratch / "same.json").write_text(json.dumps(FEATURES))
    python, kinds = sys.executable, ",".join(KINDS)
    options = ["--jobs", "1", "--fresh", "-q"]
    extract = ["extract", str(inputs), "-o", f"{scratch}/t.parquet"]
    extract += ["--duration", str(SECONDS), "--pad"]
    sequences = ["sequences", str(inputs), "-o", f"{scratch}/s", "--features", kinds]
    sequences += ["--seconds", str(SECONDS)]
    programs: Mapping[str, list[str]] = {
        "featkit sequences": [python, "-m", "featkit", *sequences, *options],
        "featkit extract, the same families": [
            *[python, "-m", "featkit", *extract, "--features", f"{scratch}/same.json", *options]
        ],
        "loop over librosa": [python, __file__, "--loop", str(inputs), f"{scratch}/l"],
    }
    taken = [[run(command) for command in programs.values()] for _ in range(rounds)]
    return dict(zip(programs, np.array(taken).transpose(1, 0, 2), strict=True))


def peaks(files: Sequence[Path], scratch: Path) -> list[list[float]]:
    """Recordings, peak of the process, peak of a worker, and size of the output, in MB."""
    results = []
    for count in CLIP_COUNTS:
        folder = scratch / f"corpus-{count}"
        folder.mkdir()
        for k in range(count):
            (folder / f"{k:04d}.ogg").symlink_to(files[k % len(files)])
        command = [sys.executable, __file__, "--memory", str(folder), f"{scratch}/m-{count}"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout))
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="folder of ESC-10")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", nargs=2, metavar=("INPUT", "DIR"), help=argparse.SUPPRESS)
    parser.add_argument("--memory", nargs=2, metavar=("INPUT", "DIR"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.loop:
        librosa_loop(*arguments.loop)
        return 0
    if arguments.memory:
        memory_of_a_run(*arguments.memory)
        return 0
    inputs = Path(arguments.folder).resolve()
    files = sorted(inputs.rglob("*.ogg"))
    with tempfile.TemporaryDirectory(prefix="featkit-") as name:
        scratch = Path(name)
        seconds = rates(inputs, scratch, arguments.rounds)
        own, extraction, loop = (taken[:, 1] for taken in seconds.values())
        _common.print_table(
            f"{len(files)} recordings, one worker, median of {arguments.rounds} rounds",
            ["", "s", "processor, s", "recordings per s of the processor"],
            [
                [
                    program,
                    *(f"{value:.1f}" for value in np.median(taken, axis=0)),
                    f"{len(files) / np.median(taken[:, 1]):.1f}",
                ]
                for program, taken in seconds.items()
            ],
        )
        found = differences(f"{scratch}/s", files, inputs)
        _common.print_table(
            "Largest difference from librosa of each recording: median, and over all recordings",
            ["", "unit", "absolute", "of the channel's largest value"],
            [
                [
                    kind,
                    UNITS[kind],
                    *(f"{np.median(own):.1e}, at most {own.max():.1e}" for own in pair),
                ]
                for kind, pair in found.items()
            ],
        )
        memory = peaks(files, scratch)
        _common.print_table(
            "Peak of the memory, series4, two workers",
            ["recordings", "process, MB", "worker, MB", "output, MB"],
            [[f"{row[0]:,}", *(f"{value:.0f}" for value in row[1:])] for row in memory],
        )
    ratio, to_loop = (float(np.median(own / other)) for other in (extraction, loop))
    largest = max(float(relative.max()) for _, relative in found.values())
    print(f"\nprocessor time: {ratio:.2f} of extraction, {to_loop:.2f} of the loop")
    targets = [
        Target("largest difference from librosa", largest, at_most=MAX_DIFFERENCE),
        Target("processor time relative to extraction", ratio, at_most=MAX_TIME),
        Target("peak of 1,600 / peak of 400", memory[2][1] / memory[1][1], at_most=MAX_GROWTH),
        Target("the same of a worker", memory[2][2] / memory[1][2], at_most=MAX_GROWTH),
    ]
    return int(_common.any_missed(targets))


if __name__ == "__main__":
    sys.exit(main())
