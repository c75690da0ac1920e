"""Files of groups: a table with the columns ``path`` and ``group``, joined to another by path.

``featkit audit --write-groups`` writes such a file.
"""

from __future__ import annotations

import os
from collections.abc import Collection

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.parameters import unknown
from featkit.errors import TableError
from featkit.storage.folders import is_folder_name
from featkit.storage.urls import shown, suffix_of
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import without_missing_words
from featkit.table.table_files import column_names

GROUP = "group"
"""Column of the groups, in the file and in the table that they are joined to."""

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
"""Suffixes by which the name of a file differs from that of a column."""


def is_group_file(group: object, columns: Collection[str]) -> bool:
    """Whether a group is the name of a file and not of a column.

    Parameters
    ----------
    group : object
        Column of groups, or a file, or a folder whose name ends in a slash; anything else is not a
        file.
    columns : collection of str
        Columns of the table; a column with the name of a file is a column.

    Returns
    -------
    bool
    """
    if not isinstance(group, str | os.PathLike):
        return False
    is_file = suffix_of(group) in SUFFIXES or is_folder_name(group)
    return is_file and group not in columns


def read_groups(file: str | os.PathLike[str]) -> dict[str, str]:
    """Read a file of groups.

    Parameters
    ----------
    file : path
        A table with the columns ``path`` and ``group``; others are ignored.

    Returns
    -------
    dict of str to str
        Group of each recording.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column, or has a recording without a group or in two.
    """
    name, columns = shown(file), column_names(file)
    for column in ("path", GROUP):
        if column not in columns:
            raise TableError(
                f"{name}: a file of groups needs the columns 'path' and {GROUP!r}:"
                f" {unknown('column', column, columns)}"
            )
    table = FeatureTable.read(file, [GROUP], features=())
    groups, _ = without_missing_words(table.column(GROUP))
    group_of: dict[str, str] = {}
    for row, (path, group) in enumerate(
        zip(table.column("path").tolist(), groups.tolist(), strict=True)
    ):
        where = f"{name}: {table.row_name(row)}: {path!r}"
        if not group:
            raise TableError(f"{where} has no group: fill it in")
        if group_of.setdefault(path, group) != group:
            raise TableError(f"{where} is in two groups, {group_of[path]!r} and {group!r}")
    return group_of


def with_groups(table: FeatureTable, file: str | os.PathLike[str]) -> FeatureTable:
    """Join the groups of a file to a table, as its column ``group``.

    Parameters
    ----------
    table : FeatureTable
        A table with paths; an earlier column ``group`` is replaced.
    file : path
        File of groups; recordings that the table does not have are ignored.

    Returns
    -------
    FeatureTable

    Raises
    ------
    TableError
        If the table has no column ``path``, the file is no file of groups, or a recording of the
        table is not in it.
    """
    name = shown(file)
    if "path" not in table.keys:
        raise TableError(
            f"{name}: groups are joined by path, and the table has no column 'path': use a column"
            " of the table as group"
        )
    group_of, paths = read_groups(file), table.column("path").tolist()
    if missing := list(dict.fromkeys(path for path in paths if path not in group_of)):
        more = "" if len(missing) == 1 else f", and {len(missing) - 1:,} more"
        raise TableError(
            f"{name}: has no group for {missing[0]!r}{more}, of"
            f" {counted(len(set(paths)), 'recording')} of the table: write the file again with"
            " `featkit audit --write-groups`, or add the missing rows"
        )
    return table.with_key(GROUP, np.array([group_of[path] for path in paths], dtype=object))
