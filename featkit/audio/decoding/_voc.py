"""Creative Voice files (VOC): blocks of samples, which libsndfile reads as a WAV file.

libsndfile itself reads only the first block: it decodes the heads of further blocks as samples, and
rejects truncated files. As in FFmpeg, blocks of silence and of text are skipped, repeat blocks are
ignored, and the recording ends at the terminator. Where the rate or the channels change, FFmpeg
ignores the change; here a new part of the file begins.

References
----------
Creative Labs, "Sound Blaster series hardware programming guide", 1991.
FFmpeg, ``libavformat/vocdec.c``, for details that the guide leaves open.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from featkit.audio.decoding._file_parts import NEGLIGIBLE, FilePart, may_be_samples
from featkit.audio.decoding._spliced_file import read_at

MAGIC = b"Creative Voice File\x1a"

TERMINATOR, SOUND, CONTINUED, EXTENDED, NEW_SOUND = 0, 1, 2, 8, 9
"""Types of blocks. An extended block states the format of the next block of sound."""

WAV_CODECS = {0: (1, 8), 4: (1, 16), 6: (6, 8), 7: (7, 8)}
"""Format tag in a WAV file, and bits of a sample, by the number of the codec."""

MAX_BLOCKS = 1_000_000
"""Largest number of blocks to read in a file."""

MAX_WAV_SIZE = 2**32 - 37
"""Largest number of bytes of samples in a WAV file."""


@dataclass
class _Section:
    """Consecutive blocks of one format: rate in Hz, channels, codec and extents in the file."""

    rate: int
    channels: int
    codec: int
    extents: list[tuple[int, int]] = field(default_factory=list)


def file_parts(stream: BinaryIO, start: int, end: int) -> list[FilePart]:
    """The parts of the file between two positions, one for each format."""
    sections, truncated = _sections(stream, start, end)
    return [
        FilePart(_as_wav(section), truncated and section is sections[-1], recognised=True)
        if section.codec in WAV_CODECS
        else FilePart(((start, end),), truncated, for_pyav=True)
        for section in sections
    ]


def _sections(stream: BinaryIO, start: int, end: int) -> tuple[list[_Section], bool]:
    """The samples of a file, and whether some are missing or not read."""
    sections: list[_Section] = []
    form: tuple[int, int, int] | None = None
    last = start
    for kind, body, until in _blocks(stream, start, end):
        last = until
        head = read_at(stream, body, min(12, until - body))
        if kind == EXTENDED and len(head) >= 4:
            constant, codec, more = struct.unpack("<HBB", head[:4])
            form = 256_000_000 // ((more + 1) * (65536 - constant)), more + 1, codec
        elif kind == SOUND and len(head) >= 2:
            own = 1_000_000 // (256 - head[0]), 1, head[1]
            _add(sections, form or own, body + 2, min(until, end))
            form = None
        elif kind == NEW_SOUND and len(head) == 12:
            rate, _, channels, codec = struct.unpack("<IBBH", head[:8])
            _add(sections, (rate, channels, codec), body + 12, min(until, end))
        elif kind == CONTINUED and sections:
            sections[-1].extents.append((body, min(until, end)))
    return sections, last > end or may_be_samples(read_at(stream, last + 1, NEGLIGIBLE + 1))


def _add(sections: list[_Section], form: tuple[int, int, int], begin: int, until: int) -> None:
    """Add a block to the last section, or to a new one if the format changes."""
    if not sections or (sections[-1].rate, sections[-1].channels, sections[-1].codec) != form:
        sections.append(_Section(*form))
    sections[-1].extents.append((begin, until))


def _blocks(stream: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The type of each block, and the positions where its content begins and should end."""
    at = start + int.from_bytes(read_at(stream, start + 20, 2), "little")
    for _ in range(MAX_BLOCKS):
        head = read_at(stream, at, 4)
        if len(head) < 4 or head[0] == TERMINATOR or at + 4 > end:
            return
        size = int.from_bytes(head[1:], "little")
        if not size and head[0] in (SOUND, CONTINUED, NEW_SOUND):  # never filled in
            size = end - at - 4
        yield head[0], at + 4, at + 4 + size
        at += 4 + size


def _as_wav(section: _Section) -> tuple[bytes | tuple[int, int], ...]:
    """The pieces of a WAV file with the samples of a section."""
    tag, bits = WAV_CODECS[section.codec]
    count = min(sum(until - begin for begin, until in section.extents), MAX_WAV_SIZE)
    frame = section.channels * bits // 8
    byte_rate = section.rate * frame
    form = struct.pack("<HHIIHH", tag, section.channels, section.rate, byte_rate, frame, bits)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + count, b"WAVE", b"fmt ", 16)
    return head + form + struct.pack("<4sI", b"data", count), *section.extents
