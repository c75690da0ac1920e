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
    b"i": ">i1",
    b"U": ">u1",
    b"I": ">i2",
    b"l": ">i4",
    b"L": ">i8",
    b"d": ">f4",
    b"D": ">f8",
}
"""NumPy's names of the types of numbers."""

CONSTANTS = {b"T": True, b"F": False, b"Z": None}


def decode(data: bytes) -> Any:
    """Objects as dict, text as str, arrays of one type of number as NumPy arrays, others as list.

    Raises
    ------
    ValueError
        If it is anything but one whole value.
    """
    reader = _Reader(data)
    value = reader.value()
    if reader.at != len(data):
        raise ValueError("bytes behind the end of the trees")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.depth = 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if count < 0 or len(taken) < count:
            raise ValueError("the trees end before they are whole")
        self.at += count
        return taken

    def length(self) -> int:
        if self.take(1) != b"L":
            raise ValueError("trees in another form than XGBoost writes")
        return int(struct.unpack(">q", self.take(8))[0])

    def text(self) -> str:
        return self.take(self.length()).decode()

    def value(self) -> Any:
        marker = self.take(1)
        if marker in NUMBERS:
            return np.frombuffer(self.take(np.dtype(NUMBERS[marker]).itemsize), NUMBERS[marker])[0]
        if marker in CONSTANTS:
            return CONSTANTS[marker]
        if marker == b"S":
            return self.text()
        if marker not in (b"{", b"[") or self.depth == DEEPEST:
            raise ValueError("trees in another form than XGBoost writes")
        self.depth += 1
        value = self.object() if marker == b"{" else self.array()
        self.depth -= 1
        return value

    def object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.data[self.at : self.at + 1] != b"}":
            key = self.text()
            if key in found:
                raise ValueError(f"the trees say twice what {key[:50]!r} is")
            found[key] = self.value()
        self.at += 1
        return found

    def array(self) -> Any:
        marker = self.take(1)
        kind = NUMBERS[self.take(1)] if marker == b"$" else None
        if (self.take(1) if kind else marker) != b"#":
            raise ValueError("trees in another form than XGBoost writes")
        count = self.length()
        if kind:
            return np.frombuffer(self.take(count * np.dtype(kind).itemsize), kind)
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError("the trees end before they are whole")
        return [self.value() for _ in range(count)]
