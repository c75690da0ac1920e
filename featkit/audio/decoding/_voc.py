"""Creative Voice files (VOC): blocks of sound, given to libsndfile under the header of a WAV file.

libsndfile reads the first block alone: it takes the heads of further blocks for samples, and
refuses files that are cut. As in FFmpeg, blocks of silence and of text are passed over, repetitions
are not repeated, and the sound ends at the terminator. Where rate or channels change, FFmpeg goes
on as if they did not; here another view begins.

Source: Creative Labs, Sound Blaster Series Hardware Programming Guide; FFmpeg's `vocdec.c` for
what it leaves open.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from featkit.audio.decoding._views import REMAINS, View, is_sound
from featkit.audio.decoding._window import read_at

MARK = b"Creative Voice File\x1a"

TERMINATOR, SOUND, CONTINUED, EXTENDED, NEW_SOUND = 0, 1, 2, 8, 9
"""Types of blocks; an extended block gives the format of the next block of sound."""

WAV_CODECS = {0: (1, 8), 4: (1, 16), 6: (6, 8), 7: (7, 8)}
"""Format tag in a WAV file, and bits of a sample, by the codec's number."""

MOST_BLOCKS = 1_000_000
"""Blocks of a file that are looked at."""

MOST_BYTES = 2**32 - 37
"""Bytes of sound that a WAV file can have."""


@dataclass
class Part:
    """Blocks of one format: its rate in Hz, its channels, and where the sound lies."""

    rate: int
    channels: int
    codec: int
    extents: list[tuple[int, int]] = field(default_factory=list)


def views_of(stream: BinaryIO, start: int, end: int) -> list[View]:
    """What to give libsndfile of each part of the file that begins at `start`."""
    parts, cut = _parts(stream, start, end)
    return [
        View(_as_wav(part), cut and part is parts[-1], known=True)
        if part.codec in WAV_CODECS
        else View(((start, end),), cut, foreign=True)
        for part in parts
    ]


def _parts(stream: BinaryIO, start: int, end: int) -> tuple[list[Part], bool]:
    """The sound of a file, and whether some of it is missing or is not read."""
    parts: list[Part] = []
    stated: tuple[int, int, int] | None = None
    last = start
    for kind, body, until in _blocks(stream, start, end):
        last = until
        head = read_at(stream, body, min(12, until - body))
        if kind == EXTENDED and len(head) >= 4:
            constant, codec, more = struct.unpack("<HBB", head[:4])
            stated = 256_000_000 // ((more + 1) * (65536 - constant)), more + 1, codec
        elif kind == SOUND and len(head) >= 2:
            _add(parts, stated or (1_000_000 // (256 - head[0]), 1, head[1]), body + 2, until, end)
            stated = None
        elif kind == NEW_SOUND and len(head) == 12:
            rate, _, channels, codec = struct.unpack("<IBBH", head[:8])
            _add(parts, (rate, channels, codec), body + 12, until, end)
        elif kind == CONTINUED and parts:
            parts[-1].extents.append((body, min(until, end)))
    return parts, last > end or is_sound(read_at(stream, last + 1, REMAINS + 1))


def _add(parts: list[Part], stated: tuple[int, int, int], begin: int, until: int, end: int) -> None:
    """Note a block of sound: with the blocks before it if it is of their format."""
    if not parts or (parts[-1].rate, parts[-1].channels, parts[-1].codec) != stated:
        parts.append(Part(*stated))
    parts[-1].extents.append((begin, min(until, end)))


def _blocks(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Each block: its type, and where its content begins and ends as its size says."""
    at = start + int.from_bytes(read_at(stream, start + 20, 2), "little")
    for _ in range(MOST_BLOCKS):
        head = read_at(stream, at, 4)
        if len(head) < 4 or head[0] == TERMINATOR or at + 4 > end:
            return
        size = int.from_bytes(head[1:], "little")
        if not size and head[0] in (SOUND, CONTINUED, NEW_SOUND):  # never filled in
            size = end - at - 4
        yield head[0], at + 4, at + 4 + size
        at += 4 + size


def _as_wav(part: Part) -> tuple[bytes | tuple[int, int], ...]:
    tag, bits = WAV_CODECS[part.codec]
    count = min(sum(until - begin for begin, until in part.extents), MOST_BYTES)
    frame = part.channels * bits // 8
    form = struct.pack("<HHIIHH", tag, part.channels, part.rate, part.rate * frame, frame, bits)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + count, b"WAVE", b"fmt ", 16)
    return head + form + struct.pack("<4sI", b"data", count), *part.extents
