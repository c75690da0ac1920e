"""The common GTZAN feature table, and the separation in it: how fast, and whether it is librosa's.

    python benchmarks/gtzan57.py [FOLDER] [--rounds N]

Librosa is called as for that table: each function from the samples, with ``pad_mode="reflect"``,
which was its default. Of the sound files of FOLDER, if one is given, every column has to be within
1e-4 of librosa's (as in `same_numbers.py`), the tempo the same; but the variances of the harmonic
and the percussive waveform within 1e-3, and their means, which are near 0, within 1e-6 of full
scale. The exit status is 1 if anything is outside, or if featkit is less than 8 times faster.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import _common  # before NumPy: it sets one thread
import librosa
import numpy as np
from _common import SR, Array, Bar, show, times_faster

import featkit
from featkit.dsp.separation import SeparationParameters
from featkit.features.spectra import SpectraParameters, Stack

GTZAN57 = featkit.feature_set("gtzan57")
SECONDS = 30.0

FASTER = 8.0
"""How many times, at least."""

BAR = {"harmony_var": 1e-3, "perceptr_var": 1e-3, "tempo": 0.0}
"""By column, where it is not 1e-4."""

ABSOLUTE = {"harmony_mean": 1e-6, "perceptr_mean": 1e-6}
"""Columns near 0, of which a relative difference says nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="sound files, at any depth")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each table (7)")
    options = parser.parse_args()
    y = _common.music(SECONDS)
    bars = [
        Bar("times faster than librosa.effects.hpss", separation(y, options.rounds), FASTER),
        Bar("times faster than librosa, 57 columns", table(y, options.rounds), FASTER),
        Bar("columns outside", numbers(options.folder) if options.folder else None, most=0),
    ]
    sys.exit(_common.missed(bars))


def separation(y: Array, rounds: int) -> float:
    """Print both times, and how far the samples are apart; how many times faster featkit is."""
    rows = {
        "featkit": lambda: featkit_hpss(y),
        "librosa.effects.hpss": lambda: librosa.effects.hpss(y),
    }
    title = f"Harmonic and percussive waveforms of {SECONDS:g} s"
    times = times_faster(title, rows, rounds=rounds)
    ours, theirs = (np.array(row()) for row in rows.values())
    apart = np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max(axis=1)
    print(f"\nlargest difference of a sample, of the largest: {apart.max():.1e}")
    return times


def featkit_hpss(y: Array) -> Array:
    stack = Stack([y], SR, SpectraParameters())
    parts = [block.separation.waveforms(SeparationParameters()) for block in stack.blocks()]
    return np.concatenate(parts, axis=1).reshape(2, -1)[:, : len(y)]


def table(y: Array, rounds: int) -> float:
    """Print both times; how many times faster featkit is."""
    rows = {
        "featkit": lambda: featkit.analyse([y], SR, GTZAN57)[0],
        "librosa, each function from the samples": lambda: librosa_row(y),
    }
    title = f"The 57 columns of gtzan57 of {SECONDS:g} s from memory"
    return times_faster(title, rows, rounds=rounds)


def librosa_row(y: Array) -> Array:
    """The columns in the table's order, as it was made."""
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
    """Over all that there is."""
    return np.array([np.mean(x), np.var(x)])


def numbers(folder: str) -> int:
    """Print how far each column is from librosa's; how many are outside."""
    clips = [y for _, y, _ in _common.sounds(folder, SR)]
    ours = np.array([featkit.analyse([y], SR, GTZAN57)[0] for y in clips])
    theirs = np.array([librosa_row(y) for y in clips])
    undefined = np.isnan(ours)
    ours = np.where(undefined, theirs, ours)
    relative, absolute = _common.difference(ours, theirs), np.abs(ours - theirs)
    lines, outside = [], 0
    for k, name in enumerate(GTZAN57.column_names):
        apart = absolute if name in ABSOLUTE else relative
        bar = ABSOLUTE.get(name, BAR.get(name, 1e-4))
        wrong = int(np.sum(~(apart[:, k] <= bar)))
        kind = "absolute" if name in ABSOLUTE else "relative"
        lines.append([name, f"{apart[:, k].max():.1e}", f"{bar:g} {kind}", str(wrong)])
        outside += bool(wrong)
    show(
        f"Largest differences over {len(clips)} files",
        ["column", "difference", "bar", "values outside"],
        lines,
    )
    print(f"\ncolumns outside: {outside} of {len(lines)}")
    print(f"not compared, undefined in featkit: {undefined.sum()} values")
    return outside


if __name__ == "__main__":
    # librosa speaks of silence and of clips shorter than a frame.
    warnings.simplefilter("ignore")
    main()
