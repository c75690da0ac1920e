"""Strict decoding of Universal Binary JSON as XGBoost writes it, before XGBoost reads it.

XGBoost does not check models: loading a malicious one may read and write memory out of bounds. Here
duplicate keys, trailing bytes and all markers that XGBoost does not write are errors.

References
----------
Universal Binary JSON Specification, https://ubjson.org/type-reference/
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

MAX_DEPTH = 16
"""Greatest number of nested levels; a model has 8."""

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
"""NumPy type of each marker."""

CONSTANTS = {ord("T"): True, ord("F"): False, ord("Z"): None}

TEXT, OBJECT, END_OF_OBJECT, ARRAY, TYPE, COUNT = b"S{}[$#"

LENGTH = struct.Struct(">cq")
"""The marker of a length, and the length."""


def decode(data: bytes) -> Any:
    """Decode one value.

    Parameters
    ----------
    data : bytes
        Its encoding.

    Returns
    -------
    dict, str, list, numpy.ndarray, numpy number, bool or None
        Arrays of numbers of one type are NumPy arrays, others lists.

    Raises
    ------
    ValueError
        If the data are not exactly one value.
    KeyError
        If an array has an unknown type.
    """
    try:
        value, end = _value(data, 0, 0)
    except (IndexError, struct.error):
        raise ValueError("the data of the trees are truncated") from None
    if end != len(data):
        raise ValueError("unexpected bytes after the data of the trees")
    return value


# Each function below reads the value at the byte `at`, and returns it with the position after it.


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    marker = data[at]
    if marker == TEXT:
        return _text(data, at + 1)
    if marker in NUMBERS:
        numbers, end = _numbers(data, at + 1, NUMBERS[marker], 1)
        return numbers[0], end
    if marker in CONSTANTS:
        return CONSTANTS[marker], at + 1
    if marker not in (OBJECT, ARRAY) or depth == MAX_DEPTH:
        raise ValueError("trees in a form that XGBoost does not write")
    return (_object if marker == OBJECT else _array)(data, at + 1, depth + 1)


def _object(data: bytes, at: int, depth: int) -> tuple[dict[str, Any], int]:
    items: dict[str, Any] = {}
    while data[at] != END_OF_OBJECT:
        key, at = _text(data, at)
        if key in items:
            raise ValueError(f"duplicate key {key[:50]!r} in the trees")
        items[key], at = _value(data, at, depth)
    return items, at + 1


def _array(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    kind = None
    if data[at] == TYPE:
        kind, at = NUMBERS[data[at + 1]], at + 2
    if data[at] != COUNT:
        raise ValueError("trees in a form that XGBoost does not write")
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
    """The number of bytes or values that follow, at most the number of bytes left."""
    marker, length = LENGTH.unpack_from(data, at)
    at += LENGTH.size
    if marker != b"L":
        raise ValueError("trees in a form that XGBoost does not write")
    if not 0 <= length <= len(data) - at:
        raise ValueError("the data of the trees are truncated")
    return length, at
