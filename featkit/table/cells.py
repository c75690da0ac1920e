"""Cells of the columns that are not features: what each column may hold, and how it is written.

Keys are text, but `TIMES`; a column of quality has a type of its own (`QUALITY`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.schema import QUALITY, SUFFIX, TIMES

if TYPE_CHECKING:
    import pandas as pd

INDEX = re.compile(rf"(index|level_\d+){SUFFIX}")
"""What pandas calls an index that becomes a column."""

ROW_NUMBER = re.compile(
    r"X(\.\d+)?|column1|(?i:row[ _.]?(name|number|num|no|nr|id|index|idx)?s?|s\.? ?no\.?|#)"
)
"""What other programs call the numbers of rows."""

FEWEST_NUMBERED = 5
"""Rows below which the values of a feature may number them by chance."""

EXACT = 2**53
"""Beyond it, floats do not hold every integer."""


def numbers_rows(name: str, values: Array) -> bool:
    """Whether a column numbers the rows, by its name and its values.

    Examples
    --------
    >>> numbers_rows("X", np.arange(1.0, 7.0)), numbers_rows("X", np.arange(6.0) ** 2)
    (True, False)
    """
    if len(values) < FEWEST_NUMBERED or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    if INDEX.fullmatch(name):  # rows may have been left out since
        return bool((values == np.rint(values)).all() and values[0] >= 0 and (steps > 0).all())
    return bool(ROW_NUMBER.fullmatch(name) and values[0] in (0, 1) and (steps == 1).all())


def typed(name: str, column: pd.Series[Any] | Array) -> Array:
    """A column of quality as its type has it; where some are missing, float64 with NaN."""
    import pandas as pd

    cells = np.asarray(column, dtype=object)
    there = ~pd.isna(cells)
    values = np.full(len(cells), np.nan)
    try:
        values[there] = cells[there].astype(np.float64)
    except (TypeError, ValueError):
        raise TableError(f"{name}: holds no numbers: correct it, or name it as a key") from None
    known = values[~np.isnan(values)]
    if QUALITY[name] == "bool" and (wrong := known[~np.isin(known, (0, 1))]).size:
        raise TableError(f"{name}: holds {wrong[0]:g}, where true and false are expected")
    whole = np.isfinite(known) & (np.rint(known) == known)
    if QUALITY[name] == "int64" and not whole.all():
        raise TableError(f"{name}: holds {known[~whole][0]:g}, where whole numbers are expected")
    return values.astype(QUALITY[name]) if len(known) == len(values) else values


def quality_cells(name: str, column: Array) -> list[Any]:
    """A column of quality for CSV; NaN where missing."""
    kind = {"bool": bool, "int64": int, "float64": float}[QUALITY[name]]
    return [value if value != value else kind(value) for value in column.tolist()]


def arrow_key(name: str, column: Sequence[Any] | Array) -> Any:
    """A key for Parquet."""
    import pyarrow as pa

    cells = key_cells(name, column)
    return pa.array(cells, pa.string() if cells.dtype == object else pa.float64())


def arrow_quality(name: str, column: Array) -> Any:
    """A column of quality for Parquet; null where missing."""
    import pyarrow as pa

    missing = np.isnan(column)
    return pa.array(np.where(missing, 0, column).astype(QUALITY[name]), mask=missing)


def key_cells(name: str, column: Sequence[Any] | Array) -> Array:
    """A key as it is written: numbers if it is of `TIMES`, else text."""
    if name in TIMES and np.asarray(column).dtype.kind == "f":
        return np.asarray(column, dtype=np.float64)
    return np.array(texts(column), dtype=object)


def whole_numbers(kind: Any) -> Any:
    """For an integer type of Arrow's the nullable one of pandas', which needs no floats."""
    import pandas as pd
    import pyarrow as pa

    if not pa.types.is_integer(kind):
        return None
    return pd.api.types.pandas_dtype(str(kind).replace("int", "Int").replace("uI", "UI"))


def is_inexact(column: pd.Series[Any]) -> bool:
    """Whether the text of a feature does not follow from its numbers as floats."""
    from pandas.api.types import is_float_dtype, is_integer_dtype

    if is_float_dtype(column.dtype):
        return False
    if not is_integer_dtype(column.dtype):
        return True
    if column.isna().all():
        return False
    return bool(column.max() > EXACT or column.min() < -EXACT)


def texts(column: pd.Series[Any] | Iterable[Any]) -> list[str]:
    """Any other key as text; "" where missing.

    In a column of numbers, those that are whole have no point: a column of integers with a gap is
    one of floats for pandas.
    """
    dtype = getattr(column, "dtype", None)
    if type(dtype).__name__ == "CategoricalDtype":
        return _of_categories(column)
    if getattr(dtype, "kind", "") == "f" and getattr(dtype, "itemsize", 8) < 8:
        # As a double, 0.1 in single precision is 0.10000000149011612.
        narrow = np.asarray(column, dtype=f"f{dtype.itemsize}")  # type: ignore[union-attr]
        cells: list[Any] = [float(str(number)) for number in narrow]
    else:
        cells = np.asarray(column, dtype=object).tolist()
    numbers = all(_is_missing(cell) or _is_number(cell) for cell in cells)
    return [_text(cell, number=numbers) for cell in cells]


def _of_categories(column: Any) -> list[str]:
    used = column.cat.remove_unused_categories().cat
    names = np.array([*texts(used.categories), ""], dtype=object)
    found: list[str] = names[used.codes.to_numpy()].tolist()
    return found


def _text(value: Any, *, number: bool) -> str:
    if type(value) is str:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if _is_missing(value):
        return ""
    whole = number and isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)


def _is_missing(value: Any) -> bool:
    """Whether it is None, NaN, NaT or pandas' NA, which is equal to nothing either."""
    return value is None or type(value).__name__ == "NAType" or bool(np.all(value != value))


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float | np.integer | np.floating)
    return number and not isinstance(value, bool)
