"""Links and streams of Ogg files (RFC 3533): libsndfile reads one stream of the first link.

Links follow each other where files were joined, and where a station begins a new song. Each is
decoded by itself. Of several streams that take turns in a link, the first that is sound is read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from featkit.audio.decoding._views import View
from featkit.audio.decoding._window import Piece, find_all, read_at

MARK = b"OggS"
HEAD = 27
"""Bytes of a page before the sizes of its segments."""

CONTINUED, FIRST, LAST = 1, 2, 4
"""Flags of a page that begins within a packet, and of the first and the last page of a stream."""

REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in reverse."""

OPUS = b"OpusHead"
FOREIGN = (b"Speex   ", b"\x7fFLAC")
"""Codecs that not every libsndfile decodes, or not as every encoder writes them."""

CODECS = (b"\x01vorbis", OPUS, *FOREIGN)
"""How the first packet of a stream of sound begins."""

OTHERS = (b"\x80theora", b"fishead\0", b"BBCD\0", b"\x80kate", b"PCM     ", b"\x01video", b"OVP80")
"""How the first packet of other streams begins."""

TAIL = 2**16
"""Bytes in which the last page of a link begins: hardly a page is larger."""


@dataclass(frozen=True)
class Page:
    """A page: where it begins and ends, and what its head says."""

    at: int
    end: int
    flags: int
    position: int
    serial: bytes
    content: bytes


def views_of(stream: BinaryIO, start: int, end: int) -> Iterator[View]:
    """What to give libsndfile of each link."""
    links = list(_links(stream, start, end))
    for k, firsts in enumerate(links):
        begin = firsts[0].at
        until = links[k + 1][0].at if k + 1 < len(links) else end
        sound = next((page for page in firsts if page.content.startswith(CODECS)), firsts[0])
        last = _last_pages(stream, begin, until, sound.serial)
        cut = not last or not last[-1].flags & LAST or last[-1].end > until
        frames = last[-1].position - last[0].position if len(last) > 1 else None
        pieces: tuple[Piece, ...] | None = None
        late = _late(stream, begin, until, sound)
        if late:
            pieces = tuple(_earlier(stream, begin, until, sound.serial, late))
        elif len(firsts) > 1:
            pieces = tuple(_stream(stream, begin, until, sound.serial))
        elif (begin, until) != (0, end):
            pieces = ((begin, until),)
        yield View(pieces, cut, foreign=sound.content.startswith(FOREIGN), last_page=frames)


def _links(stream: BinaryIO, start: int, end: int) -> Iterator[list[Page]]:
    """The first pages of the streams of each link; they stand together."""
    firsts: list[Page] = []
    for at in find_all(stream, MARK + bytes([0, FIRST]), start, end):
        page = _page(stream, at)
        if page is None or not page.content.startswith(CODECS + OTHERS):
            continue
        if firsts and page.at != firsts[-1].end:
            yield firsts
            firsts = []
        firsts.append(page)
    if firsts:
        yield firsts


def _page(stream: BinaryIO, at: int) -> Page | None:
    """The page at a place, if its head is whole; of its content the first bytes."""
    head = read_at(stream, at, HEAD + 255 + 8)
    if len(head) < HEAD or not head.startswith(MARK):
        return None
    body = HEAD + head[26]
    until = at + body + sum(head[HEAD:body])
    (position,) = struct.unpack("<q", head[6:14])
    return Page(at, until, head[5], position, head[14:18], head[body:])


def _last_pages(stream: BinaryIO, start: int, end: int, serial: bytes) -> list[Page]:
    """The last page of a stream, after the last one before it on which a packet ends."""
    first = max(start, end - TAIL)
    tail = read_at(stream, first, end - first)
    found: list[Page] = []
    at = tail.rfind(MARK)
    while at >= 0:
        page = _page(stream, first + at)
        if page is not None and page.serial == serial and (not found or page.position >= 0):
            found.insert(0, page)
        if len(found) > 1:
            break
        at = tail.rfind(MARK, 0, at)
    return found


def is_intact(stream: BinaryIO, start: int, end: int) -> bool:
    """Whether no page is missing or damaged: decoders leave those out without a word."""
    counts: dict[bytes, int] = {}
    for page in _pages(stream, start, end):
        data = read_at(stream, page.at, page.end - page.at)
        (count,) = struct.unpack("<I", data[18:22])
        expected = count if page.flags & FIRST else counts.get(page.serial, count)
        if count != expected or _checksum(data) != data[22:26]:
            return False
        counts[page.serial] = (count + 1) % 2**32
    return True


def _pages(stream: BinaryIO, at: int, end: int) -> Iterator[Page]:
    """All whole pages; what lies between damaged ones is left out."""
    while at < end:
        page = _page(stream, at)
        if page is None or page.end > end:
            at = next(find_all(stream, MARK, at + 1, end), end)
            continue
        yield page
        at = page.end


def _checksum(page: bytes) -> bytes:
    """The CRC of a page: that of zlib begins elsewhere, and takes the bits of a byte in reverse."""
    blank = page[:22] + bytes(4) + page[26:]
    reverse = zlib.crc32(blank.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return reverse.to_bytes(4, "big").translate(REVERSED)


def _late(stream: BinaryIO, start: int, end: int, first: Page) -> int:
    """Samples before the first one of an Opus stream that was taken out of a longer one.

    libsndfile keeps what the encoder put before the sound if the stream begins so.
    """
    if not first.content.startswith(OPUS):
        return 0
    pages = (page for page in _pages(stream, start, end) if page.serial == first.serial)
    sound = next((page for page in pages if page.position > 0), None)
    if sound is None or sound.flags & (CONTINUED | LAST):
        return 0
    data = read_at(stream, sound.at, sound.end - sound.at)
    return max(0, sound.position - sum(map(_duration, _packets(data))))


def _packets(page: bytes) -> Iterator[bytes]:
    """The packets that begin and end on a page."""
    at = begin = HEAD + page[26]
    for size in page[HEAD:at]:
        at += size
        if size < 255:
            yield page[begin:at]
            begin = at


def _duration(packet: bytes) -> int:
    """Samples in a packet of Opus (RFC 6716, 3.1)."""
    if not packet:
        return 0
    mode, code = packet[0] >> 3, packet[0] & 3
    if mode < 12:
        samples = (480, 960, 1920, 2880)[mode % 4]
    else:
        samples = (480, 960)[mode % 2] if mode < 16 else 120 << mode % 4
    return samples * ((1, 2, 2)[code] if code < 3 else packet[1] & 63 if len(packet) > 1 else 0)


def _earlier(stream: BinaryIO, at: int, end: int, serial: bytes, late: int) -> Iterator[Piece]:
    """The pages of a stream with positions that are less by so many samples."""
    for page in _pages(stream, at, end):
        data = read_at(stream, page.at, page.end - page.at)
        if page.serial == serial and _checksum(data) == data[22:26]:
            moved = max(0, page.position - late) if page.position >= 0 else page.position
            data = data[:6] + struct.pack("<q", moved) + data[14:]
            yield data[:22] + _checksum(data) + data[26:HEAD]
            yield page.at + HEAD, page.end


def _stream(stream: BinaryIO, at: int, end: int, serial: bytes) -> Iterator[Piece]:
    """The pages of one of several streams."""
    for page in _pages(stream, at, end):
        if page.serial == serial:
            yield page.at, page.end
