"""Tags around the sound in a file: ID3, APE and Lyrics3, at its beginning, its end or between.

Positions are bytes from the beginning of the file.
"""

from __future__ import annotations

from typing import BinaryIO

CHUNK = 2**20
"""Bytes of a file that are read at a time."""


def behind_tags(stream: BinaryIO, start: int, stop: int) -> int:
    """The first byte behind the tags that begin at `start`, and behind zeros that follow those.

    The first zeros of an MP4 file are the size of its first box.
    """
    window = Chunks(stream, stop)
    at = end_of_tags(window, start)
    if at > start and window.take(at + 4, 4) != b"ftyp":
        padding = window.take(at, CHUNK)
        at += len(padding) - len(padding.lstrip(b"\0"))
    return min(at, stop)


class Chunks:
    """Bytes of a file, read in chunks."""

    def __init__(self, stream: BinaryIO, stop: int) -> None:
        self.stop = stop
        self._stream = stream
        self._data, self._base = b"", 0

    def at(self, position: int, least: int) -> tuple[bytes, int]:
        """A chunk and the index in it of a position: `least` bytes follow, unless the end does."""
        index = position - self._base
        if not 0 <= index <= len(self._data) - least and position < self.stop:
            self._stream.seek(position)
            self._base = position
            self._data = self._read(min(max(CHUNK, least), self.stop - position))
            if len(self._data) < min(least, self.stop - position):  # it became shorter
                self.stop = position + len(self._data)
            index = 0
        return self._data, index

    def take(self, position: int, count: int) -> bytes:
        """So many bytes, or fewer at the end."""
        if not 0 <= position < self.stop:
            return b""
        data, index = self.at(position, count)
        return data[index : index + min(count, self.stop - position)]

    def _read(self, count: int) -> bytes:
        parts = []
        while count > 0 and (part := self._stream.read(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def end_of_tags(window: Chunks, at: int) -> int:
    """The first byte behind the tags that begin there, however many there are."""
    while size := tag_size(window, at):
        at += size
    return at


def tag_size(window: Chunks, at: int) -> int:
    """Bytes of the tag that begins there; 0 if none does."""
    head = window.take(at, 32)
    if head.startswith(b"ID3") and len(head) > 9 and max(head[6:10]) < 128 and head[3] < 255:
        return 10 + _seven_bits(head[6:10]) + (10 if head[5] & 0x10 else 0)  # and a footer
    if head.startswith(b"TAG+"):
        return 227
    if head.startswith(b"TAG"):
        return 128
    if head.startswith(b"APETAGEX") and len(head) == 32:
        return 32 + (int.from_bytes(head[12:16], "little") if head[23] & 0x20 else 0)
    if head.startswith(b"LYRICSBEGIN"):
        text = window.take(at, CHUNK)
        ends = (text.find(end) for end in (b"LYRICS200", b"LYRICSEND"))
        return min((end + 9 for end in ends if end > 0), default=0)
    return 0


def end_of_sound(window: Chunks, start: int) -> int:
    """Where the tags at the end begin."""
    stop = window.stop
    while (size := _size_of_last_tag(window, stop)) and stop - size >= start:
        stop -= size
    return stop


def _size_of_last_tag(window: Chunks, stop: int) -> int:
    """Bytes of the tag that ends there; 0 if none does."""
    tail = window.take(max(0, stop - 128), min(128, stop))
    if tail.startswith(b"TAG") and len(tail) == 128:
        extended = window.take(stop - 355, 4) == b"TAG+"
        return 128 + (227 if extended else 0)
    footer = tail[-32:]
    if footer.startswith(b"APETAGEX"):
        return int.from_bytes(footer[12:16], "little") + (32 if footer[23] & 0x80 else 0)
    if tail[-10:-7] == b"3DI":
        return 20 + _seven_bits(tail[-4:])
    if tail.endswith(b"LYRICS200") and tail[-15:-9].isdigit():
        return int(tail[-15:-9]) + 15
    if tail.endswith(b"LYRICSEND"):
        text = window.take(max(0, stop - 5120), 5120)
        at = text.rfind(b"LYRICSBEGIN")
        return len(text) - at if at >= 0 else 0
    return 0


def _seven_bits(four: bytes) -> int:
    """A number of which each byte has seven bits, as in ID3v2."""
    return four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]
