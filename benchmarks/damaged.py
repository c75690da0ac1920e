"""Damaged files in every format: each must give a row or a failure with a cause.

    python benchmarks/damaged.py FOLDER [--variants 500] [--seed 0] [--keep FOLDER]

The exit status is 1 if a process dies, a file is lost or hangs, an error is not one of featkit, or
a row contains an infinite value. Formats that only PyAV writes are included if it is installed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np

import featkit
from featkit.audio import loading
from featkit.datasets import files
from featkit.executors import _loky

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import damage

SECONDS = 2.0
"""Seconds of each recording, from 1 s on."""

TIMEOUT = 30.0
"""Seconds after which a file counts as hanging."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="real recordings")
    parser.add_argument("--variants", type=int, default=500, help="damaged files (500)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the damage (0)")
    parser.add_argument("--keep", help="folder to keep the files in; by default they are removed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.keep or scratch)
        kinds = write_variants(options.folder, folder, options.variants, options.seed)
        faults = check(folder / "damaged", kinds)
    print("\n".join(faults) or "\nEach file gave a row or a failure; no process died.")
    sys.exit(bool(faults))


def write_variants(source: str, folder: Path, count: int, seed: int) -> dict[str, str]:
    """Write recordings in every format and damaged variants; return the damage by file name."""
    intact, damaged = folder / "whole", folder / "damaged"
    intact.mkdir(parents=True)
    damaged.mkdir()
    recordings = files.find([source])
    originals: list[Path] = []
    for k, place in enumerate(np.linspace(0, len(recordings) - 1, 4).astype(int)):
        y, sr = loading.load(recordings[place].file, sr=44100, offset=1.0, duration=SECONDS)
        # Every second one in stereo, with two different channels.
        channels = [y] if k % 2 else [y, 0.5 * y[::-1]]
        originals += damage.write_all(intact, f"{k}", np.stack(channels), round(sr))
    return damage.write_damaged(originals, damaged, count, seed)


def check(folder: Path, kinds: dict[str, str]) -> list[str]:
    """Extract all files with two workers and return the faults."""
    times: list[float] = []
    sizes = {name: folder.joinpath(name).stat().st_size for name in kinds}
    begin = time.perf_counter()
    extraction = featkit.extract(
        folder,
        features="genre75",
        n_jobs=2,
        timeout=TIMEOUT,
        progress=lambda _: times.append(time.perf_counter()),
    )
    rows = list(extraction.table.keys["path"])
    failures = {failure.path: failure for failure in extraction.failures}
    outcomes = dict.fromkeys(rows, "row") | dict.fromkeys(failures, "failure")
    counts = Counter(
        (Path(name).suffix, kinds[name], outcome) for name, outcome in outcomes.items()
    )
    _common.print_table(
        f"{len(kinds)} damaged files, {sum(sizes.values()) / 1e6:.0f} MB, by format and damage:"
        " rows + failures",
        ["format", *damage.KINDS],
        [
            [ending, *(_pair(counts, ending, kind) for kind in damage.KINDS)]
            for ending in sorted({Path(name).suffix for name in kinds})
        ],
    )
    _loky.shared_executor(2, _loky._store_settings()).shutdown(wait=True)
    waits = [late - early for early, late in itertools.pairwise([begin, *times])]
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\n{extraction.elapsed:.1f} s, the longest wait {max(waits):.1f} s,", end=" ")
    print(f"largest worker {memory:.0f} MB; causes of failures:")
    for cause, count in Counter(_cause(failure) for failure in failures.values()).most_common():
        print(f"{count:5} {cause}")
    faults = [f"{name}: lost" for name in kinds if name not in outcomes]
    faults += [f"{f.path}: {f.error}: {f.message}" for f in failures.values() if _is_fault(f)]
    infinite = np.isinf(extraction.table.values).any(axis=1)
    return faults + [f"{rows[k]}: infinite" for k in np.flatnonzero(infinite)]


def _pair(counts: Counter[tuple[str, str, str]], ending: str, kind: str) -> str:
    return f"{counts[ending, kind, 'row']} + {counts[ending, kind, 'failure']}"


def _is_fault(failure: featkit.Failure) -> bool:
    return failure.error != "AudioError" or os.fspath(Path.cwd()) in failure.message


def _cause(failure: featkit.Failure) -> str:
    return f"{failure.stage}: {failure.message}"[:120]


if __name__ == "__main__":
    main()
