"""What libsndfile is given of a file: all of it, or the sound under a header that is right.

libsndfile believes sizes in headers. Where they are wrong, or where something stands before the
header or ends within a block of samples, it is given a `Window` of the file instead. The rule is
FFmpeg's: a size that was never filled in means up to the end of the file, others are kept, and
what remains beyond them is not decoded; then the recording is `cut`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

from featkit.audio.decoding._headers import CAF, Header, Style, chunks, header_of
from featkit.audio.decoding._window import Piece, patched, read_at

UNKNOWN_SIZES = ((0x7FFF0000, 0x80001000), (0xFFFF0000, 2**32))
"""Ranges of sizes that mean "not known yet": what programs write into a pipe."""

WRAPPED = 2**32
"""Bytes at which a size of 32 bits begins at 0 again."""

TRAILER = 2**16
"""Bytes at the end of a file without sizes in which chunks after the sound are looked for."""

TRAILING = (b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"smpl", b"inst", b"iXML", b"_PMX")
"""Chunks that programs write after the sound."""

REMAINS = 1024
"""Bytes after the sound that are not worth a word, unless another file begins there."""

MAGICS = (
    *(b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"caff", b".snd", b"dns."),
    *(b"fLaC", b"OggS", b"NIST", b"Creative Voice File", b" paf", b"fap "),
)
"""How files of sound begin that libsndfile decodes, other than those of MPEG audio."""

TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN")
"""How tags begin that programs append to any file."""


@dataclass(frozen=True)
class View:
    """What libsndfile is given of a file.

    Attributes
    ----------
    pieces : tuple or None
        Parts of the file, or bytes in their place; None is the file as it is.
    cut : bool
        Whether there is, or was, more sound than there is here.
    share : float
        Bytes of sound that the header states, to a byte that there is.
    frames : int or None
        Frames that there are, where libsndfile would count what fills up the last block.
    known : bool
        Whether the header was understood.
    foreign : bool
        Whether PyAV may try it if libsndfile does not know its codec.
    last_page : int or None
        Frames on the last page of an Ogg file, if that is known.
    """

    pieces: tuple[Piece, ...] | None = None
    cut: bool = False
    share: float = 1.0
    frames: int | None = None
    known: bool = False
    foreign: bool = False
    last_page: int | None = None


def view_of(stream: BinaryIO, start: int, end: int) -> View:
    """What to give libsndfile of the file between two places of another one."""
    header = header_of(stream, start, end)
    if header is None:
        return View(((start, end),) if start else None)
    if header.blocks.foreign:
        return View(foreign=True)
    extents, kept = _sound(stream, header, end)
    there = sum(stop - begin for begin, stop in extents)
    if not there:
        return View(((start, end),) if start else None)
    stated = there if kept.open else max(kept.stated, there)
    blocks = header.blocks
    rest = there % blocks.size if blocks.frames > 1 else 0
    frames = there // blocks.size * blocks.frames + blocks.partial(rest)
    view = View(
        cut=kept.cut or stated > there,
        share=stated / there,
        frames=frames if blocks.frames > 1 else None,
        known=True,
    )
    if blocks.vary:  # chunks after the sound are needed, too
        return replace(view, pieces=((start, end),) if start else None, foreign=True)
    # libsndfile takes a cut CAF file for malformed.
    refused = header.unknown or (view.cut and header.style is CAF)
    if not (start or kept.open or rest or len(extents) > 1 or kept.altered or refused):
        return view
    filler = bytes(blocks.size - rest) if rest else b""
    fields = header.fill(there + len(filler))
    pieces = (*patched(start, header.data, fields), *extents, filler)
    return replace(view, pieces=pieces)


@dataclass(frozen=True)
class _Size:
    """What a size in a header turned out to be."""

    stated: int
    open: bool = False
    altered: bool = False
    cut: bool = False


def _sound(stream: BinaryIO, header: Header, end: int) -> tuple[list[tuple[int, int]], _Size]:
    """Where the sound is, and what its size is worth."""
    data, stated, style = header.data, header.stated, header.style
    most = end - data
    if most <= 0:
        return [], _Size(stated)
    fits = 0 <= stated <= most and _follow(stream, data + stated, end, style)
    if _is_open(header, most) and not fits:
        return [(data, end - _trailer(stream, data, end, style))], _Size(stated, open=True)
    if stated > most:
        return [(data, end)], _Size(stated)
    if fits:
        more = _more_sound(stream, data + stated, end, style)
        total = stated + sum(stop - begin for begin, stop in more)
        return [(data, data + stated), *more], _Size(total)
    if header.bits == 32 and most >= WRAPPED:
        return _unwrapped(stream, header, end)
    left = read_at(stream, data + stated, REMAINS + 1)
    if style is None and not left.startswith(MAGICS):  # a size that was not kept up to date
        return [(data, end)], _Size(most, altered=True)
    return [(data, data + stated)], _Size(stated, altered=True, cut=is_sound(left))


def _is_open(header: Header, most: int) -> bool:
    """Whether the size says that it is not known."""
    stated = header.stated
    if header.bits == 64:
        return stated <= 0 or stated > 2**62
    unknown = any(low <= stated < high for low, high in UNKNOWN_SIZES)
    return stated == 0 or (unknown and stated != most)


def _unwrapped(stream: BinaryIO, header: Header, end: int) -> tuple[list[tuple[int, int]], _Size]:
    """The sound of a file whose size is too large for the field that should hold it."""
    data, stated = header.data, header.stated
    most = end - data
    whole = stated + (most - stated) // WRAPPED * WRAPPED
    if _follow(stream, data + whole, end, header.style) or most - whole <= TRAILER:
        return [(data, data + whole)], _Size(whole, altered=True)
    return [(data, end)], _Size(whole + WRAPPED, altered=True)


def _follow(stream: BinaryIO, at: int, end: int, style: Style | None) -> bool:
    """Whether nothing but chunks of the format follow, up to the end of the file."""
    if end - at <= 1:
        return True
    if style is None:
        return not any(read_at(stream, at, min(end - at, REMAINS + 1)))
    return any(_chunks_fill(stream, place, end, style) for place in range(at, at + style.step))


def _chunks_fill(stream: BinaryIO, at: int, end: int, style: Style) -> bool:
    """Whether chunks, and what is no sound after them, take up the rest of the file."""
    last = at
    for chunk in chunks(stream, at, end, style):
        fits = chunk.end <= end or chunk.name[:4] in TRAILING  # or cut within what is no sound
        if not (fits and _is_name(chunk.name)):
            left = read_at(stream, last, min(end - last, REMAINS + 1))
            return last > at and not is_sound(left)
        last = chunk.next
    return end - last < style.head and last > at


def _is_name(name: bytes) -> bool:
    return name[:4].isascii() and name[:4].decode().isprintable() and name[:4] not in MAGICS


def _more_sound(stream: BinaryIO, at: int, end: int, style: Style | None) -> list[tuple[int, int]]:
    """Further ``data`` chunks after the first one of a RIFF file."""
    if style is None or style.head != 8:
        return []
    at += at % 2
    found = (chunk for chunk in chunks(stream, at, end, style) if chunk.name == b"data")
    return [(chunk.body, min(chunk.end, end)) for chunk in found if chunk.size]


def _trailer(stream: BinaryIO, data: int, end: int, style: Style | None) -> int:
    """Bytes of chunks after a sound whose size is not known."""
    if style is None or style.head != 8:
        return 0
    first = max(data, end - TRAILER)
    tail = read_at(stream, first, end - first)
    places = sorted(at for name in TRAILING if (at := tail.find(name)) >= 0)
    fitting = (at for at in places if _chunks_end(stream, first + at, end, style))
    return next((len(tail) - at for at in fitting), 0)


def _chunks_end(stream: BinaryIO, at: int, end: int, style: Style) -> bool:
    """Whether chunks of known names end exactly where the file does."""
    last = 0
    for chunk in chunks(stream, at, end, style):
        if chunk.name not in TRAILING:
            return False
        last = chunk.next
    return last in (end, end + 1)


def is_sound(left: bytes) -> bool:
    """Whether what is left of a file after its sound may be more of it."""
    if left.startswith(MAGICS):
        return True
    return len(left) > REMAINS and any(left) and not left.startswith(TAGS)
