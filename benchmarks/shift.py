"""Shift between datasets: false alarms, coverage of the intervals, and time.

    python benchmarks/shift.py [ESC10] [--repetitions N]

Two datasets are drawn from the same distribution, again and again. In at most 5 % of the
repetitions, any column may be flagged. Then the values of one dataset are shifted, and the 95 %
intervals are compared with the true distances.

With the folder of ESC-10 and FFmpeg, its recordings are compared with the same recordings as MP3 at
32 kbit/s, in the band of a telephone (300 to 3,400 Hz), and 20 dB quieter.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import pandas as pd
from scipy.stats import binom, norm

import featkit
from featkit.evaluation._distances import Distances, distances, interval
from featkit.evaluation._pooled_rows import PooledRows, pool
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.result import Shift
from featkit.evaluation.shift import MAX_ROWS, measure_shift
from featkit.table.feature_table import FeatureTable

FALSE_ALARMS, COVERAGE = 0.05, 0.9
"""Targets: at most the first within binomial error (one-sided, 1 %), at least the second."""

SECONDS = {75: 5.0, 542: 25.0}
"""Longest processor time of `measure_shift` by number of columns."""

TWO, FIVE = (0.5, 0.5), (0.2,) * 5

SPEAKERS: Mapping[str, Any] = {"segments": 20, "mixed": True}

CASES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "30 rows, 30 rows": ({"groups": 30}, {"groups": 30}),
    "30 rows, 30 rows, 60 columns": ({"groups": 30, "columns": 60}, {"groups": 30, "columns": 60}),
    "10 segments of 20 and of 30 recordings": (
        {"groups": 20, "segments": 10},
        {"groups": 30, "segments": 10},
    ),
    "class shares 0.9 and 0.1, 0.2 and 0.8": (
        {"groups": 60, "segments": 2, "shares": (0.9, 0.1)},
        {"groups": 60, "segments": 2, "shares": (0.2, 0.8)},
    ),
    "10 segments of 100, 1 of 20": ({"groups": 100, "segments": 10}, {"groups": 20}),
    "the same, segments independent": (
        {"groups": 100, "segments": 10, "between": 0.0},
        {"groups": 20, "between": 0.0},
    ),
    "1 segment of 100, 10 of 20": ({"groups": 100}, {"groups": 20, "segments": 10}),
    "10 and 8 speakers of all classes": (
        {"groups": 10, "shares": FIVE, **SPEAKERS},
        {"groups": 8, "shares": (0.1, 0.1, 0.2, 0.2, 0.4), **SPEAKERS},
    ),
    "4 rows of each of 5 classes": ({"groups": 20, "shares": FIVE}, {"groups": 20, "shares": FIVE}),
    "rare flags": ({"groups": 200, "flags": 0.02}, {"groups": 20, "flags": 0.02}),
    "5 and 5 recordings": ({"groups": 5, "segments": 10}, {"groups": 5, "segments": 10}),
}
"""Pairs of datasets of the same distribution."""


BAND = "highpass=f=300,highpass=f=300,lowpass=f=3400,lowpass=f=3400"

CONVERSIONS: Mapping[str, tuple[str, list[str]]] = {
    "copy": (".wav", []),
    "MP3, 32 kbit/s": (".mp3", ["-b:a", "32k"]),
    "300 to 3,400 Hz": (".wav", ["-af", BAND]),
    "20 dB quieter": (".wav", ["-af", "volume=-20dB"]),
}
"""Suffix and FFmpeg options of each conversion."""

MOVES: Mapping[str, tuple[set[str], set[str]]] = {
    "copy": (set(), set()),
    "MP3, 32 kbit/s": ({"mfcc", "spectral_rolloff", "spectral_bandwidth"}, {"bandwidth"}),
    "300 to 3,400 Hz": ({"spectral_rolloff", "spectral_bandwidth"}, {"bandwidth", "level"}),
    "20 dB quieter": ({"rms", "mfcc"}, {"level", "peak"}),
}
"""Families and recording conditions that must be flagged."""

STAYS: Mapping[str, set[str]] = {
    "copy": {"mfcc", "chroma", "rms", "spectral_centroid", "tempo"},
    "MP3, 32 kbit/s": {"chroma", "rms", "tempo"},
    "300 to 3,400 Hz": {"tempo"},
    "20 dB quieter": {"chroma", "spectral_centroid", "spectral_rolloff", "tempo"},
}
"""Families that must not be flagged."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="ESC-10")
    parser.add_argument("--repetitions", type=int, default=300, help="of each case (300)")
    options = parser.parse_args()
    repetitions = options.repetitions
    targets = [*false_alarms(repetitions), *coverage(repetitions), *times()]
    if options.folder and shutil.which("ffmpeg"):
        targets += real_shift(Path(options.folder))
    sys.exit(_common.any_missed(targets))


def dataset(
    rng: np.random.Generator,
    *,
    groups: int,
    segments: int = 1,
    columns: int = 5,
    shares: tuple[float, ...] = TWO,
    between: float = 0.5,
    mixed: bool = False,
    flags: float = 0.0,
) -> DatasetRows:
    """Rows whose segments share a part of the variance, and whose mean depends on the class."""
    group = np.repeat(np.arange(groups), segments)
    first = np.arange(len(shares))
    drawn = rng.choice(len(shares), len(group) if mixed else groups, p=shares)
    label = np.concatenate([first, drawn[len(first) :]])
    label = label if mixed else label[group]
    X = np.sqrt(between) * rng.normal(size=(groups, columns))[group]
    X += np.sqrt(1 - between) * rng.normal(size=(len(group), columns)) + 1.5 * label[:, None]
    if flags:
        X = (rng.random(X.shape) < flags).astype(np.float64)
    names = [f"x{k}" for k in range(columns)]
    paths = np.array([f"{k}.wav" for k in group])
    table = FeatureTable.of(pd.DataFrame(X, columns=names).assign(path=paths))
    return DatasetRows("made", table, names, X, label.astype(str), paths, paths)


def compared(home: DatasetRows, here: DatasetRows, seed: int) -> tuple[Distances, PooledRows]:
    pooled = pool(home, here, [np.arange(len(home)), np.arange(len(here))])
    return distances(np.concatenate([home.X, here.X]), pooled, seed=seed), pooled


def false_alarms(repetitions: int) -> list[_common.Target]:
    """Print the share of repetitions with a false alarm, and return the targets."""
    most = binom.ppf(0.99, repetitions, FALSE_ALARMS) / repetitions
    rows, targets = [], []
    for name, (home, here) in CASES.items():
        alarms = []
        for k in range(repetitions):
            rng = np.random.default_rng([k, 0])
            own, _ = compared(dataset(rng, **home), dataset(rng, **here), k)
            alarms.append(bool(own.differs.any()))
        rows.append([name, f"{np.mean(alarms):.3f}"])
        targets.append(_common.Target(f"false alarms, {name}", np.mean(alarms), at_most=most))
    _common.print_table(
        f"Share of {repetitions} repetitions in which any column was flagged",
        ["case", "share"],
        rows,
    )
    return targets


def coverage(repetitions: int) -> list[_common.Target]:
    """Print how often intervals contain the true distance, and return the targets."""
    rows, targets = [], []
    for groups, segments in ((30, 1), (20, 5), (100, 1)):
        for shift in (0.0, 0.25, 0.5, 1.0, 2.0):
            true = 2 * norm.cdf(shift / 2) - 1
            hits, joint = [], []
            for k in range(repetitions // 3):
                rng = np.random.default_rng([k, 1])
                home, here = (
                    dataset(rng, groups=groups, segments=segments, shares=(1.0,)) for _ in range(2)
                )
                here.X[:] += shift
                own, pooled = compared(home, here, k)
                members = [*np.arange(5)[:, None], np.arange(5)]
                bounds = [
                    interval(own.columns, columns, pooled.fewest_groups) for columns in members
                ]
                inside = [bound.low <= true <= bound.high for bound in bounds]
                hits += inside[:-1]
                joint.append(inside[-1])
            name = f"{groups} recordings of {segments}, true distance {true:.2f}"
            rows.append([name, f"{np.mean(hits):.3f}", f"{np.mean(joint):.3f}"])
            targets.append(_common.Target(f"coverage, {name}", np.mean(hits), at_least=COVERAGE))
    _common.print_table(
        "Share of intervals that contain the true distance", ["case", "columns", "family"], rows
    )
    return targets


def times() -> list[_common.Target]:
    """Print the processor time of a comparison of 2,000 with 2,000 rows."""
    rows, targets = [], []
    for columns, most in SECONDS.items():
        rng = np.random.default_rng(0)
        home, here = (dataset(rng, groups=MAX_ROWS, columns=columns) for _ in range(2))
        begin, wall = time.process_time(), time.perf_counter()
        measure_shift(home, here, {})
        seconds, wall = time.process_time() - begin, time.perf_counter() - wall
        rows.append([str(columns), f"{seconds:.1f}", f"{wall:.1f}"])
        targets.append(_common.Target(f"seconds, {columns} columns", seconds, at_most=most))
    _common.print_table(
        f"Shift between {MAX_ROWS:,} and {MAX_ROWS:,} rows, with classifier",
        ["columns", "processor time, s", "elapsed, s"],
        rows,
    )
    return targets


def real_shift(folder: Path) -> list[_common.Target]:
    """Print what differs in converted recordings of ESC-10, and return the targets."""
    home = extracted(folder)
    schema = {column["name"]: column for column in home.table.provenance["columns"]}
    rows, targets = [], []
    for name in CONVERSIONS:
        with tempfile.TemporaryDirectory() as scratch:
            convert(folder, Path(scratch), *CONVERSIONS[name])
            shift = measure_shift(home, extracted(Path(scratch)), schema)
        rows.append(_summary(name, shift))
        flagged = {family.family for family in shift.families if family.differing}
        conditions = {own.column for own in shift.conditions if own.differs}
        families, recording = MOVES[name]
        missing = (families - flagged) | (recording - conditions)
        wrong = len(missing) + len(STAYS[name] & flagged)
        targets.append(_common.Target(f"families and conditions, {name}", wrong, at_most=0))
    _common.print_table(
        f"ESC-10 compared with converted copies, genre75, {len(home)} recordings",
        ["copies", "columns", "the most different", "families", "conditions", "AUC"],
        rows,
    )
    return targets


def _summary(name: str, shift: Shift) -> list[str]:
    assert shift.classifier is not None
    first = [f"{own.column} {own.distance.value:.2f}" for own in shift.columns[:4] if own.differs]
    families = [
        f"{own.family} {own.differing}/{own.columns}" for own in shift.families if own.differing
    ]
    conditions = [
        f"{own.column} {own.distance.value:.2f}" for own in shift.conditions if own.differs
    ]
    return [
        name,
        f"{sum(own.differs for own in shift.columns)}",
        ", ".join(first),
        ", ".join(families),
        ", ".join(conditions),
        f"{shift.classifier.auc.value:.3f}",
    ]


def extracted(folder: Path) -> DatasetRows:
    pattern = "{fold}-{recording}-{take}"
    table = featkit.extract(
        folder, features="genre75", labels="folder", name_pattern=pattern, n_jobs=1
    ).table
    names = list(table.feature_names)
    groups = table.column("recording")
    X = table.matrix(names).astype(np.float64)
    return DatasetRows(
        folder.name, table, names, X, table.column("label"), table.column("path"), groups
    )


def convert(folder: Path, target: Path, suffix: str, options: list[str]) -> None:
    """Convert all recordings of a folder with FFmpeg."""
    for source in sorted(folder.rglob("*.ogg")):
        path = (target / source.relative_to(folder)).with_suffix(suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(source), *options, str(path)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
