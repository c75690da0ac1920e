"""Merge the tables of all shards to the table of one run, byte for byte.

The metadata of all files are read and compared first, so that every problem is reported before
anything is written. Then the rows are merged in the order of the recordings, in bounded memory; see
`featkit.batch.shards._merged_rows`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.progress import Activity, ProgressOption, reporting
from featkit.batch.outcomes import Extraction
from featkit.batch.shards._merged_rows import RowSource, merge_rows, n_passes
from featkit.batch.shards._opening import open_shards
from featkit.batch.shards.shard_file import ShardFile
from featkit.batch.shards.shard_record import PlacedFailure
from featkit.batch.targets import TableFile
from featkit.schema import NUMERIC_KEYS, QUALITY_DTYPES, Failure
from featkit.storage.urls import is_url
from featkit.storage.writing import check_no_input, check_writable, target_of
from featkit.table.failure_list import write_failures
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import check_table_target, failures_file, rows_per_block


def merge(
    shards: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    progress: ProgressOption = None,
) -> Extraction:
    """Merge the tables of all shards to the table of one run.

    Parameters
    ----------
    shards : path or sequence of paths
        The tables that `featkit.extract` wrote with `shard`, in any order. A folder means the
        Parquet files in it; those that are no shards are left out, with a remark.
    output : path
        The table to write; its suffix selects CSV or Parquet, and a name that ends in ``/`` is a
        folder of Parquet files. Failures are listed in ``<output>.failures.csv``. Both have the
        bytes of a run without shards.
    progress : callable, bool or None
        Receives a `featkit.Progress` as files, and then rows, are read; True shows a bar, False
        nothing, and None a bar in notebooks.

    Returns
    -------
    Extraction
        The table, the failures and remarks of all shards. All recordings without failure count as
        resumed.

    Raises
    ------
    ParameterError
        If there are no files, or `output` is one of them or cannot be written.
    TableError
        If shards are missing, doubled, damaged, or of other recordings, settings or versions; the
        message names all problems. Nothing is written.
    WriteError
        If `output` cannot be written.

    See Also
    --------
    featkit.extract : Its parameter `shard` makes the shards.
    """
    start = time.perf_counter()
    paths = [shards] if isinstance(shards, str | os.PathLike) else list(shards)
    check_table_target(output)
    check_writable(failures_file(output))
    with (
        reporting(progress) as report,
        open_shards(paths, Activity("reading", "files", report).report) as (files, remarks),
    ):
        for written in (output, failures_file(output)):
            check_no_input(written, [file.name for file in files])
        provenance = _provenance(files)
        n_features = len(provenance["columns"])
        target = TableFile(output, rows_per_block(n_features))
        merging = Activity("merging", "rows", report)
        target.write(_tables(files, provenance, target, merging))
        failures = _failures(files)
        write_failures(output, failures)
    n_failed = sum(len(file.record.failed_recordings) for file in files)
    n_recordings = files[0].record.listing.recordings
    return Extraction(
        failures=failures,
        files=n_recordings,
        resumed=n_recordings - n_failed,
        rows=sum(file.n_rows for file in files),
        columns=n_features,
        seconds=0.0,
        elapsed=time.perf_counter() - start,
        remarks=list(dict.fromkeys([*remarks, *_remarks(files)])),
        left_out=files[0].record.left_out,
        load=target.load,
    )


def _provenance(files: Sequence[ShardFile]) -> dict[str, Any]:
    """Provenance of one run: that of all shards, with the sums of the counts by decoder."""
    decoded: Counter[str] = Counter()
    decoders: dict[str, Any] = {}
    for file in files:
        decoded.update(file.record.decoded)
        decoders |= file.record.decoders
    return {**files[0].settings, "decoded": dict(decoded), "decoders": decoders}


def _failures(files: Sequence[ShardFile]) -> list[Failure]:
    """Failures in the order of one run: recordings, then annotations, each by place."""
    recordings = [failure for file in files for failure in file.record.failed_recordings]
    intervals = [failure for file in files for failure in file.record.failed_intervals]
    return [*_by_place(recordings), *_by_place(intervals)]


def _by_place(failures: Sequence[PlacedFailure]) -> list[Failure]:
    return [failure for _, failure in sorted(failures, key=lambda placed: placed[0])]


def _remarks(files: Sequence[ShardFile]) -> Iterator[str]:
    return (remark for file in files for remark in file.record.remarks)


def _tables(
    files: Sequence[ShardFile],
    provenance: dict[str, Any],
    target: TableFile,
    merging: Activity,
) -> Iterator[FeatureTable]:
    """Yield the rows of all shards in the order of one run."""
    max_rows = target.max_rows
    sources = [RowSource(file.row_places, _reader(file, max_rows)) for file in files]
    n_rows = sum(file.n_rows for file in files)
    total, done = n_rows * n_passes(len(sources)), 0

    def count(n_merged: int) -> None:
        nonlocal done
        done += n_merged
        merging.report(done, total)

    for table in merge_rows(sources, max_rows, _scratch_folder(target.path), count):
        yield _feature_table(table, provenance)


def _reader(file: ShardFile, max_rows: int) -> Callable[[], Generator[Any, None, None]]:
    return lambda: file.tables(max_rows)


def _scratch_folder(output: str | os.PathLike[str]) -> Path:
    """The folder of the output, which has room for the table, unless it is in a store."""
    if is_url(output):
        return Path(tempfile.gettempdir())
    return target_of(output).absolute().parent


def _feature_table(table: Any, provenance: dict[str, Any]) -> FeatureTable:
    """The rows of an Arrow table with the columns of an extraction."""
    features = [column["name"] for column in provenance["columns"]]
    others = {*QUALITY_DTYPES, *features}
    keys = [name for name in table.column_names if name not in others]
    values = np.empty((len(table), len(features)))
    for k, name in enumerate(features):
        values[:, k] = _numbers(table.column(name))
    return FeatureTable(
        {
            name: _numbers(table.column(name))
            if name in NUMERIC_KEYS
            else table.column(name).to_pylist()
            for name in keys
        },
        features,
        values,
        provenance,
        {
            name: np.array(table.column(name).to_pylist(), dtype=object)
            if dtype == "str"
            else _numbers(table.column(name))
            for name, dtype in QUALITY_DTYPES.items()
        },
    )


def _numbers(column: Any) -> Any:
    """A column of numbers or flags as float64, NaN where missing."""
    return column.cast("float64").to_numpy()
