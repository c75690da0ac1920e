"""The common GTZAN feature table and its separation: speed, and differences from librosa.

    python benchmarks/gtzan57.py [FOLDER] [--rounds N]

librosa is called as for that table: each function from the samples, with ``pad_mode="reflect"``,
its default at the time. For the audio files of FOLDER, each column must be within 1e-4 of librosa's
(as in `same_numbers.py`) and the tempo equal; the variances of the harmonic and the percussive
waveform must be within 1e-3, and their means, which are near 0, within 1e-6 of full scale. The exit
status is 1 if a value is outside, or if featkit is less than 8 times as fast.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import _common  # before NumPy, since it sets the number of threads
import librosa
import numpy as np
from _common import SR, Array, Target, print_speedup, print_table

import featkit
from featkit.dsp.separation import SeparationParameters
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

GTZAN57 = featkit.feature_set("gtzan57")
SECONDS = 30.0

MIN_SPEEDUP = 8.0
"""Minimum speedup over librosa."""

TOLERANCES = {"harmony_var": 1e-3, "perceptr_var": 1e-3, "tempo": 0.0}
"""Tolerances by column, where they are not 1e-4."""

ABSOLUTE = {"harmony_mean": 1e-6, "perceptr_mean": 1e-6}
"""Absolute tolerances of columns near 0, where relative differences are meaningless."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="folder of audio files")
    parser.add_argument("--rounds", type=int, default=7, help="rounds per table (7)")
    options = parser.parse_args()
    y = _common.synthetic_music(SECONDS)
    targets = [
        Target(
            "times faster than librosa.effects.hpss", separation(y, options.rounds), MIN_SPEEDUP
        ),
        Target("times faster than librosa, 57 columns", table(y, options.rounds), MIN_SPEEDUP),
        Target("columns outside", numbers(options.folder) if options.folder else None, at_most=0),
    ]
    sys.exit(_common.any_missed(targets))


def separation(y: Array, rounds: int) -> float:
    """Print both times and the difference of the samples; return the speedup."""
    rows = {
        "featkit": lambda: featkit_hpss(y),
        "librosa.effects.hpss": lambda: librosa.effects.hpss(y),
    }
    title = f"Harmonic and percussive waveforms of {SECONDS:g} s"
    times = print_speedup(title, rows, rounds=rounds)
    values, references = (np.array(row()) for row in rows.values())
    differences = np.abs(values - references).max(axis=1) / np.abs(references).max(axis=1)
    print(
        f"\nlargest difference of a sample, relative to the largest sample: {differences.max():.1e}"
    )
    return times


def featkit_hpss(y: Array) -> Array:
    stack = Stack([y], SR, SpectraParameters())
    parts = [block.separation.waveforms(SeparationParameters()) for block in stack.blocks()]
    return np.concatenate(parts, axis=1).reshape(2, -1)[:, : len(y)]


def table(y: Array, rounds: int) -> float:
    """Print both times and return the speedup."""
    rows = {
        "featkit": lambda: featkit.analyse([y], SR, GTZAN57)[0],
        "librosa, each function from the samples": lambda: librosa_row(y),
    }
    title = f"The 57 columns of gtzan57 of {SECONDS:g} s from memory"
    return print_speedup(title, rows, rounds=rounds)


def librosa_row(y: Array) -> Array:
    """Compute the columns in the order of the table."""
    from librosa import feature

    harmonic, percussive = librosa.effects.hpss(y, pad_mode="reflect")
    onsets = librosa.onset.onset_strength(y=y, sr=SR, aggregate=np.median, pad_mode="reflect")
    tempo, _ = librosa.beat.beat_track(onset_envelope=onsets, sr=SR)
    descriptors = [
        feature.chroma_stft(y=y, sr=SR, pad_mode="reflect"),
        feature.rms(y=y, pad_mode="reflect"),
        feature.spectral_centroid(y=y, sr=SR, pad_mode="reflect"),
        feature.spectral_bandwidth(y=y, sr=SR, pad_mode="reflect"),
        feature.spectral_rolloff(y=y, sr=SR, pad_mode="reflect"),
        feature.zero_crossing_rate(y),
        harmonic,
        percussive,
    ]
    mfcc = feature.mfcc(y=y, sr=SR, n_mfcc=20, pad_mode="reflect")
    return np.concatenate(
        [*map(mean_and_var, descriptors), np.ravel(tempo), *map(mean_and_var, mfcc)]
    )


def mean_and_var(x: Array) -> Array:
    """Mean and variance over all values."""
    return np.array([np.mean(x), np.var(x)])


def numbers(folder: str) -> int:
    """Print the differences of each column and return the number of columns outside."""
    clips = [y for _, y, _ in _common.load_all(folder, SR)]
    values = np.array([featkit.analyse([y], SR, GTZAN57)[0] for y in clips])
    references = np.array([librosa_row(y) for y in clips])
    undefined = np.isnan(values)
    values = np.where(undefined, references, values)
    relative, absolute = (
        _common.relative_difference(values, references),
        np.abs(values - references),
    )
    lines, outside = [], 0
    for k, name in enumerate(GTZAN57.column_names):
        differences = absolute if name in ABSOLUTE else relative
        tolerance = ABSOLUTE.get(name, TOLERANCES.get(name, 1e-4))
        wrong = int(np.sum(~(differences[:, k] <= tolerance)))
        kind = "absolute" if name in ABSOLUTE else "relative"
        lines.append([name, f"{differences[:, k].max():.1e}", f"{tolerance:g} {kind}", str(wrong)])
        outside += bool(wrong)
    print_table(
        f"Largest differences over {len(clips)} files",
        ["column", "difference", "tolerance", "values outside"],
        lines,
    )
    print(f"\ncolumns outside: {outside} of {len(lines)}")
    print(f"not compared because undefined in featkit: {undefined.sum()} values")
    return outside


if __name__ == "__main__":
    # librosa warns of silence and of clips shorter than a frame.
    warnings.simplefilter("ignore")
    main()
