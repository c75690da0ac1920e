"""Whether the numbers are librosa's: every sound file of a folder through both.

    python benchmarks/same_numbers.py FOLDER

A value is outside if it is further than 1e-4 of the reference and than 1e-6 of the column's scale,
its largest absolute value over the files; a tempo, if it is another number at all.
The reference of wavelets is PyWavelets in double precision. In digital silence, and for
the tempo of a clip in which nothing begins, featkit has NaN where librosa gives a number: those
values are counted, not compared. The exit status is 1 if anything is outside.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence

import _common  # before NumPy: it sets one thread
import librosa
import numpy as np
import pywt
from _common import SR, Array, mean_and_std, show

import featkit
from featkit.datasets.files import Recording

BAR = 1e-4
DECODED = 1e-6
"""How far decoded samples may be apart, of full scale: the mean of channels is rounded."""

STATISTICS = ["mean", "std"]
OTHERS = {
    "name": "others",
    "features": [
        {"family": "spectral_flatness", "statistics": STATISTICS},
        {"family": "spectral_contrast", "statistics": STATISTICS},
        {"family": "onset_strength", "statistics": STATISTICS},
        {"family": "wavelets"},
    ],
}
"""The families outside genre75."""

BANDS, LEVEL, WAVELET = 8, 7, "db4"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="sound files, at any depth")
    folder = parser.parse_args().folder
    sets = [featkit.feature_set("genre75"), featkit.feature_set(OTHERS)]
    columns = [name for features in sets for name in features.column_names]
    ours, references, silent, furthest = [], [], [], 0.0
    for recording, y, _ in _common.sounds(folder, SR):
        furthest = max(furthest, decoded_apart(recording, y))
        ours.append(np.concatenate([featkit.analyse([y], SR, each)[0] for each in sets]))
        references.append(np.concatenate([_common.librosa_row(y), others(y)]))
        silent.append(not y.any())
    print(f"{len(ours)} files; featkit.load and librosa.load are at most {furthest:.1e} apart")
    outside = compare(columns, np.array(ours), np.array(references), np.array(silent))
    if outside or furthest > DECODED:
        raise SystemExit(1)


def decoded_apart(recording: Recording, y: Array) -> float:
    """The largest difference of a sample; infinite for another number of samples."""
    theirs, _ = librosa.load(recording.file, sr=SR)
    return float(np.abs(y - theirs).max()) if len(y) == len(theirs) else np.inf


def others(y: Array) -> Array:
    """The reference for the families outside genre75."""
    return np.concatenate(
        [
            mean_and_std(librosa.feature.spectral_flatness(y=y)),
            mean_and_std(librosa.feature.spectral_contrast(y=y, sr=SR)),
            mean_and_std(librosa.onset.onset_strength(y=y, sr=SR)),
            wavelets(y),
        ]
    )


def wavelets(y: Array) -> Array:
    if pywt.dwt_max_level(len(y), WAVELET) < LEVEL:
        return np.full(4 * BANDS + 1, np.nan)
    bands = pywt.wavedec(y.astype(np.float64), WAVELET, level=LEVEL)
    energy = np.array([np.sum(c**2) for c in bands])
    mean_energy = np.array([np.mean(c**2) for c in bands])
    share = energy / energy.sum()
    sounding = share[share > 0]
    return np.concatenate(
        [
            np.log10(mean_energy),
            share,
            [np.mean(np.abs(c)) for c in bands],
            [np.std(c) for c in bands],
            [-np.sum(sounding * np.log2(sounding))],
        ]
    )


def compare(columns: Sequence[str], ours: Array, references: Array, silent: Array) -> int:
    """Print how far each column is from its reference; how many columns are outside."""
    tempo, onsets = columns.index("tempo"), columns.index("onset_strength_mean")
    undefined = np.isnan(ours) & silent[:, None]
    undefined[:, tempo] = np.isnan(ours[:, tempo]) & (references[:, onsets] == 0)
    ours = np.where(undefined, references, ours)
    apart = _common.difference(ours, references)
    outside = ~(apart <= BAR)
    outside[:, tempo] = apart[:, tempo] != 0
    show(
        "Largest differences",
        ["column", "relative", "relative, or near 0 of scale", "values outside"],
        [
            [name, f"{relative:.1e}", f"{largest:.1e}", str(count)]
            for name, relative, largest, count in zip(
                columns,
                purely_relative(ours, references).max(axis=0),
                apart.max(axis=0),
                outside.sum(axis=0),
                strict=True,
            )
        ],
    )
    count = int(outside.any(axis=0).sum())
    print(
        f"\ncolumns outside: {count} of {len(columns)}, values: {outside.sum()} of {outside.size}"
    )
    compared = int(np.sum(~undefined[:, tempo]))
    print(f"tempo equal: {compared - outside[:, tempo].sum()} of {compared}")
    print(f"not compared, undefined in featkit: {undefined.sum()} values")
    return count


def purely_relative(ours: Array, references: Array) -> Array:
    rows = zip(ours, references, strict=True)
    return np.concatenate([_common.difference(row[None], theirs[None]) for row, theirs in rows])


if __name__ == "__main__":
    # librosa speaks of silence and of clips shorter than a frame.
    warnings.simplefilter("ignore")
    main()
