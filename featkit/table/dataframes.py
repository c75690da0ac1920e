"""Columns of DataFrames as features: the same numbers as from a CSV file of the same data.

Features are columns of numbers and of flags (1 and 0) of any pandas type: nullable, sparse, Arrow,
categories of numbers, objects such as `decimal.Decimal`, and text that holds numbers
(`featkit.table._number_parsing`). Time differences count in seconds. Dates, complex numbers and
nested columns (a list, an array or a mapping in a cell) are not features.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.schema import TIME_COLUMNS
from featkit.table.cell_values import is_inexact, text_values
from featkit.table.columns import ColumnSelection, RowName, TableColumns, numbered_row

if TYPE_CHECKING:
    import pandas as pd

COMPLEX = "complex numbers"
NESTED = "several values in a cell"

REMEDIES = {
    COMPLEX: "write real and imaginary part, or magnitude and phase, as two columns",
    NESTED: "write one column for each of them",
}

CONTAINERS = (list, tuple, dict, set, frozenset, np.ndarray)


def frame_columns(
    data: pd.DataFrame, selection: ColumnSelection, row_name: RowName = numbered_row
) -> TableColumns:
    """Read the columns of a DataFrame; named levels of its index are keys.

    Parameters
    ----------
    data : DataFrame
        The table.
    selection : ColumnSelection
        The keys and features that the caller wants.
    row_name : callable
        ``row_name(row)`` returns the name of a row, for messages.

    Returns
    -------
    TableColumns

    Raises
    ------
    ParameterError
        If a key is not a column.
    TableError
        If two columns have the same name, or a feature holds no numbers.
    """
    from pandas.api.types import is_numeric_dtype

    from featkit.table.delimited import check_unique_names

    data, levels = _with_index_as_columns(data)
    names = list(data.columns)
    check_unique_names("DataFrame", names)
    roles = selection.roles(names)
    unselected = [name for name in roles.unselected_candidates if name not in levels]
    numeric = [name for name in unselected if is_numeric_dtype(data[name])]
    data = data.drop(columns=[*roles.unselected_features, *numeric])
    candidates = [name for name in roles.candidates if name not in levels]
    notes: list[str] = []
    names = [*roles.features, *candidates]
    features = feature_columns(data, names, required=roles.features, notes=notes, row_name=row_name)
    unused = [name for name in candidates if name not in features]
    nested = [name for name in unused if unusable_content(data[name]) == NESTED]
    others = data.drop(columns=[*features, *nested])
    return TableColumns(
        features=features,
        others={name: others[name] for name in others.columns},
        roles=roles,
        provenance=dict(selection.provenance),
        notes=notes,
        inexact={name: data[name] for name in features if is_inexact(data[name])},
        index_levels=levels,
        row_name=row_name,
    )


def _with_index_as_columns(data: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A DataFrame with text as column names, and the named levels of its index, now columns."""
    data = data.set_axis([str(name) for name in data.columns], axis=1)
    levels = [
        level
        for level, name in enumerate(data.index.names)
        if name is not None and str(name) not in data.columns
    ]
    names = [str(data.index.names[level]) for level in levels]
    if names:
        data = data.reset_index(level=levels, names=names)
    return data, names


def feature_columns(
    data: pd.DataFrame,
    names: Collection[str],
    *,
    required: Collection[str],
    notes: list[str],
    row_name: RowName = numbered_row,
) -> dict[str, Array]:
    """Convert the columns that hold numbers to float64.

    Parameters
    ----------
    data : DataFrame
        The table.
    names : collection of str
        The columns to convert.
    required : collection of str
        Those of them that must hold numbers.
    notes : list of str
        Receives remarks on columns that cannot be features, and on mixed ones.
    row_name : callable
        ``row_name(row)`` returns the name of a row, for messages.

    Returns
    -------
    dict of str to array of float64
        In the order of `names`; NaN where missing.

    Raises
    ------
    TableError
        If a required column holds no numbers, or a cell of a column of numbers is not a number.
    """
    from featkit.table._number_parsing import read_numbers

    dtypes = data.dtypes.to_dict()
    plain = [name for name in names if _is_plain(dtypes[name])]
    # Converted together, because there may be thousands.
    features = dict(zip(plain, data[plain].to_numpy(np.float64).T, strict=True))
    texts: dict[str, Any] = {}
    for name in names:
        if name in features:
            continue
        column = data[name]
        if (values := _numbers(column)) is not None:
            features[name] = values
        elif (cells := _texts(column)) is not None:
            texts[name] = cells
        elif name in required:
            content = unusable_content(column) or "no numbers"
            raise TableError(f"{name}: holds {content}: correct it, or name it as a key")
        elif content := unusable_content(column):
            note = f"column {name!r} is not used as a feature: it holds {content}; "
            notes.append(note + REMEDIES[content])
    features |= read_numbers(texts, required=required, row_name=row_name, notes=notes)
    return {name: features[name] for name in names if name in features}


def numeric_key(name: str, column: pd.Series[Any] | Array, row_name: RowName) -> Array | list[str]:
    """Convert a key of `NUMERIC_KEYS` to numbers.

    Parameters
    ----------
    name, column, row_name
        See `seconds`.

    Returns
    -------
    array of float64, or list of str, shape ``(rows,)``
        NaN where missing. Frequencies that are not numbers, in tables of other programs, stay text.

    Raises
    ------
    TableError
        If a cell of a time is not a time.
    """
    if name in TIME_COLUMNS:
        return seconds(name, column, row_name)
    import pandas as pd

    try:
        return pd.Series(pd.to_numeric(pd.Series(column))).to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return text_values(column)


def seconds(name: str, column: pd.Series[Any] | Array, row_name: RowName) -> Array:
    """Convert a column of times to seconds.

    Parameters
    ----------
    name : str
        Name of the column.
    column : Series or array, shape ``(rows,)``
        Numbers, time differences, or dates.
    row_name : callable
        ``row_name(row)`` returns the name of a row, for messages.

    Returns
    -------
    array of float64, shape ``(rows,)``
        NaN where missing; dates count from 1970, in UTC.

    Raises
    ------
    TableError
        If a cell is not a time.
    """
    import pandas as pd

    column = pd.Series(column)
    if isinstance(column.dtype, pd.PeriodDtype):
        return _nanoseconds_as_seconds(pd.Series(column.dt.to_timestamp()))
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _nanoseconds_as_seconds(_in_utc(column))
    frame = column.to_frame(name)
    try:
        return feature_columns(frame, [name], required=[name], row_name=row_name, notes=[])[name]
    except TableError as error:
        try:
            dates = pd.to_datetime(column, utc=True, format="ISO8601")
        except (TypeError, ValueError, OverflowError):
            cell = str(error).partition(" is not a number")[0]
            raise TableError(
                f"{cell} is not a time: write seconds, or hours, minutes and seconds as 00:01:02.5"
            ) from None
        return _nanoseconds_as_seconds(_in_utc(dates))


def unusable_content(column: pd.Series[Any]) -> str:
    """Describe the content of a column that cannot be converted to a feature.

    Parameters
    ----------
    column : Series
        The column.

    Returns
    -------
    str
        `COMPLEX`, `NESTED` or "".
    """
    import pandas as pd

    if column.dtype.kind == "c":
        return COMPLEX
    is_simple = isinstance(column.dtype, np.dtype) and column.dtype.kind != "O"
    if is_simple or isinstance(column.dtype, pd.StringDtype):
        return ""
    types = {*map(type, column.to_numpy(dtype=object))}
    if any(issubclass(cell_type, complex | np.complexfloating) for cell_type in types):
        return COMPLEX
    return NESTED if any(issubclass(cell_type, CONTAINERS) for cell_type in types) else ""


def _is_plain(dtype: Any) -> bool:
    """Whether it is a NumPy type of real numbers or flags."""
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf"


def _numbers(column: pd.Series[Any]) -> Array | None:
    """The values of a column whose type is one of numbers, flags or time differences."""
    import pandas as pd

    dtype = column.dtype
    if dtype.kind == "c":
        return None
    if dtype.kind == "m":
        return _nanoseconds_as_seconds(column)
    if pd.api.types.is_numeric_dtype(dtype):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    if not pd.api.types.is_object_dtype(dtype):
        return None
    cells = column.to_numpy(dtype=object)
    types = {*map(type, cells)} - {type(None), type(pd.NA)}
    if types and all(
        issubclass(cell_type, int | float | np.integer | np.floating | Decimal)
        and not issubclass(cell_type, bool)
        for cell_type in types
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


def _texts(column: pd.Series[Any]) -> Any:
    """The cells of a column as a CSV file has them; None if they cannot be features."""
    import pandas as pd
    import pyarrow as pa

    dates = pd.DatetimeTZDtype | pd.PeriodDtype | pd.IntervalDtype
    if column.dtype.kind in "cM" or isinstance(column.dtype, dates) or unusable_content(column):
        return None
    cells = column.to_numpy(dtype=object)
    missing = column.isna().to_numpy()
    try:
        texts = pa.array(cells, pa.string(), mask=missing)
    except (pa.ArrowException, UnicodeError):
        converted = [None if na else _text(cell) for cell, na in zip(cells, missing, strict=True)]
        texts = pa.array(converted, pa.string())
    return pa.chunked_array([texts])


def _text(cell: Any) -> str:
    if isinstance(cell, float | np.floating):
        return repr(float(cell))
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell).encode("utf-8", "replace").decode()


def _nanoseconds_as_seconds(column: pd.Series[Any]) -> Array:
    """Dates or time differences in seconds; NaN where missing."""
    import pandas as pd

    from featkit.table.times import NANOSECONDS

    dtype = "timedelta64[ns]" if column.dtype.kind == "m" else "datetime64[ns]"
    ticks = column.to_numpy(dtype=dtype).astype(np.int64)
    return np.where(pd.isna(column).to_numpy(), np.nan, ticks / NANOSECONDS)


def _in_utc(column: pd.Series[Any]) -> pd.Series[Any]:
    """Dates in UTC, without a time zone."""
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column
