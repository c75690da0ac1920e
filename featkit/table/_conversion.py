"""Columns of DataFrames as features: the same numbers as from a CSV file of the same data.

Features are columns of numbers and of flags (1 and 0), of any type that pandas has: nullable,
sparse, of Arrow, categories of numbers, objects such as `decimal.Decimal`, and text that holds
numbers (`featkit.table._numerals`). Lengths of time count in seconds. No features are dates,
complex numbers and nested columns (a list, an array or a mapping in a cell).
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.table._numerals import NANOSECONDS, Where, read_numbers

if TYPE_CHECKING:
    import pandas as pd

COMPLEX = "complex numbers"
SEVERAL = "several values in a cell"

REMEDIES = {
    COMPLEX: "write real and imaginary part, or magnitude and phase, as two columns",
    SEVERAL: "write one column for each of them",
}

NESTED = (list, tuple, dict, set, frozenset, np.ndarray)


def feature_columns(
    data: pd.DataFrame,
    names: Collection[str],
    *,
    must: Collection[str],
    where: Where,
    notes: list[str],
) -> dict[str, Array]:
    """Those of some columns that are features.

    Parameters
    ----------
    data : DataFrame
        The table.
    names : collection of str
        The columns to look at.
    must : collection of str
        Those of them that have to be features.
    where : callable
        Says which row is meant, for messages.
    notes : list of str
        Takes what a reader should know about columns that are no features, and mixed ones.

    Returns
    -------
    dict of str to array of float64
        In the order of the table; NaN where missing.

    Raises
    ------
    TableError
        If a column that has to be a feature is none, or a cell of a column of numbers is none.
    """
    dtypes = data.dtypes.to_dict()
    plain = [name for name in names if _is_plain(dtypes[name])]
    # All at once, for there may be thousands.
    found = dict(zip(plain, data[plain].to_numpy(np.float64).T, strict=True))
    written: dict[str, Any] = {}
    for name in names:
        if name in found:
            continue
        column = data[name]
        if (values := _numbers(column)) is not None:
            found[name] = values
        elif (texts := _written(column)) is not None:
            written[name] = texts
        elif name in must:
            raise TableError(
                f"{name}: holds {kind_of(column) or 'no numbers'}: correct it, or name it as a key"
            )
        elif kind := kind_of(column):
            notes.append(f"column {name!r} is not learnt from: it holds {kind}; {REMEDIES[kind]}")
    found |= read_numbers(written, must=must, where=where, notes=notes)
    return {name: found[name] for name in names if name in found}


def seconds(name: str, column: pd.Series[Any] | Array, where: Where) -> Array:
    """A column of times in seconds: numbers, lengths of time, or dates (since 1970, UTC)."""
    import pandas as pd

    column = pd.Series(column)
    if isinstance(column.dtype, pd.PeriodDtype):
        return _nanoseconds(pd.Series(column.dt.to_timestamp()))
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _nanoseconds(_utc(column))
    frame = column.to_frame(name)
    try:
        return feature_columns(frame, [name], must=[name], where=where, notes=[])[name]
    except TableError as error:
        try:
            dates = pd.to_datetime(column, utc=True, format="ISO8601")
        except (TypeError, ValueError, OverflowError):
            cell = str(error).partition(" is not a number")[0]
            raise TableError(
                f"{cell} is not a time: write seconds, or hours, minutes and seconds as 00:01:02.5"
            ) from None
        return _nanoseconds(_utc(dates))


def kind_of(column: pd.Series[Any]) -> str:
    """What a column holds that no feature can be made of, such as ``complex numbers``, or ""."""
    import pandas as pd

    if column.dtype.kind == "c":
        return COMPLEX
    if isinstance(column.dtype, np.dtype) and column.dtype.kind != "O":
        return ""
    if isinstance(column.dtype, pd.StringDtype):
        return ""
    types = {*map(type, column.to_numpy(dtype=object))}
    if any(issubclass(each, complex | np.complexfloating) for each in types):
        return COMPLEX
    if any(issubclass(each, NESTED) for each in types):
        return SEVERAL
    return ""


def nested_columns(data: pd.DataFrame) -> list[str]:
    """Names of the columns that have more than one value in a cell."""
    return [
        str(name)
        for name, dtype in data.dtypes.items()
        if not _is_plain(dtype) and kind_of(data[name]) == SEVERAL
    ]


def of_plain_types(table: Any) -> Any:
    """A table of Arrow without extension types, and with text in place of bytes that are text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, (name, kind) in enumerate(zip(table.schema.names, table.schema.types, strict=True)):
        binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
        extension = isinstance(kind, pa.BaseExtensionType) and not _known_to_pandas(kind)
        if not binary and not extension:
            continue
        column = table.column(place)
        if extension:
            pieces = [piece.storage for piece in column.chunks]
            column = pa.chunked_array(pieces, column.type.storage_type)
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            with suppress(pa.ArrowInvalid):
                column = pc.cast(column, pa.string())
        table = table.set_column(place, name, column)
    return table


def _known_to_pandas(kind: Any) -> bool:
    """Whether pandas has a type for an extension type, as for periods."""
    try:
        kind.to_pandas_dtype()
    except NotImplementedError:
        return False
    return True


def index_columns(schema: Any) -> list[str]:
    """Names of the columns of a Parquet file that pandas wrote for a named index."""
    try:
        told = (schema.pandas_metadata or {}).get("index_columns", [])
    except (AttributeError, ValueError):
        return []
    return [
        name
        for name in told
        if isinstance(name, str) and name in schema.names and not name.startswith("__index_level_")
    ]


def _is_plain(dtype: Any) -> bool:
    """Whether it is one of NumPy's types of real numbers or flags."""
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf"


def _numbers(column: pd.Series[Any]) -> Array | None:
    """A column of a type of numbers, flags or lengths of time."""
    import pandas as pd

    dtype = column.dtype
    if dtype.kind == "c":
        return None
    if dtype.kind == "m":
        return _nanoseconds(column)
    if pd.api.types.is_numeric_dtype(dtype):
        values: Array = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return values
    if not pd.api.types.is_object_dtype(dtype):
        return None
    cells = column.to_numpy(dtype=object)
    types = {*map(type, cells)} - {type(None), type(pd.NA)}
    if types and all(
        issubclass(each, int | float | np.integer | np.floating | Decimal)
        and not issubclass(each, bool)
        for each in types
    ):
        return np.array([_number(cell) for cell in cells], dtype=np.float64)
    return None


def _number(cell: Any) -> float:
    import pandas as pd

    if cell is None or cell is pd.NA:
        return np.nan
    try:
        return float(cell)
    except OverflowError:
        return np.inf if cell > 0 else -np.inf


def _written(column: pd.Series[Any]) -> Any:
    """The cells of a column as a CSV file has them; None of what is no feature in any file."""
    import pandas as pd
    import pyarrow as pa

    dates = pd.DatetimeTZDtype | pd.PeriodDtype | pd.IntervalDtype
    if column.dtype.kind in "cM" or isinstance(column.dtype, dates) or kind_of(column):
        return None
    cells = column.to_numpy(dtype=object)
    missing = column.isna().to_numpy()
    try:
        texts = pa.array(cells, pa.string(), mask=missing)
    except (pa.ArrowException, UnicodeError):
        told = [None if no else _text(cell) for cell, no in zip(cells, missing, strict=True)]
        texts = pa.array(told, pa.string())
    return pa.chunked_array([texts])


def _text(cell: Any) -> str:
    if isinstance(cell, float | np.floating):
        return repr(float(cell))
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell).encode("utf-8", "replace").decode()


def _nanoseconds(column: pd.Series[Any]) -> Array:
    """Times in seconds; NaN where missing."""
    import pandas as pd

    name = "timedelta64[ns]" if column.dtype.kind == "m" else "datetime64[ns]"
    ticks = column.to_numpy(dtype=name).astype(np.int64)
    values: Array = ticks / NANOSECONDS
    return np.where(pd.isna(column).to_numpy(), np.nan, values)


def _utc(column: pd.Series[Any]) -> pd.Series[Any]:
    """Dates without a zone, in UTC."""
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column
