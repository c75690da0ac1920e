"""A file made of pieces of another file, which libsndfile reads in place of a faulty one."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import BinaryIO

Piece = tuple[int, int] | bytes
"""A range of the other file, as its first byte and the one after its last, or bytes of its own."""

ID3V1_SIZE = 128
"""Bytes of the tag that libsndfile looks for at the end of a file of MPEG audio."""

SEARCH_BLOCK = 2**20
"""Bytes that a search reads at a time."""


class SplicedFile(io.RawIOBase):
    """Pieces of a file, one after the other, as a file to read.

    Parameters
    ----------
    stream : binary file
        The other file.
    pieces : sequence of Piece
        The content.
    stated_size : int, optional
        Size in bytes to report, if not that of the pieces. libsndfile estimates the length of MPEG
        audio from this size, decodes no more than that, and looks for a tag at its end.
    """

    def __init__(
        self, stream: BinaryIO, pieces: Sequence[Piece], stated_size: int | None = None
    ) -> None:
        super().__init__()
        self._stream = stream
        self._pieces = [piece for piece in pieces if piece_size(piece)]
        self._ends = list(accumulate(map(piece_size, self._pieces)))
        self._size = self._ends[-1] if self._ends else 0
        self._stated_size = self._size if stated_size is None else stated_size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        bases = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._stated_size}
        self._position = max(0, bases[whence] + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        view, count = memoryview(buffer).cast("B"), 0
        while count < len(view) and self._position < self._size:
            piece, offset = self._locate(self._position)
            size = min(len(view) - count, piece_size(piece) - offset)
            if isinstance(piece, bytes):
                part = piece[offset : offset + size]
            else:
                part = read_at(self._stream, piece[0] + offset, size)
            if not part:
                break
            view[count : count + len(part)] = part
            count += len(part)
            self._position += len(part)
        return count or self._read_beyond(view)

    def _read_beyond(self, view: memoryview) -> int:
        """Read zeros in place of a tag at the end of the stated size."""
        first = max(self._size, self._stated_size - ID3V1_SIZE)
        if not first <= self._position < self._stated_size:
            return 0
        count = min(len(view), self._stated_size - self._position)
        view[:count] = bytes(count)
        self._position += count
        return count

    def source_position(self) -> int:
        """The position in the other file up to which it was read."""
        if not self._pieces:
            return 0
        piece, offset = self._locate(max(0, min(self._position, self._size) - 1))
        return 0 if isinstance(piece, bytes) else piece[0] + offset + 1

    def _locate(self, position: int) -> tuple[Piece, int]:
        """The piece at a position, and the offset in it."""
        k = bisect_right(self._ends, position)
        piece = self._pieces[k]
        return piece, position - (self._ends[k] - piece_size(piece))


def piece_size(piece: Piece) -> int:
    """Number of bytes of a piece."""
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]


def patched(start: int, stop: int, patches: Sequence[tuple[int, bytes]]) -> list[Piece]:
    """The pieces of a range of a file in which some bytes, given by position, are replaced."""
    pieces: list[Piece] = []
    for position, new in sorted(patches):
        pieces += [(start, position), new]
        start = position + len(new)
    return [*pieces, (start, stop)]


def size_of(stream: BinaryIO) -> int:
    """Number of bytes of a file."""
    return stream.seek(0, os.SEEK_END)


def read_at(stream: BinaryIO, position: int, count: int) -> bytes:
    """Up to `count` bytes of a file from a position."""
    stream.seek(position)
    return stream.read(count)


def find_all(stream: BinaryIO, mark: bytes, start: int, stop: int) -> Iterator[int]:
    """The positions of a byte sequence in a range of a file."""
    while start < stop:
        data = read_at(stream, start, min(SEARCH_BLOCK + len(mark) - 1, stop - start))
        at = data.find(mark)
        while at >= 0:
            yield start + at
            at = data.find(mark, at + 1)
        if len(data) < SEARCH_BLOCK:
            return
        start += SEARCH_BLOCK
