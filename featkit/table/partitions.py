"""Partitioned tables: a folder of Parquet files with a fixed number of rows each.

The folder holds part files and a commit file, which is written last:

- ``part-000000-<digest>.parquet`` and so on, so that sorted names give the order of the rows. The
  name contains the first 16 digits of the SHA-256 of the file: a name never denotes two contents.
  Each file has the schema and the provenance of the table.
- ``_featkit.json``: names, rows, sizes and digests of the parts. Programs that read a folder of
  Parquet files, such as pyarrow, pandas and Dask, ignore names that begin with ``_``.

The same tables give the same files. In a local folder, a new table replaces the old one in one step
(`featkit.storage.folders`). In a store, new parts are uploaded first, then the commit file, and
last the old parts are deleted: who reads by the commit file gets the old or the new table.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from featkit.errors import StoreError, TableError, WriteError
from featkit.storage.folders import (
    PART_FILE,
    check_folder_writable,
    check_parts_only,
    replacing_folder,
)
from featkit.storage.urls import is_url, join_url, shown
from featkit.storage.writing import COMMIT_FILE, check_store_writable, remove, replacing, sync
from featkit.table.commit_file import Commit, Part, check_parts, file_in
from featkit.table.csv_writing import surrogate_errors
from featkit.table.parquet_reading import ParquetFiles, open_files
from featkit.table.parquet_writing import row_groups, write_groups
from featkit.table.table_files import rows_per_block

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable

VALUES_PER_PART = 2**24
"""Most feature values of a part (134 MB as float64), unless a single row group has more."""

MAX_ROWS_PER_PART = 2**20
"""Most rows of a part; it counts for few features, beside which the keys take most space."""


def rows_per_part(n_features: int) -> int:
    """Return the number of rows of a part, which depends on the number of features alone.

    Parameters
    ----------
    n_features : int
        Number of features.

    Returns
    -------
    int
        A multiple of `featkit.table.table_files.rows_per_block`.

    Examples
    --------
    >>> rows_per_part(75), rows_per_part(1000)
    (223680, 16768)
    """
    block = rows_per_block(n_features)
    rows = min(VALUES_PER_PART // max(1, n_features), MAX_ROWS_PER_PART)
    return block * max(1, rows // block)


def write_partitioned(path: str | os.PathLike[str], tables: Iterable[FeatureTable]) -> None:
    """Write tables with the same columns to a folder, in place of the table that it holds.

    Parameters
    ----------
    path : path or URL
        The folder.
    tables : iterable of FeatureTable
        At least one table. Each is requested when the previous one is written.

    Raises
    ------
    ParameterError
        If the folder contains anything else.
    TableError
        If a text contains half of a surrogate pair.
    WriteError
        If it cannot be written.
    """
    if is_url(path):
        _write_to_store(os.fspath(path), tables)
        return
    with replacing_folder(path) as folder:
        commit = write_parts(folder, tables)
        file = folder / COMMIT_FILE
        file.write_bytes(commit.encode())
        sync(file)


def _write_to_store(url: str, tables: Iterable[FeatureTable]) -> None:
    """Upload the parts as they are finished, then the commit file, and delete other parts."""

    def upload(file: Path) -> None:
        with replacing(join_url(url, file.name)) as scratch:
            shutil.move(file, scratch)

    with TemporaryDirectory(prefix="featkit-", ignore_cleanup_errors=True) as folder:
        commit = write_parts(Path(folder), tables, upload)
        file = Path(folder, COMMIT_FILE)
        file.write_bytes(commit.encode())
        upload(file)
    written = {part.name for part in commit.parts}
    for name in _names_in_store(url):
        if PART_FILE.fullmatch(name) and name not in written:
            remove(join_url(url, name))


def _names_in_store(url: str) -> list[str]:
    from featkit.storage.listing import list_files

    try:
        return sorted(file.path for file in list_files(url))
    except StoreError as error:
        if error.errno == errno.ENOENT:  # no such folder yet
            return []
        raise WriteError(str(error)) from None


def check_partitioned_target(path: str | os.PathLike[str]) -> None:
    """Check that a partitioned table can be written to a folder, before any work is done.

    Parameters
    ----------
    path : path or URL
        The folder, which need not exist.

    Raises
    ------
    ParameterError
        As for `featkit.storage.folders.check_folder_writable`.
    WriteError
        If a store cannot be listed.
    """
    if not is_url(path):
        check_folder_writable(path)
        return
    check_store_writable(os.fspath(path))
    check_parts_only(shown(path), _names_in_store(os.fspath(path)), interrupted=True)


def write_parts(
    folder: Path,
    tables: Iterable[FeatureTable],
    finished: Callable[[Path], None] = lambda _: None,
) -> Commit:
    """Write the parts of tables with the same columns; the caller writes the commit file.

    Parameters
    ----------
    folder : Path
        An empty folder.
    tables : iterable of FeatureTable
        At least one table. Each is requested when the previous one is written.
    finished : callable
        Called with the file of each finished part, which it may move: for a store, it uploads the
        file and deletes it.

    Returns
    -------
    Commit
        Its `encode` returns the content of the commit file.

    Raises
    ------
    TableError
        If a text contains half of a surrogate pair.
    """
    tables = iter(tables)
    first = next(tables)
    n_features = len(first.feature_names)
    n_groups = rows_per_part(n_features) // rows_per_block(n_features)
    parts: list[Part] = []
    with surrogate_errors():
        groups = row_groups(chain([first], tables))
        for group in groups:
            further = islice(groups, n_groups - 1)
            part, file = _write_part(folder, len(parts), chain([group], further))
            finished(file)
            parts.append(part)
    return Commit(tuple(parts))


def _write_part(folder: Path, number: int, groups: Iterator[Any]) -> tuple[Part, Path]:
    import pyarrow.parquet as pq

    scratch = folder / f"part-{number:06d}.unfinished"
    write_groups(scratch, groups)
    sync(scratch)
    digest = _digest(scratch)
    file = scratch.rename(folder / f"part-{number:06d}-{digest[:16]}.parquet")
    with file.open("rb") as stream:
        rows = pq.read_metadata(stream).num_rows
    return Part(file.name, rows, file.stat().st_size, digest), file


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def committed_files(folder: str | os.PathLike[str], commit: Commit) -> ParquetFiles:
    """Return the parts of a table for reading.

    Parameters
    ----------
    folder : path or URL
        The folder.
    commit : Commit
        Content of its commit file.

    Returns
    -------
    ParquetFiles
        It checks the digest of each part before its rows are read.

    Raises
    ------
    TableError
        As for `check_parts`; in stores, other files are ignored, since an interrupted write leaves
        them there.
    """
    if not is_url(folder):
        check_parts(Path(folder), commit)
    paths = [file_in(folder, part.name) for part in commit.parts]

    def check(number: int, file: Path) -> None:
        if _digest(file) != commit.parts[number].sha256:
            raise TableError(
                f"{shown(paths[number])}: was changed after it was written: restore it, or write"
                " the table again"
            )

    files = open_files(folder, paths[:1])
    return replace(files, paths=paths, rows=commit.rows, check=check)
