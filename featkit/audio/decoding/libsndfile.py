"""Decoding with libsndfile, guarded against wrong headers, damage and messages on standard error.

libsndfile trusts sizes in headers, reads one file or stream only, and does not report samples that
are missing. Here each part of a file (`featkit.audio.decoding._file_parts`) is opened in turn.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from featkit._utils.typing import Array
from featkit.audio.decoding._errors import UnsupportedCodecError
from featkit.audio.decoding._file_parts import MAGICS, FilePart, file_part
from featkit.audio.decoding._headers import UNKNOWN_LENGTH
from featkit.audio.decoding._soundfile import SILENCED_STDERR, SequentialSoundFile, reason_of
from featkit.audio.decoding._spliced_file import SplicedFile, read_at, size_of
from featkit.audio.decoding._tags import end_of_leading_tags
from featkit.audio.decoding.conversion import Layout, convert_blocks, sample_shape, skip_frames

FULL_SCALES = {
    "PCM_S8": 127 / 128,
    "PCM_U8": 127 / 128,
    "ULAW": 32124 / 32768,
    "ALAW": 32256 / 32768,
}
"""The largest code of sample formats of fewer than 16 bits; full scale is 1."""

UNCOMPRESSED = frozenset({"WAV", "WAVEX", "W64", "RF64", "AIFF", "AU", "CAF"})
"""Formats that hold one sample after the other, if their subtype is one of `PCM`."""

PCM = frozenset({"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"})

VERSION = tuple(map(int, re.findall(r"\d+", soundfile.__libsndfile_version__)[:3]))
FLAC_SKIPS_DAMAGE = VERSION >= (1, 2, 2)
"""Whether FLAC is decoded after damage: earlier versions skip more than the damaged frames."""

UNKNOWN_FRAMES = 2**62
"""Numbers of frames from this one on mean "unknown"."""

_SHORTENED = re.compile(r"^ *(?:data|SSND|BODY|Data Size|riff) *: (\d+) \(should be (\d+)\)", re.M)
_MISCOUNTED = re.compile(r"does not match value from 'ds64' chunk of (\d+)")


class SndfileDecoder:
    """A file that libsndfile decodes; see `featkit.audio.decoding.reader.Decoder`.

    Concatenated files, and the links of an Ogg file, are decoded one after the other.

    Parameters
    ----------
    path : Path
        The file.
    head : bytes
        Its first bytes; if it begins with tags, ``ID3`` and the bytes after the tags.
    resources : ExitStack
        Closes the file.

    Raises
    ------
    UnsupportedCodecError
        If libsndfile supports the container, but not the codec.
    ValueError
        If libsndfile cannot decode the file, with the cause.
    """

    name = "libsndfile"
    tolerance = 0

    def __init__(self, path: Path, head: bytes, resources: contextlib.ExitStack) -> None:
        self._path = path
        self._n_frames = self._position = 0  # of the open part
        self._flac_offset = 0  # samples of a FLAC file before the open part
        self._part_complete = False
        self._stream = resources.enter_context(path.open("rb", buffering=0))
        self._open_files = resources.enter_context(contextlib.ExitStack())
        self._end = size_of(self._stream)
        tagged = head.startswith(b"ID3")
        self._begin = end_of_leading_tags(self._stream, 0, self._end) if tagged else 0
        magic = read_at(self._stream, self._begin, 8)
        first, *later = self._file_parts(magic) or [FilePart()]
        self._later, self._joined = iter(later), bool(later)
        # libsndfile may take an unknown format for MPEG audio, and print warnings.
        maybe_mpeg = head.startswith((b"ID3", b"\xff")) and not magic.startswith(MAGICS)
        with SILENCED_STDERR if maybe_mpeg else contextlib.nullcontext():
            self._open(first)
        file = self._file
        if file.format == "RAW":  # by its extension alone
            raise ValueError("libsndfile cannot decode this file (no header)")
        if file.subtype.startswith("MPEG"):  # see `featkit.audio.decoding.mpeg`
            raise ValueError("libsndfile cannot decode this file (no complete MPEG frame)")
        self.format = f"{file.format} {file.subtype}"
        self.rate = float(file.samplerate)
        self.channels = file.channels
        self.full_scale = FULL_SCALES.get(file.subtype, 32767 / 32768)
        self.stated_frames = None if later else _stated_frames(file, first, self._n_frames)
        self.truncated = first.truncated or (self.stated_frames or 0) > self._n_frames
        if self.truncated and file.subtype.startswith("DWVW"):  # libsndfile invents the rest
            raise ValueError("a truncated DWVW file: the end of its samples is unknown")
        self.uncompressed = file.format in UNCOMPRESSED and file.subtype in PCM and not later

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        """Decode to the end of the file; see `Decoder.blocks`.

        Parameters
        ----------
        start : int
            First frame.
        size : int
            Largest number of frames in a block.

        Yields
        ------
        array, shape ``(frames,)`` or ``(frames, channels)``
        """
        first = self._seek(start)
        yield from skip_frames(self._all_parts(first, size), start - first)

    def _all_parts(self, first: int, size: int) -> Iterator[Array]:
        """The open part from a frame on, and all later ones, at the rate of the first."""
        target = Layout(self.rate, self.channels)
        while True:
            layout = Layout(float(self._file.samplerate), self._file.channels)
            yield from convert_blocks(self._blocks(first, size), layout, target)
            complete = self._part_complete or self._n_frames > UNKNOWN_FRAMES
            part = self._next_part()
            if part is None:
                damaged = self._file.format == "OGG" and not self._is_intact()
                self.truncated = self.truncated or damaged or (self._joined and not complete)
                return
            self._joined, self.stated_frames, first = True, None, 0
            self.truncated = self.truncated or part.truncated or not complete
            try:
                self._open(part)
            except ValueError:
                self.truncated = True
                return

    def _blocks(self, position: int, size: int) -> Iterator[Array]:
        """The samples of the open part from its current position on, which is frame `position`."""
        while position < self._n_frames:
            block = self._empty(min(size, self._n_frames - position))
            with _readable_errors():
                count = self._read(block, position)
            if count:
                yield block[:count]
            position += count
            if count < len(block):
                break
        self._position, self._part_complete = position, position >= self._n_frames

    def _is_intact(self) -> bool:
        """Whether no page of an Ogg file is missing or damaged.

        In a single Vorbis link, missing pages are detected by the number of samples, except at its
        end. Checking a whole file takes 2 % of the time of decoding it.
        """
        from featkit.audio.decoding import _ogg

        begin = self._begin
        if self._file.subtype == "VORBIS" and not self._joined:
            begin = max(begin, self._end - _ogg.TAIL)
        return _ogg.is_intact(self._stream, begin, self._end)

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
        block = self._empty(stop - start)
        with _readable_errors():
            self._file.seek(start)
            return np.asarray(self._file.read(out=block))

    def _file_parts(self, magic: bytes) -> list[FilePart]:
        """The parts of the file, to be opened in turn."""
        if magic.startswith(b"OggS"):
            from featkit.audio.decoding import _ogg

            return list(_ogg.file_parts(self._stream, self._begin, self._end))
        if magic.startswith(b"Creative"):
            from featkit.audio.decoding import _voc

            return _voc.file_parts(self._stream, self._begin, self._end)
        if magic.startswith(b"fLaC"):
            from featkit.audio.decoding import _flac

            return [_flac.file_part(self._stream, self._begin, self._end)]
        return [file_part(self._stream, self._begin, self._end)]

    def _next_part(self) -> FilePart | None:
        """The part after the open one, which was read as far as possible."""
        if self._file.format != "FLAC":
            return next(self._later, None)
        from featkit.audio.decoding import _flac

        # The position of libFLAC is known if it reads through our descriptor.
        read = self._source.source_position() if self._source else self._stream.tell()
        read = 0 if os.name == "nt" else read
        first = max(self._begin + 8, read - _flac.READ_AHEAD)
        following = _flac.next_file(self._stream, first, self._end)
        if FLAC_SKIPS_DAMAGE and not self._part_complete and self._n_frames <= UNKNOWN_FRAMES:
            rest = _flac.after_damage(
                self._stream,
                self._begin,
                following or self._end,
                first=first,
                decoded=self._flac_offset + self._position,
            )
            if rest is not None:
                part, self._flac_offset = rest
                return part
        if following is None:
            return None
        self._begin, self._flac_offset = following, 0
        return _flac.file_part(self._stream, following, self._end)

    def _open(self, part: FilePart) -> None:
        """Open a part of the file at its beginning, in place of the one that is open."""
        self._open_files.close()
        self._part = part
        self._source = SplicedFile(self._stream, part.pieces) if part.pieces is not None else None
        try:
            with _readable_errors():
                self._file = self._open_soundfile()
        except ValueError as error:
            if part.for_pyav:
                raise UnsupportedCodecError(str(error)) from None
            raise
        self._open_files.callback(self._file.close)
        frames = int(self._file.frames)
        self._n_frames = frames if part.frames is None else min(frames, part.frames)

    def _open_soundfile(self) -> SequentialSoundFile:
        if self._source is not None:
            return SequentialSoundFile(self._source)
        if os.name == "nt":  # there, a descriptor may belong to another C library
            return SequentialSoundFile(self._path)
        # Given a name, libsndfile would also read a file "._name" next to it. It gets a copy of the
        # descriptor, at the same position: version 1.2.0 closes a descriptor that it cannot open.
        self._stream.seek(0)
        return SequentialSoundFile(os.dup(self._stream.fileno()))

    def _seek(self, start: int) -> int:
        """Seek to a frame, or to an earlier one from which decoding is exact; return its number."""
        if not start or not self._is_seekable():
            return 0
        if self._file.format == "FLAC":
            self._hide_next_file()
        target = min(start, self._n_frames)
        if self._part.last_page is not None:  # libsndfile seeks wrongly within the last page
            target = min(target, max(0, self._n_frames - self._part.last_page - 1))
        try:
            return int(self._file.seek(target))
        except soundfile.LibsndfileError:
            self._open(self._part)
            return 0

    def _hide_next_file(self) -> None:
        """Hide a FLAC file that follows: libFLAC would seek in it, too."""
        from featkit.audio.decoding import _flac

        following = _flac.next_file(self._stream, self._begin + 8, self._end)
        if following is not None:
            self._open(_flac.file_part(self._stream, self._begin, following))

    def _is_seekable(self) -> bool:
        """Whether libsndfile seeks to the exact sample; in most compressed formats it does not."""
        file = self._file
        if file.format == "OGG":
            return self._part.last_page is not None
        return file.subtype in PCM | {"ULAW", "ALAW"} and file.format not in ("PAF", "SDS")

    def _empty(self, frames: int) -> Array:
        # NumPy scales 16-bit samples four times faster than libsndfile, to the same values.
        dtype = "int16" if self._file.subtype == "PCM_16" else "float32"
        return np.empty(sample_shape(frames, self._file.channels), dtype=dtype)

    def _read(self, block: Array, position: int) -> int:
        """Fill a block as far as possible, including the samples before damage."""
        try:
            return len(self._file.read(out=block))
        except soundfile.LibsndfileError:
            count = int(self._file.tell()) - position
            if position + count <= 0 and not (self._joined or self._file.format == "FLAC"):
                raise
            self.truncated = True
            return count


def _stated_frames(file: soundfile.SoundFile, part: FilePart, frames: int) -> int | None:
    """Number of frames that the header states."""
    if miscounted := _MISCOUNTED.search(file.extra_info):
        return int(miscounted[1])
    if frames > UNKNOWN_FRAMES:
        return None
    ratio = part.stated_ratio if part.recognised else _logged_ratio(file.extra_info)
    return max(frames + 1, round(frames * ratio)) if ratio > 1 else frames or None


def _logged_ratio(log: str) -> float:
    """Ratio of stated to present bytes of samples, from the log of libsndfile."""
    if shortened := _SHORTENED.search(log):
        stated, present = map(int, shortened.groups())
        if stated < UNKNOWN_LENGTH:
            return stated / max(present, 1)
    return 1.0


@contextlib.contextmanager
def _readable_errors() -> Iterator[None]:
    """Raise errors of soundfile as a `ValueError` with a readable cause."""
    try:
        yield
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        reason = reason_of(error)
        cause = "libsndfile cannot decode this file"
        if reason and "does not exist" not in reason and "samplerate" not in reason:
            cause += f" ({reason})"
        raise ValueError(cause) from None
