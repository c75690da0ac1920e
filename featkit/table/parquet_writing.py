"""Feature tables as Parquet: types of columns, and groups of rows of a fixed size.

The bytes depend on the rows alone, not on how they are divided into tables. The metadata contain
the provenance and no timestamps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featkit._utils.typing import Array
from featkit.table.arrow import arrow_table
from featkit.table.csv_writing import surrogate_errors
from featkit.table.table_files import rows_per_block

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable


def write_parquet(path: Path, tables: Iterable[FeatureTable]) -> None:
    """Write tables with the same columns to one Parquet file, one after the other.

    Parameters
    ----------
    path : Path
        The file.
    tables : iterable of FeatureTable
        At least one table.

    Raises
    ------
    TableError
        If a text contains half of a surrogate pair.
    """
    with surrogate_errors():
        write_groups(path, row_groups(tables))


def row_groups(
    tables: Iterable[FeatureTable],
    further_columns: Callable[[FeatureTable], Mapping[str, Array]] = lambda table: {},
) -> Iterator[Any]:
    """Convert tables to Arrow tables of `rows_per_block` rows.

    Parameters
    ----------
    tables : iterable of FeatureTable
        At least one table; all have the same columns.
    further_columns : callable
        ``further_columns(table)`` returns columns of numbers to write after those of the table.

    Yields
    ------
    pyarrow.Table
        The next rows; the last table may have fewer rows. At least one, even if it is empty.
    """
    import pyarrow as pa

    pending: Any = None
    for table in tables:
        size = rows_per_block(len(table.feature_names))
        rows = arrow_table(table, further_columns(table))
        pending = rows if pending is None else pa.concat_tables([pending, rows])
        while len(pending) > size:
            yield pending.slice(0, size).combine_chunks()
            pending = pending.slice(size)
    yield pending.combine_chunks()


def write_groups(path: Path, groups: Iterable[Any]) -> None:
    """Write Arrow tables as the row groups of one Parquet file.

    Parameters
    ----------
    path : Path
        The file.
    groups : iterable of pyarrow.Table
        At least one; see `row_groups`.
    """
    import pyarrow.parquet as pq

    groups = iter(groups)
    first = next(groups)
    # pyarrow decodes file names as UTF-8 and reads a scheme before a colon: it gets an open file.
    with path.open("wb") as stream, pq.ParquetWriter(stream, first.schema) as writer:
        for group in chain([first], groups):
            writer.write_table(group, row_group_size=max(1, len(group)))
