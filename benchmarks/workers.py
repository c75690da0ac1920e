"""What a second worker is worth: the same files on one and on two, and whether tables are equal.

    python benchmarks/workers.py [FOLDER] [--features NAME|FILE.toml] [--rounds N]

The files are repeated, as links of other names, until one worker needs 20 s. Workers are started
anew each time, as a command does.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import _common  # before NumPy: it sets one thread
import numpy as np

import featkit
from featkit.batch import _pool
from featkit.datasets import files, synthetic

ENOUGH_SECONDS = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="sound files; left out, a made-up corpus")
    parser.add_argument("--features", default="genre75", help="feature set (genre75)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or str(Path(scratch) / "corpus")
        if not options.folder:
            synthetic.write_corpus(folder)
        many = Path(scratch) / "many"
        compare(repeated(folder, many, options.features), options.features, options.rounds)


def repeated(folder: str, target: Path, features: str) -> Path:
    """A folder with the files so many times that one worker has enough to do."""
    featkit.extract(folder, features=features, duration=1.0)  # what a first call costs is no work
    once = featkit.extract(folder, features=features).elapsed
    for k in range(math.ceil(ENOUGH_SECONDS / once)):
        for recording in files.find([folder]):
            link = target / f"{k:04d}" / recording.path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path(recording.file).absolute())
    return target


def compare(folder: Path, features: str, rounds: int) -> None:
    extractions: dict[int, featkit.Extraction] = {}

    def extract(n_jobs: int) -> None:
        _pool.started.cache_clear()
        extractions[n_jobs] = featkit.extract(folder, features=features, n_jobs=n_jobs)

    seconds = _common.interleaved(
        {"1": lambda: extract(1), "2": lambda: extract(2)}, rounds=rounds, twice=False
    )
    one, two = extractions[1], extractions[2]
    _common.show(
        f"{features} of {len(one.table)} files, {one.seconds:.0f} s of sound",
        ["workers", "s", "s of sound a second", "faster than one by"],
        [
            [
                name,
                f"{np.median(taken):.1f}",
                f"{one.seconds / np.median(taken):.0f}",
                f"{_common.ratio(seconds['1'], taken):.2f}",
            ]
            for name, taken in seconds.items()
        ],
    )
    if not same_bits(one, two):
        raise SystemExit("the tables of one and of two workers differ")
    print("\nThe tables are equal to the bit.")


def same_bits(one: featkit.Extraction, two: featkit.Extraction) -> bool:
    keys = ["path", "start", "end"]
    return (
        one.failures == two.failures
        and one.table.data[keys].equals(two.table.data[keys])
        and one.table.features.to_numpy().tobytes() == two.table.features.to_numpy().tobytes()
    )


if __name__ == "__main__":
    main()
