"""Blocks of the rows of a table file."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from featkit.schema import NUMERIC_KEYS
from featkit.table.columns import ColumnSelection, errors_in
from featkit.table.feature_table import FeatureTable, RowPositions
from featkit.table.table_files import TableFormat


def blocks_of(
    table_format: TableFormat,
    path: str | os.PathLike[str],
    keys: Sequence[str],
    features: Collection[str] | None,
    rows: int | None,
) -> Iterator[FeatureTable]:
    """Read a file of this machine in blocks; see `featkit.table.table_files.read_blocks`.

    Parameters
    ----------
    table_format : TableFormat
        Format of the file.
    path, keys, features, rows
        As for `featkit.table.table_files.read_blocks`.

    Yields
    ------
    FeatureTable
        The next rows.
    """
    if table_format.read_blocks is None:
        yield FeatureTable.read(path, keys, features=features)
        return
    selection = ColumnSelection(keys, features)
    key_names, notes = None, []
    if features is None:
        columns = next(table_format.read_blocks(path, selection, None))
        with errors_in(path):
            first = FeatureTable.of_columns(columns, needs_features=True)
        key_names, notes = [*first.keys], first.notes
        texts = [name for name in key_names if name not in (*keys, *NUMERIC_KEYS)]
        selection = ColumnSelection([*keys, *texts], first.feature_names)
    start = 0
    for columns in table_format.read_blocks(path, selection, rows):
        with errors_in(path):
            table = FeatureTable.of_columns(columns)
        ordered = {name: table.keys[name] for name in key_names or table.keys}
        places = RowPositions(np.arange(start + 1, start + len(table) + 1), None)
        yield replace(table, keys=ordered, places=places, notes=notes if start == 0 else [])
        start += len(table)
