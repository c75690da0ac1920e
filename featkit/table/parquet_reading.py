"""Read Parquet files as one table: completely, or in blocks of a fixed number of rows.

The files of a table have the same columns. Their types may differ where pandas and Dask choose them
by content: integers with gaps, or columns without values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from featkit.errors import FeatkitError, TableError
from featkit.storage.reading import local_copy
from featkit.storage.urls import shown
from featkit.storage.writing import check_regular
from featkit.table.arrow import arrow_to_frame
from featkit.table.columns import ColumnSelection, TableColumns, errors_in, numbered_row
from featkit.table.dataframes import frame_columns
from featkit.table.delimited import check_unique_names
from featkit.table.provenance import METADATA_KEY, decode_provenance
from featkit.table.table_files import MIN_ROWS_PER_BLOCK

PathLike = str | os.PathLike[str]

VALUES_PER_BLOCK = 2**20
"""Number of values of a block (8 MB), unless the caller sets the rows."""

BUFFER = 2**16
"""Bytes of a column that are read together: row groups of other programs may be large."""


@dataclass(frozen=True)
class ParquetFiles:
    """The files of a table.

    Attributes
    ----------
    name : path
        The table, for messages.
    paths : sequence of paths
        The files, in the order of their rows; at least one.
    schema : pyarrow.Schema
        Names and types of the columns, with the metadata of the first file.
    rows : int
        Number of rows.
    check : callable
        ``check(number, file)`` is called before the rows of a file are read, with its place in
        `paths` and its copy on this machine. It raises `TableError` if the content is wrong.
    """

    name: PathLike
    paths: Sequence[PathLike]
    schema: Any
    rows: int
    check: Callable[[int, Path], None] = lambda number, file: None

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [str(name) for name in self.schema.names]


@contextmanager
def reading_errors(path: PathLike) -> Iterator[None]:
    """Turn errors of reading a Parquet file into `TableError` with its name.

    Parameters
    ----------
    path : path
        The file.

    Yields
    ------
    None

    Raises
    ------
    TableError
        If the file does not exist, or is not a Parquet file.
    """
    try:
        check_regular(path)
        yield
    except FeatkitError:
        raise
    except FileNotFoundError:
        raise TableError(f"{os.fspath(path)}: no such file") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise TableError(f"{os.fspath(path)}: not a table: {cause}") from None


def open_files(name: PathLike, paths: Sequence[PathLike]) -> ParquetFiles:
    """Read the metadata of the files of a table.

    Parameters
    ----------
    name : path
        The table, for messages.
    paths : sequence of paths
        The files, in the order of their rows; at least one.

    Returns
    -------
    ParquetFiles

    Raises
    ------
    TableError
        If a file cannot be read, or two files have different columns.
    """
    # With this import, pyarrow reads the types of pandas, such as periods.
    import pandas.core.arrays.arrow.extension_types  # type: ignore[import-not-found]  # noqa: F401
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, rows = None, 0
    for path in paths:
        with reading_errors(path), local_copy(path) as file, file.open("rb") as stream:
            parquet = pq.ParquetFile(stream)
            own = parquet.schema_arrow
            rows += parquet.metadata.num_rows
        check_unique_names(shown(path), own.names)
        if schema is None:
            schema = own
        elif not own.equals(schema):
            _check_same_names(path, own.names, schema.names)
            try:
                schema = pa.unify_schemas([schema, own], promote_options="permissive")
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise TableError(
                    f"{shown(path)}: its columns differ in type from those of the files before"
                    f" it: {error}"
                ) from None
    return ParquetFiles(name, paths, schema, rows)


def _check_same_names(path: PathLike, names: Sequence[str], expected: Sequence[str]) -> None:
    missing = [name for name in expected if name not in names]
    extra = [name for name in names if name not in expected]
    parts = [
        f"{what} {name!r}" + (f" and {len(columns) - 1:,} more" if columns[1:] else "")
        for what, columns in (("lacks", missing), ("has also", extra))
        for name in columns[:1]
    ]
    if parts:
        raise TableError(
            f"{shown(path)}: its columns differ from those of the files before it: it"
            f" {' and '.join(parts)}"
        )


def read_columns(files: ParquetFiles, selection: ColumnSelection) -> TableColumns:
    """Read all rows.

    Parameters
    ----------
    files : ParquetFiles
        The table.
    selection : ColumnSelection
        The keys and features that the caller wants.

    Returns
    -------
    TableColumns

    Raises
    ------
    ParameterError
        If a key is not a column.
    TableError
        If a file cannot be read, or a feature holds no numbers.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    selection = _with_provenance(files, selection)
    names = _names_to_read(files.schema, selection)
    tables = []
    for number, path in enumerate(files.paths):
        with reading_errors(path), local_copy(path) as file, file.open("rb") as stream:
            files.check(number, file)
            table = pq.ParquetFile(stream).read(_subset(files, names))
            tables.append(_unified(table, files, names))
    return _table_columns(files, pa.concat_tables(tables), selection, first_row=0)


def read_column_blocks(
    files: ParquetFiles, selection: ColumnSelection, rows: int | None = None
) -> Iterator[TableColumns]:
    """Read blocks of rows, one after the other.

    Parameters
    ----------
    files : ParquetFiles
        The table.
    selection : ColumnSelection
        The keys and features that the caller wants.
    rows : int, optional
        Rows of a block, which may span several files; the last block may have fewer. By default as
        many as have `VALUES_PER_BLOCK` values.

    Yields
    ------
    TableColumns
        At least one, even if it is empty.

    Raises
    ------
    ParameterError, TableError
        As for `read_columns`.
    """
    import pyarrow as pa

    selection = _with_provenance(files, selection)
    names = _names_to_read(files.schema, selection)
    size = rows or max(MIN_ROWS_PER_BLOCK, VALUES_PER_BLOCK // max(1, len(names)))
    first_row, pending = 0, None
    for batch in _batches(files, names, size):
        pending = batch if pending is None else pa.concat_tables([pending, batch])
        while len(pending) >= size:
            yield _table_columns(files, pending.slice(0, size), selection, first_row=first_row)
            first_row += size
            pending = pending.slice(size)
    if pending is None:
        pending = files.schema.empty_table().select(names)
    if len(pending) or not first_row:
        yield _table_columns(files, pending, selection, first_row=first_row)


def _batches(files: ParquetFiles, names: Sequence[str], rows: int) -> Iterator[Any]:
    """Yield Arrow tables of at most `rows` rows; only one file is open at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for number, path in enumerate(files.paths):
        with reading_errors(path), local_copy(path) as file, file.open("rb") as stream:
            files.check(number, file)
            parquet = pq.ParquetFile(stream, buffer_size=BUFFER, pre_buffer=False)
            for batch in parquet.iter_batches(rows, columns=_subset(files, names)):
                yield _unified(pa.Table.from_batches([batch]), files, names)


def _with_provenance(files: ParquetFiles, selection: ColumnSelection) -> ColumnSelection:
    with reading_errors(files.paths[0]):
        metadata = (files.schema.metadata or {}).get(METADATA_KEY, b"{}")
        return replace(selection, provenance=decode_provenance(metadata))


def _names_to_read(schema: Any, selection: ColumnSelection) -> list[str]:
    """The columns that are selected, or may be keys."""
    import pyarrow.types as pt

    roles = selection.roles(schema.names)
    index = _index_columns(schema)
    dropped = {
        name
        for name in roles.unselected
        if name not in index
        and (pt.is_integer(schema.field(name).type) or pt.is_floating(schema.field(name).type))
    }
    return [name for name in schema.names if name not in dropped]


def _subset(files: ParquetFiles, names: Sequence[str]) -> list[str] | None:
    """Columns for pyarrow, which may read further ones: for ``a``, it also reads ``a.b``."""
    return None if len(names) == len(files.schema.names) else list(names)


def _unified(table: Any, files: ParquetFiles, names: Sequence[str]) -> Any:
    """The columns of a file in the order and the types of all files."""
    import pyarrow as pa

    schema = pa.schema([files.schema.field(name) for name in names], files.schema.metadata)
    table = table.select(names)
    if table.schema.equals(schema):
        return table.replace_schema_metadata(schema.metadata)
    return table.cast(schema)


def _table_columns(
    files: ParquetFiles, table: Any, selection: ColumnSelection, *, first_row: int
) -> TableColumns:
    with reading_errors(files.paths[0]):
        data = arrow_to_frame(table)
    if index := _index_columns(table.schema):
        data = data.set_index(index)
    with errors_in(files.name):
        return frame_columns(data, selection, lambda row: numbered_row(first_row + row))


def _index_columns(schema: Any) -> list[str]:
    """Names of the columns that pandas wrote for a named index."""
    try:
        names = (schema.pandas_metadata or {}).get("index_columns", [])
    except (AttributeError, ValueError):
        return []
    return [
        name
        for name in names
        if isinstance(name, str) and name in schema.names and not name.startswith("__index_level_")
    ]
