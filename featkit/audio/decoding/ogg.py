"""Links and streams of Ogg files (RFC 3533): libsndfile reads one stream of the first link.

Links follow each other where files were joined, and where a station begins a new song. Each is
decoded by itself. Of several streams that take turns in a link, the first that is sound is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from featkit.audio.decoding.views import View
from featkit.audio.decoding.window import Piece, find_all, read_at

MARK = b"OggS"
HEAD = 27
"""Bytes of a page before the sizes of its segments."""

FIRST, LAST = 2, 4
"""Flags of the first and of the last page of a stream."""

SPEEX = b"Speex   "
CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", SPEEX)
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
        if len(firsts) > 1:
            pieces = tuple(_stream(stream, begin, until, sound.serial))
        elif (begin, until) != (0, end):
            pieces = ((begin, until),)
        yield View(pieces, cut, foreign=sound.content.startswith(SPEEX), last_page=frames)


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


def _stream(stream: BinaryIO, at: int, end: int, serial: bytes) -> Iterator[Piece]:
    """The pages of one of several streams; what lies between damaged ones is left out."""
    while at < end:
        page = _page(stream, at)
        if page is None or page.end > end:
            at = next(find_all(stream, MARK, at + 1, end), end)
            continue
        if page.serial == serial:
            yield page.at, page.end
        at = page.end
