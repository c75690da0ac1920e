"""A file assembled from parts of another one: what libsndfile reads in place of a faulty header."""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import BinaryIO

Piece = tuple[int, int] | bytes
"""First byte and end of a part of the other file, or bytes that replace one."""

TAIL = 128
"""Bytes of a tag (ID3v1) that may be at the end of a file."""

AT_ONCE = 2**20
"""Bytes that a search reads at a time."""


class Window(io.RawIOBase):
    """Pieces of a file, one after the other, as a file that can be read.

    Parameters
    ----------
    stream : binary file
    pieces : sequence
    claimed : int, optional
        Bytes that it claims to have, if not those of its pieces. libsndfile guesses from them how
        long MPEG audio is, and decodes no more; in the last of them, it looks for a tag.
    """

    def __init__(
        self, stream: BinaryIO, pieces: Sequence[Piece], claimed: int | None = None
    ) -> None:
        super().__init__()
        self._stream = stream
        self._pieces = [piece for piece in pieces if length(piece)]
        self._ends = list(accumulate(map(length, self._pieces)))
        self._size = self._ends[-1] if self._ends else 0
        self._claimed = self._size if claimed is None else claimed
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._claimed}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        view, count = memoryview(buffer).cast("B"), 0
        while count < len(view) and self._at < self._size:
            piece, within = self._piece(self._at)
            wanted = min(len(view) - count, length(piece) - within)
            if isinstance(piece, bytes):
                part = piece[within : within + wanted]
            else:
                part = read_at(self._stream, piece[0] + within, wanted)
            if not part:
                break
            view[count : count + len(part)] = part
            count += len(part)
            self._at += len(part)
        return count or self._read_tail(view)

    def _read_tail(self, view: memoryview) -> int:
        """Zeros in place of a tag at the end that is claimed."""
        if not max(self._size, self._claimed - TAIL) <= self._at < self._claimed:
            return 0
        count = min(len(view), self._claimed - self._at)
        view[:count] = bytes(count)
        self._at += count
        return count

    def place(self) -> int:
        """How far into the other file it has been read."""
        if not self._pieces:
            return 0
        piece, within = self._piece(max(0, min(self._at, self._size) - 1))
        return 0 if isinstance(piece, bytes) else piece[0] + within + 1

    def _piece(self, at: int) -> tuple[Piece, int]:
        k = bisect_right(self._ends, at)
        piece = self._pieces[k]
        return piece, at - (self._ends[k] - length(piece))


def length(piece: Piece) -> int:
    """Bytes of a piece."""
    return len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]


def patched(start: int, stop: int, patches: Sequence[tuple[int, bytes]]) -> list[Piece]:
    """The pieces of a part of a file in which some bytes are replaced."""
    pieces: list[Piece] = []
    for at, new in sorted(patches):
        pieces += [(start, at), new]
        start = at + len(new)
    return [*pieces, (start, stop)]


def size_of(stream: BinaryIO) -> int:
    """Bytes of a file."""
    return stream.seek(0, os.SEEK_END)


def read_at(stream: BinaryIO, at: int, count: int) -> bytes:
    """Up to `count` bytes of a file from a place on."""
    stream.seek(at)
    return stream.read(count)


def find_all(stream: BinaryIO, mark: bytes, start: int, stop: int) -> Iterator[int]:
    """The positions of some bytes in a part of a file."""
    while start < stop:
        data = read_at(stream, start, min(AT_ONCE + len(mark) - 1, stop - start))
        at = data.find(mark)
        while at >= 0:
            yield start + at
            at = data.find(mark, at + 1)
        if len(data) < AT_ONCE:
            return
        start += AT_ONCE
