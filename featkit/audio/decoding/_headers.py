"""Headers of WAV, RF64, W64, AIFF, AU, CAF, PAF and SPHERE: position and size of the samples.

Positions are bytes from the beginning of the file. The samples are decoded elsewhere.

References
----------
Microsoft, "Multimedia programming interface and data specifications 1.0", 1991 (WAV).
EBU Tech 3306, "MBWF / RF64: an extended file format for audio", 2009.
Apple, "Audio Interchange File Format AIFF-C", draft, 1991.
Apple, "Core Audio Format specification 1.0", 2011.
Sun Microsystems, "audio file format", manual page au(5).
Formats that libsndfile writes itself: the header files of libsndfile.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from featkit.audio.decoding._chunks import AIFF, CAF, RIFF, RIFX, W64, Chunk, ChunkStyle, chunks
from featkit.audio.decoding._spliced_file import find_all, read_at
from featkit.audio.decoding.formats import EXTENSIBLE, MPEG_IN_WAV

IMA, MS, GSM, NMS, G721 = 0x11, 0x02, 0x31, 0x38, 0x40
"""Numbers of WAV codecs that pack samples in blocks."""

UNKNOWN_LENGTH = 0x7FFF0000
"""Sizes in bytes from this one on mean "unknown": programs write them when they write to a pipe."""

G72X_SAMPLES = 120
"""Samples of a block of G.721 and G.723 in libsndfile."""

AU_SAMPLE_SIZES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
"""Bytes of a sample, by the number of the AU codec."""

AU_G72X_BITS = {23: 4, 25: 3, 26: 5}
"""Bits of a sample, by the number of the AU codec."""

PAF_HEAD = 2048
PAF_BLOCKS = {0: (2, 1), 1: (32, 10), 2: (1, 1)}
"""Bytes and frames of a block of one channel, by the number of the format: 16, 24 and 8 bits."""

AIFF_BYTES = (b"ulaw", b"ULAW", b"alaw", b"ALAW", b"raw ")
AIFF_PLAIN = (b"NONE", b"twos", b"sowt", b"in24", b"in32", b"42ni", b"23ni")
AIFF_FLOAT = (b"fl32", b"FL32", b"fl64", b"FL64")
CAF_PLAIN = (b"lpcm", b"ulaw", b"alaw")
"""Codecs of AIFF-C and CAF that libsndfile decodes and whose samples have one size."""


Patches = Callable[[int], list[tuple[int, bytes]]]
"""Function of a size in bytes: the changes, ``(position, bytes)``, that make a header state it."""


class Blocks(NamedTuple):
    """The blocks in which a codec packs samples.

    Attributes
    ----------
    size, frames : int
        Bytes and frames of a block.
    partial_frames : callable
        Number of frames in an incomplete block, by its number of bytes.
    unsupported : bool
        Whether libsndfile has no decoder for the codec.
    varying : bool
        Whether blocks have several sizes, which a table in another chunk lists.
    """

    size: int
    frames: int = 1
    partial_frames: Callable[[int], int] = lambda _: 0
    unsupported: bool = False
    varying: bool = False


class Header(NamedTuple):
    """The header of a file.

    Attributes
    ----------
    start, data : int
        Positions of the header and of the samples.
    stated_size : int
        Bytes of samples that the header states.
    style : ChunkStyle or None
        Style of the chunks that may follow the samples.
    patches : Patches
    blocks : Blocks
        The form in which samples are packed.
    size_bits : int
        Bits of the field that states the size.
    unknown_magic : bool
        Whether libsndfile does not know the first bytes of the format, which `patches` replaces.
    """

    start: int
    data: int
    stated_size: int
    style: ChunkStyle | None
    patches: Patches
    blocks: Blocks
    size_bits: int = 32
    unknown_magic: bool = False


def header_of(stream: BinaryIO, start: int, end: int) -> Header | None:
    """The header that begins at `start`; None for other formats, or if no samples follow."""
    try:
        header = _any_header(stream, start, end)
    except (struct.error, ValueError):
        return None
    return header if header is not None and header.blocks.size > 0 else None


def _any_header(stream: BinaryIO, start: int, end: int) -> Header | None:
    magic = read_at(stream, start, 12)
    if magic[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and magic[8:] == b"WAVE":
        return _wav(stream, start, end, RIFX if magic[:4] == b"RIFX" else RIFF)
    if magic[:4] == b"FORM" and magic[8:] in (b"AIFF", b"AIFC"):
        return _aiff(stream, start, end)
    if magic[:4] == b"riff":
        return _w64(stream, start, end)
    if magic[:4] == b"caff":
        return _caf(stream, start, end)
    if magic[:4] in (b".snd", b"dns."):
        return _au(stream, start)
    if magic[:4] in (b" paf", b"fap "):
        return _paf(stream, start, end)
    return _sphere(stream, start) if magic[:7] == b"NIST_1A" else None


def _wav(stream: BinaryIO, start: int, end: int, style: ChunkStyle) -> Header | None:
    order = style.size[0]
    blocks, long_sizes = None, None
    for chunk in chunks(stream, start + 12, end, style):
        if chunk.name == b"ds64":
            long_sizes = chunk.body + 8
        elif chunk.name == b"fmt ":
            blocks = _wav_blocks(read_at(stream, chunk.body, min(chunk.size, 40)), order)
        elif chunk.name == b"data":
            if blocks is None:
                return None
            if long_sizes is not None and chunk.size == 0xFFFFFFFF:
                return _rf64(stream, start, chunk.body, long_sizes, blocks)
            unknown = read_at(stream, start, 4) == b"BW64"
            magic = [(start, b"RIFF")] if unknown else []
            patches = _riff_sizes(start, chunk.body, order, magic)
            return Header(start, chunk.body, chunk.size, style, patches, blocks, 32, unknown)
    return None


def _riff_sizes(start: int, data: int, order: str, magic: list[tuple[int, bytes]]) -> Patches:
    def patches(count: int) -> list[tuple[int, bytes]]:
        if count < 2**32:
            return [*magic, (data - 4, struct.pack(order + "I", count))]
        # libsndfile treats this as a file that was never closed, and reads to the end.
        return [*magic, (start + 4, struct.pack(order + "I", 8)), (data - 4, bytes(4))]

    return patches


def _size_field(position: int, size: str, more: int) -> Patches:
    """Patches for a header with one size field, which also counts `more` other bytes."""
    return lambda count: [(position, struct.pack(size, count + more))]


def _rf64(stream: BinaryIO, start: int, data: int, sizes_at: int, blocks: Blocks) -> Header:
    (stated,) = struct.unpack("<Q", read_at(stream, sizes_at, 8))
    unknown = read_at(stream, start, 4) == b"BW64"

    def patches(count: int) -> list[tuple[int, bytes]]:
        frames = count // blocks.size * blocks.frames
        sizes = struct.pack("<QQQ", data - start - 8 + count, count, frames)
        return [(start, b"RF64"), (sizes_at - 8, sizes)]

    return Header(start, data, stated, RIFF, patches, blocks, 64, unknown)


def codec_of(fmt: bytes, order: str = "<") -> int:
    """The number of the codec in the ``fmt`` chunk of a WAV file."""
    (codec,) = struct.unpack(order + "H", fmt[:2])
    if codec == EXTENSIBLE and len(fmt) >= 26:  # it begins a GUID
        (codec,) = struct.unpack(order + "H", fmt[24:26])
    return int(codec)


def _wav_blocks(fmt: bytes, order: str) -> Blocks | None:
    _, channels, _, _, align, bits = struct.unpack(order + "HHIIHH", fmt[:16])
    if not channels:
        return None
    codec = codec_of(fmt, order)
    per_block = struct.unpack(order + "H", fmt[18:20])[0] if len(fmt) >= 20 else 0
    if codec == IMA:
        return Blocks(align, per_block, lambda rest: _ima_frames(rest, channels))
    if codec == MS:
        return Blocks(align, per_block, lambda rest: _ms_frames(rest, channels))
    if codec == GSM:
        return Blocks(65, 320)
    if codec == NMS:
        return Blocks(20 * bits + 2, 160)
    if codec == G721:
        return _g72x(4)
    if codec in (1, 3, 6, 7):
        return Blocks(align or channels * -(-bits // 8))
    return None if codec in MPEG_IN_WAV else Blocks(1, unsupported=True)


def _ima_frames(rest: int, channels: int) -> int:
    """One sample in the head of each channel, then eight per four bytes (RFC 3551, 4.5.1)."""
    return 1 + 8 * ((rest - 4 * channels) // (4 * channels)) if rest >= 4 * channels else 0


def _ms_frames(rest: int, channels: int) -> int:
    """Two samples in the seven-byte head of each channel, then two per byte."""
    return 2 + 2 * (rest - 7 * channels) // channels if rest >= 7 * channels else 0


def _g72x(bits: int) -> Blocks:
    return Blocks(G72X_SAMPLES * bits // 8, G72X_SAMPLES, lambda rest: rest * 8 // bits)


def _w64(stream: BinaryIO, start: int, end: int) -> Header | None:
    blocks = None
    for chunk in chunks(stream, start + 40, end, W64):
        if chunk.name[:4] == b"fmt ":
            blocks = _wav_blocks(read_at(stream, chunk.body, min(chunk.size, 40)), "<")
        elif chunk.name[:4] == b"data":
            if blocks is None:
                return None
            patches = _size_field(chunk.body - 8, "<Q", W64.counted)
            return Header(start, chunk.body, chunk.size, W64, patches, blocks, size_bits=64)
    return None


def _aiff(stream: BinaryIO, start: int, end: int) -> Header | None:
    common = sound = None
    for chunk in chunks(stream, start + 12, end, AIFF):
        if chunk.name == b"COMM":
            common = chunk
        elif chunk.name == b"SSND":
            sound = chunk
        if common and sound:
            return _aiff_header(stream, start, common, sound)
    return None


def _aiff_header(stream: BinaryIO, start: int, common: Chunk, sound: Chunk) -> Header | None:
    channels, _, bits = struct.unpack(">HIH", read_at(stream, common.body, 8))
    codec = read_at(stream, common.body + 18, 4) if common.size >= 22 else b"NONE"
    skipped, _ = struct.unpack(">II", read_at(stream, sound.body, 8))
    data = sound.body + 8 + skipped
    if common.body > data:  # after the samples: libsndfile finds it there by itself
        return None
    if codec == b"ima4":
        blocks, packet = Blocks(34 * channels, 64), 64
    elif codec in (b"GSM ", b"agsm"):
        blocks, packet = Blocks(33, 160), 1
    elif codec == b"DWVW":
        return None
    elif codec in AIFF_BYTES:
        blocks, packet = Blocks(channels), 1
    elif codec in AIFF_PLAIN + AIFF_FLOAT:
        blocks, packet = Blocks(channels * -(-bits // 8)), 1
    else:
        blocks, packet = Blocks(1, unsupported=True), 1

    def patches(count: int) -> list[tuple[int, bytes]]:
        frames = count // blocks.size * blocks.frames // packet
        size = min(count + skipped + 8, 0xFFFFFFFF)
        return [
            (common.body + 2, struct.pack(">I", min(frames, 0xFFFFFFFF))),
            (sound.body - 4, struct.pack(">I", size)),
        ]

    stated = max(0, sound.size - 8 - skipped) if sound.size else 0
    return Header(start, data, stated, AIFF, patches, blocks)


def _caf(stream: BinaryIO, start: int, end: int) -> Header | None:
    blocks = None
    for chunk in chunks(stream, start + 8, end, CAF):
        if chunk.name == b"desc":
            codec, _, size, frames = struct.unpack(">4sIII", read_at(stream, chunk.body + 8, 16))
            plain, alac = codec in CAF_PLAIN, codec == b"alac"
            blocks = (
                Blocks(size, frames) if plain else Blocks(1, unsupported=not alac, varying=alac)
            )
        elif chunk.name == b"data":
            if blocks is None:
                return None
            (size,) = struct.unpack(">q", read_at(stream, chunk.body - 8, 8))
            patches = _size_field(chunk.body - 8, ">q", 4)
            stated = -1 if size < 0 else max(0, size - 4)
            return Header(start, chunk.body + 4, stated, CAF, patches, blocks, size_bits=64)
    return None


def _au(stream: BinaryIO, start: int) -> Header | None:
    head = read_at(stream, start, 24)
    order = ">" if head.startswith(b".snd") else "<"
    data, stated, codec, _, channels = struct.unpack(order + "5I", head[4:])
    if codec in AU_G72X_BITS:
        blocks = _g72x(AU_G72X_BITS[codec])
    elif codec in AU_SAMPLE_SIZES:
        blocks = Blocks(AU_SAMPLE_SIZES[codec] * channels)
    else:
        return None

    def patches(count: int) -> list[tuple[int, bytes]]:
        # libsndfile reads the size as a signed integer; -1 means to the end of the file.
        return [(start + 8, struct.pack(order + "I", count if count < 2**31 else 0xFFFFFFFF))]

    return Header(start, start + data, stated, None, patches, blocks)


def _paf(stream: BinaryIO, start: int, end: int) -> Header | None:
    """Paris Audio File: it states no size; the samples end with the file or before the next one."""
    head = read_at(stream, start, 24)
    order = ">" if head.startswith(b" paf") else "<"
    form, channels = struct.unpack(order + "II", head[16:24])
    if form not in PAF_BLOCKS or not channels:
        return None
    width, frames = PAF_BLOCKS[form]
    data, size = start + PAF_HEAD, width * channels
    until = next(find_all(stream, head, data, end), end)
    whole = -(-(until - data) // size) * size
    return Header(start, data, whole, None, lambda _: [], Blocks(size, frames), size_bits=64)


def _sphere(stream: BinaryIO, start: int) -> Header | None:
    """NIST SPHERE: lines of a name, a type and a value."""
    text = read_at(stream, start, 1024).decode("latin-1")
    lines = [line.split(None, 2) for line in text.splitlines()]
    if len(lines) < 2 or not lines[1]:
        return None
    values = {line[0]: line[2] for line in lines if len(line) == 3}
    if "sample_count" not in values or "sample_n_bytes" not in values:
        return None
    width = int(values.get("channel_count", "1")) * int(values["sample_n_bytes"])
    stated, data = int(values["sample_count"]) * width, start + int(lines[1][0])
    return Header(start, data, stated, None, lambda _: [], Blocks(width), size_bits=64)
