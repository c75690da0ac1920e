"""Tags of FLAC and Ogg files: comments of Vorbis, which both formats share.

They are read here and not by a decoder, because the main process reads them, and a crafted file may
crash a decoder. Sizes are bounded, and text that is not valid is missing.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import IO

from featkit.datasets._wave_chunks import MAX_BYTES, MAX_CHUNKS, text

COMMENT_BLOCK = 4
"""Type of the metadata block of FLAC with the comments."""

PACKETS = (b"\x03vorbis", b"OpusTags")
"""Beginnings of the packet with the comments in Ogg Vorbis and Ogg Opus."""

_LENGTH = struct.Struct("<I")


def read_tags(stream: IO[bytes]) -> Mapping[str, str]:
    """Read the tags of a file.

    Parameters
    ----------
    stream : binary file
        At its beginning; it can be searched.

    Returns
    -------
    mapping of str to str
        The first text of each name, in lower case; empty for a file of another format.
    """
    head = stream.read(4)
    if head == b"fLaC":
        return _comments(_flac_block(stream))
    if head == b"OggS":
        start = stream.read(MAX_BYTES)
        for packet in PACKETS:
            if (place := start.find(packet)) >= 0:
                return _comments(start[place + len(packet) :])
    return {}


def _flac_block(stream: IO[bytes]) -> bytes:
    for _ in range(MAX_CHUNKS):
        head = stream.read(4)
        if len(head) < 4:
            break
        size = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == COMMENT_BLOCK:
            return stream.read(min(size, MAX_BYTES))
        if head[0] & 0x80:  # the last block
            break
        stream.seek(size, 1)
    return b""


def _comments(data: bytes) -> Mapping[str, str]:
    """The name of the encoder, a number of comments, and comments ``NAME=text``."""
    tags: dict[str, str] = {}
    position = _LENGTH.size + _number(data, 0)
    count = _number(data, position)
    position += _LENGTH.size
    for _ in range(min(count, MAX_CHUNKS)):
        size = _number(data, position)
        position += _LENGTH.size
        comment = data[position : position + size]
        if len(comment) < size:  # incomplete
            break
        name, _, value = comment.partition(b"=")
        tags.setdefault(text(name).lower(), text(value))
        position += size
    return tags


def _number(data: bytes, position: int) -> int:
    """The number at a position; 0 beyond the end."""
    part = data[position : position + _LENGTH.size]
    return int(_LENGTH.unpack(part)[0]) if len(part) == _LENGTH.size else 0
