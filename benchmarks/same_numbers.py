"""Differences between the features of featkit and librosa over the files of a folder.

    python benchmarks/same_numbers.py FOLDER

A value is outside if it differs from the reference by more than 1e-4 of the reference and by more
than 1e-6 of the column's scale, its largest absolute value over the files; a tempo must be equal.
The reference of wavelets is PyWavelets in double precision. In digital silence, and for the tempo
of a clip without onsets, featkit gives NaN where librosa gives a number: these values are counted,
not compared. The exit status is 1 if a value is outside.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence

import _common  # before NumPy, since it sets the number of threads
import librosa
import numpy as np
import pywt
from _common import SR, Array, mean_and_std, print_table

import featkit
from featkit.datasets.files import Recording

TOLERANCE = 1e-4
SAMPLE_TOLERANCE = 1e-6
"""Largest difference of decoded samples, relative to full scale: the channel mean is rounded."""

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
    parser.add_argument("folder", help="folder of audio files")
    folder = parser.parse_args().folder
    sets = [featkit.feature_set("genre75"), featkit.feature_set(OTHERS)]
    columns = [name for features in sets for name in features.column_names]
    values, references, silent, largest = [], [], [], 0.0
    for recording, y, _ in _common.load_all(folder, SR):
        largest = max(largest, sample_difference(recording, y))
        values.append(np.concatenate([featkit.analyse([y], SR, features)[0] for features in sets]))
        references.append(np.concatenate([_common.librosa_row(y), other_families(y)]))
        silent.append(not y.any())
    print(f"{len(values)} files; featkit.load and librosa.load differ by at most {largest:.1e}")
    outside = compare(columns, np.array(values), np.array(references), np.array(silent))
    if outside or largest > SAMPLE_TOLERANCE:
        raise SystemExit(1)


def sample_difference(recording: Recording, y: Array) -> float:
    """Largest difference of a sample; infinite if the numbers of samples differ."""
    reference, _ = librosa.load(recording.file, sr=SR)
    return float(np.abs(y - reference).max()) if len(y) == len(reference) else np.inf


def other_families(y: Array) -> Array:
    """Compute the reference of the families outside genre75."""
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
    nonzero = share[share > 0]
    return np.concatenate(
        [
            np.log10(mean_energy),
            share,
            [np.mean(np.abs(c)) for c in bands],
            [np.std(c) for c in bands],
            [-np.sum(nonzero * np.log2(nonzero))],
        ]
    )


def compare(columns: Sequence[str], values: Array, references: Array, silent: Array) -> int:
    """Print the differences of each column and return the number of columns outside."""
    tempo, onsets = columns.index("tempo"), columns.index("onset_strength_mean")
    undefined = np.isnan(values) & silent[:, None]
    undefined[:, tempo] = np.isnan(values[:, tempo]) & (references[:, onsets] == 0)
    values = np.where(undefined, references, values)
    differences = _common.relative_difference(values, references)
    outside = ~(differences <= TOLERANCE)
    outside[:, tempo] = differences[:, tempo] != 0
    print_table(
        "Largest differences",
        ["column", "relative", "relative or, near 0, of scale", "values outside"],
        [
            [name, f"{relative:.1e}", f"{largest:.1e}", str(count)]
            for name, relative, largest, count in zip(
                columns,
                purely_relative(values, references).max(axis=0),
                differences.max(axis=0),
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
    print(f"not compared because undefined in featkit: {undefined.sum()} values")
    return count


def purely_relative(values: Array, references: Array) -> Array:
    """Relative differences without a scale: each row is compared alone."""
    rows = zip(values, references, strict=True)
    return np.concatenate(
        [_common.relative_difference(row[None], reference[None]) for row, reference in rows]
    )


if __name__ == "__main__":
    # librosa warns of silence and of clips shorter than a frame.
    warnings.simplefilter("ignore")
    main()
