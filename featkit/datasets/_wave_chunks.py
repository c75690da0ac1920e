"""Chunks of WAV files that hold metadata.

Files are not trusted: the number and the size of chunks are bounded, sizes beyond the end of the
file end the search, and text that is not valid is missing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import IO, Any

MAX_CHUNKS = 64
"""Chunks of a file, or of a list of tags, that are looked at."""

MAX_BYTES = 2**16
"""Bytes of a chunk with metadata that are read."""

UNKNOWN_SIZE = 0xFFFFFFFF
"""Size of chunks of RF64 files whose true size is in the chunk ``ds64``."""


def read_chunks(stream: IO[bytes], names: frozenset[bytes]) -> dict[bytes, bytes]:
    """Read chunks of a WAV file.

    Parameters
    ----------
    stream : binary file
        At its beginning; it can be searched.
    names : frozenset of bytes
        Identifiers of the chunks, such as ``b"guan"``.

    Returns
    -------
    dict of bytes to bytes
        The first chunk of each name, at most `MAX_BYTES` of it; empty for a file that is no WAV.
    """
    head = stream.read(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        return {}
    chunks: dict[bytes, bytes] = {}
    position, data_size = 12, 0
    for _ in range(MAX_CHUNKS):
        stream.seek(position)
        header = stream.read(8)
        if len(header) < 8 or names <= chunks.keys():
            break
        name, size = header[:4], struct.unpack("<I", header[4:])[0]
        if name == b"ds64":
            sizes = stream.read(min(size, 16))
            data_size = struct.unpack("<Q", sizes[8:16])[0] if len(sizes) == 16 else 0
        elif name == b"data" and size == UNKNOWN_SIZE:
            size = data_size
        if name in names and name not in chunks:
            chunks[name] = stream.read(min(size, MAX_BYTES))
        if size > 2**62:
            break
        position += 8 + size + size % 2
    return chunks


def list_tags(chunk: bytes) -> Mapping[bytes, str]:
    """Return the tags of a chunk ``LIST`` of type ``INFO``.

    Parameters
    ----------
    chunk : bytes
        Its content.

    Returns
    -------
    mapping of bytes to str
        Texts by identifier, such as ``b"ICMT"`` for the comment.
    """
    if chunk[:4] != b"INFO":
        return {}
    items = _subchunks(chunk[4:], struct.Struct("<4sI"), padded=True)
    return {name: text(value) for name, value in items}


def wamd_fields(chunk: bytes) -> Mapping[int, str]:
    """Return the items of a chunk ``wamd`` of Wildlife Acoustics, version 1.

    Parameters
    ----------
    chunk : bytes
        Its content.

    Returns
    -------
    mapping of int to str
        Texts by number of the item; empty for another version.
    """
    items = list(_subchunks(chunk, struct.Struct("<HI"), padded=False))
    if not items or items[0] != (0, b"\x01\x00"):
        return {}
    return {number: text(value) for number, value in items[1:]}


def guano_fields(chunk: bytes) -> Mapping[str, str]:
    """Return the fields of a chunk ``guan``.

    Parameters
    ----------
    chunk : bytes
        Its content: lines of UTF-8, ``key: value``.

    Returns
    -------
    mapping of str to str
        Values by key with its namespace, such as ``"Loc Position"`` or ``"GUANO|Version"``.
    """
    fields: dict[str, str] = {}
    for line in chunk.split(b"\n"):
        key, colon, value = line.partition(b":")
        name = text(key)
        if colon and name:
            fields.setdefault(name, text(value))
    return fields if "GUANO|Version" in fields else {}


def _subchunks(data: bytes, header: struct.Struct, *, padded: bool) -> Iterator[tuple[Any, bytes]]:
    """Identifier and content of consecutive items, as far as they are complete."""
    position = 0
    for _ in range(MAX_CHUNKS):
        if position + header.size > len(data):
            return
        name, size = header.unpack_from(data, position)
        position += header.size
        if position + size > len(data):
            return
        yield name, data[position : position + size]
        position += size + (size % 2 if padded else 0)


def text(value: bytes) -> str:
    """Decode a text of a header.

    Parameters
    ----------
    value : bytes
        UTF-8, which includes ASCII, with or without zeros at its end.

    Returns
    -------
    str
        Without blanks at both ends; "" if it is not valid UTF-8 or not printable.
    """
    try:
        decoded = value.rstrip(b"\0").decode("utf-8").strip()
    except UnicodeDecodeError:
        return ""
    return decoded if decoded.isprintable() else ""
