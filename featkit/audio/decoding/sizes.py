"""Whether a file ends before its own structure says, or goes on after it, in PyAV's formats.

Sources: ISO/IEC 14496-12, 4.2 (boxes of MP4); RFC 8794 and RFC 9559 (EBML, Matroska); OpenDML AVI
1.02; Advanced Systems Format Specification 01.20.05, 3.2 (File Properties); RFC 3533 (Ogg); ETSI
TS 102 366, 4.4.1 and E.1.3.1 (AC-3 and E-AC-3); Adobe's Video File Format Specification 10.1 (FLV).
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

from featkit.audio.decoding import _ogg
from featkit.audio.decoding._headers import RIFF, chunks
from featkit.audio.decoding._tags import Chunks, end_of_tags
from featkit.audio.decoding._window import find_all, read_at

EBML = b"\x1aE\xdf\xa3"
SEGMENT, CLUSTER = 0x18538067, 0x1F43B675
FLV = b"FLV\x01"
FLV_TAGS = (8, 9, 18)
MOST_ZEROS = 1024
"""Zeros behind the tags of FLV from which on it is taken to be filled up with zeros."""

VOID = (0xEC, 0xBF)
"""Elements of Matroska that may stand anywhere, and whose names have a single byte."""

ASF = bytes.fromhex("3026b2758e66cf11")
ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

MOST_PARTS = 1_000_000
"""Boxes of an MP4 file, or elements of a Matroska file, that are looked at."""

AC3_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
"""In kbit/s."""


def ends_early(stream: BinaryIO, end: int) -> bool:
    """Whether a file of `end` bytes should have more; False where its format does not tell."""
    head = read_at(stream, 0, 64)
    try:
        if head[4:8] == b"ftyp":
            return _last_box(stream, end) > end
        if head.startswith(EBML):
            return _last_element(stream, end) > end
        if head.startswith(b"RIFF"):
            return any(chunk.end > end for chunk in chunks(stream, 0, end, RIFF))
        if head.startswith(FLV):
            return _last_tag(stream, end) > end
        if head.startswith(ASF):
            return _asf_size(stream) > end
        if head.startswith(_ogg.MARK):
            views = _ogg.views_of(stream, 0, end)
            return any(view.cut for view in views) or not _ogg.is_intact(stream, 0, end)
    except (struct.error, IndexError):
        return False
    return False


def _last_box(stream: BinaryIO, end: int) -> int:
    """Where the last box of an MP4 file ends, or should."""
    at = 0
    for _ in range(MOST_PARTS):
        if at >= end or len(head := read_at(stream, at, 16)) < 8:
            break
        size = struct.unpack(">I", head[:4])[0]
        if size == 1:  # the size follows in 64 bits
            size = struct.unpack(">Q", head[8:16])[0]
        if size < 8:  # 0 is up to the end of the file
            return end
        at += size
    return at


def _last_tag(stream: BinaryIO, end: int) -> int:
    """Where the last tag of an FLV file ends, or should; beyond the end if tags are damaged."""
    at = int.from_bytes(read_at(stream, 5, 4))
    for _ in range(MOST_PARTS):
        head = read_at(stream, at + 4, 4)  # behind the size of the tag before
        if len(head) < 4:
            break
        if head[0] & 0x1F not in FLV_TAGS:
            behind = end_of_tags(Chunks(stream, end), at + 4)
            return end + 1 if any(read_at(stream, behind, MOST_ZEROS)) else end
        at += 4 + 11 + int.from_bytes(head[1:])
    return at


def _last_element(stream: BinaryIO, end: int) -> int:
    """Where the last element of a Matroska file ends, or should.

    Segments and clusters that were written into a pipe have no size: they are looked into.
    """
    at = 0
    for _ in range(MOST_PARTS):
        if at >= end or len(head := read_at(stream, at, 12)) < 2:
            break
        name = 9 - head[0].bit_length()
        if name > 4 or len(head) < name + 1 or not head[name]:  # damaged
            return end
        if name < 4 and head[0] not in VOID:  # a tag or another file: at this level names have four
            return end
        size, width = _coded(head[name:])
        unknown = size == 2 ** (7 * width) - 1
        if unknown and int.from_bytes(head[:name]) not in (SEGMENT, CLUSTER):
            return end
        at += name + width + (0 if unknown else size)
    return at


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


def goes_on(stream: BinaryIO, read: int, end: int) -> bool:
    """Whether another file of the same format follows where the last packet ended."""
    head = read_at(stream, 0, 16)
    mark = head[4:12] if head[4:8] == b"ftyp" else head[:6]
    return any(True for _ in find_all(stream, mark, max(read, len(mark)), end))


def only_tags(stream: BinaryIO, at: int, end: int) -> bool:
    """Whether nothing but tags, such as ID3v1 and APE, follow up to the end of the file."""
    return at < end and end_of_tags(Chunks(stream, end), at) >= end


def is_whole(codec: str, packet: Any) -> bool:
    """Whether a packet of AC-3 or E-AC-3 has as many bytes as its head says."""
    return codec not in ("ac3", "eac3") or len(bytes(packet)) >= ac3_length(bytes(packet))


def ac3_length(header: bytes) -> int:
    """Bytes of a frame of AC-3 or E-AC-3 by its first six bytes; 0 if it is none."""
    if len(header) < 6 or header[:2] != b"\x0bw":
        return 0
    if header[5] >> 3 > 10:  # E-AC-3
        return 2 * (int.from_bytes(header[2:4]) % 2048 + 1)
    rate, size = header[4] >> 6, header[4] & 63
    if rate == 3 or size // 2 >= len(AC3_RATES):
        return 0
    kilobits = AC3_RATES[size // 2]
    return 2 * (2 * kilobits, 96000 * kilobits // 44100 + size % 2, 3 * kilobits)[rate]
