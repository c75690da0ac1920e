"""libsndfile, made quiet and wary: it trusts headers, prints, and forgets what was promised."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

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

GUESSED_AT_ONCE = 2**17
"""Frames that are read at a time where their number is a guess."""

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
        mp3 = path.suffix.lower() == ".mp3" or head.startswith(b"ID3") or _is_frame(head)
        guessed = mp3 and not _has_length(head)
        self._quiet = _QUIET if mp3 else contextlib.nullcontext()
        with _explained(), self._quiet:
            self._file = file = _open(path, kept, overstated=guessed)
        if file.format == "RAW":  # by its ending alone
            raise ValueError("not sound that libsndfile can decode (no header)")
        self.rate = float(file.samplerate)
        self.channels = file.channels
        self.full_scale = FULL_SCALES.get(file.subtype, 32767 / 32768)
        self.promised = None if guessed else _promised(file)
        self._mpeg = file.format in ("MP3", "MPEG")
        self._most = GUESSED_AT_ONCE if guessed else None
        ogg_without_end = file.format == "OGG" and not _ends(path)
        self.cut = ogg_without_end or (self.promised or 0) > file.frames
        self.uncompressed = file.format in UNCOMPRESSED and file.subtype in PLAIN

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        file, frames = self._file, self._file.frames
        # An MP3 frame needs those before it: sought in the middle, it begins with made-up zeros.
        at = 0
        if start and not self._mpeg:
            with _explained():
                at = file.seek(min(start, frames))
            if at < start:
                return
        while at < frames:  # libsndfile gives no more
            block = self._empty(min(size, frames - at, self._most or size))
            with _explained(), self._quiet:
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
        if self._mpeg:
            block.fill(np.nan)  # at an error libsndfile forgets how much there was before it
        try:
            return len(self._file.read(out=block))
        except soundfile.LibsndfileError:
            if self._mpeg:
                count = int(np.count_nonzero(~np.isnan(block.reshape(len(block), -1)[:, 0])))
            else:
                count = int(self._file.tell()) - at
            if at + count <= 0:
                raise
            self.cut = True
            return count


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """Read from its beginning to its end: soundfile would seek after each block, to where it is."""

    def seekable(self) -> bool:
        return False


class _Overstated(io.FileIO):
    """A file that claims to be longer than it is, so that a guess at its length is no limit."""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if (offset, whence) != (0, os.SEEK_END):
            return super().seek(offset, whence)
        return super().seek(16 * super().seek(0, os.SEEK_END))


def _open(path: Path, kept: contextlib.ExitStack, *, overstated: bool) -> _Sequential:
    if overstated:
        # libsndfile guesses the length of such an MP3 from its first frame, and stops there.
        with contextlib.suppress(soundfile.LibsndfileError):
            longer = _Sequential(kept.enter_context(_Overstated(path)))
            kept.enter_context(longer)
            return longer
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


def _is_frame(head: bytes) -> bool:
    """Whether it begins as a frame of MPEG audio does: eleven bits set."""
    return head[0] == 0xFF and head[1:2] >= b"\xe0"


def _has_length(head: bytes) -> bool:
    """Whether the first frame of an MP3 says how many there are."""
    return any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))


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


class _Quiet:
    """Nothing on standard error: the MP3 decoder writes its warnings there by itself.

    There is one standard error for all threads: the first to enter puts it aside, the last to leave
    puts it back.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._saved: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            try:
                sys.stderr.flush()
                self._saved = os.dup(2)
            except (AttributeError, OSError):  # there is no standard error
                return
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside or self._saved is None:
                return
            os.dup2(self._saved, 2)
            os.close(self._saved)
            self._saved = None


_QUIET = _Quiet()


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
