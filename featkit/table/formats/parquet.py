"""Parquet: compressed columns with types, and the provenance in the metadata of the file.

The metadata contain no timestamps: the same table gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from featkit.table.columns import ColumnSelection, TableColumns
from featkit.table.parquet_reading import (
    ParquetFiles,
    open_files,
    read_column_blocks,
    read_columns,
)
from featkit.table.parquet_writing import write_parquet
from featkit.table.table_files import TableFormat


def _files(path: str | os.PathLike[str]) -> ParquetFiles:
    return open_files(path, [path])


def _read(path: str | os.PathLike[str], selection: ColumnSelection) -> TableColumns:
    return read_columns(_files(path), selection)


def _read_blocks(
    path: str | os.PathLike[str], selection: ColumnSelection, rows: int | None
) -> Iterator[TableColumns]:
    return read_column_blocks(_files(path), selection, rows)


FORMAT = TableFormat(
    name="parquet",
    suffixes=(".parquet",),
    written_suffix=".parquet",
    read=_read,
    write=write_parquet,
    column_names=lambda path: _files(path).names,
    read_blocks=_read_blocks,
    row_count=lambda path: _files(path).rows,
)
