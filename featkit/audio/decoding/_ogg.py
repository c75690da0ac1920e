"""Links and streams of Ogg files; libsndfile itself reads only one stream of the first link.

An Ogg file has several links where files were concatenated or a radio station started a new song.
Each link is decoded separately. If a link has several interleaved streams, the first audio stream
is decoded.

References
----------
RFC 3533, "The Ogg encapsulation format version 0", 2003.
RFC 6716, "Definition of the Opus audio codec", 2012.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from featkit.audio.decoding._file_parts import FilePart
from featkit.audio.decoding._spliced_file import Piece, find_all, read_at

MAGIC = b"OggS"
HEAD = 27
"""Bytes of the head of a page before the sizes of its segments."""

CONTINUED, FIRST, LAST = 1, 2, 4
"""Flags of pages: begins within a packet, first of a stream, last of a stream."""

REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits reversed."""

OPUS = b"OpusHead"
PYAV_CODECS = (b"Speex   ", b"\x7fFLAC")
"""Codecs that some versions of libsndfile do not decode, or only from some encoders."""

CODECS = (b"\x01vorbis", OPUS, *PYAV_CODECS)
"""The first bytes of an audio stream."""

OTHER_CODECS: tuple[bytes, ...] = (b"\x80theora", b"fishead\0", b"BBCD\0", b"\x80kate")
OTHER_CODECS += (b"PCM     ", b"\x01video", b"OVP80")
"""The first bytes of other streams."""

TAIL = 2**16
"""Bytes at the end of a link in which its last page begins; almost no page is larger."""


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes
    ----------
    start, end : int
        Positions of its first byte, and of the one after its last.
    flags : int
    granule : int
        Number of samples up to the last packet that ends on the page; -1 if none ends there.
    serial : bytes
        Identifies the stream.
    content : bytes
        The first bytes after the head.
    """

    start: int
    end: int
    flags: int
    granule: int
    serial: bytes
    content: bytes


def file_parts(stream: BinaryIO, start: int, end: int) -> Iterator[FilePart]:
    """The links between two positions."""
    links = list(_links(stream, start, end))
    for k, first_pages in enumerate(links):
        begin = first_pages[0].start
        until = links[k + 1][0].start if k + 1 < len(links) else end
        audio = (page for page in first_pages if page.content.startswith(CODECS))
        first = next(audio, first_pages[0])
        last = _last_pages(stream, begin, until, first.serial)
        truncated = not last or not last[-1].flags & LAST or last[-1].end > until
        frames = last[-1].granule - last[0].granule if len(last) > 1 else None
        pieces: tuple[Piece, ...] | None = None
        delay = _missing_samples(stream, begin, until, first)
        if delay:
            pieces = tuple(_shifted_pages(stream, begin, until, first.serial, delay))
        elif len(first_pages) > 1:
            pieces = tuple(_pages_of_stream(stream, begin, until, first.serial))
        elif (begin, until) != (0, end):
            pieces = ((begin, until),)
        for_pyav = first.content.startswith(PYAV_CODECS)
        yield FilePart(pieces, truncated, for_pyav=for_pyav, last_page=frames)


def _links(stream: BinaryIO, start: int, end: int) -> Iterator[list[Page]]:
    """The first pages of the streams of each link; they follow each other."""
    first_pages: list[Page] = []
    for at in find_all(stream, MAGIC + bytes([0, FIRST]), start, end):
        page = _page(stream, at)
        if page is None or not page.content.startswith(CODECS + OTHER_CODECS):
            continue
        if first_pages and page.start != first_pages[-1].end:
            yield first_pages
            first_pages = []
        first_pages.append(page)
    if first_pages:
        yield first_pages


def _page(stream: BinaryIO, at: int) -> Page | None:
    """The page at a position; None if its header is incomplete."""
    head = read_at(stream, at, HEAD + 255 + 8)
    if len(head) < HEAD or not head.startswith(MAGIC):
        return None
    body = HEAD + head[26]
    until = at + body + sum(head[HEAD:body])
    (granule,) = struct.unpack("<q", head[6:14])
    return Page(at, until, head[5], granule, head[14:18], head[body:])


def _last_pages(stream: BinaryIO, start: int, end: int, serial: bytes) -> list[Page]:
    """The last page of a stream, after the previous page on which a packet ends."""
    first = max(start, end - TAIL)
    tail = read_at(stream, first, end - first)
    pages: list[Page] = []
    at = tail.rfind(MAGIC)
    while at >= 0:
        page = _page(stream, first + at)
        if page is not None and page.serial == serial and (not pages or page.granule >= 0):
            pages.insert(0, page)
        if len(pages) > 1:
            break
        at = tail.rfind(MAGIC, 0, at)
    return pages


def is_intact(stream: BinaryIO, start: int, end: int) -> bool:
    """Whether no page is missing or damaged; decoders skip such pages without an error."""
    counts: dict[bytes, int] = {}
    for page in read_pages(stream, start, end):
        data = read_at(stream, page.start, page.end - page.start)
        (count,) = struct.unpack("<I", data[18:22])
        expected = count if page.flags & FIRST else counts.get(page.serial, count)
        if count != expected or page_checksum(data) != data[22:26]:
            return False
        counts[page.serial] = (count + 1) % 2**32
    return True


def read_pages(stream: BinaryIO, at: int, end: int) -> Iterator[Page]:
    """All complete pages; bytes between them are skipped."""
    while at < end:
        page = _page(stream, at)
        if page is None or page.end > end:
            at = next(find_all(stream, MAGIC, at + 1, end), end)
            continue
        yield page
        at = page.end


def page_checksum(page: bytes) -> bytes:
    """The CRC of a page. The CRC of zlib has another start value and reversed bits."""
    blank = page[:22] + bytes(4) + page[26:]
    reverse = zlib.crc32(blank.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return reverse.to_bytes(4, "big").translate(REVERSED)


def _missing_samples(stream: BinaryIO, start: int, end: int, first: Page) -> int:
    """Number of samples before the first one of an Opus stream that was cut out of a longer one.

    libsndfile does not remove the encoder's delay from such a stream.
    """
    if not first.content.startswith(OPUS):
        return 0
    pages = (page for page in read_pages(stream, start, end) if page.serial == first.serial)
    page = next((page for page in pages if page.granule > 0), None)
    if page is None or page.flags & (CONTINUED | LAST):
        return 0
    data = read_at(stream, page.start, page.end - page.start)
    return max(0, page.granule - sum(map(_duration, _packets(data))))


def _packets(page: bytes) -> Iterator[bytes]:
    """The packets that begin and end on a page."""
    at = begin = HEAD + page[26]
    for size in page[HEAD:at]:
        at += size
        if size < 255:
            yield page[begin:at]
            begin = at


def _duration(packet: bytes) -> int:
    """Number of samples in a packet of Opus (RFC 6716, 3.1)."""
    if not packet:
        return 0
    mode, code = packet[0] >> 3, packet[0] & 3
    if mode < 12:
        samples = (480, 960, 1920, 2880)[mode % 4]
    else:
        samples = (480, 960)[mode % 2] if mode < 16 else 120 << mode % 4
    return samples * ((1, 2, 2)[code] if code < 3 else packet[1] & 63 if len(packet) > 1 else 0)


def _shifted_pages(
    stream: BinaryIO, at: int, end: int, serial: bytes, delay: int
) -> Iterator[Piece]:
    """The pages of a stream, their granule positions reduced by `delay` samples."""
    for page in read_pages(stream, at, end):
        data = read_at(stream, page.start, page.end - page.start)
        if page.serial == serial and page_checksum(data) == data[22:26]:
            moved = max(0, page.granule - delay) if page.granule >= 0 else page.granule
            data = data[:6] + struct.pack("<q", moved) + data[14:]
            yield data[:22] + page_checksum(data) + data[26:HEAD]
            yield page.start + HEAD, page.end


def _pages_of_stream(stream: BinaryIO, at: int, end: int, serial: bytes) -> Iterator[Piece]:
    """The pages of one of several streams."""
    for page in read_pages(stream, at, end):
        if page.serial == serial:
            yield page.start, page.end
