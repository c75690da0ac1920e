"""Tables in memory that are not featkit's own: conversion from and to Arrow, pandas and polars.

Any table with the method ``__arrow_c_stream__`` is read (the Arrow C stream of polars, pyarrow,
DuckDB and others [1]_), column for column as from a Parquet file. The provenance is in the metadata
of an Arrow table, and in the attributes of a DataFrame (``attrs["featkit"]``). Polars keeps
neither.

References
----------
.. [1] https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.schema import QUALITY_DTYPES
from featkit.table.cell_values import key_values
from featkit.table.provenance import METADATA_KEY, decode_provenance, encode_provenance

if TYPE_CHECKING:
    import pandas as pd

    from featkit.table.feature_table import FeatureTable

MAX_TEXT_BYTES = 2**31 - 1
"""Most bytes of text in an Arrow array; of more, pyarrow makes several arrays."""

ATTRIBUTE = METADATA_KEY.decode()
"""Attribute of a DataFrame that holds the provenance, as text."""


def is_frame(data: object) -> bool:
    """Return whether an object is a table in memory: a DataFrame, or a table of Arrow.

    Parameters
    ----------
    data : object
        Any object.

    Returns
    -------
    bool
    """
    return _is_pandas(data) or hasattr(data, "__arrow_c_stream__")


def _is_pandas(data: object) -> bool:
    pandas = sys.modules.get("pandas")  # a DataFrame exists only where it was imported
    return pandas is not None and isinstance(data, pandas.DataFrame)


def frame_names(data: Any) -> list[str]:
    """Return the names of the columns of a table in memory.

    Parameters
    ----------
    data : DataFrame or table of Arrow
        See `is_frame`.

    Returns
    -------
    list of str
    """
    if _is_pandas(data):
        return [str(name) for name in data.columns]
    names = getattr(data, "column_names", None) or getattr(data, "columns", None)
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return list(names)
    return list(_arrow(data).column_names)


def as_frame(data: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Convert a table in memory to a DataFrame.

    Parameters
    ----------
    data : DataFrame or table of Arrow
        See `is_frame`.

    Returns
    -------
    data : pandas.DataFrame
        A DataFrame is returned as it is.
    provenance : dict
        The provenance that the table holds, else empty.

    Raises
    ------
    TableError
        If the data are not a table, or hold metadata that featkit did not write.
    """
    if _is_pandas(data):
        stored = data.attrs.get(ATTRIBUTE, "")
        return data, _provenance(stored.encode() if isinstance(stored, str) else b"")
    table = _arrow(data)
    return arrow_to_frame(table), _provenance((table.schema.metadata or {}).get(METADATA_KEY, b""))


def _arrow(data: Any) -> Any:
    import pyarrow as pa

    try:
        return data if isinstance(data, pa.Table) else pa.table(data)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise TableError(f"not a table, but a {type(data).__name__}: {error}") from None


def _provenance(stored: bytes) -> dict[str, Any]:
    try:
        return decode_provenance(stored) if stored else {}
    except ValueError as error:
        raise TableError(f"the table cannot be read: {error}") from None


def arrow_to_frame(table: Any) -> pd.DataFrame:
    """Convert an Arrow table to a DataFrame, with all columns and without an index.

    Parameters
    ----------
    table : pyarrow.Table
        The table.

    Returns
    -------
    pandas.DataFrame
    """
    plain = _plain_types(table)
    data: pd.DataFrame = plain.to_pandas(ignore_metadata=True, types_mapper=_nullable_integer)
    return data


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
        if str(column.type) == "string_view":  # of polars; pandas has no such text
            column = pc.cast(column, pa.large_string())
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


def arrow_table(table: FeatureTable, further: Mapping[str, Array] = MappingProxyType({})) -> Any:
    """Convert a table to Arrow: keys, quality columns, features, and the provenance as metadata.

    Parameters
    ----------
    table : FeatureTable
        The table.
    further : mapping of str to array
        Columns of numbers to add.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    UnicodeEncodeError
        If a text contains half of a surrogate pair.
    """
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
