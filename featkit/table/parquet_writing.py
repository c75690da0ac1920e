"""Feature tables as Parquet: types of columns, and groups of rows of a fixed size.

The bytes depend on the rows alone, not on how they are divided into tables. The metadata contain
the provenance and no timestamps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.schema import QUALITY_DTYPES
from featkit.table.cell_values import key_values
from featkit.table.csv_writing import surrogate_errors
from featkit.table.provenance import METADATA_KEY, encode_provenance
from featkit.table.table_files import rows_per_block

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable


MAX_TEXT_BYTES = 2**31 - 1
"""Most bytes of text in an Arrow array; of more, pyarrow makes several arrays."""


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
        rows = _arrow_table(table, further_columns(table))
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


def _arrow_table(table: FeatureTable, further: Mapping[str, Array]) -> Any:
    import pyarrow as pa

    columns = {
        **{name: _key(name, column) for name, column in table.keys.items()},
        **{name: _quality(name, column) for name, column in table.quality.items()},
        **{name: _numbers(values) for name, values in _features(table)},
        **{name: _numbers(values) for name, values in further.items()},
    }
    metadata = {**table.extra_metadata, METADATA_KEY: encode_provenance(table.provenance)}
    return pa.Table.from_arrays([*columns.values()], [*columns], metadata=metadata)


def _features(table: FeatureTable) -> Iterator[tuple[str, Array]]:
    return zip(table.feature_names, np.ascontiguousarray(table.values.T), strict=True)


def _key(name: str, column: Sequence[Any] | Array) -> Any:
    cells = key_values(name, column)
    return _texts(cells) if cells.dtype == object else _numbers(cells)


def _quality(name: str, column: Array) -> Any:
    """A quality column in its own type; null where a number is missing, "" where text is."""
    if QUALITY_DTYPES[name] == "str":
        return _texts(column)
    missing = np.isnan(column)
    return _numbers(np.where(missing, 0, column).astype(QUALITY_DTYPES[name]), missing)


# `pyarrow.array` imports pandas, which takes 50 MB and half a second: arrays are made of buffers.


def _numbers(values: Array, missing: Array | None = None) -> Any:
    """An Arrow array of numbers or flags; null where they are missing."""
    import pyarrow as pa

    n_missing = 0 if missing is None else int(np.count_nonzero(missing))
    valid = None if missing is None or not n_missing else _bits(~missing)
    data = _bits(values) if values.dtype == bool else pa.py_buffer(np.ascontiguousarray(values))
    dtype = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(dtype, len(values), [valid, data], n_missing)


def _texts(cells: Sequence[str] | Array) -> Any:
    """An Arrow array of text."""
    import pyarrow as pa

    encoded = [cell.encode() for cell in cells]
    if sum(map(len, encoded)) > MAX_TEXT_BYTES:
        return pa.array(cells, pa.string())
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers, 0)


def _bits(flags: Array) -> Any:
    import pyarrow as pa

    return pa.py_buffer(np.packbits(flags, bitorder="little"))
