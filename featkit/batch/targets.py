"""Targets of the rows of a batch: a table in memory, files, or the functions of a caller."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Protocol

from featkit.schema import Failure
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import write_tables

ALL_ROWS = sys.maxsize
"""As the rows of a table: there is a single table."""


class TableTarget(Protocol):
    """Where the rows of a batch go.

    Attributes
    ----------
    max_rows : int
        Most rows of a table; `ALL_ROWS` for a single one. Tables of sequences may have fewer.
    """

    max_rows: int

    def write(self, tables: Iterator[FeatureTable], /) -> Iterable[Failure]:
        """Take the rows of all recordings that did not fail, in the order of the inputs.

        Parameters
        ----------
        tables : iterator of FeatureTable
            At least one table, even if it is empty. Each is made when it is requested.

        Returns
        -------
        iterable of Failure
            Recordings for which the target cannot use the rows.
        """


class StoredTarget(TableTarget, Protocol):
    """A target whose rows can be read again."""

    def load(self) -> FeatureTable:
        """Return all rows as one table.

        Returns
        -------
        FeatureTable
        """


class TableInMemory:
    """Keeps the table."""

    max_rows = ALL_ROWS

    def write(self, tables: Iterator[FeatureTable], /) -> Iterable[Failure]:
        """Take the rows of a batch; see `TableTarget`.

        Parameters
        ----------
        tables : iterator of FeatureTable
            The rows.

        Returns
        -------
        iterable of Failure
            None: all rows can be used.
        """
        (self.table,) = tables
        return ()

    def load(self) -> FeatureTable:
        """Return the table.

        Returns
        -------
        FeatureTable
        """
        return self.table


class SequenceFolder:
    """Writes the sequences to a folder.

    Parameters
    ----------
    path : path
        The folder.
    """

    max_rows = ALL_ROWS - 1

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def write(self, tables: Iterator[FeatureTable], /) -> Iterable[Failure]:
        """Take the rows of a batch; see `TableTarget`.

        Parameters
        ----------
        tables : iterator of FeatureTable
            The rows.

        Returns
        -------
        iterable of Failure
            None: all rows can be used.
        """
        from featkit.table.sequences.writing import write_sequences

        write_sequences(self.path, tables)
        return ()

    def load(self) -> FeatureTable:
        """Read the sequences.

        Returns
        -------
        FeatureTable
        """
        from featkit.table.sequences.reading import read_sequences

        return read_sequences(self.path)


class TableFile:
    """Writes the table to a file, or to a folder of parts.

    Parameters
    ----------
    path : path or URL
        The file, whose suffix selects the format; or a folder, whose name ends in ``/``.
    max_rows : int
        Rows that are written together.
    """

    def __init__(self, path: str | os.PathLike[str], max_rows: int) -> None:
        self.path = path
        self.max_rows = max_rows
        self.provenance: dict[str, Any] = {}  # CSV files hold none

    def write(self, tables: Iterator[FeatureTable], /) -> Iterable[Failure]:
        """Take the rows of a batch; see `TableTarget`.

        Parameters
        ----------
        tables : iterator of FeatureTable
            The rows.

        Returns
        -------
        iterable of Failure
            None: all rows can be used.
        """
        first = next(tables)
        self.provenance = first.provenance
        write_tables(self.path, chain([first], tables))
        return ()

    def load(self) -> FeatureTable:
        """Read the table.

        Returns
        -------
        FeatureTable
        """
        return FeatureTable.read(self.path, provenance=self.provenance)
