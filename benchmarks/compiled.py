"""Features with and without the compiled core, over the files of a folder.

    python benchmarks/compiled.py FOLDER [--every K]

For each feature set: the largest difference of a column relative to its scale, the standard
deviation over the files, and the time of both for a clip of 30 s. The exit status is 1 if a
difference is above 1e-5 of the scale, or if only one of the values is NaN.
"""

from __future__ import annotations

import argparse
from functools import partial

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import SR, Array, Target, any_missed, print_table, synthetic_music

import featkit
from featkit.dsp import _compiled

LARGEST = 1e-5
SETS = ("genre75", "standard")
WORST = 5
"""Columns in the table of a set."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="folder of audio files")
    parser.add_argument("--every", type=int, default=1, help="use every K-th file")
    arguments = parser.parse_args()
    if _compiled.core is None:
        raise SystemExit("featkit was built without a compiler, or FEATKIT_COMPILED is 0")
    loaded = _common.load_all(arguments.folder, SR)
    clips = [y for k, (_, y, _) in enumerate(loaded) if k % arguments.every == 0]
    targets = [target for name in SETS for target in compared(name, clips)]
    for name in SETS:
        rows = {
            "with the core": partial(analysed, [synthetic_music()], name, compiled=True),
            "by NumPy": partial(analysed, [synthetic_music()], name, compiled=False),
        }
        _common.print_speedup(f"{name}, 30 s from memory", rows, rounds=9)
    if any_missed(targets):
        raise SystemExit(1)


def analysed(clips: list[Array], name: str, *, compiled: bool) -> Array:
    """Features, with or without the compiled core."""
    core = _compiled.core
    try:
        _compiled.core = core if compiled else None
        return featkit.analyse(clips, SR, name)
    finally:
        _compiled.core = core


def compared(name: str, clips: list[Array]) -> list[Target]:
    """Print the columns that differ most; the targets are about all columns."""
    ours, reference = (analysed(clips, name, compiled=compiled) for compiled in (True, False))
    scale = np.nanstd(reference, axis=0)
    difference = np.abs(ours - reference) / np.where(scale > 0, scale, 1)
    largest = np.nanmax(difference, axis=0, initial=0)
    columns = featkit.feature_set(name).column_names
    order = np.argsort(-largest)[:WORST]
    rows = [[columns[k], f"{largest[k]:.1e}"] for k in order]
    title = f"{name}: {len(clips)} files, {len(columns)} columns"
    print_table(title, ["column", "largest difference / scale"], rows)
    lone = int(np.sum(np.isnan(ours) != np.isnan(reference)))
    return [
        Target(f"{name}: difference / scale", float(largest.max()), at_most=LARGEST),
        Target(f"{name}: values that only one of both defines", lone, at_most=0),
    ]


if __name__ == "__main__":
    main()
