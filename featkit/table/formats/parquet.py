"""Parquet: compressed columns with types, and the provenance in the metadata of the file.

The metadata contain no timestamps: the same table gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.schema import QUALITY_DTYPES
from featkit.storage.writing import check_regular
from featkit.table.cell_values import key_values
from featkit.table.columns import ColumnSelection, TableColumns, errors_in
from featkit.table.csv_writing import surrogate_errors
from featkit.table.dataframes import frame_columns
from featkit.table.delimited import check_unique_names
from featkit.table.provenance import METADATA_KEY, decode_provenance, encode_provenance
from featkit.table.table_files import TableFormat, rows_per_block

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable


def _read(path: str | os.PathLike[str], selection: ColumnSelection) -> TableColumns:
    # With this import, pandas reads its own types, such as periods.
    import pandas.core.arrays.arrow.extension_types  # type: ignore[import-not-found]  # noqa: F401
    import pyarrow.parquet as pq

    with _reading_errors(path), open(path, "rb") as stream:
        table = _plain_types(pq.ParquetFile(stream).read())
        provenance = decode_provenance((table.schema.metadata or {}).get(METADATA_KEY, b"{}"))
        data = table.to_pandas(ignore_metadata=True, types_mapper=_nullable_integer)
    check_unique_names(os.fspath(path), table.schema.names)
    if index := _index_columns(table.schema):
        data = data.set_index(index)
    selection = ColumnSelection(selection.keys, selection.features, provenance)
    with errors_in(path):
        return frame_columns(data, selection)


def _column_names(path: str | os.PathLike[str]) -> list[str]:
    with _reading_errors(path), open(path, "rb") as stream:
        import pyarrow.parquet as pq

        return [str(name) for name in pq.read_schema(stream).names]


@contextmanager
def _reading_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        check_regular(path)
        yield
    except FileNotFoundError:
        raise TableError(f"{os.fspath(path)}: no such file") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise TableError(f"{os.fspath(path)}: not a table: {cause}") from None


def _plain_types(table: Any) -> Any:
    """An Arrow table without extension types, and with text in place of bytes that are UTF-8."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for k, (name, dtype) in enumerate(zip(table.schema.names, table.schema.types, strict=True)):
        is_extension = isinstance(dtype, pa.BaseExtensionType) and not _has_pandas_type(dtype)
        column = table.column(k)
        if is_extension:
            chunks = [chunk.storage for chunk in column.chunks]
            column = pa.chunked_array(chunks, column.type.storage_type)
        if str(column.type) in ("binary", "large_binary"):
            with suppress(pa.ArrowInvalid):
                column = pc.cast(column, pa.string())
        if column.type != dtype:
            table = table.set_column(k, name, column)
    return table


def _has_pandas_type(dtype: Any) -> bool:
    """Whether pandas has a type for an Arrow extension type, as for periods."""
    try:
        dtype.to_pandas_dtype()
    except NotImplementedError:
        return False
    return True


def _nullable_integer(dtype: Any) -> Any:
    """The nullable pandas type of an Arrow integer type, so that gaps do not make it a float."""
    import pandas as pd
    import pyarrow as pa

    if not pa.types.is_integer(dtype):
        return None
    return pd.api.types.pandas_dtype(str(dtype).replace("int", "Int").replace("uI", "UI"))


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


def _write(path: Path, tables: Iterable[FeatureTable]) -> None:
    import pyarrow.parquet as pq

    tables = iter(tables)
    first = next(tables)
    rows = rows_per_block(len(first.feature_names))
    # pyarrow decodes file names as UTF-8 and reads a scheme before a colon: it gets an open file.
    with (
        surrogate_errors(),
        path.open("wb") as stream,
        pq.ParquetWriter(stream, _arrow_table(first).schema) as writer,
    ):
        for table in chain([first], tables):
            writer.write_table(_arrow_table(table), row_group_size=rows)


def _arrow_table(table: FeatureTable) -> Any:
    import pyarrow as pa

    columns = {
        **{name: _key(name, column) for name, column in table.keys.items()},
        **{name: _quality(name, column) for name, column in table.quality.items()},
        **dict(zip(table.feature_names, table.values.T, strict=True)),
    }
    return pa.table(columns, metadata={METADATA_KEY: encode_provenance(table.provenance)})


def _key(name: str, column: Sequence[Any] | Array) -> Any:
    import pyarrow as pa

    cells = key_values(name, column)
    return pa.array(cells, pa.string() if cells.dtype == object else pa.float64())


def _quality(name: str, column: Array) -> Any:
    """A quality column in its own type; null where a number is missing, "" where text is."""
    import pyarrow as pa

    if QUALITY_DTYPES[name] == "str":
        return pa.array(column, pa.string())
    missing = np.isnan(column)
    return pa.array(np.where(missing, 0, column).astype(QUALITY_DTYPES[name]), mask=missing)


FORMAT = TableFormat(
    name="parquet",
    suffixes=(".parquet",),
    written_suffix=".parquet",
    read=_read,
    write=_write,
    column_names=_column_names,
)
