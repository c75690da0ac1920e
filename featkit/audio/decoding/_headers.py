"""Headers of WAV, RF64, W64, AIFF, AU, CAF, PAF and SPHERE: where the sound is, and how much.

Only places and sizes are read here; the samples are decoded elsewhere. Sources: Microsoft's
Multimedia Programming Interface 1.0 (WAV), EBU Tech 3306 (RF64), Apple's Audio Interchange File
Format AIFF-C draft of 1991 and Core Audio Format Specification 1.0, the man page of Sun's audio
files, and the header files of libsndfile for what it writes itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from featkit.audio.decoding._window import find_all, read_at

MOST_CHUNKS = 10_000
"""Chunks of a file that are looked at."""

IMA, MS, GSM, NMS, G721 = 0x11, 0x02, 0x31, 0x38, 0x40
"""Codecs of WAV that pack samples in blocks, by their numbers."""

MPEG_IN_WAV = (0x50, 0x55)
"""Those of MPEG audio: layers 1 and 2, layer 3."""

EXTENSIBLE = 0xFFFE
"""Number of a codec that is stated further on."""

UNKNOWN_LENGTH = 0x7FFF0000
"""Bytes from which on a length stands for "not known yet": what programs write into a pipe."""

G72X_SAMPLES = 120
"""Samples that libsndfile packs in a block of G.721 and G.723."""

AU_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
AU_G72X_BITS = {23: 4, 25: 3, 26: 5}

PAF_HEAD = 2048
PAF_BLOCKS = {0: (2, 1), 1: (32, 10), 2: (1, 1)}
"""Bytes of a block of one channel, and frames in it, by the format's number: 16, 24 and 8 bits."""

AIFF_BYTES = (b"ulaw", b"ULAW", b"alaw", b"ALAW", b"raw ")
AIFF_PLAIN = (b"NONE", b"twos", b"sowt", b"in24", b"in32", b"42ni", b"23ni")
AIFF_FLOAT = (b"fl32", b"FL32", b"fl64", b"FL64")
CAF_PLAIN = (b"lpcm", b"ulaw", b"alaw")
"""Codecs of AIFF-C and CAF that libsndfile decodes, and whose samples are of one size."""


@dataclass(frozen=True)
class Style:
    """How a format writes the heads of its chunks.

    Attributes
    ----------
    mark : int
        Bytes of the name.
    size : str
        The size that follows it, as `struct` reads it.
    own : int
        Bytes of the head that the size counts.
    step : int
        A chunk begins at a multiple of so many bytes.
    """

    mark: int
    size: str
    own: int = 0
    step: int = 2

    @property
    def head(self) -> int:
        return self.mark + struct.calcsize(self.size)


RIFF, RIFX = Style(4, "<I"), Style(4, ">I")
AIFF, CAF = Style(4, ">I"), Style(4, ">q", step=1)
W64 = Style(16, "<Q", own=24, step=8)


@dataclass(frozen=True)
class Chunk:
    """A chunk: its name, and where its content begins and ends as its size says."""

    name: bytes
    body: int
    end: int
    next: int

    @property
    def size(self) -> int:
        return self.end - self.body


@dataclass(frozen=True)
class Blocks:
    """How samples are packed.

    Attributes
    ----------
    size, frames : int
        Bytes and frames of a block.
    partial : callable
        Frames in so many bytes of a block.
    foreign : bool
        Whether libsndfile has no decoder for it.
    vary : bool
        Whether blocks are of several sizes, which a table in another chunk holds.
    """

    size: int
    frames: int = 1
    partial: Callable[[int], int] = lambda _: 0
    foreign: bool = False
    vary: bool = False


@dataclass(frozen=True)
class Header:
    """The sound that a header describes.

    Attributes
    ----------
    start, data : int
        Where the header begins, and the sound.
    stated : int
        Bytes of sound that it states.
    style : Style or None
        Of the chunks that may follow the sound.
    fill : callable
        The bytes of the header to replace, as (place, bytes), for another number of bytes of sound.
    blocks : Blocks
    bits : int
        Of the field that holds the size.
    unknown : bool
        Whether libsndfile does not know the mark of the format, which `fill` replaces.
    """

    start: int
    data: int
    stated: int
    style: Style | None
    fill: Callable[[int], list[tuple[int, bytes]]]
    blocks: Blocks
    bits: int = 32
    unknown: bool = False


def header_of(stream: BinaryIO, start: int, end: int) -> Header | None:
    """The header that begins at `start`, or None: not such a file, or without sound."""
    try:
        header = _any_header(stream, start, end)
    except (struct.error, ValueError):
        return None
    return header if header is not None and header.blocks.size > 0 else None


def _any_header(stream: BinaryIO, start: int, end: int) -> Header | None:
    mark = read_at(stream, start, 12)
    if mark[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and mark[8:] == b"WAVE":
        return _wav(stream, start, end, RIFX if mark[:4] == b"RIFX" else RIFF)
    if mark[:4] == b"FORM" and mark[8:] in (b"AIFF", b"AIFC"):
        return _aiff(stream, start, end)
    if mark[:4] == b"riff":
        return _w64(stream, start, end)
    if mark[:4] == b"caff":
        return _caf(stream, start, end)
    if mark[:4] in (b".snd", b"dns."):
        return _au(stream, start)
    if mark[:4] in (b" paf", b"fap "):
        return _paf(stream, start, end)
    return _sphere(stream, start) if mark[:7] == b"NIST_1A" else None


def chunks(stream: BinaryIO, at: int, end: int, style: Style) -> Iterator[Chunk]:
    """The chunks from a place on, as far as there are heads of them."""
    for _ in range(MOST_CHUNKS):
        if at >= end:
            return
        head = read_at(stream, at, style.head)
        if len(head) < style.head:
            return
        name = head[: style.mark]
        (size,) = struct.unpack(style.size, head[style.mark :])
        body = at + style.head
        until = body + max(0, size - style.own)
        at = until + -(until - at) % style.step
        yield Chunk(name, body, until, at)


def _wav(stream: BinaryIO, start: int, end: int, style: Style) -> Header | None:
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
            fill = _riff_sizes(start, chunk.body, order, [(start, b"RIFF")] if unknown else [])
            return Header(start, chunk.body, chunk.size, style, fill, blocks, unknown=unknown)
    return None


def _riff_sizes(
    start: int, data: int, order: str, mark: list[tuple[int, bytes]]
) -> Callable[[int], list[tuple[int, bytes]]]:
    def fill(count: int) -> list[tuple[int, bytes]]:
        if count < 2**32:
            return [*mark, (data - 4, struct.pack(order + "I", count))]
        # To libsndfile this is a file that was never closed: it reads to the end.
        return [*mark, (start + 4, struct.pack(order + "I", 8)), (data - 4, bytes(4))]

    return fill


def _field(place: int, size: str, more: int) -> Callable[[int], list[tuple[int, bytes]]]:
    """A single field for the size, which counts so many bytes more."""
    return lambda count: [(place, struct.pack(size, count + more))]


def _rf64(stream: BinaryIO, start: int, data: int, place: int, blocks: Blocks) -> Header:
    (stated,) = struct.unpack("<Q", read_at(stream, place, 8))
    unknown = read_at(stream, start, 4) == b"BW64"

    def fill(count: int) -> list[tuple[int, bytes]]:
        frames = count // blocks.size * blocks.frames
        sizes = struct.pack("<QQQ", data - start - 8 + count, count, frames)
        return [(start, b"RF64"), (place - 8, sizes)]

    return Header(start, data, stated, RIFF, fill, blocks, bits=64, unknown=unknown)


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
    return None if codec in MPEG_IN_WAV else Blocks(1, foreign=True)


def _ima_frames(rest: int, channels: int) -> int:
    """One sample in the head of each channel, then eight in each four bytes (RFC 3551, 4.5.1)."""
    return 1 + 8 * ((rest - 4 * channels) // (4 * channels)) if rest >= 4 * channels else 0


def _ms_frames(rest: int, channels: int) -> int:
    """Two samples in the head of seven bytes of each channel, then two in each byte."""
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
            fill = _field(chunk.body - 8, "<Q", W64.own)
            return Header(start, chunk.body, chunk.size, W64, fill, blocks, bits=64)
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
    if common.body > data:  # behind the sound: libsndfile finds it there by itself
        return None
    if codec == b"ima4":
        blocks, counted = Blocks(34 * channels, 64), 64
    elif codec in (b"GSM ", b"agsm"):
        blocks, counted = Blocks(33, 160), 1
    elif codec == b"DWVW":
        return None
    elif codec in AIFF_BYTES:
        blocks, counted = Blocks(channels), 1
    elif codec in AIFF_PLAIN + AIFF_FLOAT:
        blocks, counted = Blocks(channels * -(-bits // 8)), 1
    else:
        blocks, counted = Blocks(1, foreign=True), 1

    def fill(count: int) -> list[tuple[int, bytes]]:
        frames = count // blocks.size * blocks.frames // counted
        size = min(count + skipped + 8, 0xFFFFFFFF)
        return [
            (common.body + 2, struct.pack(">I", min(frames, 0xFFFFFFFF))),
            (sound.body - 4, struct.pack(">I", size)),
        ]

    stated = max(0, sound.size - 8 - skipped) if sound.size else 0
    return Header(start, data, stated, AIFF, fill, blocks)


def _caf(stream: BinaryIO, start: int, end: int) -> Header | None:
    blocks = None
    for chunk in chunks(stream, start + 8, end, CAF):
        if chunk.name == b"desc":
            codec, _, size, frames = struct.unpack(">4sIII", read_at(stream, chunk.body + 8, 16))
            plain, alac = codec in CAF_PLAIN, codec == b"alac"
            blocks = Blocks(size, frames) if plain else Blocks(1, foreign=not alac, vary=alac)
        elif chunk.name == b"data":
            if blocks is None:
                return None
            (size,) = struct.unpack(">q", read_at(stream, chunk.body - 8, 8))
            fill = _field(chunk.body - 8, ">q", 4)
            stated = -1 if size < 0 else max(0, size - 4)
            return Header(start, chunk.body + 4, stated, CAF, fill, blocks, bits=64)
    return None


def _au(stream: BinaryIO, start: int) -> Header | None:
    head = read_at(stream, start, 24)
    order = ">" if head.startswith(b".snd") else "<"
    data, stated, codec, _, channels = struct.unpack(order + "5I", head[4:])
    if codec in AU_G72X_BITS:
        blocks = _g72x(AU_G72X_BITS[codec])
    elif codec in AU_WIDTHS:
        blocks = Blocks(AU_WIDTHS[codec] * channels)
    else:
        return None

    def fill(count: int) -> list[tuple[int, bytes]]:
        # Its size is an int to libsndfile; -1 is to the end of the file.
        return [(start + 8, struct.pack(order + "I", count if count < 2**31 else 0xFFFFFFFF))]

    return Header(start, start + data, stated, None, fill, blocks)


def _paf(stream: BinaryIO, start: int, end: int) -> Header | None:
    """Paris Audio File: it states no size; the sound ends where the file or the next one does."""
    head = read_at(stream, start, 24)
    order = ">" if head.startswith(b" paf") else "<"
    form, channels = struct.unpack(order + "II", head[16:24])
    if form not in PAF_BLOCKS or not channels:
        return None
    width, frames = PAF_BLOCKS[form]
    data, size = start + PAF_HEAD, width * channels
    until = next(find_all(stream, head, data, end), end)
    whole = -(-(until - data) // size) * size
    return Header(start, data, whole, None, lambda _: [], Blocks(size, frames), bits=64)


def _sphere(stream: BinaryIO, start: int) -> Header | None:
    """NIST SPHERE: lines of name, type and value."""
    text = read_at(stream, start, 1024).decode("latin-1")
    lines = [line.split(None, 2) for line in text.splitlines()]
    if len(lines) < 2 or not lines[1]:
        return None
    values = {line[0]: line[2] for line in lines if len(line) == 3}
    if "sample_count" not in values or "sample_n_bytes" not in values:
        return None
    width = int(values.get("channel_count", "1")) * int(values["sample_n_bytes"])
    stated, data = int(values["sample_count"]) * width, start + int(lines[1][0])
    return Header(start, data, stated, None, lambda _: [], Blocks(width), bits=64)
