"""The 518 columns of FMA's feature table: differences from librosa, and speed.

    python benchmarks/fma518.py [FOLDER] [--rounds N]

The reference is `tests/reference_values.py`, which calls librosa as FMA's script does, with one
shared STFT and one shared constant-Q transform, but passes the sample rate. The audio files of
FOLDER are compared at their own rate: each value must be within 1e-3 of librosa's, or within 1e-5
of the column's scale, its largest absolute value over the files. The exit status is 1 otherwise.

featkit uses librosa's constant-Q transform. For its columns, the comparison covers tuning, folding
to pitch classes, and the steps after it.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from itertools import groupby
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import Array, Target, print_speedup, print_table

import featkit

sys.path.append(str(Path(__file__).parent.parent / "tests"))
import reference_values

FMA518 = featkit.feature_set("fma518")
BAR = 1e-3

SR = 44100
"""Sample rate of most files of FMA, in Hz."""

SECONDS = 30.0

MAX_REFUSED_RATE = 12800.0
"""Sample rate in Hz up to which librosa cannot compute the seventh band of contrast."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="folder of audio files")
    parser.add_argument("--rounds", type=int, default=7, help="rounds per table (7)")
    options = parser.parse_args()
    show_speed(options.rounds)
    outside = numbers(options.folder) if options.folder else None
    sys.exit(_common.any_missed([Target("values outside", outside, at_most=0)]))


def show_speed(rounds: int) -> None:
    """Print both times. The music is played at twice its rate, which costs the same."""
    y = _common.synthetic_music(SECONDS * SR / _common.SR)
    rows = {
        "featkit": lambda: featkit.analyse([y], SR, FMA518)[0],
        "librosa, as FMA's script": lambda: reference_values.fma518(y, SR),
    }
    title = f"The 518 columns of fma518 of {SECONDS:g} s at {SR} Hz from memory"
    print_speedup(title, rows, rounds=rounds)


def numbers(folder: str) -> int:
    """Print the differences of each feature and return the number of values outside."""
    values, references = rows_of_both(folder)
    differences = _common.relative_difference(values, references)
    outside = ~(differences <= BAR)
    lines = []
    for feature, columns in groupby(range(len(reference_values.fma_keys())), feature_of):
        ks = list(columns)
        furthest = max(ks, key=lambda k: differences[:, k].max())
        largest = f"{differences[:, furthest].max():.1e}"
        lines.append([feature, FMA518.column_names[furthest], largest, str(outside[:, ks].sum())])
    print_table(
        f"Largest differences over {len(values)} files, relative or, near 0, of scale",
        ["feature", "furthest column", "difference", "values outside"],
        lines,
    )
    print(f"\nvalues outside: {outside.sum()} of {outside.size}")
    return int(outside.sum())


def rows_of_both(folder: str) -> tuple[Array, Array]:
    """Compute the rows of all files that both programs accept."""
    values, references = [], []
    for recording, y, sr in _common.load_all(folder, sr=None):
        if sr <= MAX_REFUSED_RATE or not y.any():
            print(
                f"skipped: {recording.file}: silent, or sample rate at most {MAX_REFUSED_RATE:g} Hz"
            )
            continue
        values.append(featkit.analyse([y], sr, FMA518)[0])
        references.append(reference_values.fma518(y, sr))
    return np.array(values), np.array(references)


def feature_of(k: int) -> str:
    return reference_values.fma_keys()[k][0]


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # librosa warns of silence and of clips shorter than a frame
    main()
