"""Whether a file ends before its own structure says: MP4, Matroska, AVI and ASF.

Sources: ISO/IEC 14496-12, 4.2 (boxes); RFC 8794 and RFC 9559 (EBML, Matroska); OpenDML AVI 1.02;
Advanced Systems Format Specification 01.20.05, 3.2 (File Properties).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from featkit.audio.decoding.headers import RIFF, chunks
from featkit.audio.decoding.window import read_at

EBML, SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
ASF = bytes.fromhex("3026b2758e66cf11")
ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

MOST_BOXES = 100_000
"""Boxes of an MP4 file that are looked at: a fragment has two."""


def ends_early(stream: BinaryIO, end: int) -> bool:
    """Whether a file of `end` bytes should have more; False where its format does not tell."""
    head = read_at(stream, 0, 64)
    try:
        if head[4:8] == b"ftyp":
            return _last_box(stream, end) > end
        if head.startswith(EBML):
            return _segment_end(head) > end
        if head.startswith(b"RIFF"):
            return any(chunk.end > end for chunk in chunks(stream, 0, end, RIFF))
        if head.startswith(ASF):
            return _asf_size(stream) > end
    except (struct.error, IndexError):
        return False
    return False


def _last_box(stream: BinaryIO, end: int) -> int:
    """Where the last box of an MP4 file ends, or should."""
    at = 0
    for _ in range(MOST_BOXES):
        head = read_at(stream, at, 16)
        if at >= end or len(head) < 8:
            break
        size = struct.unpack(">I", head[:4])[0]
        if size == 1:  # the size follows in 64 bits
            size = struct.unpack(">Q", head[8:16])[0]
        if size < 8:  # 0 is up to the end of the file
            return end
        at += size
    return at


def _segment_end(head: bytes) -> int:
    """Where the segment of a Matroska file should end; 0 if that is not known."""
    size, width = _coded(head[4:])
    at = 4 + width + size
    if head[at : at + 4] != SEGMENT:
        return 0
    size, width = _coded(head[at + 4 :])
    unknown = 2 ** (7 * width) - 1
    return 0 if size == unknown else at + 4 + width + size


def _coded(data: bytes) -> tuple[int, int]:
    """A size of EBML, whose leading zero bits tell its bytes, and how many these are."""
    width = 9 - data[0].bit_length()
    value = int.from_bytes(data[:width])
    return value & (2 ** (7 * width) - 1), width


def _asf_size(stream: BinaryIO) -> int:
    """Bytes of an ASF file as its header says; 0 if it was broadcast, and none is known."""
    head = read_at(stream, 0, 4096)
    at = head.find(ASF_FILE)
    if at < 0:
        return 0
    (size,) = struct.unpack("<Q", head[at + 40 : at + 48])
    (flags,) = struct.unpack("<I", head[at + 88 : at + 92])
    return 0 if flags & 1 else size
