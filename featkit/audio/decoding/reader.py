"""Reading a file block by block with the decoder for its format.

MPEG audio (MP3, MP2) has a decoder of its own, which counts the frames and passes them to
libsndfile. Other formats go to libsndfile first. If it does not know the format, and the extension
or the first bytes are those of a format of PyAV (FFmpeg as a package), PyAV decodes the file; the
extra ``av`` installs it. A damaged WAV file thus never reaches FFmpeg, which would guess its
format.

A recording ends where its decoder cannot continue; damaged frames of MPEG audio, FLAC and Ogg are
skipped. If frames are missing, the recording is `truncated`; if all are, that is an error.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from featkit._utils.installed import installed_version
from featkit._utils.typing import Array
from featkit.audio.decoding._errors import UnsupportedCodecError
from featkit.audio.decoding._plain_wav import plain_wav
from featkit.audio.decoding._tags import end_of_leading_tags
from featkit.audio.decoding.formats import AV_FORMATS, av_format, may_be_mpeg
from featkit.audio.excerpt import WHOLE, Excerpt
from featkit.errors import AudioError

MAX_ALLOCATION = 2**26
"""Largest number of samples in a block; limits the memory that is reserved for a wrong header."""

BLOCK = 2**17
"""Number of frames in a block."""

HEAD = 2**16
"""Number of bytes that are read at once: formats are detected by them, and many short recordings
have no more."""


class Decoder(Protocol):
    """An open file, as a decoder presents it to a `Reader`.

    Attributes
    ----------
    name, format, rate, channels, full_scale, stated_frames, truncated, uncompressed
        As in `Reader`, where the name is `decoder`.
    tolerance : int
        Number of frames by which `stated_frames` may exceed the decoded ones.
    """

    name: str
    format: str
    rate: float
    channels: int
    full_scale: float
    stated_frames: int | None
    tolerance: int
    truncated: bool
    uncompressed: bool

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        """Decode to the end of the file.

        Parameters
        ----------
        start : int
            First frame.
        size : int
            Largest number of frames in a block.

        Returns
        -------
        iterator of array, shape ``(frames,)`` or ``(frames, channels)``
        """

    def read(self, start: int, stop: int) -> Array:
        """Read frames of an uncompressed file.

        Parameters
        ----------
        start, stop : int
            First frame, and the one after the last.

        Returns
        -------
        array, shape ``(frames,)`` or ``(frames, channels)``
        """


class Reader:
    """An open audio file.

    Parameters
    ----------
    name : str
        Name of the file in error messages.
    decoder : Decoder

    Attributes
    ----------
    decoder : str
        ``"libsndfile"`` or ``"PyAV"``.
    format : str
        Container and codec or sample format, such as ``"WAV PCM_16"``.
    rate : float
        Sample rate in Hz.
    channels : int
        Number of channels.
    full_scale : float
        The largest code of the sample format, at most that of 16 bits; full scale is 1.
    stated_frames : int or None
        Number of frames that the header states; None where it states none, or a wrong number.
    decoded_frames : int
        Number of frames that `blocks` has decoded so far, including those skipped by an offset.
    truncated : bool
        Whether the file has fewer frames than it states, as far as reading could detect it.
    uncompressed : bool
        Whether `read` can read any part of the file directly.
    """

    def __init__(self, name: str, decoder: Decoder) -> None:
        self._name, self._decoder = name, decoder
        self.decoder, self.format = decoder.name, decoder.format
        self.rate = decoder.rate
        self.channels = decoder.channels
        self.full_scale = decoder.full_scale
        self.stated_frames = decoder.stated_frames
        self.decoded_frames = 0
        self.truncated = decoder.truncated
        self.uncompressed = decoder.uncompressed

    def blocks(self, excerpt: Excerpt = WHOLE, size: int = BLOCK) -> Iterator[Array]:
        """Decode the samples in order, once.

        Parameters
        ----------
        excerpt : Excerpt
            The part to decode.
        size : int
            Largest number of frames in a block.

        Yields
        ------
        array, shape ``(frames,)`` or ``(frames, channels)``
            Of the sample type of the file, or float32.

        Raises
        ------
        AudioError
            If the file cannot be decoded.
        """
        self.decoded_frames = start = excerpt.first_frame(self.rate)
        limit = excerpt.max_frames(self.rate)
        if limit == 0:
            return
        with _decode_errors(self._name):
            most = min(size, max(1, MAX_ALLOCATION // self.channels))
            blocks = self._decoder.blocks(start, most if limit is None else min(most, limit))
            for block in blocks:
                left = None if limit is None else start + limit - self.decoded_frames
                self.decoded_frames += min(len(block), len(block) if left is None else left)
                yield block[:left]
                if limit is not None and self.decoded_frames == start + limit:
                    return
        self.stated_frames = self._decoder.stated_frames
        missing = (self.stated_frames or 0) - self.decoded_frames
        # If nothing follows the offset, the end of the recording is unknown.
        self.truncated = self._decoder.truncated or (
            self.decoded_frames > start and missing > self._decoder.tolerance
        )

    def read(self, start: int, stop: int) -> Array:
        """Read frames of an uncompressed file that `blocks` has already decoded.

        Parameters
        ----------
        start, stop : int
            First frame, and the one after the last.

        Returns
        -------
        array, shape ``(frames,)`` or ``(frames, channels)``

        Raises
        ------
        AudioError
            If the file no longer has these frames.
        """
        with _decode_errors(self._name):
            samples = self._decoder.read(start, stop)
            if len(samples) < stop - start:
                raise ValueError("the file became shorter while it was read")
            return samples


@contextlib.contextmanager
def open_file(path: Path, name: str) -> Iterator[Reader]:
    """Open an audio file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Name of the file in error messages.

    Yields
    ------
    Reader

    Raises
    ------
    AudioError
        If the file cannot be opened, or no decoder can decode it.
    """
    head, is_whole = _first_bytes(path, name)
    with contextlib.ExitStack() as resources:
        with _decode_errors(name):
            plain = plain_wav(head) if is_whole else None
            decoder = plain or _find_decoder(path, head, resources)
        yield Reader(name, decoder)


def versions() -> dict[str, str]:
    """Return the versions of the installed decoders.

    Returns
    -------
    dict of str to str
        By name; the version of PyAV is that of the package, which contains FFmpeg.
    """
    import soundfile

    libsndfile, pyav = soundfile.__libsndfile_version__, installed_version("av")
    return {"libsndfile": libsndfile} | ({} if pyav is None else {"PyAV": pyav})


# Not a registry: the order of the decoders matters, and a decoder may leave a file to the next one.
def _find_decoder(path: Path, head: bytes, resources: contextlib.ExitStack) -> Decoder:
    extension = path.suffix.lstrip(".").lower()
    content = av_format(head)
    if content is None:
        if may_be_mpeg(head, extension):
            from featkit.audio.decoding import mpeg

            if (decoder := mpeg.open_mpeg(path, head, resources)) is not None:
                return decoder
        from featkit.audio.decoding.libsndfile import SndfileDecoder

        try:
            return SndfileDecoder(path, head, resources)
        except UnsupportedCodecError:
            content = f"the codec of this .{extension} file"
        except ValueError:
            if extension not in AV_FORMATS:
                raise
    try:
        from featkit.audio.decoding.pyav import PyAVDecoder
    except ModuleNotFoundError as error:
        if error.name != "av":
            raise
        subject = content or f".{extension}"
        raise ValueError(f"libsndfile does not decode {subject}: install featkit[av]") from None
    return PyAVDecoder(path, resources)


@contextlib.contextmanager
def _decode_errors(name: str) -> Iterator[None]:
    """Raise errors of a decoder as an `AudioError` that names the file."""
    try:
        yield
    except AudioError:
        raise
    except (OSError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise AudioError(name, "decode", cause) from None


def _first_bytes(path: Path, name: str) -> tuple[bytes, bool]:
    """The first bytes of a file, and whether these are all.

    If it begins with tags, they are ``ID3`` and the bytes after the tags.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise AudioError(name, "open", "is not a regular file: a pipe or a device")
        with open(path, "rb", buffering=0) as stream:
            head = stream.read(HEAD)
            if head.startswith(b"ID3"):
                stream.seek(end_of_leading_tags(stream, 0, status.st_size))
                return head[:3] + stream.read(HEAD), False
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
    return head, len(head) == status.st_size
