"""Folders of Parquet files: tables that featkit wrote in parts, or that other programs wrote.

A folder of sequences (`featkit.table.sequences.folder`) is read here, too: its index is a Parquet
file.

A folder with a commit file (`featkit.table.partitions`) is checked against it. In other folders,
the parts are the ``.parquet`` files in the order of their names, as in `pyarrow.dataset`; names
that begin with ``_`` or ``.`` are ignored. In stores, only tables with a commit file are read; a
part is fetched when its rows are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from featkit.errors import TableError
from featkit.storage.folders import existing_folder, has_commit
from featkit.storage.reading import exists
from featkit.storage.urls import is_url, join_url, shown
from featkit.storage.writing import COMMIT_FILE
from featkit.table.columns import ColumnSelection, TableColumns
from featkit.table.commit_file import read_commit, visible_names
from featkit.table.parquet_reading import (
    ParquetFiles,
    open_files,
    read_column_blocks,
    read_columns,
)
from featkit.table.partitions import (
    check_partitioned_target,
    committed_files,
    write_partitioned,
)
from featkit.table.sequences.folder import is_sequence_folder, read_sequence_commit
from featkit.table.sequences.reading import index_files, mapped_sequences
from featkit.table.table_files import TableFormat

PathLike = str | os.PathLike[str]
R = TypeVar("R")

TRIES = 3
"""How often a table is read that is replaced meanwhile."""


def _holds_table(path: PathLike) -> bool:
    """Whether there is a commit file, or nothing but Parquet files."""
    if is_url(path):
        return exists(join_url(os.fspath(path), COMMIT_FILE))
    folder = existing_folder(path)
    if folder is None or has_commit(folder):
        return folder is not None
    names = visible_names(folder)
    return bool(names) and all(map(_is_parquet, names))


def _is_parquet(name: str) -> bool:
    return name.lower().endswith(".parquet")


def _files(path: PathLike) -> ParquetFiles:
    """The files of a table; their number and sizes are checked if there is a commit file."""
    if is_sequence_folder(path):
        return index_files(path)
    folder = path if is_url(path) else existing_folder(path)
    if folder is None:
        raise TableError(f"{shown(path)}: no such folder")
    commit = read_commit(folder)
    if commit is not None:
        return committed_files(folder, commit)
    if is_url(path):
        raise TableError(
            f"{shown(path)}: has no {COMMIT_FILE}: it is not a table, or was not completely written"
        )
    names = [name for name in visible_names(folder) if _is_parquet(name)]
    if not names:
        raise TableError(f"{shown(path)}: not a table: a folder without .parquet files in it")
    return open_files(path, [os.path.join(folder, name) for name in names])


def _current(path: PathLike, function: Callable[[ParquetFiles], R]) -> R:
    """Call a function of the files, again if the table was replaced meanwhile."""
    for tries in range(1, TRIES + 1):
        before = _state(path)
        try:
            return function(_files(path))
        except TableError:
            if tries == TRIES or _state(path) == before:
                raise
    raise AssertionError


def _state(path: PathLike) -> object:
    """The content that differs after the table was replaced."""
    try:
        if is_sequence_folder(path):
            return read_sequence_commit(path)
        return read_commit(path)
    except TableError as error:
        return str(error)


def _read(path: PathLike, selection: ColumnSelection) -> TableColumns:
    if is_sequence_folder(path):
        selection = _without_lengths(selection)
        return _current(path, partial(_read_index, path, selection=selection))
    return _current(path, partial(read_columns, selection=selection))


def _without_lengths(selection: ColumnSelection) -> ColumnSelection:
    """The selection for an index, whose columns of numbers are no features."""
    return replace(selection, features=selection.features or ())


def _read_index(path: PathLike, files: ParquetFiles, selection: ColumnSelection) -> TableColumns:
    return replace(read_columns(files, selection), sequences=mapped_sequences(path))


def _read_blocks(
    path: PathLike, selection: ColumnSelection, rows: int | None
) -> Iterator[TableColumns]:
    before = _state(path)
    sequences = None
    if is_sequence_folder(path):
        selection, sequences = _without_lengths(selection), mapped_sequences(path)
    start = 0
    try:
        files = _current(path, lambda files: files)
        for columns in read_column_blocks(files, selection, rows):
            if sequences is not None:
                end = start + len(next(iter(columns.others.values())))
                columns = replace(columns, sequences=sequences.rows(np.arange(start, end)))
                start = end
            yield columns
    except TableError:
        if _state(path) == before:
            raise
        raise TableError(f"{shown(path)}: was replaced while it was read: read it again") from None


FORMAT = TableFormat(
    name="parquet_folder",
    suffixes=(),
    written_suffix="/",
    read=_read,
    write=write_partitioned,
    column_names=lambda path: _current(path, lambda files: files.names),
    read_blocks=_read_blocks,
    row_count=lambda path: _current(path, lambda files: files.rows),
    matches=_holds_table,
    check_target=check_partitioned_target,
)
