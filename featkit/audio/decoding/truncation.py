"""Files in PyAV's formats that end before their own structure does, or continue after it.

References
----------
ISO/IEC 14496-12, 4.2 (boxes of MP4).
RFC 8794, "Extensible Binary Meta Language", and RFC 9559, "Matroska media container format".
OpenDML AVI file format extensions 1.02, 1996.
Microsoft, "Advanced Systems Format specification" 01.20.05, 3.2 (file properties).
RFC 3533, "The Ogg encapsulation format version 0".
ETSI TS 102 366, 4.4.1 and E.1.3.1 (AC-3 and E-AC-3).
Adobe, "Video file format specification" 10.1 (FLV).
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

from featkit.audio.decoding import _ogg
from featkit.audio.decoding._chunks import RIFF, chunks
from featkit.audio.decoding._spliced_file import find_all, read_at
from featkit.audio.decoding._tags import BufferedFile, end_of_tags

EBML = b"\x1aE\xdf\xa3"
SEGMENT, CLUSTER = 0x18538067, 0x1F43B675
FLV = b"FLV\x01"
FLV_TAGS = (8, 9, 18)
PADDING = 1024
"""Number of bytes to check after the tags of an FLV file; if all are 0, the rest is padding."""

VOID = (0xEC, 0xBF)
"""Elements of Matroska that may occur anywhere, and whose identifiers have one byte."""

ASF = bytes.fromhex("3026b2758e66cf11")
ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

MAX_PARTS = 1_000_000
"""Largest number of boxes, elements or tags to read in a file."""

AC3_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
"""Bit rates in kbit/s."""


def ends_early(stream: BinaryIO, end: int) -> bool:
    """Return whether a file ends before its structure does.

    Parameters
    ----------
    stream : binary file
    end : int
        Size of the file in bytes.

    Returns
    -------
    bool
        False where the format does not state its size.
    """
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
        if head.startswith(_ogg.MAGIC):
            links = _ogg.file_parts(stream, 0, end)
            return any(link.truncated for link in links) or not _ogg.is_intact(stream, 0, end)
    except (struct.error, IndexError):
        return False
    return False


def _last_box(stream: BinaryIO, end: int) -> int:
    """The position where the last box of an MP4 file should end."""
    at = 0
    for _ in range(MAX_PARTS):
        if at >= end or len(head := read_at(stream, at, 16)) < 8:
            break
        size = struct.unpack(">I", head[:4])[0]
        if size == 1:  # the size follows in 64 bits
            size = struct.unpack(">Q", head[8:16])[0]
        if size < 8:  # 0 means to the end of the file
            return end
        at += size
    return at


def _last_tag(stream: BinaryIO, end: int) -> int:
    """The position where the last tag of an FLV file should end; beyond `end` if it is damaged."""
    at = int.from_bytes(read_at(stream, 5, 4))
    for _ in range(MAX_PARTS):
        head = read_at(stream, at + 4, 4)  # after the size of the previous tag
        if len(head) < 4:
            break
        if head[0] & 0x1F not in FLV_TAGS:
            after = end_of_tags(BufferedFile(stream, end), at + 4)
            return end + 1 if any(read_at(stream, after, PADDING)) else end
        at += 4 + 11 + int.from_bytes(head[1:])
    return at


def _last_element(stream: BinaryIO, end: int) -> int:
    """The position where the last element of a Matroska file should end.

    Segments and clusters that were written to a pipe have no size: their elements are followed.
    """
    at = 0
    for _ in range(MAX_PARTS):
        if at >= end or len(head := read_at(stream, at, 12)) < 2:
            break
        width = 9 - head[0].bit_length()  # bytes of the identifier
        if width > 4 or len(head) < width + 1 or not head[width]:  # damaged
            return end
        if width < 4 and head[0] not in VOID:  # a tag or another file: others have four bytes here
            return end
        size, size_width = _vint(head[width:])
        unknown = size == 2 ** (7 * size_width) - 1
        if unknown and int.from_bytes(head[:width]) not in (SEGMENT, CLUSTER):
            return end
        at += width + size_width + (0 if unknown else size)
    return at


def _vint(data: bytes) -> tuple[int, int]:
    """An integer of EBML, whose leading zero bits encode its number of bytes, and that number."""
    width = 9 - data[0].bit_length()
    value = int.from_bytes(data[:width])
    return value & (2 ** (7 * width) - 1), width


def _asf_size(stream: BinaryIO) -> int:
    """Bytes of an ASF file, as its header states; 0 for a broadcast, whose size is unknown."""
    head = read_at(stream, 0, 4096)
    at = head.find(ASF_FILE)
    if at < 0:
        return 0
    (size,) = struct.unpack("<Q", head[at + 40 : at + 48])
    (flags,) = struct.unpack("<I", head[at + 88 : at + 92])
    return 0 if flags & 1 else size


def another_file_follows(stream: BinaryIO, read: int, end: int) -> bool:
    """Return whether another file of the same format follows the last packet.

    Parameters
    ----------
    stream : binary file
    read : int
        Position where the last packet ended.
    end : int
        Size of the file in bytes.

    Returns
    -------
    bool
    """
    head = read_at(stream, 0, 16)
    mark = head[4:12] if head[4:8] == b"ftyp" else head[:6]
    return any(True for _ in find_all(stream, mark, max(read, len(mark)), end))


def only_tags_follow(stream: BinaryIO, at: int, end: int) -> bool:
    """Return whether only tags, such as ID3v1 and APE, follow up to the end of the file.

    Parameters
    ----------
    stream : binary file
    at, end : int
        Position after the last packet, and size of the file in bytes.

    Returns
    -------
    bool
    """
    return at < end and end_of_tags(BufferedFile(stream, end), at) >= end


def is_complete(codec: str, packet: Any) -> bool:
    """Return whether a packet has as many bytes as its header states.

    Parameters
    ----------
    codec : str
        FFmpeg's name of the codec.
    packet : bytes-like

    Returns
    -------
    bool
        True for codecs other than AC-3 and E-AC-3.
    """
    return codec not in ("ac3", "eac3") or len(bytes(packet)) >= ac3_frame_size(bytes(packet))


def ac3_frame_size(header: bytes) -> int:
    """Return the size of a frame of AC-3 or E-AC-3.

    Parameters
    ----------
    header : bytes
        The first bytes of the frame.

    Returns
    -------
    int
        Bytes; 0 if it is not such a frame.
    """
    if len(header) < 6 or header[:2] != b"\x0bw":
        return 0
    if header[5] >> 3 > 10:  # E-AC-3
        return 2 * (int.from_bytes(header[2:4]) % 2048 + 1)
    rate, size = header[4] >> 6, header[4] & 63
    if rate == 3 or size // 2 >= len(AC3_RATES):
        return 0
    kilobits = AC3_RATES[size // 2]
    return 2 * (2 * kilobits, 96000 * kilobits // 44100 + size % 2, 3 * kilobits)[rate]
