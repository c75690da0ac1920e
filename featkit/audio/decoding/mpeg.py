"""MPEG audio, layers 1 to 3: MP3 and MP2, also in a WAV file; every frame, decoded by libsndfile.

libsndfile alone reads as many frames as the first one states or a guess allows, and stops at
damage. Here the frames are counted first (`featkit.audio.decoding._mpeg_frames`); then libsndfile
decodes a file that holds nothing else. The samples are those that FFmpeg gives:

- A first frame with a Xing, Info or VBRI header holds no sound. If LAME or FFmpeg states there what
  it put before the sound and behind it, that is left out; what is behind it only if there are no
  more frames than stated, so not in the middle of joined files.
- The header frame of the second of two joined files is a frame of silence, or left out behind a
  tag.
- The first frames of a file that was cut at its beginning are silent where what they need is gone.

Other than FFmpeg:

- Where the rate or the number of channels changes on the way, the rest is converted by soxr
  (`featkit.audio.decoding.converting`).
- A frame that is damaged, or cut at the end, is left out, and reading goes on behind it. Then the
  recording is `truncated`; not by a cut frame beyond those that the header counts.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import soundfile

from featkit._utils.typing import Array
from featkit.audio.decoding import _mpeg_frames
from featkit.audio.decoding._headers import (
    EXTENSIBLE,
    MPEG_IN_WAV,
    RIFF,
    UNKNOWN_LENGTH,
    Chunk,
    chunks,
    codec_of,
)
from featkit.audio.decoding._mpeg_frames import LARGEST, Run, Scan
from featkit.audio.decoding._quiet import QUIET
from featkit.audio.decoding._sequential import Sequential
from featkit.audio.decoding._tags import behind_tags
from featkit.audio.decoding._views import MAGICS
from featkit.audio.decoding._window import Window, read_at
from featkit.audio.decoding.converting import Layout, converted, shape
from featkit.audio.decoding.mpeg_headers import Format, Tag

FORMATS = frozenset({"mp3", "mp2", "mp1", "mpga", "mpa"})
"""Endings of files of MPEG audio."""

MUCH = 2**16
"""Foreign bytes before or behind the frames that may be other sound, though no frame is missing."""

DECODER_DELAY = 529
"""Samples by which a decoder of layer 3 is late."""


class Extent(NamedTuple):
    """Where in a file MPEG audio lies.

    Attributes
    ----------
    start, stop : int
        The first byte, and the one behind the last.
    in_wav : bool
    cut : bool
        Whether the file ends before the sound, or has more sound behind it.
    """

    start: int
    stop: int
    in_wav: bool = False
    cut: bool = False


def decoder(path: Path, head: bytes, kept: contextlib.ExitStack) -> Mpeg | None:
    """The decoder of a file, if it is MPEG audio by its content.

    Parameters
    ----------
    path : Path
    head : bytes
        How it begins.
    kept : ExitStack
        Closes the file.

    Raises
    ------
    ValueError
        If it should be MPEG audio, by its ending or as a WAV file, and no frame is in it.
    """
    named = path.suffix.lstrip(".").lower() in FORMATS
    if not (named or head.startswith((b"\xff", b"ID3")) or _may_be_in_wav(head)):
        return None
    with contextlib.ExitStack() as opened:
        file = opened.enter_context(path.open("rb", buffering=0))
        extent = _extent(file, named=named)
        if extent is None:
            return None
        found = _mpeg_frames.scan(file, extent.start, extent.stop, tagged=not extent.in_wav)
        if not found.runs:
            if named or extent.in_wav:
                cause = "not sound that libsndfile can decode"
                raise ValueError(f"{cause} (no whole frame of MPEG audio in it)")
            return None
        kept.push(opened.pop_all())
        return Mpeg(file, found, cut=extent.cut)


class Mpeg:
    """A file of MPEG audio; see `featkit.audio.decoding.reader.Reader`.

    Parameters
    ----------
    file : FileIO
    found : Scan
        Its frames, at least one.
    cut : bool
        Whether the file is known to end early.
    """

    name = "libsndfile"
    full_scale = 32767 / 32768
    uncompressed = False

    def __init__(self, file: io.FileIO, found: Scan, *, cut: bool) -> None:
        form, tag = found.runs[0].format, found.tag
        self.rate, self.channels = float(form.rate), form.channels
        stated = tag.frames if tag is not None else 0
        complete = stated == found.frames
        lost = found.foreign > (MUCH if complete else LARGEST) or (found.partial and not complete)
        self.cut = cut or found.damaged or lost
        # Not all encoders tell whether they count the frame of the header.
        self.slack = form.samples if tag is not None and tag.delay < 0 else 0
        self._file, self._runs, self._begin = file, found.runs, found.start
        lengths = (_length(run.frames * run.format.samples, run.format, form) for run in found.runs)
        end = max(sum(lengths), stated * form.samples)
        self._kept = _kept(tag, end, more=found.frames > stated)
        self.promised: int | None = self._kept[1] - self._kept[0]
        self._plain = _is_plain(found) and os.name != "nt"

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        # Decoded from the beginning: a frame needs those before it.
        if self._plain:
            blocks = self._plain_blocks(size)
        else:
            blocks = self._without_padding(self._all_blocks(size))
        at = 0
        for block in blocks:
            part = block[max(0, start - at) :]
            at += len(block)
            if len(part):
                yield part

    def part(self, start: int, stop: int) -> Array:
        raise NotImplementedError("not without decoding all that is before it")

    def _plain_blocks(self, size: int) -> Iterator[Array]:
        """The blocks of a file that libsndfile reads rightly by itself, and most quickly.

        By a descriptor: given a name, libsndfile would also read ``._name`` beside it.
        """
        self._file.seek(self._begin)
        with contextlib.closing(_opened(os.dup(self._file.fileno()))) as sound:
            yield from self._decoded(sound, self.promised or 0, size)

    def _all_blocks(self, size: int) -> Iterator[Array]:
        first = _layout(self._runs[0].format)
        for run in self._runs:
            yield from converted(self._run(run, size), _layout(run.format), first)

    def _run(self, run: Run, size: int) -> Iterator[Array]:
        """The samples of a run at its own rate."""
        form = run.format
        if run.silent:
            yield np.zeros(shape(form.samples, form.channels), np.float32)
        if sounding := run.frames - run.silent:
            with contextlib.closing(_opened(_only(self._file, run))) as sound:
                yield from self._decoded(sound, sounding * form.samples, size)

    def _decoded(self, sound: soundfile.SoundFile, frames: int, size: int) -> Iterator[Array]:
        """So many frames of samples, or fewer if libsndfile cannot decode them; then it is cut."""
        while frames:
            block = np.empty(shape(min(size, frames), sound.channels), np.float32)
            count = _read(sound, block)
            if count:
                yield block[:count]
            if count < len(block):
                self.cut = True
                return
            frames -= count

    def _without_padding(self, blocks: Iterable[Array]) -> Iterator[Array]:
        start, stop = self._kept
        at = 0
        for block in blocks:
            part = block[max(0, start - at) : max(0, stop - at)]
            at += len(block)
            if len(part):
                yield part


def _extent(file: io.FileIO, *, named: bool) -> Extent | None:
    """Where MPEG audio may lie in a file; None if it is of another format."""
    stop = os.fstat(file.fileno()).st_size
    start = behind_tags(file, 0, stop)
    head = read_at(file, start, 12)
    if head.startswith(b"RIFF"):
        return _in_wav(file, start, stop)
    if head.startswith(MAGICS):
        return None
    if named or start or _mpeg_frames.begins(file, start, stop):
        return Extent(0, stop)
    return None


def _may_be_in_wav(head: bytes) -> bool:
    if not head.startswith(b"RIFF"):
        return False
    at = head.find(b"fmt ") + 8
    codec = int.from_bytes(head[at : at + 2], "little")
    return head.startswith(b"RMP3", 8) or codec in (*MPEG_IN_WAV, EXTENSIBLE)


def _in_wav(file: io.FileIO, start: int, stop: int) -> Extent | None:
    """Where MPEG audio lies in a WAV file; None if there is other sound in it."""
    form = read_at(file, start + 8, 4)
    if form not in (b"WAVE", b"RMP3"):
        return None
    codec = MPEG_IN_WAV[1] if form == b"RMP3" else 0
    for chunk in chunks(file, start + 12, stop, RIFF):
        if chunk.name == b"fmt " and chunk.size >= 2:
            codec = codec_of(read_at(file, chunk.body, 26))
        elif chunk.name == b"data":
            return _in_data(file, chunk, stop) if codec in MPEG_IN_WAV else None
    return None


def _in_data(file: io.FileIO, chunk: Chunk, stop: int) -> Extent:
    if not chunk.size or chunk.size >= UNKNOWN_LENGTH:
        return Extent(chunk.body, stop, in_wav=True)
    more = read_at(file, chunk.next, 4) == b"RIFF" or _mpeg_frames.begins(file, chunk.end, stop)
    return Extent(chunk.body, min(stop, chunk.end), in_wav=True, cut=chunk.end > stop or more)


def _kept(tag: Tag | None, end: int, *, more: bool) -> tuple[int, int]:
    """From which sample to which one there is sound; `more` than the tag states, or not."""
    if tag is None or tag.delay < 0:
        return 0, end
    begin = tag.delay + DECODER_DELAY
    if not more:
        end -= max(0, tag.padding - DECODER_DELAY)
    return begin, max(begin, end)


def _is_plain(found: Scan) -> bool:
    """Whether libsndfile finds the same frames by itself, and the same samples in them."""
    tag, run = found.tag, found.runs[0]
    return (
        tag is not None
        and tag.delay >= 0
        and tag.frames == run.frames
        and (len(found.runs), len(run.parts)) == (1, 1)
        and not (found.damaged or found.partial or run.silent)
    )


def _read(sound: soundfile.SoundFile, block: Array) -> int:
    """Fill a block as far as it goes; what comes before a damaged place is kept."""
    block.fill(np.nan)  # at an error libsndfile forgets how much there was before it
    try:
        with QUIET:
            return len(sound.read(out=block))
    except (RuntimeError, ValueError):
        return int(np.count_nonzero(~np.isnan(block.reshape(len(block), -1)[:, 0])))


def _opened(file: int | BinaryIO) -> soundfile.SoundFile:
    """Open a descriptor, which is closed in the end, or what is like a file."""
    try:
        with QUIET:
            return Sequential(file)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise ValueError(f"libsndfile does not decode its MPEG audio ({reason})") from None


def _only(file: io.FileIO, run: Run) -> BinaryIO:
    """A file of nothing but the frames of a run."""
    parts = run.parts
    if run.frames - run.silent == 1:  # libsndfile looks for a second frame
        parts = [*parts, *parts]
    return io.BufferedReader(Window(file, parts, LARGEST * (run.frames + 2)), LARGEST * 16)


def _layout(form: Format) -> Layout:
    return Layout(form.rate, form.channels)


def _length(samples: int, form: Format, to: Format) -> int:
    """Samples at the rate of another format."""
    return samples * to.rate // form.rate
