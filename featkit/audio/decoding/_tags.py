"""Tags (ID3, APE, Lyrics3) at the beginning of a file, at its end, or between its frames.

Positions are bytes from the beginning of the file.
"""

from __future__ import annotations

from typing import BinaryIO

BLOCK = 2**20
"""Bytes of a file that are read at a time."""


def end_of_leading_tags(stream: BinaryIO, start: int, stop: int) -> int:
    """The first byte after the tags that begin at `start`, and after zeros that pad them.

    The first zeros of an MP4 file are not padding: they belong to the size of its first box.
    """
    file = BufferedFile(stream, stop)
    at = end_of_tags(file, start)
    if at > start and file.read(at + 4, 4) != b"ftyp":
        padding = file.read(at, BLOCK)
        at += len(padding) - len(padding.lstrip(b"\0"))
    return min(at, stop)


class BufferedFile:
    """Bytes of a file by position, read in blocks; `stop` is its end."""

    def __init__(self, stream: BinaryIO, stop: int) -> None:
        self.stop = stop
        self._stream = stream
        self._data, self._base = b"", 0

    def block(self, position: int, least: int) -> tuple[bytes, int]:
        """A block with at least `least` bytes from a position on, and the index of the position in
        it.

        There are fewer bytes at the end. If the file became shorter, `stop` changes.
        """
        index = position - self._base
        if not 0 <= index <= len(self._data) - least and position < self.stop:
            self._stream.seek(position)
            self._base = position
            self._data = self._read(min(max(BLOCK, least), self.stop - position))
            if len(self._data) < min(least, self.stop - position):
                self.stop = position + len(self._data)
            index = 0
        return self._data, index

    def read(self, position: int, count: int) -> bytes:
        """Up to `count` bytes from a position, fewer at the end."""
        if not 0 <= position < self.stop:
            return b""
        data, index = self.block(position, count)
        return data[index : index + min(count, self.stop - position)]

    def _read(self, count: int) -> bytes:
        parts = []
        while count > 0 and (part := self._stream.read(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def end_of_tags(file: BufferedFile, at: int) -> int:
    """The first byte after all tags that begin at a position."""
    while size := tag_size(file, at):
        at += size
    return at


def tag_size(file: BufferedFile, at: int) -> int:
    """Bytes of the tag that begins at a position; 0 if there is none."""
    head = file.read(at, 32)
    if head.startswith(b"ID3") and len(head) > 9 and max(head[6:10]) < 128 and head[3] < 255:
        return 10 + _synchsafe(head[6:10]) + (10 if head[5] & 0x10 else 0)  # and a footer
    if head.startswith(b"TAG+"):
        return 227
    if head.startswith(b"TAG"):
        return 128
    if head.startswith(b"APETAGEX") and len(head) == 32:
        return 32 + (int.from_bytes(head[12:16], "little") if head[23] & 0x20 else 0)
    if head.startswith(b"LYRICSBEGIN"):
        text = file.read(at, BLOCK)
        ends = (text.find(end) for end in (b"LYRICS200", b"LYRICSEND"))
        return min((end + 9 for end in ends if end > 0), default=0)
    return 0


def trailing_tags_start(file: BufferedFile, start: int) -> int:
    """The position from which only tags follow; at least `start`."""
    stop = file.stop
    while (size := _last_tag_size(file, stop)) and stop - size >= start:
        stop -= size
    return stop


def _last_tag_size(file: BufferedFile, stop: int) -> int:
    """Bytes of the tag that ends at a position; 0 if there is none."""
    tail = file.read(max(0, stop - 128), min(128, stop))
    if tail.startswith(b"TAG") and len(tail) == 128:
        extended = file.read(stop - 355, 4) == b"TAG+"
        return 128 + (227 if extended else 0)
    footer = tail[-32:]
    if footer.startswith(b"APETAGEX"):
        return int.from_bytes(footer[12:16], "little") + (32 if footer[23] & 0x80 else 0)
    if tail[-10:-7] == b"3DI":
        return 20 + _synchsafe(tail[-4:])
    if tail.endswith(b"LYRICS200") and tail[-15:-9].isdigit():
        return int(tail[-15:-9]) + 15
    if tail.endswith(b"LYRICSEND"):
        text = file.read(max(0, stop - 5120), 5120)
        at = text.rfind(b"LYRICSBEGIN")
        return len(text) - at if at >= 0 else 0
    return 0


def _synchsafe(four: bytes) -> int:
    """A number with seven bits in each byte, as in ID3v2."""
    return four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]
