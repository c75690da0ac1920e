"""FLAC files that are damaged, concatenated, or longer than the header states.

libFLAC decodes only as many samples as the header states, and stops at a frame that it cannot
decode. The header of the last frame gives the real number of samples.

References
----------
RFC 9639, "Free Lossless Audio Codec (FLAC)", 2024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from featkit.audio.decoding._file_parts import FilePart
from featkit.audio.decoding._spliced_file import find_all, patched, read_at, size_of

MARKS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")
"""The first bytes of a file: signature, and head of STREAMINFO, which may be the only metadata."""

READ_AHEAD = 2**16
"""Bytes that libFLAC may have read beyond the last decoded frame."""

TAIL = 2**16
"""Bytes at the end in which the last frame begins, if the header states no frame size."""

MAX_TAIL = 2**22
"""Largest number of bytes at the end in which to search for the last frame."""

SYNC = re.compile(b"\xff[\xf8\xf9]")
"""The first bytes of a frame, with fixed or variable block size."""

BLOCK_SIZES = {1: 192, **{k: 576 << (k - 2) for k in range(2, 6)}}
BLOCK_SIZES |= {k: 256 << (k - 8) for k in range(8, 16)}
SAMPLE_SIZES = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
"""Samples of a block, and bits of a sample, by their codes in the header of a frame."""


def file_part(stream: BinaryIO, start: int, end: int) -> FilePart:
    """The FLAC file between two positions, with the right number of samples in its header."""
    info = read_at(stream, start + 8, 34)
    whole = not start and end == size_of(stream)
    unchanged = FilePart(None if whole else ((start, end),))
    if len(info) < 34:
        return unchanged
    field = int.from_bytes(info[13:18])
    stated = field % 2**36
    last = _last_sample(stream, start, end, info)
    if last is None or (stated and last <= stated):
        return unchanged
    following = next_file(stream, start + 8, end)
    if following is not None:
        end = following
        last = _last_sample(stream, start, end, info)
        if last is None or (stated and last <= stated):
            return unchanged
    # The checksum of the samples is set to 0 (unknown): it is that of the stated length.
    patches = [(start + 21, (field - stated + last).to_bytes(5) + bytes(16))]
    return FilePart(tuple(patched(start, end, patches)))


def after_damage(
    stream: BinaryIO, start: int, end: int, *, first: int, decoded: int
) -> tuple[FilePart, int] | None:
    """The rest of a file after a frame that cannot be decoded, which is skipped as in FFmpeg.

    Parameters
    ----------
    stream : binary file
    start, end : int
        Positions of the beginning and the end of the FLAC file.
    first : int
        A position shortly before the damage.
    decoded : int
        Number of samples of the file before the damage.

    Returns
    -------
    tuple or None
        The rest of the file, and the number of samples before it; None if no frame follows.
    """
    info = read_at(stream, start + 8, 34)
    first = max(first, start + 42)
    last = _last_sample(stream, start, end, info)
    for size in (4 * TAIL, MAX_TAIL):
        frames = list(_frames(read_at(stream, first, min(size, end - first)), info))
        # A real frame ends where another one, or the end of the file, begins.
        begins = {last, *(begin for _, begin, _ in frames)}
        fitting = (frame for frame in frames if frame[1] > decoded and frame[2] in begins)
        offset, begin, _ = next(fitting, (0, 0, 0))
        if begin:
            break
    if not begin or last is None:
        return None
    field = int.from_bytes(info[13:18])
    count = (field - field % 2**36 + last - begin).to_bytes(5)
    head = MARKS[1] + info[:13] + count + bytes(16)
    return FilePart((head, (first + offset, end)), truncated=True), begin


def next_file(stream: BinaryIO, start: int, end: int) -> int | None:
    """The position of the next FLAC file in a range; None if there is none."""
    positions = (next(find_all(stream, mark, start, end), None) for mark in MARKS)
    return min((at for at in positions if at is not None), default=None)


def _last_sample(stream: BinaryIO, start: int, end: int, info: bytes) -> int | None:
    """Number of samples up to the end of the last frame; None if no frame is found."""
    largest = int.from_bytes(info[7:10])
    first = max(start + 42, end - min(MAX_TAIL, max(TAIL, 3 * largest)))
    tail = read_at(stream, first, end - first)
    frames = list(_frames(tail, info))
    # Bytes that only look like a header do not begin where another frame ends.
    ends = {0, *(stop for _, _, stop in frames)}
    return next((stop for _, begin, stop in reversed(frames) if begin in ends), None)


def _frames(tail: bytes, info: bytes) -> Iterator[tuple[int, int, int]]:
    """The offset of each frame, and the number of samples before it and up to its end."""
    fixed = int.from_bytes(info[:2])
    for sync in SYNC.finditer(tail):
        span = _frame_span(tail[sync.start() : sync.start() + 16], fixed, info)
        if span is not None:
            yield sync.start(), *span


def _frame_span(head: bytes, fixed: int, info: bytes) -> tuple[int, int] | None:
    """First sample of a frame, and the one after its last (RFC 9639, 9.1); None for other bytes."""
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
    """A number in an extended UTF-8 code of up to seven bytes, and its number of bytes."""
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
    """The checksum with the polynomial x^8 + x^2 + x + 1."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x07 if value & 0x80 else 0)) & 0xFF
    return value
