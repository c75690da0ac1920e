"""Decoding by libsndfile: what is really in a file, quietly, or an error with its cause."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit.errors import AudioError
from featkit.segments import Array

if TYPE_CHECKING:
    from soundfile import SoundFile

FORMATS = frozenset(
    {"wav", "wave", "w64", "rf64", "flac", "ogg", "oga", "opus", "mp3"}
    | {"aif", "aiff", "aifc", "au", "snd", "caf"}
)
"""Endings of files that libsndfile decodes."""

UNDECODABLE = frozenset(["m4a", "mp4", "aac", "wma", "ape", "ac3", "amr", "mka", "webm", "wv"])
"""Endings of sound files that it does not: found all the same, so that none is lost silently."""

MOST_AT_ONCE = 2**26
"""Samples that memory is set aside for on the word of a header."""

HEAD = 4096
"""Bytes in which the tag that holds the length of an MP3 stands, if there is one."""


def decode(path: Path, name: str, offset: float, duration: float | None) -> tuple[Array, float]:
    """Samples of a file, and its rate.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What an error calls it.
    offset, duration : float
        Seconds to leave out at the beginning, and to take at most.

    Returns
    -------
    samples : array, shape ``(samples,)`` or ``(samples, channels)``
        int16 where the file holds that, else float32.
    rate : float
        In Hz.

    Raises
    ------
    AudioError
        If the file cannot be opened, or is not sound that libsndfile decodes.
    """
    head = _head(path, name)
    mp3 = path.suffix.lower() == ".mp3" or head.startswith(b"ID3") or _is_frame(head)
    try:
        with contextlib.ExitStack() as opened:
            if mp3:
                opened.enter_context(_quiet())
            file = _open(path, opened, overstated=mp3 and not _has_length(head))
            if file.format == "RAW":  # by its ending alone
                raise AudioError(name, "decode", "not sound that libsndfile can decode (no header)")
            return _samples(file, offset, duration), float(file.samplerate)
    except AudioError:
        raise
    except (OSError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        raise AudioError(name, "decode", _why_undecodable(path, error)) from None


def samples_in(seconds: float, rate: float) -> int:
    """Samples that begin within some seconds, which a binary fraction may miss by a trifle."""
    return int(np.ceil(seconds * rate - 1e-6))


def _head(path: Path, name: str) -> bytes:
    """The first bytes of a file; of an MP3 with a tag before it, ``ID3`` and what is behind it."""
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise AudioError(name, "open", "is not a regular file: a pipe or a device")
        with path.open("rb") as stream:
            head = stream.read(HEAD)
            if head.startswith(b"ID3") and len(head) > 9:
                high, *lower = head[6:10]  # seven bits in each
                stream.seek(10 + (high << 21 | lower[0] << 14 | lower[1] << 7 | lower[2]))
                head = head[:3] + stream.read(HEAD)
    except FileNotFoundError:
        raise AudioError(name, "open", "no such file") from None
    except IsADirectoryError:
        raise AudioError(name, "open", "is a folder, not a file") from None
    except AudioError:
        raise
    except (OSError, ValueError) as error:
        raise AudioError(name, "open", getattr(error, "strerror", None) or str(error)) from None
    if not head:
        raise AudioError(name, "open", "the file is empty (0 bytes)")
    return head


def _is_frame(head: bytes) -> bool:
    """Whether it begins as a frame of MPEG audio does: eleven bits set."""
    return head[0] == 0xFF and head[1:2] >= b"\xe0"


def _has_length(head: bytes) -> bool:
    """Whether the first frame of an MP3 says how many there are."""
    return any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))


def _open(path: Path, opened: contextlib.ExitStack, *, overstated: bool) -> SoundFile:
    import soundfile

    if overstated:
        # libsndfile guesses the length of such an MP3 from its first frame, and stops there.
        with contextlib.suppress(soundfile.LibsndfileError):
            stream = opened.enter_context(_Overstated(path))
            return opened.enter_context(soundfile.SoundFile(stream))
    # Bytes, for a name need not be UTF-8; on Windows it always is.
    return opened.enter_context(soundfile.SoundFile(path if os.name == "nt" else os.fsencode(path)))


class _Overstated(io.FileIO):
    """A file that claims to be longer than it is, so that a guess at its length is no limit."""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if (offset, whence) != (0, os.SEEK_END):
            return super().seek(offset, whence)
        return super().seek(16 * super().seek(0, os.SEEK_END))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on standard error: the MP3 decoder writes its warnings there by itself."""
    try:
        sys.stderr.flush()
        saved = os.dup(2)
    except (AttributeError, OSError):  # there is no standard error
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _samples(file: SoundFile, offset: float, duration: float | None) -> Array:
    """The samples that there are: a header can promise another number."""
    skip = samples_in(offset, file.samplerate)
    limit = None if duration is None else samples_in(duration, file.samplerate)
    # An MP3 frame needs those before it: what is sought in the middle begins with made-up zeros.
    seek = file.format not in ("MP3", "MPEG")
    if seek and skip:
        file.seek(min(skip, file.frames))
    discard = 0 if seek else skip
    wanted = None if limit is None else limit + discard
    # 16-bit samples are scaled four times faster by NumPy than by libsndfile, to the same values.
    dtype = "int16" if file.subtype == "PCM_16" else "float32"
    shape = (file.channels,) if file.channels > 1 else ()
    promised = max(0, file.frames - (skip if seek else 0))
    parts: list[Any] = [np.empty((0, *shape), dtype)]
    while wanted is None or wanted > 0:
        room = min(promised, MOST_AT_ONCE) or HEAD
        part = np.empty((room if wanted is None else min(room, wanted), *shape), dtype=dtype)
        count = len(file.read(out=part))
        if count:
            parts.append(part[:count])
        wanted = None if wanted is None else wanted - count
        if count < len(part):
            break
        promised = HEAD
    samples: Array = parts[1] if len(parts) == 2 else np.concatenate(parts)
    return samples[discard:]


def _why_undecodable(path: Path, error: Exception) -> str:
    suffix = path.suffix.lstrip(".").lower()
    if suffix in UNDECODABLE:
        return f"libsndfile does not decode .{suffix}: convert it, for example to FLAC or WAV"
    reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
    if not reason or "does not exist" in reason or "samplerate" in reason:
        return "not sound that libsndfile can decode"
    return f"not sound that libsndfile can decode ({reason})"
