"""The 518 columns of FMA's feature table: whether they are librosa's, and how fast.

    python benchmarks/fma518.py [FOLDER] [--rounds N]

Librosa is called as FMA's script calls it, one STFT and one constant-Q transform for all, but with
the rate: by the reference of the tests, `tests/oracle.py`. Of the sound files of FOLDER, if one is
given, at their own rate, every value has to be within 1e-3 of librosa's, or within 1e-5 of the
column's scale, its largest absolute value over the files. The exit status is 1 if one is outside.

The constant-Q transform is librosa's in featkit, too: what is compared of its columns is the
tuning, what is folded into pitch classes and all that follows, and what is saved is the rest.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from itertools import groupby
from pathlib import Path

import _common  # before NumPy: it sets one thread
import numpy as np
from _common import Array, Bar, show, times_faster

import featkit

sys.path.append(str(Path(__file__).parent.parent / "tests"))
import oracle

FMA518 = featkit.feature_set("fma518")
BAR = 1e-3

SR = 44100
"""The rate of most of FMA's files, in Hz."""

SECONDS = 30.0

LOWEST = 12800.0
"""Up to this rate in Hz librosa has no seventh band of contrast, and refuses the file."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="sound files, at any depth")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the times (7)")
    options = parser.parse_args()
    show_speed(options.rounds)
    outside = numbers(options.folder) if options.folder else None
    sys.exit(_common.missed([Bar("values outside", outside, most=0)]))


def show_speed(rounds: int) -> None:
    """Print both times, of music that is played at twice its rate: that costs the same."""
    y = _common.music(SECONDS * SR / _common.SR)
    rows = {
        "featkit": lambda: featkit.analyse([y], SR, FMA518)[0],
        "librosa, as FMA's script": lambda: oracle.fma518(y, SR),
    }
    title = f"The 518 columns of fma518 of {SECONDS:g} s at {SR} Hz from memory"
    times_faster(title, rows, rounds=rounds)


def numbers(folder: str) -> int:
    """Print how far each feature is from librosa's; how many values are outside."""
    ours, theirs = rows_of_both(folder)
    apart = _common.difference(ours, theirs)
    outside = ~(apart <= BAR)
    lines = []
    for feature, columns in groupby(range(len(oracle.fma_keys())), feature_of):
        ks = list(columns)
        furthest = max(ks, key=lambda k: apart[:, k].max())
        difference = f"{apart[:, furthest].max():.1e}"
        lines.append(
            [feature, FMA518.column_names[furthest], difference, str(outside[:, ks].sum())]
        )
    show(
        f"Largest differences over {len(ours)} files, relative, or near 0 of scale",
        ["feature", "furthest column", "difference", "values outside"],
        lines,
    )
    print(f"\nvalues outside: {outside.sum()} of {outside.size}")
    return int(outside.sum())


def rows_of_both(folder: str) -> tuple[Array, Array]:
    """The rows of all files, but of those of which one of the two has no numbers."""
    ours, theirs = [], []
    for recording, y, sr in _common.sounds(folder, sr=None):
        if sr <= LOWEST or not y.any():
            print(f"left out: {recording.file}: silent, or of a rate of {LOWEST:g} Hz or less")
            continue
        ours.append(featkit.analyse([y], sr, FMA518)[0])
        theirs.append(oracle.fma518(y, sr))
    return np.array(ours), np.array(theirs)


def feature_of(k: int) -> str:
    return oracle.fma_keys()[k][0]


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # librosa speaks of silence and of clips shorter than a frame
    main()
