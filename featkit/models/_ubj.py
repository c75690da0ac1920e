"""Universal Binary JSON as XGBoost writes it, read before XGBoost does.

XGBoost takes a model at its word, and reads and writes outside of its memory while it loads one
that lies. So what it is going to load is decoded here, strictly: no key twice, nothing left over,
only the markers that XGBoost itself writes. The format: https://ubjson.org/type-reference/
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

DEEPEST = 16
"""Levels in each other; a model has 8."""

NUMBERS = {
    ord(marker): np.dtype(name)
    for marker, name in {
        "i": ">i1",
        "U": ">u1",
        "I": ">i2",
        "l": ">i4",
        "L": ">i8",
        "d": ">f4",
        "D": ">f8",
    }.items()
}
"""Types of numbers by their marker."""

CONSTANTS = {ord("T"): True, ord("F"): False, ord("Z"): None}

TEXT, OBJECT, END_OF_OBJECT, ARRAY, TYPE, COUNT = b"S{}[$#"

LENGTH = struct.Struct(">cq")
"""A length with the marker before it."""


def decode(data: bytes) -> Any:
    """Objects as dict, text as str, arrays of one type of number as NumPy arrays, others as list.

    Raises
    ------
    ValueError
        If it is anything but one whole value.
    """
    try:
        value, end = _value(data, 0, 0)
    except (IndexError, struct.error):
        raise ValueError("the trees end before they are whole") from None
    if end != len(data):
        raise ValueError("bytes behind the end of the trees")
    return value


# Each function below reads what begins at the byte `at`, and returns it with where it ends.


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    marker = data[at]
    if marker == TEXT:
        return _text(data, at + 1)
    if marker in NUMBERS:
        numbers, end = _numbers(data, at + 1, NUMBERS[marker], 1)
        return numbers[0], end
    if marker in CONSTANTS:
        return CONSTANTS[marker], at + 1
    if marker not in (OBJECT, ARRAY) or depth == DEEPEST:
        raise ValueError("trees in another form than XGBoost writes")
    return (_object if marker == OBJECT else _array)(data, at + 1, depth + 1)


def _object(data: bytes, at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while data[at] != END_OF_OBJECT:
        key, at = _text(data, at)
        if key in found:
            raise ValueError(f"the trees say twice what {key[:50]!r} is")
        found[key], at = _value(data, at, depth)
    return found, at + 1


def _array(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    kind = None
    if data[at] == TYPE:
        kind, at = NUMBERS[data[at + 1]], at + 2
    if data[at] != COUNT:
        raise ValueError("trees in another form than XGBoost writes")
    count, at = _length(data, at + 1)
    if kind is not None:
        return _numbers(data, at, kind, count)
    values: list[Any] = []
    for _ in range(count):
        value, at = _value(data, at, depth)
        values.append(value)
    return values, at


def _numbers(data: bytes, at: int, kind: np.dtype[Any], count: int) -> tuple[Any, int]:
    return np.frombuffer(data, kind, count, at), at + count * kind.itemsize


def _text(data: bytes, at: int) -> tuple[str, int]:
    length, start = _length(data, at)
    return data[start : start + length].decode(), start + length


def _length(data: bytes, at: int) -> tuple[int, int]:
    """How many bytes or values follow: never more than bytes are left."""
    marker, length = LENGTH.unpack_from(data, at)
    at += LENGTH.size
    if marker != b"L":
        raise ValueError("trees in another form than XGBoost writes")
    if not 0 <= length <= len(data) - at:
        raise ValueError("the trees end before they are whole")
    return length, at
