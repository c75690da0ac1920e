"""Intervals of a recording, cut from one pass over the file before mixing and resampling.

An interval gives the samples that a file of its frames alone would give, to the bit. Intervals may
overlap. Those that fit in memory are cut from a buffer that holds no more of the recording than the
intervals that have begun. Longer ones are read again from the file if it is uncompressed, and
otherwise from a temporary file, after the pass.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.audio import streams
from featkit.audio.decoding.conversion import sample_shape
from featkit.audio.decoding.reader import BLOCK, Reader
from featkit.audio.excerpt import WHOLE, Excerpt
from featkit.audio.joint_quality import measure_qualities
from featkit.audio.loading import Loaded, Measured, loaded
from featkit.audio.quality import Quality
from featkit.audio.segmentation import SampleBuffer, split_into_segments
from featkit.audio.source import SourceInfo
from featkit.audio.streams import Stream, decode_blocks
from featkit.dsp.disk_array import Clip, TemporaryDiskArray


class Interval(NamedTuple):
    """A range of frames of a recording.

    Attributes
    ----------
    first : int
        The first frame.
    last : int or None
        The frame after the last; None for the end of the recording.
    slack : int
        Largest number of frames by which `last` may exceed the end of the recording; the interval
        then ends with the recording.
    """

    first: int
    last: int | None
    slack: int = 0

    def end_in(self, n_frames: int) -> int | None:
        """Return the frame after the last one in a recording; None if the interval exceeds it.

        Parameters
        ----------
        n_frames : int
            Number of frames of the recording.

        Returns
        -------
        int or None
        """
        if self.first >= n_frames or (self.last or 0) - self.slack > n_frames:
            return None
        return n_frames if self.last is None else min(self.last, n_frames)


class IntervalSound(NamedTuple):
    """The sound of an interval.

    Attributes
    ----------
    place : int
        Place of the interval in the given sequence.
    n_frames : int
        Number of its frames.
    sound : Loaded or Stream
        In memory, or to be read block by block.
    """

    place: int
    n_frames: int
    sound: Loaded | Stream


def read_intervals(
    reader: Reader,
    name: str,
    sr: float,
    intervals: Sequence[Interval],
    excerpts: Sequence[Excerpt],
) -> Iterator[IntervalSound]:
    """Read intervals in one pass over a file, which is always decoded to its end.

    Parameters
    ----------
    reader : Reader
        The open file.
    name : str
        Name of the file in error messages.
    sr : float
        Sample rate of the sounds in Hz.
    intervals : sequence of Interval
        In any order; they may overlap.
    excerpts : sequence of Excerpt
        Of each interval; only whether it has segments applies here, as in `Stream`.

    Yields
    ------
    IntervalSound
        In the order of the ends of the intervals; those that are too long for memory come last.
        Intervals that exceed the recording are left out. A stream must be read before the next
        interval is requested.

    Raises
    ------
    AudioError
        If the file cannot be decoded, has no samples, or a sample is not finite.
    WriteError
        If the folder for temporary files is full.
    """
    is_long = [_is_long(interval, reader, sr) for interval in intervals]
    in_memory = [place for place, long in enumerate(is_long) if not long]
    on_disk = [place for place, long in enumerate(is_long) if long]
    buffer = _IntervalBuffer(intervals, in_memory)
    with _spool(reader, [intervals[place] for place in on_disk]) as spool:
        for block in decode_blocks(reader, name, WHOLE, BLOCK):
            spool.add(block, buffer.n_frames)
            for place, samples in buffer.add(block):
                yield _loaded(place, samples, reader, sr)
        for place, samples in buffer.rest():
            yield _loaded(place, samples, reader, sr)
        for place in on_disk:
            first, end = intervals[place].first, intervals[place].end_in(buffer.n_frames)
            if end is not None:
                part = Reader(name, _RangeDecoder(reader, spool, first, end))
                yield IntervalSound(place, end - first, Stream(part, name, sr, excerpts[place]))


def cut(
    sound: Loaded | Measured | Stream, name: str, excerpt: Excerpt
) -> Iterator[tuple[int, int, Clip, Quality]]:
    """Cut a recording or an interval into segments.

    Parameters
    ----------
    sound : Loaded, Measured or Stream
        In memory, or read block by block.
    name : str
        Name of the recording in error messages.
    excerpt : Excerpt
        Its segments; without them, the whole sound is one.

    Yields
    ------
    start, end : int
        First sample of the segment, and the one after its last; padding is not counted.
    clip : array or DiskArray
        Its samples; one on disk is closed when the next one is requested.
    quality : Quality

    Raises
    ------
    AudioError
        As `split_into_segments`.
    """
    if isinstance(sound, Measured):
        yield 0, sound.n_samples, sound.y, sound.quality()
    elif isinstance(sound, Loaded):
        segments = cut_in_memory(sound, name, excerpt)
        qualities = measure_qualities([sound.part(start, end) for start, end, _ in segments])
        for (start, end, clip), quality in zip(segments, qualities, strict=True):
            yield start, end, sound.y if clip is None else clip, quality
    elif excerpt.segment is not None:
        for start, end, clip in split_into_segments(sound.blocks(), sound.sr, excerpt, name=name):
            yield start, end, clip, sound.quality(start, end)
    else:
        with sound.samples() as samples:
            end = min(sound.n_samples, len(samples))
            yield 0, end, samples, sound.quality(0, end)


def cut_in_memory(
    sound: Loaded | Measured, name: str, excerpt: Excerpt
) -> list[tuple[int, int, Array | None]]:
    """Cut a recording in memory into segments; without segments, it is not resampled yet.

    Parameters
    ----------
    sound, name, excerpt
        As for `cut`.

    Returns
    -------
    list of (int, int, array)
        Start and end, as for `cut`, and samples; None for the whole recording.

    Raises
    ------
    AudioError
        As `split_into_segments`.
    """
    if excerpt.segment is None:
        return [(0, sound.n_samples, None)]
    return list(split_into_segments([sound.y], sound.sr, excerpt, name=name))


def _loaded(place: int, samples: Array, reader: Reader, sr: float) -> IntervalSound:
    info = SourceInfo.from_reader(reader)
    return IntervalSound(place, len(samples), loaded(samples, info, sr, WHOLE))


def _is_long(interval: Interval, reader: Reader, sr: float) -> bool:
    """Whether an interval is too long for memory, by the same limits as a whole recording."""
    end = reader.stated_frames if interval.last is None else interval.last
    n_frames = np.inf if end is None else end - interval.first
    return bool(
        n_frames * sr / reader.rate > streams.LONGEST_HELD
        or n_frames * reader.channels > streams.NATIVE_HELD
    )


class _IntervalBuffer:
    """The frames of those intervals that have begun and not yet ended."""

    def __init__(self, intervals: Sequence[Interval], places: Sequence[int]) -> None:
        self._intervals = intervals
        self._order = deque(sorted(places, key=lambda place: intervals[place].first))
        self._waiting = deque(self._order)
        self._begun: list[tuple[float, int]] = []  # a heap: last frame, place
        self._finished: set[int] = set()
        self._buffer = SampleBuffer()

    @property
    def n_frames(self) -> int:
        """Number of frames so far."""
        return self._buffer.end

    def add(self, block: Array) -> Iterator[tuple[int, Array]]:
        """Add the next frames, and yield the intervals that end in them."""
        self._buffer.append(block)
        while self._waiting and self._intervals[self._waiting[0]].first < self.n_frames:
            place = self._waiting.popleft()
            last = self._intervals[place].last
            heappush(self._begun, (np.inf if last is None else last, place))
        while self._begun and self._begun[0][0] <= self.n_frames:
            yield self._finish(heappop(self._begun)[1])
        while self._order and self._order[0] in self._finished:
            self._order.popleft()
        needed = self._intervals[self._order[0]].first if self._order else self.n_frames
        self._buffer.discard(min(needed, self.n_frames))

    def rest(self) -> Iterator[tuple[int, Array]]:
        """Yield the intervals that end with the recording."""
        for _, place in sorted(self._begun):
            if self._intervals[place].end_in(self.n_frames) is not None:
                yield self._finish(place)

    def _finish(self, place: int) -> tuple[int, Array]:
        self._finished.add(place)
        interval = self._intervals[place]
        end = self.n_frames if interval.last is None else min(interval.last, self.n_frames)
        return place, self._buffer.range(interval.first, end).copy()  # not a view of whole blocks


class _Spool:
    """Frames of a range of a compressed file, in a temporary file, all channels in turn."""

    def __init__(self, first: int, end: float, samples: TemporaryDiskArray, channels: int) -> None:
        self._first, self._end, self._samples, self._channels = first, end, samples, channels
        self._dtype: np.dtype[np.generic] = np.dtype(np.float32)

    def add(self, block: Array, position: int) -> None:
        """Add the part of a block that is in the range; `position` is that of its first frame."""
        end = int(min(len(block), self._end - position))
        part = block[max(0, self._first - position) : max(0, end)]
        if len(part):
            self._dtype = part.dtype
            self._samples.append(part.reshape(-1))  # float32 holds integers of 16 bits exactly

    def read(self, start: int, stop: int) -> Array:
        """Read frames, by their positions in the recording."""
        first, last = ((frame - self._first) * self._channels for frame in (start, stop))
        samples = self._samples.read(first, last).astype(self._dtype, copy=False)
        return samples.reshape(sample_shape(stop - start, self._channels))


class _NoSpool:
    """Takes the place of a spool where the file itself can be read again."""

    def __init__(self, reader: Reader) -> None:
        self.read = reader.read

    def add(self, block: Array, position: int) -> None:
        """Ignore a block."""


@contextlib.contextmanager
def _spool(reader: Reader, intervals: Sequence[Interval]) -> Iterator[_Spool | _NoSpool]:
    if reader.uncompressed or not intervals:
        yield _NoSpool(reader)
        return
    first = min(interval.first for interval in intervals)
    end = max(np.inf if interval.last is None else interval.last for interval in intervals)
    with TemporaryDiskArray() as samples:
        yield _Spool(first, end, samples, reader.channels)


class _RangeDecoder:
    """A range of frames of a file, after the pass over it; see `Decoder`."""

    tolerance = 0
    uncompressed = True

    def __init__(self, reader: Reader, frames: _Spool | _NoSpool, first: int, end: int) -> None:
        self.name, self.format = reader.decoder, reader.format
        self.rate, self.channels = reader.rate, reader.channels
        self.full_scale, self.truncated = reader.full_scale, reader.truncated
        self.stated_frames: int | None = end - first
        self._frames, self._first, self._count = frames, first, end - first

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        for position in range(start, self._count, size):
            yield self.read(position, min(position + size, self._count))

    def read(self, start: int, stop: int) -> Array:
        return self._frames.read(self._first + start, self._first + stop)
