"""FLAC files (RFC 9639) that are damaged, joined, or of another length than the header states.

libFLAC decodes the samples that the header states, and no more, and stops at a frame that it cannot
decode. How many samples there are is in the header of the last frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from featkit.audio.decoding._views import View
from featkit.audio.decoding._window import find_all, patched, read_at, size_of

MARKS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")
"""How a file begins: its mark, and the head of STREAMINFO, which may be the only metadata."""

READ_AHEAD = 2**16
"""Bytes that libFLAC may have read beyond the last frame that it decoded."""

TAIL = 2**16
"""Bytes in which the last frame begins, where the header does not say how large frames are."""

MOST_TAIL = 2**22
"""Bytes in which it is looked for whatever the header says."""

SYNC = re.compile(b"\xff[\xf8\xf9]")
"""How a frame begins: of blocks of one size, or of several."""

BLOCK_SIZES = {1: 192, **{k: 576 << (k - 2) for k in range(2, 6)}}
BLOCK_SIZES |= {k: 256 << (k - 8) for k in range(8, 16)}
SAMPLE_SIZES = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
"""What the codes in a frame's header mean: samples of a block, and bits of a sample."""


def view_of(stream: BinaryIO, start: int, end: int) -> View:
    """What to give libsndfile of the file that begins at `start`."""
    info = read_at(stream, start + 8, 34)
    whole = not start and end == size_of(stream)
    as_it_is = View(None if whole else ((start, end),))
    if len(info) < 34:
        return as_it_is
    field = int.from_bytes(info[13:18])
    stated = field % 2**36
    last = _last_sample(stream, start, end, info)
    if last is None or (stated and last <= stated):
        return as_it_is
    following = next_file(stream, start + 8, end)
    if following is not None:
        end = following
        last = _last_sample(stream, start, end, info)
        if last is None or (stated and last <= stated):
            return as_it_is
    # The checksum of the samples, which would be that of another length, is left out.
    fields = [(start + 21, (field - stated + last).to_bytes(5) + bytes(16))]
    return View(tuple(patched(start, end, fields)))


def behind_damage(
    stream: BinaryIO, start: int, end: int, *, first: int, decoded: int
) -> tuple[View, int] | None:
    """What to give libsndfile behind a frame that it cannot decode, which is left out as in FFmpeg.

    Parameters
    ----------
    stream : binary file
    start, end : int
        Where the FLAC file begins and ends.
    first : int
        A place before the damage, close to it.
    decoded : int
        Samples of the file up to the damage.

    Returns
    -------
    tuple or None
        The view, and the samples before it; None if no frame follows.
    """
    info = read_at(stream, start + 8, 34)
    first = max(first, start + 42)
    last = _last_sample(stream, start, end, info)
    for size in (4 * TAIL, MOST_TAIL):
        frames = list(_frames(read_at(stream, first, min(size, end - first)), info))
        begins = {last, *(begin for _, begin, _ in frames)}
        fitting = (frame for frame in frames if frame[1] > decoded and frame[2] in begins)
        place, begin, _ = next(fitting, (0, 0, 0))
        if begin:
            break
    if not begin or last is None:
        return None
    field = int.from_bytes(info[13:18])
    count = (field - field % 2**36 + last - begin).to_bytes(5)
    head = MARKS[1] + info[:13] + count + bytes(16)
    return View((head, (first + place, end)), cut=True), begin


def next_file(stream: BinaryIO, start: int, end: int) -> int | None:
    """Where another FLAC file begins from a place on."""
    found = [next(find_all(stream, mark, start, end), None) for mark in MARKS]
    return min((at for at in found if at is not None), default=None)


def _last_sample(stream: BinaryIO, start: int, end: int, info: bytes) -> int | None:
    """Samples up to the end of the last frame whose header is found; None if none is."""
    largest = int.from_bytes(info[7:10])
    first = max(start + 42, end - min(MOST_TAIL, max(TAIL, 3 * largest)))
    tail = read_at(stream, first, end - first)
    frames = list(_frames(tail, info))
    # A few bytes that look like a header are no frame: one continues where another ended.
    ends = {0, *(stop for _, _, stop in frames)}
    return next((stop for _, begin, stop in reversed(frames) if begin in ends), None)


def _frames(tail: bytes, info: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each frame begins, and the samples before it and up to its end."""
    fixed = int.from_bytes(info[:2])
    for sync in SYNC.finditer(tail):
        found = _frame(tail[sync.start() : sync.start() + 16], fixed, info)
        if found is not None:
            yield sync.start(), *found


def _frame(head: bytes, fixed: int, info: bytes) -> tuple[int, int] | None:
    """The samples of a frame, if these are the first bytes of one (RFC 9639, 9.1)."""
    if len(head) < 16:
        return None
    block, rate, bits = head[2] >> 4, head[2] & 15, head[3] >> 1 & 7
    if not block or rate == 15 or head[3] & 1 or head[3] >> 4 > 10:
        return None
    if bits and SAMPLE_SIZES.get(bits) != ((info[12] & 1) << 4 | info[13] >> 4) + 1:
        return None
    decoded = _coded_number(head[4:])
    if decoded is None:
        return None
    number, at = decoded[0], 4 + decoded[1]
    if block in (6, 7):
        extra = block - 5
        size = int.from_bytes(head[at : at + extra]) + 1
        at += extra
    else:
        size = BLOCK_SIZES[block]
    at += {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if at >= len(head) or _crc8(head[:at]) != head[at]:
        return None
    begin = number if head[1] & 1 else number * fixed
    return begin, begin + size


def _coded_number(data: bytes) -> tuple[int, int] | None:
    """A number written as UTF-8 writes characters, in up to seven bytes, and how many."""
    first = data[0]
    if first < 0x80:
        return first, 1
    count = 8 - (first ^ 0xFF).bit_length()
    rest = data[1:count]
    if not 2 <= count <= 7 or any(byte & 0xC0 != 0x80 for byte in rest):
        return None
    number = first & (0x7F >> count)
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, count


def _crc8(data: bytes) -> int:
    """With the polynomial x^8 + x^2 + x + 1."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x07 if value & 0x80 else 0)) & 0xFF
    return value
