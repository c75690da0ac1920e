"""Table files: their formats, names and writing.

Each module of `featkit.table.formats` exports one `TableFormat` under the name ``FORMAT``. The
suffix of a file's name selects the format, in any case. A folder is a table by its content, and a
name that ends in a slash selects the format of folders for writing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from featkit._utils.registry import module_registry
from featkit.errors import ParameterError, StoreError, TableError
from featkit.storage.folders import existing_folder, has_commit, is_folder_name
from featkit.storage.reading import local_copy
from featkit.storage.urls import is_url, name_of, shown, suffix_of
from featkit.storage.writing import check_writable, replacing, sibling

if TYPE_CHECKING:
    from featkit.table.columns import ColumnSelection, TableColumns
    from featkit.table.feature_table import FeatureTable

VALUES_PER_BLOCK = 2**18
"""Number of feature values that are written together (2 MB); more in very wide tables."""

MIN_ROWS_PER_BLOCK = 256
"""Fewest rows that are written together: Parquet stores metadata of every column per row group."""


@dataclass(frozen=True, kw_only=True)
class TableFormat:
    """A format of table files.

    Attributes
    ----------
    name : str
        Name of the format and of its module.
    suffixes : tuple of str
        Suffixes of the files that `read` accepts, in lower case, such as ``".csv"``.
    compressed_suffixes : tuple of str
        Suffixes that may follow them, such as ``".gz"``.
    written_suffix : str
        Suffix of the files that `write` creates.
    read : callable
        ``read(path, selection)`` returns the columns of a file as `TableColumns`, where
        `selection` is a `featkit.table.columns.ColumnSelection`. It raises `TableError` with
        the path, and with line and column where these are known.
    write : callable
        ``write(path, tables)`` writes one or more `FeatureTable` with the same columns, one after
        the other. The same tables give the same bytes.
    column_names : callable
        ``column_names(path)`` returns the names of all columns without reading the rows.
    read_blocks : callable, optional
        ``read_blocks(path, selection, rows)`` yields `TableColumns` of `rows` rows, or of a number
        that the format chooses if `rows` is None. Without it, a file is read as one block.
    row_count : callable, optional
        ``row_count(path)`` returns the number of rows without reading them.
    matches : callable, optional
        For tables in a folder: ``matches(path)`` returns whether an existing folder, or a URL that
        ends in a slash, contains one. Then `write` replaces the folder, in an atomic write.
    check_target : callable
        ``check_target(path)`` raises `ParameterError` if `write` could not write there.
    """

    name: str
    suffixes: tuple[str, ...]
    compressed_suffixes: tuple[str, ...] = ()
    written_suffix: str
    read: Callable[[str | os.PathLike[str], ColumnSelection], TableColumns]
    write: Callable[[Any, Iterable[FeatureTable]], None]
    column_names: Callable[[str | os.PathLike[str]], list[str]]
    read_blocks: (
        Callable[[str | os.PathLike[str], ColumnSelection, int | None], Iterator[TableColumns]]
        | None
    ) = None
    row_count: Callable[[str | os.PathLike[str]], int] | None = None
    matches: Callable[[str | os.PathLike[str]], bool] | None = None
    check_target: Callable[[str | os.PathLike[str]], None] = check_writable

    def reads(self, path: str | os.PathLike[str]) -> bool:
        """Check whether a file or folder is of this format.

        Parameters
        ----------
        path : path or URL
            A file, which need not exist, decided by its suffix; or a folder, by its content.

        Returns
        -------
        bool
        """
        if is_folder(path):
            return self.matches is not None and self.matches(path)
        name = PurePath(name_of(path))
        if name.suffix.lower() in self.compressed_suffixes:
            name = PurePath(name.stem)
        return name.suffix.lower() in self.suffixes


TABLE_FORMATS = module_registry(
    "table format",
    "featkit.table.formats",
    "FORMAT",
    TableFormat,
    group="featkit.table_formats",
)
"""All table formats by name, in alphabetical order, those of other packages last."""


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Check whether a name is that of a folder.

    Parameters
    ----------
    path : path or URL
        The name. A URL is a folder if it ends in a slash; the store is not asked.

    Returns
    -------
    bool
    """
    return is_folder_name(path) or (not is_url(path) and existing_folder(path) is not None)


def is_table(path: str | os.PathLike[str]) -> bool:
    """Check whether a file has the suffix of a table that can be read, or a folder contains one.

    Parameters
    ----------
    path : path or URL
        A file, which need not exist, or a folder.

    Returns
    -------
    bool
    """
    return any(table_format.reads(path) for table_format in TABLE_FORMATS.values())


def readable_format(path: str | os.PathLike[str]) -> TableFormat:
    """Return the format in which a table is read.

    Parameters
    ----------
    path : path
        The file, whose suffix selects the format, or a folder.

    Returns
    -------
    TableFormat

    Raises
    ------
    ParameterError
        If no format has this suffix.
    """
    for table_format in TABLE_FORMATS.values():
        if table_format.reads(path) or (is_folder(path) and table_format.matches):
            return table_format
    suffixes = [
        suffix for table_format in TABLE_FORMATS.values() for suffix in table_format.suffixes
    ]
    compressed = "".join(
        f" ({', '.join(f.suffixes)} also followed by {_alternatives(f.compressed_suffixes)})"
        for f in TABLE_FORMATS.values()
        if f.compressed_suffixes
    )
    raise ParameterError(
        f"{shown(path)}: cannot be read: the file name must end in"
        f" {_alternatives(suffixes)}{compressed}"
    )


def writable_format(path: str | os.PathLike[str]) -> TableFormat:
    """Return the format in which a table is written.

    Parameters
    ----------
    path : path
        The file, whose suffix selects the format; or a folder: its name ends in a slash, or it
        exists and contains a table that featkit wrote.

    Returns
    -------
    TableFormat

    Raises
    ------
    ParameterError
        If no format writes files with this suffix.
    """
    folder = None if is_url(path) else existing_folder(path)
    is_partitioned = is_folder_name(path) or (folder is not None and has_commit(folder))
    for table_format in TABLE_FORMATS.values():
        if is_partitioned and table_format.matches:
            return table_format
        if not is_partitioned and suffix_of(path) == table_format.written_suffix:
            return table_format
    suffixes = [f.written_suffix for f in TABLE_FORMATS.values() if f.suffixes]
    raise ParameterError(
        f"{shown(path)}: cannot be written: the file name must end in {_alternatives(suffixes)}, or"
        " in / for a folder of Parquet files"
    )


def _alternatives(suffixes: Iterable[str]) -> str:
    """Join suffixes, such as ``.csv, .tsv or .parquet``."""
    *others, last = suffixes
    return f"{', '.join(others)} or {last}" if others else last


def check_table_target(path: str | os.PathLike[str]) -> None:
    """Check that a table can be written to a file, before its rows are computed.

    Parameters
    ----------
    path : path or URL
        The file or folder to write.

    Raises
    ------
    ParameterError
        If no format writes its suffix, a file is a folder, a folder contains anything but a table
        that featkit wrote, or the folder that contains it is missing or not writable.
    """
    writable_format(path).check_target(path)


def column_names(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of all columns of a table file.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    list of str

    Raises
    ------
    ParameterError, TableError
        See `FeatureTable.read`.
    """
    table_format = readable_format(path)
    with copy_of_table(path) as file:
        return table_format.column_names(file)


def row_count(path: str | os.PathLike[str]) -> int:
    """Return the number of rows of a table without reading them.

    Parameters
    ----------
    path : path or URL
        A Parquet file, or a folder of Parquet files.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If the format does not store the number, as in CSV.
    TableError
        If the table cannot be read.
    """
    table_format = readable_format(path)
    if table_format.row_count is None:
        raise ParameterError(f"{shown(path)}: the number of rows is known for Parquet only")
    with copy_of_table(path) as file:
        return table_format.row_count(file)


def read_blocks(
    path: str | os.PathLike[str],
    keys: Sequence[str] = (),
    *,
    features: Collection[str] | None = None,
    rows: int | None = None,
) -> Iterator[FeatureTable]:
    """Read a table in blocks of rows, so that memory does not grow with the number of rows.

    Together, the blocks are the table that `FeatureTable.read` returns, except that the first block
    decides which columns of text hold numbers, and which columns number the rows.

    Parameters
    ----------
    path : path or URL
        A Parquet file, or a folder of Parquet files; another format is read as one block.
    keys : sequence of str
        Columns that are keys, although they may hold numbers.
    features : collection of str, optional
        The only columns that are features, as in `FeatureTable.read`. Other columns of numbers are
        not read.
    rows : int, optional
        Rows of a block; the last one may have fewer. By default a number that depends on the number
        of columns alone, such that a block has 8 MB of numbers.

    Yields
    ------
    FeatureTable
        At least one, even if it is empty. `FeatureTable.row_numbers` count from the first row of
        the table. All blocks have the same keys and features.

    Raises
    ------
    ParameterError, TableError
        As for `FeatureTable.read`; also if a partitioned table is replaced while it is read.
    """
    from featkit.table.blocks import blocks_of  # it needs tables, which need this module

    table_format = readable_format(path)
    with copy_of_table(path) as file:
        yield from blocks_of(table_format, file, keys, features, rows)


@contextmanager
def copy_of_table(path: str | os.PathLike[str]) -> Iterator[str | os.PathLike[str]]:
    """Give a table of this machine as it is, and a table of a store as a temporary copy.

    Parameters
    ----------
    path : path or URL
        The table.

    Yields
    ------
    path
        A file on this machine, or the folder.

    Raises
    ------
    TableError
        If the table cannot be fetched.
    """
    try:
        if is_folder(path):  # its files are fetched when they are read
            yield path
            return
        with local_copy(path) as file:
            yield file
    except StoreError as error:
        raise TableError(str(error)) from None


def failures_file(table: str | os.PathLike[str]) -> Path | str:
    """Return the file that lists the recordings that could not be added to a table.

    Parameters
    ----------
    table : path
        The file of the table.

    Returns
    -------
    Path, or str for a table in a store
        ``<table>.failures.csv``.
    """
    return sibling(table, ".failures.csv")


def rows_per_block(n_features: int) -> int:
    """Return how many rows are written together, to bound the memory that writing takes.

    Parameters
    ----------
    n_features : int
        Number of features.

    Returns
    -------
    int
    """
    return max(MIN_ROWS_PER_BLOCK, VALUES_PER_BLOCK // max(1, n_features))


def write_tables(path: str | os.PathLike[str], tables: Iterable[FeatureTable]) -> None:
    """Write several tables with the same columns as one file or folder, in an atomic write.

    The bytes are those of a single table with all rows.

    Parameters
    ----------
    path : path or URL
        The file, whose suffix selects the format, or a folder; see `writable_format`.
    tables : iterable of FeatureTable
        At least one table. Each is requested when the previous one is written.

    Raises
    ------
    ParameterError
        If no format writes this suffix.
    TableError
        If a text contains half of a surrogate pair.
    WriteError
        If the file cannot be written.
    """
    table_format = writable_format(path)
    remaining = iter(tables)
    first = next(remaining)
    rows = chain([first], remaining)
    if table_format.matches:
        table_format.write(path, rows)
        return
    with replacing(path) as scratch:
        table_format.write(scratch, rows)
