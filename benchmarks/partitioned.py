"""Memory and time of tables in parts: 2 million made-up rows of the 75 columns of genre75.

    python benchmarks/partitioned.py [--rows N] [--folder FOLDER]

Rows go through the target that ``featkit extract -o features/`` writes to, in tables of the same
size; then the table is read in blocks, and completely for comparison. Every step runs in a process
of its own, whose peak is measured. Read rows are compared with those that were made, and the files
with those of a second write. The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import Target

from featkit.batch.targets import TableFile
from featkit.features.sets.loading import feature_set
from featkit.schema import MEASURED_QUALITY
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import read_blocks, row_count, rows_per_block

ROWS = 2_000_000

SHARES = (1 / 8, 1 / 2, 1)
"""Sizes that are measured, as shares of the rows."""

MAX_MEGABYTES = 500
"""Target for writing and reading in blocks."""

MAX_GROWTH = 1.15
"""Target for the peak with all rows, relative to the peak with an eighth of them."""


class Step(NamedTuple):
    """What a process measured."""

    wall: float
    cpu: float
    megabytes: float
    result: str


def made_tables(rows: int) -> Iterator[FeatureTable]:
    """Tables of made-up rows, as a batch hands them to its target."""
    columns = feature_set("genre75").columns
    names = [column.name for column in columns]
    provenance = {"columns": [{"name": name, "family": "made up"} for name in names]}
    size = rows_per_block(len(names))
    for start in range(0, rows, size):
        count = min(size, rows - start)
        rng = np.random.default_rng(start)
        numbers = range(start, start + count)
        keys = {
            "path": [f"{row % 10:02d}/recording-{row:08d}.flac" for row in numbers],
            "start": np.zeros(count),
            "end": np.full(count, 5.0),
            "label": [f"class {row % 10}" for row in numbers],
        }
        quality = {one.name: np.zeros(count, one.dtype) for one in MEASURED_QUALITY}
        # Numbers of 24 bits, since features are as exact as float32 and compress likewise.
        values = rng.standard_normal((count, len(names)), np.float32).astype(np.float64)
        yield FeatureTable(keys, names, values, provenance, quality)


def write(path: str, rows: int) -> str:
    target = TableFile(path, rows_per_block(75))
    target.write(made_tables(rows))
    return ""


def read_in_blocks(path: str, rows: int) -> str:
    digest, count = hashlib.sha256(), 0
    for block in read_blocks(path):
        digest.update(block.values.tobytes())
        count += len(block)
    assert count == rows == row_count(path)
    return digest.hexdigest()


def read_one_column(path: str, rows: int) -> str:
    return str(sum(len(block) for block in read_blocks(path, features=["tempo"])))


def read_completely(path: str, rows: int) -> str:
    return hashlib.sha256(np.ascontiguousarray(FeatureTable.read(path).values)).hexdigest()


def make_only(path: str, rows: int) -> str:
    digest = hashlib.sha256()
    for table in made_tables(rows):
        digest.update(table.values.tobytes())
    return digest.hexdigest()


STEPS = {
    function.__name__: function
    for function in (write, read_in_blocks, read_one_column, read_completely, make_only)
}


def run(step: str, path: Path, rows: int, *, slash: bool = True) -> Step:
    """Run a step in a process of its own."""
    name = f"{path}/" if slash else str(path)
    command = [sys.executable, __file__, "--step", step, "--folder", name, "--rows", str(rows)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Step(*map(float, lines[:3]), *(lines[3:] or [""]))


def measure(step: str, path: str, rows: int) -> None:
    wall = time.perf_counter()
    result = STEPS[step](path, rows)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    print(time.perf_counter() - wall, cpu, usage.ru_maxrss / 1024, result)


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def main(folder: Path, rows: int) -> bool:
    steps: dict[tuple[str, int], Step] = {}
    table = []
    for share in SHARES:
        count = round(rows * share)
        path = folder / f"features-{count}"
        for step in ("write", "read_in_blocks", "read_one_column", "make_only"):
            steps[step, count] = run(step, path, count)
        files = list(path.glob("part-*"))
        megabytes = sum(file.stat().st_size for file in files) / 1e6
        line = [f"{count:,}", f"{len(files)}", f"{megabytes:.0f}"]
        for step in ("make_only", "write", "read_in_blocks", "read_one_column"):
            one = steps[step, count]
            line.append(f"{one.megabytes:.0f} MB, {one.cpu:.0f} s, {one.wall:.0f} s")
        table.append(line)
        print(" | ".join(line), flush=True)
    titles = ["rows made", "written", "read in blocks", "one column read"]
    header = ["rows", "parts", "MB", *(f"{title}: peak, CPU, elapsed" for title in titles)]
    _common.print_table("Tables in parts", header, table)

    few, many = round(rows * SHARES[0]), rows
    whole = run("read_completely", folder / f"features-{few}", few)
    single = folder / "one.parquet"
    one_file = run("write", single, many, slash=False)
    one_read = run("read_in_blocks", single, many, slash=False)
    print(
        f"one file, {many:,} rows: written with {one_file.megabytes:.0f} MB, {one_file.cpu:.0f} s;"
        f" read in blocks with {one_read.megabytes:.0f} MB, {one_read.cpu:.0f} s"
    )
    print(f"all {few:,} rows read at once: {whole.megabytes:.0f} MB, {whole.cpu:.0f} s")
    again = folder / "again"
    run("write", again, few)
    same_files = digests(again) == digests(folder / f"features-{few}")
    same_rows = all(
        steps["read_in_blocks", round(rows * share)].result
        == steps["make_only", round(rows * share)].result
        for share in SHARES
    )
    same_rows = same_rows and one_read.result == steps["make_only", many].result
    targets = [
        Target("rows read equal the rows written, bit for bit", float(same_rows), at_least=1),
        Target("files equal those of a second write", float(same_files), at_least=1),
    ]
    for step, name in (("write", "writing"), ("read_in_blocks", "reading in blocks")):
        peak, least = steps[step, many].megabytes, steps[step, few].megabytes
        targets.append(Target(f"MB for {name} {many:,} rows", peak, at_most=MAX_MEGABYTES))
        growth = f"peak of {name} {many:,} rows relative to {few:,}"
        targets.append(Target(growth, peak / least, at_most=MAX_GROWTH))
    return _common.any_missed(targets)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", help="an existing folder for about 5 GB")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        measure(options.step, options.folder, options.rows)
        sys.exit()
    scratch = Path(tempfile.mkdtemp(prefix="featkit-parts-", dir=options.folder))
    try:
        sys.exit(main(scratch, options.rows))
    finally:
        shutil.rmtree(scratch)
