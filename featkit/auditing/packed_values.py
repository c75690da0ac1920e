"""Values of measures as bytes: for memory, for worker processes and for the checkpoint.

The bytes begin with the length of a header, in JSON, which lists the measures with their versions,
and the arrays of each with type, shape and position; the arrays follow. Arrays are views of the
bytes, so ten thousand recordings need no Python objects but one text of bytes each. Bytes from a
file are checked in full before they are used (`check_packed`).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.measure import Values

KINDS = "biufU"
"""Kinds of arrays that can be packed: flags, numbers and texts."""

DTYPE = re.compile(rf"[<|][{KINDS}][0-9]{{1,6}}")
"""Text of a type in the header."""

ALIGNMENT = 8
"""Arrays begin at multiples of this number of bytes."""

LENGTH_BYTES = 8
"""Bytes of the length of the header, at the beginning."""

DURATION = "duration"
"""Name in the header of the duration of the recording in seconds."""

MEASURES = "measures"
"""Name in the header of the measures."""


class Header(NamedTuple):
    """Header of packed values.

    Attributes
    ----------
    duration : float
        Duration of the recording in seconds.
    measures : dict
        By name of a measure: its version, then type, shape and position of its arrays by name.
    start : int
        Position of the first array.
    """

    duration: float
    measures: dict[str, Any]
    start: int

    @property
    def versions(self) -> dict[str, int]:
        """Version of each measure."""
        return {name: version for name, (version, _) in self.measures.items()}


def pack(duration: float, values: Mapping[str, Values], versions: Mapping[str, int]) -> bytes:
    """Pack the values of the measures of a recording.

    Parameters
    ----------
    duration : float
        Duration of the recording in seconds.
    values : mapping of str to mapping
        Arrays by measure, then by name.
    versions : mapping of str to int
        Version of each measure.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        If an array holds other objects than flags, numbers and texts.
    """
    position, parts, measures = 0, [], {}
    for measure, arrays in values.items():
        entries = {}
        for name, values_of in arrays.items():
            array = np.ascontiguousarray(values_of)
            if array.dtype.kind not in KINDS:
                raise TypeError(f"{measure}: {name}: cannot store values of type {array.dtype}")
            array = array.reshape(np.shape(values_of)).astype(array.dtype.newbyteorder("<"))
            entries[name] = [array.dtype.str, list(array.shape), position]
            parts.append(_padded(array.tobytes()))
            position += len(parts[-1])
        measures[measure] = [versions[measure], entries]
    text = json.dumps({DURATION: duration, MEASURES: measures}, separators=(",", ":"))
    header = text.encode()
    return b"".join([_padded(len(header).to_bytes(LENGTH_BYTES, "little") + header), *parts])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)


def read_header(data: bytes) -> Header:
    """Read the header of packed values.

    Parameters
    ----------
    data : bytes
        The result of `pack`; see `check_packed` for bytes from a file.

    Returns
    -------
    Header
    """
    end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    content = json.loads(data[LENGTH_BYTES:end])
    return Header(content[DURATION], content[MEASURES], end + -end % ALIGNMENT)


def unpack(data: bytes, measure: str) -> Values | None:
    """Return the values of one measure.

    Parameters
    ----------
    data : bytes
        The result of `pack`.
    measure : str
        Name of the measure.

    Returns
    -------
    mapping of str to array, or None
        Views of the bytes, which cannot be written to; None without this measure.
    """
    header = read_header(data)
    if measure not in header.measures:
        return None
    _, entries = header.measures[measure]
    return {name: _array(data, header.start, *entry) for name, entry in entries.items()}


def _array(data: bytes, start: int, dtype: str, shape: list[int], position: int) -> Array:
    count = int(np.prod(shape, dtype=np.int64))
    if not count:
        return np.empty(shape, dtype)
    return np.frombuffer(data, dtype, count, start + position).reshape(shape)


def check_packed(data: bytes) -> Header:
    """Check packed values from a file, which may be damaged or made by an attacker.

    Parameters
    ----------
    data : bytes
        The bytes.

    Returns
    -------
    Header

    Raises
    ------
    ValueError
        If they are not the result of `pack`.
    """
    try:
        header = read_header(data)
        if not isinstance(header.duration, float) or not 0 <= header.duration < np.inf:
            raise ValueError("the duration is no number of seconds")
        for array in _checked_arrays(data, header):
            codes = np.atleast_1d(array).view(np.uint32) if array.dtype.kind == "U" else None
            if codes is not None and codes.max(initial=0) > sys.maxunicode:
                raise ValueError("a text is not valid")
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"not packed values: {error}") from None
    return header


def _checked_arrays(data: bytes, header: Header) -> Iterator[Array]:
    for version, entries in header.measures.values():
        if not isinstance(version, int):
            raise TypeError("a version is no number")
        for text, shape, position in entries.values():
            sizes = [*shape, position]
            if not all(isinstance(size, int) and 0 <= size <= len(data) for size in sizes):
                raise ValueError("an array has no valid size")
            if not DTYPE.fullmatch(text) or position % ALIGNMENT:
                raise ValueError(f"an array has the type {text!r}")
            if np.prod([*map(float, shape)]) * np.dtype(text).itemsize > len(data):
                raise ValueError("an array is longer than the data")
            yield _array(data, header.start, text, shape, position)
