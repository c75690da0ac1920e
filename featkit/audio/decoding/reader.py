"""Decoding: what is really in a file, quietly and block by block, or an error with its cause.

MPEG audio (MP3, MP2) has a decoder of its own, which counts the frames and gives them to
libsndfile. Of other formats, libsndfile is asked first. What it does not know is PyAV's, which is
FFmpeg in a package, if the file's ending or its first bytes are those of a format that it is for: a
damaged WAV file is never FFmpeg's to guess at. The extra ``av`` installs it.

A recording ends where its decoder can go no further; damaged frames of MPEG audio, FLAC and Ogg are
left out. Where samples are missing, it is `truncated`; where there is none, that is an error.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from featkit._utils.typing import Array
from featkit.audio.decoding._errors import ForeignError
from featkit.audio.decoding._tags import behind_tags
from featkit.audio.rates import samples_in
from featkit.errors import AudioError

SNDFILE_FORMATS = frozenset(
    {"wav", "wave", "w64", "rf64", "flac", "ogg", "oga", "opus"}
    | {"mp3", "mp2", "mp1", "mpga", "mpa"}
    | {"aif", "aiff", "aifc", "au", "snd", "caf"}
    | {"bwf", "nist", "sph", "voc", "paf"}
)
"""Endings of files that libsndfile decodes."""

AV_FORMATS = frozenset(
    {"m4a", "m4b", "mp4", "m4v", "mov", "3gp", "aac", "ac3", "eac3", "dts", "amr", "wma", "wmv"}
    | {"asf", "mka", "mkv", "webm", "wv", "ape", "tta", "spx", "ogv", "avi", "flv", "mpg", "mpeg"}
    | {"weba", "m4r", "f4a", "f4v", "3gpp", "3g2", "adts", "ec3", "awb", "vob"}
)
"""Endings of files that PyAV decodes, videos among them: of these the first sound track."""

FORMATS = SNDFILE_FORMATS | AV_FORMATS
"""Endings of sound files: each is found, so that none is lost silently."""

AV_SIGNATURES = (
    ("MP4", 4, b"ftyp"),
    ("Matroska or WebM", 0, b"\x1aE\xdf\xa3"),
    ("ASF", 0, b"0&\xb2u\x8ef\xcf\x11"),
    ("WavPack", 0, b"wvpk"),
    ("Monkey's Audio", 0, b"MAC "),
    ("TTA", 0, b"TTA1"),
    ("AMR", 0, b"#!AMR"),
    ("FLV", 0, b"FLV\x01"),
    ("AVI", 8, b"AVI LIST"),
    ("MPEG program stream", 0, b"\x00\x00\x01\xba"),
    ("DTS", 0, b"\x7f\xfe\x80\x01"),
    ("DTS", 0, b"\xfe\x7f\x01\x80"),
    ("AC-3", 0, b"\x0bw"),
    ("Speex", 28, b"Speex   "),
)
"""Formats that libsndfile does not know, by what stands at which byte of a file."""

MOST_AT_ONCE = 2**26
"""Samples that memory is set aside for on the word of a header."""

BLOCK = 2**17
"""Frames of a block of a recording that is not wanted as a whole."""

HEAD = 4096
"""Bytes of a file that tell what it is."""


class Decoder(Protocol):
    """What a decoder tells of an open file; see `Reader` for the meaning of its attributes."""

    name: str
    rate: float
    channels: int
    full_scale: float
    promised: int | None
    slack: int
    cut: bool
    uncompressed: bool

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        """From the frame `start` to where it can go no further, at most `size` frames at a time."""

    def part(self, start: int, stop: int) -> Array:
        """The frames from `start` to `stop` of a file that is uncompressed."""


class Reader:
    """An open file of sound.

    Attributes
    ----------
    decoder : str
        ``"libsndfile"`` or ``"PyAV"``.
    rate : float
        In Hz.
    channels : int
    full_scale : float
        The largest code of its sample format, at most that of 16 bits; full scale is 1.
    promised : int or None
        Frames that the file says it has; None where it says nothing that can be believed.
    decoded : int
        Frames up to where `blocks` has come, those that were left out at the beginning included.
    truncated : bool
        Whether it has fewer frames than it promises, as far as that was seen.
    uncompressed : bool
        Whether any part of it is as quickly read as the next one, by `part`.
    """

    def __init__(self, name: str, decoder: Decoder) -> None:
        self._name, self._decoder = name, decoder
        self.decoder = decoder.name
        self.rate = decoder.rate
        self.channels = decoder.channels
        self.full_scale = decoder.full_scale
        self.promised = decoder.promised
        self.decoded = 0
        self.truncated = decoder.cut
        self.uncompressed = decoder.uncompressed

    def blocks(
        self, offset: float = 0.0, duration: float | None = None, size: int = BLOCK
    ) -> Iterator[Array]:
        """The samples that there are, in order; once.

        Parameters
        ----------
        offset, duration : float
            Seconds to leave out at the beginning, and to take at most.
        size : int
            Frames in a block at most.

        Yields
        ------
        array, shape ``(frames,)`` or ``(frames, channels)``
            Of the type that the file holds, or float32.

        Raises
        ------
        AudioError
            If it cannot be decoded.
        """
        self.decoded = start = samples_in(offset, self.rate)
        limit = None if duration is None else samples_in(duration, self.rate)
        if limit == 0:
            return
        with _named(self._name):
            most = min(size, max(1, MOST_AT_ONCE // self.channels))
            blocks = self._decoder.blocks(start, most if limit is None else min(most, limit))
            for block in blocks:
                left = None if limit is None else start + limit - self.decoded
                self.decoded += min(len(block), len(block) if left is None else left)
                yield block[:left]
                if limit is not None and self.decoded == start + limit:
                    return
        self.promised = self._decoder.promised
        missing = (self.promised or 0) - self.decoded
        # Nothing after the offset says nothing of where the recording ends.
        self.truncated = self._decoder.cut or (
            self.decoded > start and missing > self._decoder.slack
        )

    def part(self, start: int, stop: int) -> Array:
        """Frames that `blocks` has given before, of a file that is uncompressed.

        Raises
        ------
        AudioError
            If they are no longer there.
        """
        with _named(self._name):
            samples = self._decoder.part(start, stop)
            if len(samples) < stop - start:
                raise ValueError("the file became shorter while it was read")
            return samples


@contextlib.contextmanager
def opened(path: Path, name: str) -> Iterator[Reader]:
    """Open a file of sound.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What an error calls it.

    Raises
    ------
    AudioError
        If the file cannot be opened, or is not sound that can be decoded.
    """
    head = _head(path, name)
    with contextlib.ExitStack() as kept:
        with _named(name):
            decoder = _decoder(path, head, kept)
        yield Reader(name, decoder)


def versions() -> dict[str, str]:
    """Versions of the decoders that there are: PyAV's is that of the package with FFmpeg in it."""
    from importlib.metadata import PackageNotFoundError, version

    import soundfile

    there = {"libsndfile": soundfile.__libsndfile_version__}
    with contextlib.suppress(PackageNotFoundError):
        there["PyAV"] = version("av")
    return there


def _decoder(path: Path, head: bytes, kept: contextlib.ExitStack) -> Decoder:
    """Who decodes a file; see the head of this module for the rule."""
    ending = path.suffix.lstrip(".").lower()
    content = _av_content(head)
    if content is None:
        from featkit.audio.decoding import mpeg

        if (decoder := mpeg.decoder(path, head, kept)) is not None:
            return decoder
        from featkit.audio.decoding.libsndfile import Sndfile

        try:
            return Sndfile(path, head, kept)
        except ForeignError:
            content = f"the codec of this .{ending} file"
        except ValueError:
            if ending not in AV_FORMATS:
                raise
    try:
        from featkit.audio.decoding.pyav import PyAV
    except ModuleNotFoundError as error:
        if error.name != "av":
            raise
        what = content or f".{ending}"
        raise ValueError(f"libsndfile does not decode {what}: install featkit[av]") from None
    return PyAV(path, kept)


def _av_content(head: bytes) -> str | None:
    """What format a file is of that is PyAV's, by its first bytes."""
    body = head.removeprefix(b"ID3")
    if body[:1] == b"\xff" and body[1:2] and body[1] & 0xF6 == 0xF0:  # no layer of MPEG audio
        return "AAC"
    named = (name for name, at, sign in AV_SIGNATURES if body.startswith(sign, at))
    return next(named, None)


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """What goes wrong within, as an `AudioError` of the file."""
    try:
        yield
    except AudioError:
        raise
    except (OSError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise AudioError(name, "decode", cause) from None


def _head(path: Path, name: str) -> bytes:
    """The first bytes of a file; where tags stand before the sound, ``ID3`` and what follows."""
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise AudioError(name, "open", "is not a regular file: a pipe or a device")
        with path.open("rb") as stream:
            head = stream.read(HEAD)
            if head.startswith(b"ID3"):
                stream.seek(behind_tags(stream, 0, path.stat().st_size))
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
