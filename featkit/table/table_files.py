"""Table files: their formats, names and writing.

Each module of `featkit.table.formats` exports one `TableFormat` under the name ``FORMAT``. The
suffix of a file's name selects the format, in any case.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from featkit._utils.registry import module_registry
from featkit.errors import ParameterError
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
    """

    name: str
    suffixes: tuple[str, ...]
    compressed_suffixes: tuple[str, ...] = ()
    written_suffix: str
    read: Callable[[str | os.PathLike[str], ColumnSelection], TableColumns]
    write: Callable[[Path, Iterable[FeatureTable]], None]
    column_names: Callable[[str | os.PathLike[str]], list[str]]

    def reads(self, path: str | os.PathLike[str]) -> bool:
        """Check whether the name of a file has a suffix of this format.

        Parameters
        ----------
        path : path
            The file, which need not exist.

        Returns
        -------
        bool
        """
        name = Path(path)
        if name.suffix.lower() in self.compressed_suffixes:
            name = Path(name.stem)
        return name.suffix.lower() in self.suffixes


TABLE_FORMATS = module_registry("table format", "featkit.table.formats", "FORMAT", TableFormat)
"""All table formats by name, in alphabetical order."""


def is_table(path: str | os.PathLike[str]) -> bool:
    """Check whether the name of a file has the suffix of a table that can be read.

    Parameters
    ----------
    path : path
        The file, which need not exist.

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
        The file; its suffix selects the format.

    Returns
    -------
    TableFormat

    Raises
    ------
    ParameterError
        If no format has this suffix.
    """
    for table_format in TABLE_FORMATS.values():
        if table_format.reads(path):
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
        f"{os.fspath(path)}: cannot be read: the file name must end in"
        f" {_alternatives(suffixes)}{compressed}"
    )


def writable_format(path: str | os.PathLike[str]) -> TableFormat:
    """Return the format in which a table is written.

    Parameters
    ----------
    path : path
        The file; its suffix selects the format.

    Returns
    -------
    TableFormat

    Raises
    ------
    ParameterError
        If no format writes files with this suffix, or `path` names a folder.
    """
    if os.fspath(path).endswith(os.sep):
        raise ParameterError(f"{os.fspath(path)}: is a folder, not a table")
    for table_format in TABLE_FORMATS.values():
        if Path(path).suffix.lower() == table_format.written_suffix:
            return table_format
    suffixes = [table_format.written_suffix for table_format in TABLE_FORMATS.values()]
    raise ParameterError(
        f"{os.fspath(path)}: cannot be written: the file name must end in {_alternatives(suffixes)}"
    )


def _alternatives(suffixes: Iterable[str]) -> str:
    """Join suffixes, such as ``.csv, .tsv or .parquet``."""
    *others, last = suffixes
    return f"{', '.join(others)} or {last}" if others else last


def check_table_target(path: str | os.PathLike[str]) -> None:
    """Check that a table can be written to a file, before its rows are computed.

    Parameters
    ----------
    path : path
        The file to write.

    Raises
    ------
    ParameterError
        If no format writes its suffix, it is a folder, or its folder is missing or not writable.
    """
    writable_format(path)
    check_writable(path)


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
    return readable_format(path).column_names(path)


def failures_file(table: str | os.PathLike[str]) -> Path:
    """Return the file that lists the recordings that could not be added to a table.

    Parameters
    ----------
    table : path
        The file of the table.

    Returns
    -------
    Path
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
    """Write several tables with the same columns as one file, in an atomic write.

    The bytes are those of a single table if all tables but the last have a multiple of
    `rows_per_block` rows.

    Parameters
    ----------
    path : path
        The file; its suffix selects the format.
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
    with replacing(path) as scratch:
        table_format.write(scratch, chain([first], remaining))
