"""Speedup by a second worker, and equality of the tables.

    python benchmarks/workers.py [FOLDER] [--features NAME|FILE.toml] [--rounds N]

The files are repeated as symbolic links until one worker needs 20 s. Workers are started again for
each measurement, as by a command.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np

import featkit
from featkit.datasets import files, synthetic
from featkit.executors import _loky

MIN_SECONDS = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="audio files; default: a synthetic corpus")
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
    """Link the files as often as needed to keep one worker busy for `MIN_SECONDS`."""
    featkit.extract(folder, features=features, duration=1.0)  # warm-up
    once = featkit.extract(folder, features=features).elapsed
    for k in range(math.ceil(MIN_SECONDS / once)):
        for recording in files.find([folder]):
            link = target / f"{k:04d}" / recording.path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path(recording.file).absolute())
    return target


def compare(folder: Path, features: str, rounds: int) -> None:
    extractions: dict[int, featkit.Extraction] = {}

    def extract(n_jobs: int) -> None:
        _loky.shared_executor.cache_clear()
        extractions[n_jobs] = featkit.extract(folder, features=features, n_jobs=n_jobs)

    seconds = _common.interleaved(
        {"1": lambda: extract(1), "2": lambda: extract(2)}, rounds=rounds, twice=False
    )
    one, two = extractions[1], extractions[2]
    _common.print_table(
        f"{features} of {len(one.table)} files, {one.seconds:.0f} s of audio",
        ["workers", "s", "s of audio per second", "speedup"],
        [
            [
                name,
                f"{np.median(taken):.1f}",
                f"{one.seconds / np.median(taken):.0f}",
                f"{_common.speedup(seconds['1'], taken):.2f}",
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
