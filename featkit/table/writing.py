"""Writing tables as Parquet and CSV."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featkit._utils.io import replacing
from featkit.table import cells, delimited
from featkit.table.files import METADATA_KEY, table_format

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable

VALUES_AT_ONCE = 2**18
"""Features in a row group of a Parquet file (2 MB); of very wide tables, more."""

ROWS_AT_ONCE = 256
"""Least rows of a row group: each has a description of every column."""


def write_tables(path: str | os.PathLike[str], tables: Iterable[FeatureTable]) -> None:
    """Write tables of the same columns as one, one after the other: whole, or not at all.

    The bytes are those of one table, if all but the last have a multiple of `rows_at_once` rows.

    Parameters
    ----------
    path : path
        A Parquet or a CSV file, by its ending.
    tables : iterable of FeatureTable
        At least one; each is asked for when the one before is written.

    Raises
    ------
    ParameterError
        For another ending.
    TableError
        If half of a character stands in a text.
    WriteError
        If the file cannot be written.
    """
    write = _write_csv if table_format(path) == "csv" else _write_parquet
    rest = iter(tables)
    first = next(rest)
    with replacing(path) as scratch:
        write(scratch, first, chain([first], rest))


def rows_at_once(columns: int) -> int:
    """Rows that are written together, so that memory does not grow with their number."""
    return max(ROWS_AT_ONCE, VALUES_AT_ONCE // max(1, columns))


def _write_csv(path: Path, first: FeatureTable, tables: Iterable[FeatureTable]) -> None:
    names = [*first.keys, *first.quality, *first.feature_names]
    delimited.write(path, names, chain.from_iterable(map(_csv_rows, tables)))


def _write_parquet(path: Path, first: FeatureTable, tables: Iterable[FeatureTable]) -> None:
    import pyarrow.parquet as pq

    rows = rows_at_once(len(first.feature_names))
    # Open files, for pyarrow takes a name for UTF-8, and what stands before a colon for a protocol.
    with (
        delimited.whole_texts(),
        path.open("wb") as stream,
        pq.ParquetWriter(stream, _arrow(first).schema) as writer,
    ):
        for table in tables:
            writer.write_table(_arrow(table), row_group_size=rows)


def _csv_rows(table: FeatureTable) -> Iterator[list[Any]]:
    keys = [cells.key_cells(name, column).tolist() for name, column in table.keys.items()]
    quality = [cells.quality_cells(name, column) for name, column in table.quality.items()]
    about = zip(*keys, *quality, strict=True) if keys or quality else repeat((), len(table))
    return ([*known, *row.tolist()] for known, row in zip(about, table.values, strict=True))


def _arrow(table: FeatureTable) -> Any:
    import pyarrow as pa

    columns = {
        **{name: cells.arrow_key(name, column) for name, column in table.keys.items()},
        **{name: cells.arrow_quality(name, column) for name, column in table.quality.items()},
        **dict(zip(table.feature_names, table.values.T, strict=True)),
    }
    text = json.dumps(table.provenance, ensure_ascii=False, sort_keys=True)
    return pa.table(columns, metadata={METADATA_KEY: text.encode()})
