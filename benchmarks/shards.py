"""Shards: equal bytes, time and memory of a merge.

    python benchmarks/shards.py [--only files rows] [--files N] [--rows N]

`files` extracts 20,000 short synthetic recordings in one run and in 40 shards, and merges these.
Sound and features are minimal; everything else is real. Some files are damaged, so that there are
failures.

`rows` merges 1,000 shards with made-up values of the set `standard`. The shards and the table that
they are compared with are written by the functions that write those of an extraction.

Each merge is a process of its own, `featkit merge`; its memory is the peak of its resident set. The
exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile

import featkit
from featkit.audio.excerpt import Excerpt
from featkit.batch._provenance import corpus_options, provenance
from featkit.batch.shards._listing import describe_listing
from featkit.batch.shards.shard_record import METADATA_KEY, ShardRecord, settings_digest
from featkit.batch.shards.shares import Shard, shard_number
from featkit.datasets.files import Recording
from featkit.schema import QUALITY_DTYPES
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import rows_per_block, write_tables

SR = 8000

FEATURES = {
    "name": "tiny",
    "sample_rate": "native",
    "spectra": {"n_fft": 64, "hop_length": 32, "n_mels": 8},
    "features": [{"family": "zero_crossing_rate", "statistics": ["mean"]}],
}

N_CONTENTS = 500
"""Number of different recordings."""

N_FILES = 20_000
N_FILE_SHARDS = 40
EVERY_DAMAGED = 500
"""One file of so many is damaged."""

N_ROWS = 100_000
N_ROW_SHARDS = 1_000
LABELS = ("blues", "jazz", "rock")

MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
status = subprocess.run([sys.executable, "-m", "featkit", *sys.argv[1:]]).returncode
seconds = time.perf_counter() - start
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(status, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


class Merge(NamedTuple):
    """Result of a merge: whether all files are equal to those of one run, seconds, and MB."""

    equal: bool
    seconds: float
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=("files", "rows"), default=("files", "rows"))
    parser.add_argument("--files", type=int, default=N_FILES)
    parser.add_argument("--rows", type=int, default=N_ROWS)
    parser.add_argument("--folder", type=Path, help="folder for temporary files")
    arguments = parser.parse_args()
    files = rows = None
    if "files" in arguments.only:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            files = merge_files(Path(name), arguments.files)
    if "rows" in arguments.only:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            rows = merge_made_up(Path(name), arguments.rows)
    equal, seconds = f"{N_FILE_SHARDS} shards: equal bytes", f"{N_ROW_SHARDS} shards: seconds"
    missed = _common.any_missed(
        [
            _common.Target(equal, files and float(files.equal), at_least=1),
            _common.Target(f"{N_ROW_SHARDS} shards: equal bytes", rows and rows.equal, at_least=1),
            _common.Target(seconds, rows and rows.seconds, at_most=60),
        ]
    )
    sys.exit(missed)


def merge_files(folder: Path, n_files: int) -> Merge:
    """Extract files in one run and in shards, and merge the shards."""
    write_corpus(folder / "corpus", n_files)
    options: dict[str, Any] = {"features": FEATURES, "labels": "folder:2"}
    shards = [folder / f"{number}.parquet" for number in range(1, N_FILE_SHARDS + 1)]
    start = time.perf_counter()
    for number, shard in enumerate(shards, start=1):
        share = f"{number}/{N_FILE_SHARDS}"
        featkit.extract(folder / "corpus", output=shard, shard=share, **options)
    print(f"{N_FILE_SHARDS} shards of {n_files} files: {time.perf_counter() - start:.1f} s")
    table = folder / "one.parquet"
    start = time.perf_counter()
    run = featkit.extract(folder / "corpus", output=table, **options)
    print(
        f"one run: {time.perf_counter() - start:.1f} s, {run.rows} rows,"
        f" {len(run.failures)} failures"
    )
    return merge(list(map(str, shards)), folder / "merged.parquet", table, n_files)


def write_corpus(folder: Path, n_files: int) -> None:
    """Write recordings of 20 ms in folders of 100; many are links to the same content."""
    random = np.random.default_rng(0)
    originals = folder.parent / "originals"
    originals.mkdir()
    (originals / "damaged.wav").write_text("no sound")
    for k in range(N_CONTENTS):
        soundfile.write(originals / f"{k}.wav", random.normal(0, 0.1, SR // 50), SR)
    for k in range(n_files):
        file = folder / LABELS[k % 3] / f"{k // 100:04}" / f"{k:06}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        name = f"{k % N_CONTENTS}.wav" if k % EVERY_DAMAGED else "damaged.wav"
        os.link(originals / name, file)


def merge(shards: Sequence[str], output: Path, table: Path, max_failures: int) -> Merge:
    """Merge shards in a process of its own, and compare the result with a table."""
    arguments = ["merge", *shards, "-o", str(output), "--max-failures", str(max_failures)]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *arguments], check=True, capture_output=True, text=True
    )
    status, seconds, cpu, peak = map(float, done.stdout.split())
    pairs = [(output, table)]
    failures = Path(f"{table}.failures.csv")
    if failures.exists():
        pairs.append((Path(f"{output}.failures.csv"), failures))
    equal = status == 0 and all(filecmp.cmp(*pair, shallow=False) for pair in pairs)
    megabytes = table.stat().st_size / 2**20
    outcome = "equal" if equal else f"different: {done.stderr}"
    print(
        f"merge of {len(shards)} shards to {table.suffix}, {megabytes:.0f} MB: {seconds:.1f} s"
        f" ({cpu:.1f} s of CPU), {peak:.0f} MB of memory, {outcome}"
    )
    return Merge(equal, seconds, peak)


def merge_made_up(folder: Path, n_rows: int) -> Merge:
    """Merge shards with made-up values."""
    features = featkit.feature_set("standard")
    recordings = [made_up_recording(k) for k in range(n_rows)]
    corpus = corpus_options(labels="folder")
    start = time.perf_counter()
    listing = describe_listing(recordings)
    shares: dict[int, list[int]] = {number: [] for number in range(1, N_ROW_SHARDS + 1)}
    for k, recording in enumerate(recordings):
        shares[shard_number(recording.path, N_ROW_SHARDS)].append(k)
    counts = {"libsndfile": n_rows}
    whole = provenance(features, Excerpt(), decoded=counts, corpus=corpus)
    settings = settings_digest(whole)
    files = []
    for number, places in shares.items():
        origin = {**whole, "decoded": {"libsndfile": len(places)}}
        record = ShardRecord(
            shard=Shard(number, N_ROW_SHARDS),
            settings=settings,
            decoders=origin["decoders"],
            decoded=origin["decoded"],
            listing=listing,
            places=np.array(places, dtype=np.int64),
            rows=np.ones(len(places), dtype=np.int64),
            failed_recordings=[],
            failed_intervals=[],
            remarks=[],
            left_out={},
        )
        files.append(str(folder / f"{number}.parquet"))
        tables = made_up_tables(recordings, places, features, origin, record)
        write_tables(files[-1], tables)
    one = folder / "one.parquet"
    write_tables(one, made_up_tables(recordings, range(n_rows), features, whole, None))
    print(f"{n_rows} made-up rows, written twice: {time.perf_counter() - start:.1f} s")
    return merge(files, folder / "merged.parquet", one, 0)


def made_up_recording(place: int) -> Recording:
    label = LABELS[place % len(LABELS)]
    return Recording("", f"{label}/{place // 100:05}/{place:07}.wav", fields={"label": label})


def made_up_tables(
    recordings: Sequence[Recording],
    places: Sequence[int],
    features: featkit.FeatureSet,
    origin: dict[str, Any],
    record: ShardRecord | None,
) -> Iterator[FeatureTable]:
    """Yield the rows of some recordings, whose values depend on their places only."""
    names = list(features.column_names)
    size = rows_per_block(len(names))
    for first in range(0, max(1, len(places)), size):
        part = places[first : first + size]
        # The mantissas are those of random numbers: they cannot be compressed.
        values = np.array([np.random.default_rng(k).normal(size=len(names)) for k in part])
        quality = {
            name: np.array(["WAV PCM_16"] * len(part), dtype=object)
            if dtype == "str"
            else np.array(part, dtype=np.int64).astype(dtype)
            for name, dtype in QUALITY_DTYPES.items()
        }
        keys = {
            "path": [recordings[k].path for k in part],
            "start": np.zeros(len(part)),
            "end": np.array(part, dtype=np.float64),
            "label": [recordings[k].fields["label"] for k in part],
        }
        metadata = {} if record is None else {METADATA_KEY: record.to_bytes()}
        values = values.reshape(-1, len(names))
        yield FeatureTable(keys, names, values, origin, quality, extra_metadata=metadata)


if __name__ == "__main__":
    main()
