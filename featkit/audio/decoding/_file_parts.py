"""The part of a file that libsndfile decodes: all of it, or the samples after a repaired header.

libsndfile trusts sizes in headers. Where they are wrong, where something precedes the header, or
where the samples end within a block, libsndfile reads a `SplicedFile` instead. The rules are those
of FFmpeg. If the size was never filled in, the samples extend to the end of the file. Other sizes
are kept; if more samples follow, they are not decoded, and the recording is `truncated`.
"""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from featkit.audio.decoding._chunks import CAF, ChunkStyle, chunks
from featkit.audio.decoding._headers import Header, header_of
from featkit.audio.decoding._spliced_file import Piece, patched, read_at

UNKNOWN_SIZES = ((0x7FFF0000, 0x80001000), (0xFFFF0000, 2**32))
"""Ranges of sizes that mean "unknown": programs write them when they write to a pipe."""

SIZE_MODULUS = 2**32
"""Number of bytes at which a 32-bit size wraps around to 0."""

TRAILER = 2**16
"""Bytes at the end of a file of unknown size in which chunks after the samples are searched."""

TRAILING_CHUNKS = (b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"smpl", b"inst", b"iXML", b"_PMX")
"""Chunks that programs write after the samples."""

NEGLIGIBLE = 1024
"""Bytes after the samples that are ignored, unless another file begins there."""

MAGICS = (
    *(b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"caff", b".snd", b"dns."),
    *(b"fLaC", b"OggS", b"NIST", b"Creative Voice File", b" paf", b"fap "),
)
"""The first bytes of files that libsndfile decodes, except MPEG audio."""

TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN")
"""The first bytes of tags that programs append to any file."""


class FilePart(NamedTuple):
    """The part of a file that libsndfile decodes.

    Attributes
    ----------
    pieces : tuple of Piece or None
        The content, for a `SplicedFile`; None for the file as it is.
    truncated : bool
        Whether the file has, or had, more samples than this part.
    stated_ratio : float
        Bytes of samples that the header states, over the bytes that are present.
    frames : int or None
        Number of frames, where libsndfile would also count the padding of the last block.
    recognised : bool
        Whether the header was understood.
    for_pyav : bool
        Whether PyAV may try to decode the file if libsndfile does not know its codec.
    last_page : int or None
        Number of frames on the last page of an Ogg file, if known.
    """

    pieces: tuple[Piece, ...] | None = None
    truncated: bool = False
    stated_ratio: float = 1.0
    frames: int | None = None
    recognised: bool = False
    for_pyav: bool = False
    last_page: int | None = None


def file_part(stream: BinaryIO, start: int, end: int) -> FilePart:
    """The part of a stream between two positions, with a repaired header where needed."""
    header = header_of(stream, start, end)
    whole = FilePart(((start, end),) if start else None)
    if header is None:
        return whole
    blocks = header.blocks
    if blocks.unsupported:
        return FilePart(for_pyav=True)
    extents, size = _samples(stream, header, end)
    present = sum(stop - begin for begin, stop in extents)
    if not present:
        return whole
    stated = present if size.unknown else max(size.stated, present)
    rest = present % blocks.size if blocks.frames > 1 else 0
    frames = present // blocks.size * blocks.frames + blocks.partial_frames(rest)
    part = FilePart(
        truncated=size.truncated or stated > present,
        stated_ratio=stated / present,
        frames=frames if blocks.frames > 1 else None,
        recognised=True,
    )
    if blocks.varying:  # chunks after the samples are needed, too
        return part._replace(pieces=whole.pieces, for_pyav=True)
    # libsndfile refuses a truncated CAF file.
    refused = header.unknown_magic or (part.truncated and header.style is CAF)
    if not (start or size.unknown or rest or len(extents) > 1 or size.altered or refused):
        return part
    filler = bytes(blocks.size - rest) if rest else b""
    patches = header.patches(present + len(filler))
    return part._replace(pieces=(*patched(start, header.data, patches), *extents, filler))


class _Size(NamedTuple):
    """The size that a header states, and its reliability.

    Attributes
    ----------
    stated : int
        Bytes of samples.
    unknown : bool
        Whether the size is unknown, so that the samples extend to the end of the file.
    altered : bool
        Whether the header has to be repaired.
    truncated : bool
        Whether more samples follow, which are not decoded.
    """

    stated: int
    unknown: bool = False
    altered: bool = False
    truncated: bool = False


def _samples(stream: BinaryIO, header: Header, end: int) -> tuple[list[tuple[int, int]], _Size]:
    """The extents of the samples in the file, and their size."""
    data, stated, style = header.data, header.stated_size, header.style
    available = end - data
    if available <= 0:
        return [], _Size(stated)
    fits = 0 <= stated <= available and _only_chunks_follow(stream, data + stated, end, style)
    if _is_unknown(header, available) and not fits:
        return [(data, end - _trailer(stream, data, end, style))], _Size(stated, unknown=True)
    if stated > available:
        return [(data, end)], _Size(stated)
    if fits:
        more = _more_samples(stream, data + stated, end, style)
        total = stated + sum(stop - begin for begin, stop in more)
        return [(data, data + stated), *more], _Size(total)
    if header.size_bits == 32 and available >= SIZE_MODULUS:
        return _overflowed(stream, header, end)
    rest = read_at(stream, data + stated, NEGLIGIBLE + 1)
    if style is None and not rest.startswith(MAGICS):  # a size that was not updated
        return [(data, end)], _Size(available, altered=True)
    truncated = may_be_samples(rest)
    return [(data, data + stated)], _Size(stated, altered=True, truncated=truncated)


def _is_unknown(header: Header, available: int) -> bool:
    """Whether the stated size means "unknown"."""
    stated = header.stated_size
    if header.size_bits == 64:
        return stated <= 0 or stated > 2**62
    unknown = any(low <= stated < high for low, high in UNKNOWN_SIZES)
    return stated == 0 or (unknown and stated != available)


def _overflowed(stream: BinaryIO, header: Header, end: int) -> tuple[list[tuple[int, int]], _Size]:
    """The samples of a file whose size is too large for its 32-bit field."""
    data, stated = header.data, header.stated_size
    available = end - data
    whole = stated + (available - stated) // SIZE_MODULUS * SIZE_MODULUS
    complete = _only_chunks_follow(stream, data + whole, end, header.style)
    if complete or available - whole <= TRAILER:
        return [(data, data + whole)], _Size(whole, altered=True)
    return [(data, end)], _Size(whole + SIZE_MODULUS, altered=True)


def _only_chunks_follow(stream: BinaryIO, at: int, end: int, style: ChunkStyle | None) -> bool:
    """Whether only chunks of the format follow, up to the end of the file."""
    if end - at <= 1:
        return True
    if style is None:
        return not any(read_at(stream, at, min(end - at, NEGLIGIBLE + 1)))
    starts = range(at, at + style.alignment)
    return any(_chunks_fill(stream, start, end, style) for start in starts)


def _chunks_fill(stream: BinaryIO, at: int, end: int, style: ChunkStyle) -> bool:
    """Whether chunks, possibly followed by bytes that are not samples, fill the rest of the
    file."""
    last = at
    for chunk in chunks(stream, at, end, style):
        # A chunk that is cut off is accepted if it holds no samples.
        fits = chunk.end <= end or chunk.name[:4] in TRAILING_CHUNKS
        if not (fits and _is_name(chunk.name)):
            rest = read_at(stream, last, min(end - last, NEGLIGIBLE + 1))
            return last > at and not may_be_samples(rest)
        last = chunk.next
    return end - last < style.head and last > at


def _is_name(name: bytes) -> bool:
    return name[:4].isascii() and name[:4].decode().isprintable() and name[:4] not in MAGICS


def _more_samples(
    stream: BinaryIO, at: int, end: int, style: ChunkStyle | None
) -> list[tuple[int, int]]:
    """The extents of further ``data`` chunks after the first one of a RIFF file."""
    if style is None or style.head != 8:
        return []
    at += at % 2
    data = (chunk for chunk in chunks(stream, at, end, style) if chunk.name == b"data")
    return [(chunk.body, min(chunk.end, end)) for chunk in data if chunk.size]


def _trailer(stream: BinaryIO, data: int, end: int, style: ChunkStyle | None) -> int:
    """Bytes of chunks after samples of unknown size."""
    if style is None or style.head != 8:
        return 0
    first = max(data, end - TRAILER)
    tail = read_at(stream, first, end - first)
    starts = sorted(at for name in TRAILING_CHUNKS if (at := tail.find(name)) >= 0)
    fitting = (at for at in starts if _trailing_chunks_fill(stream, first + at, end, style))
    return next((len(tail) - at for at in fitting), 0)


def _trailing_chunks_fill(stream: BinaryIO, at: int, end: int, style: ChunkStyle) -> bool:
    """Whether chunks with known names end exactly with the file."""
    last = 0
    for chunk in chunks(stream, at, end, style):
        if chunk.name not in TRAILING_CHUNKS:
            return False
        last = chunk.next
    return last in (end, end + 1)


def may_be_samples(rest: bytes) -> bool:
    """Whether the bytes after the samples of a file may be more samples, or another file."""
    if rest.startswith(MAGICS):
        return True
    return len(rest) > NEGLIGIBLE and any(rest) and not rest.startswith(TAGS)
