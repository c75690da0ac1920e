"""Values as JSON holds them."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Convert a value to one that JSON can hold.

    Parameters
    ----------
    value : object
        A scalar of Python or NumPy, an array, a DataFrame, a path, a dataclass, a named tuple, or a
        mapping or iterable of such values.

    Returns
    -------
    object
        Numbers that are not finite, and missing values of pandas, are None; a DataFrame is a list
        of rows, which are mappings.

    Examples
    --------
    >>> plain({"a": float("nan"), "b": (1, 2.5)})
    {'a': None, 'b': [1, 2.5]}
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "as_dict"):
        return plain(value.as_dict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    if hasattr(value, "_asdict"):  # a named tuple
        return plain(value._asdict())
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "itertuples"):  # a DataFrame
        names = [str(name) for name in value.columns]
        rows = value.itertuples(index=False, name=None)
        return [dict(zip(names, map(plain, row), strict=True)) for row in rows]
    if hasattr(value, "tolist"):  # an array or a scalar of NumPy
        return plain(value.tolist())
    if hasattr(value, "isoformat"):  # a time; pandas.NaT is one, too
        return None if str(value) == "NaT" else value.isoformat()
    if hasattr(value, "__iter__"):
        return [plain(item) for item in value]
    text = str(value)
    return None if text == "<NA>" else text  # pandas.NA, which cannot be compared
