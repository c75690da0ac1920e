"""Shards of small corpora, for tests."""

import filecmp
import os
from pathlib import Path

import featkit

SMALL = {
    "name": "small",
    "sample_rate": 8000,
    "spectra": {"n_fft": 256, "hop_length": 128, "n_mels": 20},
    "features": [
        {"family": "rms", "statistics": ["mean", "std"]},
        {"family": "zero_crossing_rate", "statistics": ["mean"]},
    ],
}
"""A feature set that takes little time."""


def extract_shard(inputs, number, count, output, **options):
    options = {"features": SMALL, **options}
    return featkit.extract(inputs, output=output, shard=f"{number}/{count}", **options)


def extract_shards(inputs, count, folder, **options):
    """Extract all shards, and return their files in reverse order."""
    Path(folder).mkdir(exist_ok=True)
    files = [Path(folder, f"{number}.parquet") for number in range(1, count + 1)]
    for number, file in enumerate(files, start=1):
        extract_shard(inputs, number, count, file, **options)
    return files[::-1]


def are_equal(output, other):
    """Whether two tables and their lists of failures have the same bytes."""
    lists = [Path(f"{table}.failures.csv") for table in (output, other)]
    if os.path.isdir(output):
        names = sorted(os.listdir(output))
        assert names == sorted(os.listdir(other))
        return not filecmp.cmpfiles(output, other, names, shallow=False)[1]
    assert lists[0].exists() == lists[1].exists()
    pairs = [(output, other), *([lists] if lists[0].exists() else [])]
    return all(filecmp.cmp(*pair, shallow=False) for pair in pairs)
