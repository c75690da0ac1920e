"""Chunks of RIFF, AIFF, CAF and W64 files: name, size and content, one after the other."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from featkit.audio.decoding._spliced_file import read_at

MAX_CHUNKS = 10_000
"""Largest number of chunks to read in a file."""


class ChunkStyle(NamedTuple):
    """Layout of the chunk heads of a format.

    Attributes
    ----------
    name_size : int
        Bytes of the name.
    size : str
        `struct` format of the size, which follows the name.
    counted : int
        Number of bytes of the head that are included in the size.
    alignment : int
        Chunks begin at a multiple of this many bytes.
    """

    name_size: int
    size: str
    counted: int = 0
    alignment: int = 2

    @property
    def head(self) -> int:
        """Bytes of the name and the size."""
        return self.name_size + struct.calcsize(self.size)


RIFF, RIFX = ChunkStyle(4, "<I"), ChunkStyle(4, ">I")
AIFF, CAF = ChunkStyle(4, ">I"), ChunkStyle(4, ">q", alignment=1)
W64 = ChunkStyle(16, "<Q", counted=24, alignment=8)


class Chunk(NamedTuple):
    """A chunk.

    Attributes
    ----------
    name : bytes
    body, end : int
        Positions of the first byte of the content, and of the one after the last, by its size.
    next : int
        Position of the next chunk.
    """

    name: bytes
    body: int
    end: int
    next: int

    @property
    def size(self) -> int:
        """Bytes of the content, as its head states."""
        return self.end - self.body


def chunks(stream: BinaryIO, at: int, end: int, style: ChunkStyle) -> Iterator[Chunk]:
    """The chunks from a position on, as long as their heads are complete."""
    for _ in range(MAX_CHUNKS):
        if at >= end:
            return
        head = read_at(stream, at, style.head)
        if len(head) < style.head:
            return
        (size,) = struct.unpack(style.size, head[style.name_size :])
        body = at + style.head
        until = body + max(0, size - style.counted)
        at = until + -(until - at) % style.alignment
        yield Chunk(head[: style.name_size], body, until, at)
