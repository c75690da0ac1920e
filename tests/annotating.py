"""Manifests of intervals, and files cut by hand to compare with."""

import csv

import numpy as np
import soundfile
from extracting import same_bits

import featkit
from featkit.audio import loading

SMALL = {
    "name": "small",
    "sample_rate": 8000,
    "spectra": {"n_fft": 256, "hop_length": 128, "n_mels": 20},
    "features": [
        {"family": "rms", "statistics": ["mean", "std"]},
        {"family": "spectral_centroid", "statistics": ["mean", "median"]},
        {"family": "zero_crossing_rate", "statistics": ["mean"]},
    ],
}
"""A feature set that takes little time; a frame has 32 ms."""


def write_manifest(file, rows, names=("path", "start", "end", "label")):
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows(rows)
    return file


def cut_by_hand(file, times, folder):
    """Write the frames of each interval to a file of its own, without changing any."""
    folder.mkdir(parents=True, exist_ok=True)
    loaded = loading.read(file)
    rate, samples = loaded.sr, loaded.samples
    subtype = "PCM_16" if samples.dtype == np.int16 else "FLOAT"
    for k, (start, end) in enumerate(times):
        part = samples[round(start * rate) : round(end * rate)]
        soundfile.write(folder / f"{k:04d}.wav", part, int(rate), subtype=subtype)
    return folder


def same_rows(table, other):
    """Features and quality are the same to the bit, except the format."""
    assert len(table) == len(other)
    same_bits(table.features, other.features)
    assert table.feature_names == other.feature_names
    for name, values in table.quality.items():
        if name != "quality_format":
            np.testing.assert_array_equal(values, other.quality[name], err_msg=name)


def check_against_hand_cut(file, times, folder, features=SMALL, **options):
    """Extract intervals of a file, and the same intervals cut by hand."""
    rows = [(file.name, start, end, "") for start, end in times]
    manifest = write_manifest(file.with_name(f"{file.name}.csv"), rows)
    extraction = featkit.extract(manifest=manifest, features=features, **options)
    assert not extraction.failures
    by_hand = featkit.extract(cut_by_hand(file, times, folder), features=features).table
    same_rows(extraction.table, by_hand)
    return extraction
