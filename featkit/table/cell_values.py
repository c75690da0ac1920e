"""Values of the cells of keys and quality columns, and of columns that number the rows.

Keys are text, except times; each quality column has its own type (`QUALITY_DTYPES`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.schema import DUPLICATE_SUFFIX, NUMERIC_KEYS, QUALITY_DTYPES

if TYPE_CHECKING:
    import pandas as pd

INDEX_NAME = re.compile(rf"(index|level_\d+){DUPLICATE_SUFFIX}")
"""Names that pandas gives to an index that becomes a column."""

ROW_NUMBER_NAME = re.compile(
    r"X(\.\d+)?|column1|(?i:row[ _.]?(name|number|num|no|nr|id|index|idx)?s?|s\.? ?no\.?|#)"
)
"""Names that other programs give to row numbers."""

MIN_NUMBERED_ROWS = 5
"""Fewest rows for which consecutive values count as row numbers, and not as coincidence."""

MAX_EXACT_INTEGER = 2**53
"""Largest integer up to which float64 represents every integer."""


def numbers_rows(name: str, values: Array) -> bool:
    """Check whether a column holds row numbers, by its name and its values.

    Parameters
    ----------
    name : str
        Name of the column.
    values : array of float64, shape ``(rows,)``
        Its values.

    Returns
    -------
    bool

    Examples
    --------
    >>> numbers_rows("X", np.arange(1.0, 7.0)), numbers_rows("X", np.arange(6.0) ** 2)
    (True, False)
    """
    if len(values) < MIN_NUMBERED_ROWS or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    if INDEX_NAME.fullmatch(name):  # has gaps if rows were removed after numbering
        return bool((values == np.rint(values)).all() and values[0] >= 0 and (steps > 0).all())
    return bool(ROW_NUMBER_NAME.fullmatch(name) and values[0] in (0, 1) and (steps == 1).all())


def quality_values(name: str, column: pd.Series[Any] | Array) -> Array:
    """Return a quality column in its own type.

    Parameters
    ----------
    name : str
        Name of the quality column.
    column : Series or array, shape ``(rows,)``
        Its cells.

    Returns
    -------
    array, shape ``(rows,)``
        float64, int64, bool, or text in an array of objects. If values are missing: NaN in numbers
        and flags, which are then float64 with 1 and 0, and "" in text.

    Raises
    ------
    TableError
        If a cell is not a number, or not a value of the column's type.
    """
    import pandas as pd

    if QUALITY_DTYPES[name] == "str":
        return np.array(text_values(column), dtype=object)

    cells = np.asarray(column, dtype=object)
    present = ~pd.isna(cells)
    values = np.full(len(cells), np.nan)
    try:
        values[present] = cells[present].astype(np.float64)
    except (TypeError, ValueError):
        raise TableError(f"{name}: holds no numbers: correct it, or name it as a key") from None
    dtype, defined = QUALITY_DTYPES[name], values[~np.isnan(values)]
    if dtype == "bool" and (wrong := defined[~np.isin(defined, (0, 1))]).size:
        raise TableError(f"{name}: holds {wrong[0]:g}, where true and false are expected")
    whole = np.isfinite(defined) & (np.rint(defined) == defined)
    if dtype == "int64" and not whole.all():
        raise TableError(f"{name}: holds {defined[~whole][0]:g}, where whole numbers are expected")
    return values.astype(dtype) if len(defined) == len(values) else values


def key_values(name: str, column: Sequence[Any] | Array) -> Array:
    """Return a key as it is written to a file.

    Parameters
    ----------
    name : str
        Name of the key.
    column : sequence, shape ``(rows,)``
        Its values.

    Returns
    -------
    array of float64 or object, shape ``(rows,)``
        Seconds for times, text for all other keys.
    """
    if name in NUMERIC_KEYS and np.asarray(column).dtype.kind == "f":
        return np.asarray(column, dtype=np.float64)
    return np.array(text_values(column), dtype=object)


def is_inexact(column: pd.Series[Any]) -> bool:
    """Check whether the text of a feature cannot be derived from its float64 values.

    This applies to flags, text and integers beyond `MAX_EXACT_INTEGER`.

    Parameters
    ----------
    column : Series
        The feature as it was given.

    Returns
    -------
    bool
    """
    from pandas.api.types import is_float_dtype, is_integer_dtype

    if is_float_dtype(column.dtype):
        return False
    if not is_integer_dtype(column.dtype):
        return True
    if column.isna().all():
        return False
    return bool(column.max() > MAX_EXACT_INTEGER or column.min() < -MAX_EXACT_INTEGER)


def text_values(column: pd.Series[Any] | Iterable[Any]) -> list[str]:
    """Return the cells of a column as text.

    In a column of numbers, whole numbers are written without a decimal point, because pandas
    stores integers with gaps as floats.

    Parameters
    ----------
    column : Series or iterable
        The cells, of any type.

    Returns
    -------
    list of str
        "" where missing.
    """
    dtype = getattr(column, "dtype", None)
    if type(dtype).__name__ == "CategoricalDtype":
        return _category_texts(column)
    if getattr(dtype, "kind", "") == "f" and getattr(dtype, "itemsize", 8) < 8:
        # float(np.float32(0.1)) is 0.10000000149011612, but its text is 0.1.
        narrow = np.asarray(column, dtype=f"f{dtype.itemsize}")  # type: ignore[union-attr]
        cells: list[Any] = [float(str(number)) for number in narrow]
    else:
        cells = np.asarray(column, dtype=object).tolist()
    kinds = set(map(type, cells))
    if kinds == {str}:
        return cells
    if kinds == {float}:
        return ["" if x != x else str(int(x)) if x.is_integer() else str(x) for x in cells]
    are_numbers = all(_is_missing(cell) or _is_number(cell) for cell in cells)
    return [_text(cell, is_number=are_numbers) for cell in cells]


def _category_texts(column: Any) -> list[str]:
    used = column.cat.remove_unused_categories().cat
    names = np.array([*text_values(used.categories), ""], dtype=object)
    return list(names[used.codes.to_numpy()].tolist())


def _text(value: Any, *, is_number: bool) -> str:
    if type(value) is str:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if _is_missing(value):
        return ""
    whole = is_number and isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)


def _is_missing(value: Any) -> bool:
    """Whether a cell is None, NaN, NaT or pandas' NA; the last three do not equal themselves."""
    if type(value) is str:  # by far the most common, and the comparison below is slow
        return False
    return value is None or type(value).__name__ == "NAType" or bool(np.all(value != value))


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float | np.integer | np.floating)
    return number and not isinstance(value, bool)
