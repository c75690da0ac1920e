"""Measures of recordings, read from packed values as they are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from featkit.auditing.measure import Values
from featkit.auditing.packed_values import read_header, unpack


class Measured(Mapping[str, Mapping[str, Values]]):
    """Measures by path of the recording, then by name; arrays are read from packed bytes.

    Parameters
    ----------
    packed : mapping of str to bytes
        Packed values of each recording.
    """

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        self._packed = packed

    def __getitem__(self, path: str) -> Mapping[str, Values]:
        return MeasuredRecording(self._packed[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


class MeasuredRecording(Mapping[str, Values]):
    """Measures of a recording by name.

    Parameters
    ----------
    data : bytes
        Its packed values.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __getitem__(self, name: str) -> Values:
        values = unpack(self._data, name)
        if values is None:
            raise KeyError(name)
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(read_header(self._data).measures)

    def __len__(self) -> int:
        return len(read_header(self._data).measures)
