"""MPEG audio, layers 1 to 3: MP3 and MP2, also in a WAV file; every frame, decoded by libsndfile.

libsndfile alone reads as many frames as the first one states or a guess allows, and stops at
damage. Here the frames are counted first (`featkit.audio.decoding.mpegframes`); then libsndfile
decodes a file that holds nothing else. The samples are those that FFmpeg gives:

- A first frame with a Xing, Info or VBRI header holds no sound. If LAME or FFmpeg states there what
  it put before the sound and behind it, that is left out; what is behind it only if there are no
  more frames than stated, so not in the middle of joined files.
- The header frame of the second of two joined files is a frame of silence.
- The first frames of a file that was cut at its beginning are silent where what they need is gone.

Other than FFmpeg:

- Where the rate or the number of channels changes on the way, the rest is converted to those of
  the beginning, by soxr and as featkit mixes channels: by their mean.
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

from featkit.audio.decoding import mpegframes
from featkit.audio.decoding.mpegframes import LARGEST, Run, Scan
from featkit.audio.decoding.mpegheaders import Format, Tag
from featkit.audio.decoding.quiet import QUIET
from featkit.audio.decoding.tags import behind_tags
from featkit.segments import Array

FORMATS = frozenset({"mp3", "mp2", "mp1", "mpga", "mpa"})
"""Endings of files of MPEG audio."""

IN_WAV = (0x50, 0x55)
"""Format tags of MPEG audio in a WAV file: layers 1 and 2, layer 3."""

EXTENSIBLE = 0xFFFE
"""Format tag of a WAV file that states another one further on."""

UNKNOWN_LENGTH = 0x7FFF0000
"""Bytes from which on a length stands for "not known yet"."""

OTHERS = (
    *(b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"fLaC", b"OggS", b".snd", b"dns."),
    *(b"caff", b"NIST"),
)
"""How files begin that are of another format, whatever their ending says."""

TAIL = 128
"""Bytes of a tag (ID3v1) that may stand at the end of a file."""

MUCH = 2**16
"""Foreign bytes before or behind the frames that may be other sound, though no frame is missing."""

MOST_CHUNKS = 1000
"""Chunks of a WAV file that are looked at."""

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
        found = mpegframes.scan(file, extent.start, extent.stop, tagged=not extent.in_wav)
        if not found.runs:
            if named or extent.in_wav:
                cause = "not sound that libsndfile can decode"
                raise ValueError(f"{cause} (no whole frame of MPEG audio in it)")
            return None
        kept.push(opened.pop_all())
        return Mpeg(file, found, cut=extent.cut)


class Mpeg:
    """A file of MPEG audio; see `featkit.audio.decoding.Reader`.

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
        first = self._runs[0].format
        for run in self._runs:
            yield from _converted(self._run(run, size), run.format, first)

    def _run(self, run: Run, size: int) -> Iterator[Array]:
        """The samples of a run at its own rate."""
        form = run.format
        if run.silent:
            yield np.zeros(_shape(form.samples, form.channels), np.float32)
        if sounding := run.frames - run.silent:
            with contextlib.closing(_opened(_only(self._file, run))) as sound:
                yield from self._decoded(sound, sounding * form.samples, size)

    def _decoded(self, sound: soundfile.SoundFile, frames: int, size: int) -> Iterator[Array]:
        """So many frames of samples, or fewer if libsndfile cannot decode them; then it is cut."""
        while frames:
            block = np.empty(_shape(min(size, frames), sound.channels), np.float32)
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
    head = _at(file, start, 12)
    if head.startswith(b"RIFF"):
        return _in_wav(file, start, stop)
    if head.startswith(OTHERS):
        return None
    if named or start or mpegframes.begins(file, start, stop):
        return Extent(0, stop)
    return None


def _may_be_in_wav(head: bytes) -> bool:
    if not head.startswith(b"RIFF"):
        return False
    at = head.find(b"fmt ") + 8
    return head.startswith(b"RMP3", 8) or _number(head[at : at + 2]) in (*IN_WAV, EXTENSIBLE)


def _in_wav(file: io.FileIO, start: int, stop: int) -> Extent | None:
    """Where MPEG audio lies in a WAV file; None if there is other sound in it."""
    form = _at(file, start + 8, 4)
    tag = IN_WAV[1] if form == b"RMP3" else 0
    at = start + 12
    for _ in range(MOST_CHUNKS if form in (b"WAVE", b"RMP3") else 0):
        head = _at(file, at, 8)
        if len(head) < 8:
            return None
        size = _number(head[4:])
        at += 8
        if head.startswith(b"fmt "):
            told = _at(file, at, 26)
            tag = _number(told[:2])
            tag = _number(told[24:26]) if tag == EXTENSIBLE else tag
        if head.startswith(b"data"):
            if tag not in IN_WAV:
                return None
            if not size or size >= UNKNOWN_LENGTH:
                return Extent(at, stop, in_wav=True)
            end = at + size
            more = _at(file, end + size % 2, 4) == b"RIFF" or mpegframes.begins(file, end, stop)
            return Extent(at, min(stop, end), in_wav=True, cut=end > stop or more)
        at += size + size % 2
    return None


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _at(file: io.FileIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


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
            return _Sequential(file)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise ValueError(f"libsndfile does not decode its MPEG audio ({reason})") from None


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """Read from its beginning to its end: soundfile would seek after each block, to where it is."""

    def seekable(self) -> bool:
        return False


def _only(file: io.FileIO, run: Run) -> BinaryIO:
    """A file of nothing but the frames of a run."""
    parts = run.parts
    if run.frames - run.silent == 1:  # libsndfile looks for a second frame
        parts = [*parts, *parts]
    return io.BufferedReader(_Parts(file, parts, LARGEST * (run.frames + 2)), LARGEST * 16)


class _Parts(io.RawIOBase):
    """Parts of a file, one after the other.

    Its end is said to be at a byte far behind the real one, since libsndfile takes the length that
    it guesses from that for a limit. In the last bytes before it, libsndfile looks for a tag.
    """

    def __init__(self, file: io.FileIO, parts: list[tuple[int, int]], end: int) -> None:
        super().__init__()
        self._file, self._parts, self._end, self._place = file, parts, end, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._end}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        left = self._place
        for start, stop in self._parts:
            if left < stop - start:
                self._file.seek(start + left)
                count = self._file.readinto(buffer[: stop - start - left])
                self._place += count
                return count
            left -= stop - start
        if not self._end - TAIL <= self._place < self._end:
            return 0
        count = min(len(buffer), self._end - self._place)
        buffer[:count] = bytes(count)
        self._place += count
        return count


def _shape(frames: int, channels: int) -> tuple[int, ...]:
    return (frames, channels) if channels > 1 else (frames,)


def _length(samples: int, form: Format, to: Format) -> int:
    """Samples at the rate of another format."""
    return samples * to.rate // form.rate


def _converted(blocks: Iterable[Array], form: Format, to: Format) -> Iterator[Array]:
    """Samples at the rate and with the channels of another format, as FFmpeg converts them: one
    channel is copied to both, and both are averaged."""
    mixed = (_mixed(block, form.channels, to.channels) for block in blocks)
    if form.rate == to.rate:
        yield from mixed
        return
    import soxr

    resampler = soxr.ResampleStream(form.rate, to.rate, to.channels, dtype="float32", quality="HQ")
    taken = given = 0
    for block in mixed:
        part = resampler.resample_chunk(block)
        taken, given = taken + len(block), given + len(part)
        if len(part):
            yield part
    none = np.empty(_shape(0, to.channels), np.float32)
    rest = resampler.resample_chunk(none, last=True)[: _length(taken, form, to) - given]
    if len(rest):
        yield rest


def _mixed(block: Array, channels: int, wanted: int) -> Array:
    if channels == wanted:
        return block
    if wanted == 1:
        return np.asarray(np.mean(block, axis=1))
    return np.repeat(block[:, None], wanted, axis=1)
