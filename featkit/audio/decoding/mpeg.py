"""Decoding of MPEG audio, layers 1 to 3 (MP3, MP2), also in WAV files, with libsndfile.

libsndfile itself decodes the number of frames that the first one states, or that it estimates, and
stops at damage. Here the frames are counted first (`featkit.audio.decoding._mpeg_frames`); then
libsndfile decodes a file that contains only these frames. The samples are those of FFmpeg:

- A first frame with a Xing, Info or VBRI tag holds no samples. If the tag states the delay and the
  padding of the encoder, they are removed; the padding only if there are no more frames than
  stated, thus not in the middle of concatenated files.
- The tag frame of the second of two concatenated files is decoded as silence, or skipped after an
  ID3 tag.
- The first frames of a file that was cut at its beginning are silent where earlier data is missing.

Unlike in FFmpeg:

- Where the rate or the number of channels changes, the rest is converted
  (`featkit.audio.decoding.conversion`).
- A frame that is damaged, or incomplete at the end, is skipped, and decoding goes on after it. The
  recording is then `truncated`, unless it is an incomplete frame beyond the stated number.
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
from featkit.audio.decoding._chunks import RIFF, Chunk, chunks
from featkit.audio.decoding._file_parts import MAGICS
from featkit.audio.decoding._headers import UNKNOWN_LENGTH, codec_of
from featkit.audio.decoding._mpeg_frames import MAX_FRAME, Run, Scan
from featkit.audio.decoding._soundfile import SILENCED_STDERR, SequentialSoundFile, reason_of
from featkit.audio.decoding._spliced_file import SplicedFile, read_at
from featkit.audio.decoding._tags import end_of_leading_tags
from featkit.audio.decoding.conversion import Layout, convert_blocks, sample_shape, skip_frames
from featkit.audio.decoding.formats import MPEG_FORMATS, MPEG_IN_WAV, may_be_mpeg
from featkit.audio.decoding.mpeg_headers import Format, Tag

MAX_OTHER_BYTES = 2**16
"""Other bytes before or after the frames that are tolerated if no frame is missing."""

DECODER_DELAY = 529
"""Delay of a decoder of layer 3 in samples."""


class Extent(NamedTuple):
    """The range of a file that holds MPEG audio.

    Attributes
    ----------
    start, stop : int
        Position of the first byte, and of the one after the last.
    in_wav : bool
        Whether it is in a WAV file.
    truncated : bool
        Whether the file ends within the range, or has more audio after it.
    """

    start: int
    stop: int
    in_wav: bool = False
    truncated: bool = False


def open_mpeg(path: Path, head: bytes, resources: contextlib.ExitStack) -> MpegDecoder | None:
    """Open a file, if its content is MPEG audio.

    Parameters
    ----------
    path : Path
        The file.
    head : bytes
        Its first bytes.
    resources : ExitStack
        Closes the file.

    Returns
    -------
    MpegDecoder or None
        None for other formats.

    Raises
    ------
    ValueError
        If the file is MPEG audio by its extension or by the header of a WAV file, but has no frame.
    """
    extension = path.suffix.lstrip(".").lower()
    if not may_be_mpeg(head, extension):
        return None
    by_extension = extension in MPEG_FORMATS
    with contextlib.ExitStack() as opened:
        file = opened.enter_context(path.open("rb", buffering=0))
        extent = _extent(file, by_extension=by_extension)
        if extent is None:
            return None
        scan = _mpeg_frames.scan(file, extent.start, extent.stop, tagged=not extent.in_wav)
        if not scan.runs:
            if by_extension or extent.in_wav:
                raise ValueError("libsndfile cannot decode this file (no complete MPEG frame)")
            return None
        resources.push(opened.pop_all())
        return MpegDecoder(file, scan, extent)


class MpegDecoder:
    """A file of MPEG audio; see `featkit.audio.decoding.reader.Decoder`.

    Parameters
    ----------
    file : FileIO
        The open file.
    scan : Scan
        Its frames, at least one.
    extent : Extent
        The range that was scanned.
    """

    name = "libsndfile"
    full_scale = 32767 / 32768
    uncompressed = False

    def __init__(self, file: io.FileIO, scan: Scan, extent: Extent) -> None:
        form, tag = scan.runs[0].format, scan.tag
        self.format = f"{'WAV ' * extent.in_wav}MP{form.layer}"
        self.rate, self.channels = float(form.rate), form.channels
        stated = tag.frames if tag is not None else 0
        complete = stated == scan.frames
        limit = MAX_OTHER_BYTES if complete else MAX_FRAME
        incomplete = scan.other_bytes > limit or (scan.partial and not complete)
        self.truncated = extent.truncated or scan.damaged or incomplete
        # Some encoders count the frame of the tag, others do not.
        self.tolerance = form.samples if tag is not None and tag.delay < 0 else 0
        self._file, self._runs, self._begin = file, scan.runs, scan.start
        lengths = (_length(run.frames * run.format.samples, run.format, form) for run in scan.runs)
        end = max(sum(lengths), stated * form.samples)
        self._range = _without_encoder_padding(tag, end, more=scan.frames > stated)
        self.stated_frames: int | None = self._range[1] - self._range[0]
        self._is_plain = _is_plain(scan) and os.name != "nt"

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        """Decode to the end of the file; see `Decoder.blocks`.

        Parameters
        ----------
        start : int
            First frame. Decoding begins before it, because a frame needs the previous ones.
        size : int
            Largest number of frames in a block.

        Yields
        ------
        array of float32, shape ``(frames,)`` or ``(frames, channels)``
        """
        if self._is_plain:
            yield from skip_frames(self._plain_blocks(size), start)
        else:
            yield from skip_frames(self._in_range(self._all_blocks(size)), start)

    def read(self, start: int, stop: int) -> Array:
        """Not supported: a compressed file is decoded from its beginning.

        Parameters
        ----------
        start, stop : int

        Returns
        -------
        array

        Raises
        ------
        NotImplementedError
        """
        raise NotImplementedError("compressed files are decoded from their beginning")

    def _plain_blocks(self, size: int) -> Iterator[Array]:
        """The blocks of a file that libsndfile decodes correctly, and fastest, without help.

        It gets a descriptor: given a name, libsndfile would also read a file ``._name`` next to it.
        """
        self._file.seek(self._begin)
        with contextlib.closing(_open(os.dup(self._file.fileno()))) as sound:
            yield from self._decoded(sound, self.stated_frames or 0, size)

    def _all_blocks(self, size: int) -> Iterator[Array]:
        first = _layout(self._runs[0].format)
        for run in self._runs:
            yield from convert_blocks(self._run(run, size), _layout(run.format), first)

    def _run(self, run: Run, size: int) -> Iterator[Array]:
        """The samples of a run, at its own rate."""
        form = run.format
        if run.silent:
            yield np.zeros(sample_shape(form.samples, form.channels), np.float32)
        if frames := run.frames - run.silent:
            with contextlib.closing(_open(_only_run(self._file, run))) as sound:
                yield from self._decoded(sound, frames * form.samples, size)

    def _decoded(self, sound: soundfile.SoundFile, frames: int, size: int) -> Iterator[Array]:
        """The next `frames` frames; if libsndfile decodes fewer, the file is truncated."""
        while frames:
            block = np.empty(sample_shape(min(size, frames), sound.channels), np.float32)
            count = _read(sound, block)
            if count:
                yield block[:count]
            if count < len(block):
                self.truncated = True
                return
            frames -= count

    def _in_range(self, blocks: Iterable[Array]) -> Iterator[Array]:
        """The samples without the delay and the padding of the encoder."""
        start, stop = self._range
        position = 0
        for block in blocks:
            part = block[max(0, start - position) : max(0, stop - position)]
            position += len(block)
            if len(part):
                yield part


def _extent(file: io.FileIO, *, by_extension: bool) -> Extent | None:
    """The range of a file that may hold MPEG audio; None for other formats."""
    stop = os.fstat(file.fileno()).st_size
    start = end_of_leading_tags(file, 0, stop)
    head = read_at(file, start, 12)
    if head.startswith(b"RIFF"):
        return _in_wav(file, start, stop)
    if head.startswith(MAGICS):
        return None
    if by_extension or start or _mpeg_frames.begins(file, start, stop):
        return Extent(0, stop)
    return None


def _in_wav(file: io.FileIO, start: int, stop: int) -> Extent | None:
    """The range of a WAV file that holds MPEG audio; None if it has another codec."""
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
    end = min(stop, chunk.end)
    return Extent(chunk.body, end, in_wav=True, truncated=chunk.end > stop or more)


def _without_encoder_padding(tag: Tag | None, end: int, *, more: bool) -> tuple[int, int]:
    """The range of samples without delay and, unless there are `more` frames, without padding."""
    if tag is None or tag.delay < 0:
        return 0, end
    begin = tag.delay + DECODER_DELAY
    if not more:
        end -= max(0, tag.padding - DECODER_DELAY)
    return begin, max(begin, end)


def _is_plain(scan: Scan) -> bool:
    """Whether libsndfile itself decodes the same frames to the same samples."""
    tag, run = scan.tag, scan.runs[0]
    return (
        tag is not None
        and tag.delay >= 0
        and tag.frames == run.frames
        and (len(scan.runs), len(run.parts)) == (1, 1)
        and not (scan.damaged or scan.partial or run.silent)
    )


def _read(sound: soundfile.SoundFile, block: Array) -> int:
    """Fill a block as far as possible, including the samples before damage."""
    block.fill(np.nan)  # after an error, libsndfile does not report how many samples it decoded
    try:
        with SILENCED_STDERR:
            return len(sound.read(out=block))
    except (RuntimeError, ValueError):
        return int(np.count_nonzero(~np.isnan(block.reshape(len(block), -1)[:, 0])))


def _open(file: int | BinaryIO) -> soundfile.SoundFile:
    """Open a descriptor, which is closed with the result, or a file object."""
    try:
        with SILENCED_STDERR:
            return SequentialSoundFile(file)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        cause = f"libsndfile cannot decode the MPEG audio ({reason_of(error)})"
        raise ValueError(cause) from None


def _only_run(file: io.FileIO, run: Run) -> BinaryIO:
    """A file with only the frames of a run."""
    parts = run.parts
    if run.frames - run.silent == 1:  # libsndfile requires a second frame
        parts = [*parts, *parts]
    spliced = SplicedFile(file, parts, MAX_FRAME * (run.frames + 2))
    return io.BufferedReader(spliced, MAX_FRAME * 16)


def _layout(form: Format) -> Layout:
    return Layout(form.rate, form.channels)


def _length(samples: int, form: Format, target: Format) -> int:
    """Number of samples at the rate of another format."""
    return samples * target.rate // form.rate
