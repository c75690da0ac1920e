"""libsndfile, made quiet and wary: it trusts headers, prints, and forgets what was promised."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from featkit.audio.decoding.quiet import QUIET
from featkit.segments import Array

FULL_SCALES = {
    "PCM_S8": 127 / 128,
    "PCM_U8": 127 / 128,
    "ULAW": 32124 / 32768,
    "ALAW": 32256 / 32768,
}
"""The largest code of sample formats of fewer than 16 bits."""

UNCOMPRESSED = frozenset({"WAV", "WAVEX", "W64", "RF64", "AIFF", "AU", "CAF"})
"""Formats that hold sample after sample, if their subtype is one of `PLAIN`."""

PLAIN = frozenset({"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"})

UNKNOWN_LENGTH = 0x7FFF0000
"""Bytes from which on a length stands for "not known yet": what programs write into a pipe."""

OGG_TAIL = 2**16
"""Bytes in which the last page of an Ogg file begins: hardly a page is larger."""

OGG_HEADER = 23
"""Bytes of a page between its mark, ``OggS``, and the sizes of its segments."""

_SHORTENED = re.compile(r"^ *(?:data|SSND|BODY|Data Size|riff) *: (\d+) \(should be (\d+)\)", re.M)
_MISCOUNTED = re.compile(r"does not match value from 'ds64' chunk of (\d+)")


class Sndfile:
    """A file that libsndfile decodes; see `featkit.audio.decoding.Reader`.

    Raises
    ------
    ValueError
        With the cause, if it does not; so does `blocks`.
    """

    name = "libsndfile"
    slack = 0

    def __init__(self, path: Path, head: bytes, kept: contextlib.ExitStack) -> None:
        maybe_mpeg = head.startswith((b"ID3", b"\xff"))
        with _explained(), QUIET if maybe_mpeg else contextlib.nullcontext():
            self._file = file = _open(path, kept)
        if file.format == "RAW":  # by its ending alone
            raise ValueError("not sound that libsndfile can decode (no header)")
        if file.subtype.startswith("MPEG"):  # see `featkit.audio.decoding.mpeg`
            raise ValueError("not sound that libsndfile can decode (no whole frame of MPEG audio)")
        self.rate = float(file.samplerate)
        self.channels = file.channels
        self.full_scale = FULL_SCALES.get(file.subtype, 32767 / 32768)
        self.promised = _promised(file)
        ogg_without_end = file.format == "OGG" and not _ends(path)
        self.cut = ogg_without_end or (self.promised or 0) > file.frames
        self.uncompressed = file.format in UNCOMPRESSED and file.subtype in PLAIN

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        file, frames = self._file, self._file.frames
        at = 0
        if start:
            with _explained():
                at = file.seek(min(start, frames))
            if at < start:
                return
        while at < frames:  # libsndfile gives no more
            block = self._empty(min(size, frames - at))
            with _explained():
                count = self._read(block, at)
            found = block[max(0, start - at) : count]
            if len(found):
                yield found
            at += count
            if count < len(block):
                return

    def part(self, start: int, stop: int) -> Array:
        block = self._empty(stop - start)
        with _explained():
            self._file.seek(start)
            return np.asarray(self._file.read(out=block))

    def _empty(self, frames: int) -> Array:
        # NumPy scales 16-bit samples four times faster than libsndfile, to the same values.
        dtype = "int16" if self._file.subtype == "PCM_16" else "float32"
        shape = (self.channels,) if self.channels > 1 else ()
        return np.empty((frames, *shape), dtype=dtype)

    def _read(self, block: Array, at: int) -> int:
        """Fill a block as far as it goes; what comes before a damaged place is kept."""
        try:
            return len(self._file.read(out=block))
        except soundfile.LibsndfileError:
            count = int(self._file.tell()) - at
            if at + count <= 0:
                raise
            self.cut = True
            return count


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """Read from its beginning to its end: soundfile would seek after each block, to where it is."""

    def seekable(self) -> bool:
        return False


def _open(path: Path, kept: contextlib.ExitStack) -> _Sequential:
    # Bytes, for a name need not be UTF-8; on Windows it always is.
    file = _Sequential(path if os.name == "nt" else os.fsencode(path))
    kept.enter_context(file)
    return file


def _promised(file: soundfile.SoundFile) -> int | None:
    """Frames that the header states.

    Of a file that is shorter than its header, libsndfile gives the frames that there can be, and
    notes in its log what stood there.
    """
    log, frames = file.extra_info, int(file.frames)
    if miscounted := _MISCOUNTED.search(log):
        return int(miscounted[1])
    if shortened := _SHORTENED.search(log):
        stated, there = map(int, shortened.groups())
        if there < stated < UNKNOWN_LENGTH:
            return max(frames + 1, round(frames * (stated / max(there, 1))))
    return frames or None


def _ends(path: Path) -> bool:
    """Whether the last page of an Ogg file is whole, and says that it is the last (RFC 3533, 6)."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - OGG_TAIL))
        _, mark, page = stream.read().rpartition(b"OggS")
    if not mark or len(page) < OGG_HEADER:
        return False
    flags, segments = page[1], page[OGG_HEADER - 1]
    sizes = page[OGG_HEADER : OGG_HEADER + segments]
    return bool(flags & 4) and OGG_HEADER + segments + sum(sizes) <= len(page)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """What soundfile raises, as a `ValueError` with a cause for a person."""
    try:
        yield
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        cause = "not sound that libsndfile can decode"
        if reason and "does not exist" not in reason and "samplerate" not in reason:
            cause += f" ({reason})"
        raise ValueError(cause) from None
