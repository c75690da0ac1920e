"""Damaged variants of real files in every format: each ends as a row or as a failure with a cause.

    python benchmarks/damaged.py FOLDER [--variants 500] [--seed 0] [--keep FOLDER]

Exit status 1 if a process died, a file was lost, an error is not featkit's, or a row holds an
infinity, or a file hangs. Formats that PyAV writes are among them where it is installed.
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

import _common  # before NumPy: it sets one thread
import numpy as np

import featkit
from featkit.audio import loading
from featkit.batch import _pool
from featkit.datasets import files

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import damage

SECONDS = 2.0
"""Of each recording, from its middle."""

TIMEOUT = 30.0
"""Seconds for a file; one that takes longer hangs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="real recordings")
    parser.add_argument("--variants", type=int, default=500, help="damaged files (500)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (0)")
    parser.add_argument("--keep", help="folder for the files; left out, they are removed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.keep or scratch)
        kinds = write_variants(options.folder, folder, options.variants, options.seed)
        faults = check(folder / "damaged", kinds)
    print("\n".join(faults) or "\nEach ended as a row or a failure; no process died.")
    sys.exit(bool(faults))


def write_variants(source: str, folder: Path, count: int, seed: int) -> dict[str, str]:
    """Write real sound in every format, and its damaged variants; gives the kind of each."""
    whole, broken = folder / "whole", folder / "damaged"
    whole.mkdir(parents=True)
    broken.mkdir()
    recordings = files.find([source])
    written: list[Path] = []
    for k, place in enumerate(np.linspace(0, len(recordings) - 1, 4).astype(int)):
        y, sr = loading.load(recordings[place].file, sr=44100, offset=1.0, duration=SECONDS)
        # Every second one in stereo, of two different channels.
        channels = [y] if k % 2 else [y, 0.5 * y[::-1]]
        written += damage.write_all(whole, f"{k}", np.stack(channels), round(sr))
    return damage.write_damaged(written, broken, count, seed)


def check(folder: Path, kinds: dict[str, str]) -> list[str]:
    """Extract all by two workers, and say what is wrong."""
    times: list[float] = []
    before = {name: folder.joinpath(name).stat().st_size for name in kinds}
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
    ends = dict.fromkeys(rows, "row") | dict.fromkeys(failures, "failure")
    counts = Counter((Path(name).suffix, kinds[name], end) for name, end in ends.items())
    _common.show(
        f"{len(kinds)} damaged files, {sum(before.values()) / 1e6:.0f} MB, by format and damage:"
        " rows + failures",
        ["format", *damage.KINDS],
        [
            [ending, *(_pair(counts, ending, kind) for kind in damage.KINDS)]
            for ending in sorted({Path(name).suffix for name in kinds})
        ],
    )
    _pool.started(2).shutdown(wait=True)
    waits = [late - early for early, late in itertools.pairwise([begin, *times])]
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\n{extraction.elapsed:.1f} s, the longest wait {max(waits):.1f} s,", end=" ")
    print(f"largest worker {memory:.0f} MB; causes of failures:")
    for cause, count in Counter(_cause(failure) for failure in failures.values()).most_common():
        print(f"{count:5} {cause}")
    faults = [f"{name}: lost" for name in kinds if name not in ends]
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
