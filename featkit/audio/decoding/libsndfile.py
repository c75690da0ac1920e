"""libsndfile, made quiet and wary: it trusts headers, prints, and forgets what was promised."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from featkit._utils.typing import Array
from featkit.audio.decoding import _flac, _ogg, _voc
from featkit.audio.decoding._errors import ForeignError
from featkit.audio.decoding._headers import UNKNOWN_LENGTH
from featkit.audio.decoding._quiet import QUIET
from featkit.audio.decoding._sequential import Sequential
from featkit.audio.decoding._tags import behind_tags
from featkit.audio.decoding._views import MAGICS, View, view_of
from featkit.audio.decoding._window import Window, read_at, size_of
from featkit.audio.decoding.converting import Layout, converted, shape

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

READS_ON = tuple(map(int, re.findall(r"\d+", soundfile.__libsndfile_version__)[:3])) >= (1, 2, 2)
"""Whether FLAC is read on behind damage: earlier versions leave out more than is damaged."""

MOST_FRAMES = 2**62
"""A number of frames from which on it stands for "not known"."""

_SHORTENED = re.compile(r"^ *(?:data|SSND|BODY|Data Size|riff) *: (\d+) \(should be (\d+)\)", re.M)
_MISCOUNTED = re.compile(r"does not match value from 'ds64' chunk of (\d+)")


class Sndfile:
    """A file that libsndfile decodes; see `featkit.audio.decoding.reader.Reader`.

    Files that are joined, and the links of an Ogg file, are decoded one after the other.

    Raises
    ------
    ForeignError
        If its codec is not one of libsndfile's.
    ValueError
        With the cause, if it does not decode it; so does `blocks`.
    """

    name = "libsndfile"
    slack = 0

    def __init__(self, path: Path, head: bytes, kept: contextlib.ExitStack) -> None:
        self._path = path
        self._frames = self._at = self._before = 0  # of FLAC, samples before what is decoded now
        self._ended = False
        self._stream = kept.enter_context(path.open("rb", buffering=0))
        self._files = kept.enter_context(contextlib.ExitStack())
        self._end = size_of(self._stream)
        tagged = head.startswith(b"ID3")
        self._begin = behind_tags(self._stream, 0, self._end) if tagged else 0
        mark = read_at(self._stream, self._begin, 8)
        first, *later = self._all_views(mark) or [View()]
        self._later, self._joined = iter(later), bool(later)
        # libsndfile may take what it does not know for MPEG audio, and print warnings.
        maybe_mpeg = head.startswith((b"ID3", b"\xff")) and not mark.startswith(MAGICS)
        with QUIET if maybe_mpeg else contextlib.nullcontext():
            self._open(first)
        file = self._file
        if file.format == "RAW":  # by its ending alone
            raise ValueError("not sound that libsndfile can decode (no header)")
        if file.subtype.startswith("MPEG"):  # see `featkit.audio.decoding.mpeg`
            raise ValueError("not sound that libsndfile can decode (no whole frame of MPEG audio)")
        self.rate = float(file.samplerate)
        self.channels = file.channels
        self.full_scale = FULL_SCALES.get(file.subtype, 32767 / 32768)
        self.promised = None if later else _promised(file, first, self._frames)
        self.cut = first.cut or (self.promised or 0) > self._frames
        if self.cut and file.subtype.startswith("DWVW"):  # libsndfile makes up what is missing
            raise ValueError("a DWVW file that is cut: where its sound ends cannot be told")
        self.uncompressed = file.format in UNCOMPRESSED and file.subtype in PLAIN and not later

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        layout = Layout(self.rate, self.channels)
        at = own = self._sought(start)
        while True:
            present = Layout(float(self._file.samplerate), self._file.channels)
            for block in converted(self._blocks(own, size), present, layout):
                part = block[max(0, start - at) :]
                at += len(block)
                if len(part):
                    yield part
            complete = self._ended or self._frames > MOST_FRAMES
            view = self._next_view()
            if view is None:
                damaged = self._file.format == "OGG" and not self._is_intact()
                self.cut = self.cut or damaged or (self._joined and not complete)
                return
            self._joined, self.promised, own = True, None, 0
            self.cut = self.cut or view.cut or not complete
            try:
                self._open(view)
            except ValueError:
                self.cut = True
                return

    def _blocks(self, at: int, size: int) -> Iterator[Array]:
        """The samples of one of the joined files from its frame `at` on, where it was sought to."""
        while at < self._frames:  # libsndfile gives no more
            block = self._empty(min(size, self._frames - at))
            with _explained():
                count = self._read(block, at)
            if count:
                yield block[:count]
            at += count
            if count < len(block):
                break
        self._at, self._ended = at, at >= self._frames

    def _is_intact(self) -> bool:
        """Whether no page of an Ogg file is missing or damaged.

        Of a single link of Vorbis, samples are missing then, except at its end, where nothing says
        how many there should be. To look at the whole file takes 2 % of the time of decoding it.
        """
        begin = self._begin
        if self._file.subtype == "VORBIS" and not self._joined:
            begin = max(begin, self._end - _ogg.TAIL)
        return _ogg.is_intact(self._stream, begin, self._end)

    def part(self, start: int, stop: int) -> Array:
        block = self._empty(stop - start)
        with _explained():
            self._file.seek(start)
            return np.asarray(self._file.read(out=block))

    def _all_views(self, mark: bytes) -> list[View]:
        """What libsndfile is given, in turn."""
        if mark.startswith(b"OggS"):
            return list(_ogg.views_of(self._stream, self._begin, self._end))
        if mark.startswith(_voc.MARK[:8]):
            return _voc.views_of(self._stream, self._begin, self._end)
        of_format = _flac.view_of if mark.startswith(b"fLaC") else view_of
        return [of_format(self._stream, self._begin, self._end)]

    def _next_view(self) -> View | None:
        """What follows a file that was read to its end."""
        if self._file.format != "FLAC":
            return next(self._later, None)
        # How far libFLAC came is known of what it reads through our descriptor.
        read = self._source.place() if self._source else self._stream.tell()
        read = 0 if os.name == "nt" else read
        first = max(self._begin + 8, read - _flac.READ_AHEAD)
        following = _flac.next_file(self._stream, first, self._end)
        if READS_ON and not self._ended and self._frames <= MOST_FRAMES:
            rest = _flac.behind_damage(
                self._stream,
                self._begin,
                following or self._end,
                first=first,
                decoded=self._before + self._at,
            )
            if rest is not None:
                self._before = rest[1]
                return rest[0]
        if following is None:
            return None
        self._begin, self._before = following, 0
        return _flac.view_of(self._stream, following, self._end)

    def _open(self, view: View) -> None:
        """Decode what a view shows from now on, from its beginning."""
        self._files.close()
        self._view = view
        self._source = Window(self._stream, view.pieces) if view.pieces is not None else None
        try:
            with _explained():
                self._file = self._opened()
        except ValueError as error:
            if view.foreign:
                raise ForeignError(str(error)) from None
            raise
        frames = int(self._file.frames)
        self._frames = frames if view.frames is None else min(frames, view.frames)

    def _opened(self) -> Sequential:
        if self._source is not None:
            return self._kept(Sequential(self._source))
        if os.name == "nt":  # a descriptor may be that of another C library there
            return self._kept(Sequential(self._path))
        # Given a name, libsndfile would also read "._name" beside it. It gets a copy of the
        # descriptor, at the same position: version 1.2.0 closes a descriptor that it cannot open.
        self._stream.seek(0)
        return self._kept(Sequential(os.dup(self._stream.fileno())))

    def _kept(self, file: Sequential) -> Sequential:
        self._files.callback(file.close)
        return file

    def _sought(self, start: int) -> int:
        """Go to a frame, or to one before it that the same samples follow; gives which."""
        if not start or not self._seeks():
            return 0
        if self._file.format == "FLAC":
            self._leave_out_next()
        target = min(start, self._frames)
        if self._view.last_page is not None:  # libsndfile is wrong within the last page
            target = min(target, max(0, self._frames - self._view.last_page - 1))
        try:
            return int(self._file.seek(target))
        except soundfile.LibsndfileError:
            self._open(self._view)
            return 0

    def _leave_out_next(self) -> None:
        """Show libFLAC nothing of a file that follows, for it would seek in that, too."""
        following = _flac.next_file(self._stream, self._begin + 8, self._end)
        if following is not None:
            self._open(_flac.view_of(self._stream, self._begin, following))

    def _seeks(self) -> bool:
        """Whether libsndfile goes to the very sample; most packed formats do not, or only some."""
        file = self._file
        if file.format == "OGG":
            return self._view.last_page is not None
        plain = PLAIN | {"ULAW", "ALAW"}
        return file.subtype in plain and file.format not in ("PAF", "SDS")

    def _empty(self, frames: int) -> Array:
        # NumPy scales 16-bit samples four times faster than libsndfile, to the same values.
        dtype = "int16" if self._file.subtype == "PCM_16" else "float32"
        return np.empty(shape(frames, self._file.channels), dtype=dtype)

    def _read(self, block: Array, at: int) -> int:
        """Fill a block as far as it goes; what comes before a damaged place is kept."""
        try:
            return len(self._file.read(out=block))
        except soundfile.LibsndfileError:
            count = int(self._file.tell()) - at
            if at + count <= 0 and not (self._joined or self._file.format == "FLAC"):
                raise
            self.cut = True
            return count


def _promised(file: soundfile.SoundFile, view: View, frames: int) -> int | None:
    """Frames that the header states."""
    if miscounted := _MISCOUNTED.search(file.extra_info):
        return int(miscounted[1])
    if frames > MOST_FRAMES:
        return None
    share = view.share if view.known else _shortened(file.extra_info)
    return max(frames + 1, round(frames * share)) if share > 1 else frames or None


def _shortened(log: str) -> float:
    """Bytes of sound that the header states to one that there is, as libsndfile notes it."""
    if found := _SHORTENED.search(log):
        stated, there = map(int, found.groups())
        if stated < UNKNOWN_LENGTH:
            return stated / max(there, 1)
    return 1.0


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
