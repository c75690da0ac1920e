"""Loading: from a file or an array to mono float32 samples at a given sample rate.

Integers are scaled by their type, so that full scale is 1. Channels are mixed by their mean. The
rate is changed by soxr's HQ filter, to ``ceil(samples * target_sr / orig_sr)`` samples, as in
librosa. A source that cannot be loaded raises an `AudioError` with its name, the stage and the
cause.

`load` and `read` return all samples; `stream` reads a file block by block; `opening` chooses
between the two by the length of the recording (`streams.LONGEST_HELD`).
"""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.audio import streams
from featkit.audio.decoding.conversion import concatenated, to_float32
from featkit.audio.decoding.reader import BLOCK, MAX_ALLOCATION, Reader, open_file
from featkit.audio.excerpt import WHOLE, Excerpt
from featkit.audio.joint_quality import ClipSource, measure_qualities
from featkit.audio.joint_resampling import resample_clips
from featkit.audio.quality import Quality, QualityMeter
from featkit.audio.rates import check_target_sr
from featkit.audio.segmentation import fix_length
from featkit.audio.source import SourceInfo, check_rate, from_array, mono, source_range
from featkit.audio.streams import Stream, decode_blocks, resample_blocks, resampled_length
from featkit.errors import AudioError, StoreError
from featkit.storage.reading import local_copy
from featkit.storage.urls import is_url, shown

__all__ = ["Loaded", "Measured", "Source", "Stream", "load", "opening", "read", "stream"]

Source = str | os.PathLike[str] | Array | tuple[Array, float]
"""A recording: a path, an array with its rate as ``(y, sr)``, or an array alone."""


class Held:
    """A recording, or an excerpt of one, in memory.

    Parameters
    ----------
    source : SourceInfo
        Format and completeness of the file or array.
    sr : float
        Sample rate of `y` in Hz.
    n_samples : int
        Number of resampled samples, without padding.
    padded : int or None
        Number of samples to which `y` is padded or cut.

    Attributes
    ----------
    length : int
        Number of samples of `y`.
    n_samples : int
        Number of samples of `y` that come from the recording; the rest is padding.
    """

    def __init__(self, source: SourceInfo, sr: float, n_samples: int, padded: int | None) -> None:
        self.source, self.sr = source, sr
        self.length = n_samples if padded is None else padded
        self.n_samples = min(n_samples, self.length)

    def padded(self, y: Array) -> Array:
        """Pad or cut resampled samples to `length`.

        Parameters
        ----------
        y : array, shape ``(samples,)``

        Returns
        -------
        array, shape ``(length,)``
        """
        return y if len(y) == self.length else fix_length(y, self.length)


class Measured(Held):
    """A recording without segments, of which only the resampled samples are kept.

    Parameters
    ----------
    y : array of float32, shape ``(samples,)``
        Resampled samples, without padding.
    source, sr
        As in `Held`.
    padded : int or None
        Number of samples to which `y` is padded or cut.
    quality : Quality
        Measured while the file was decoded.
    """

    def __init__(
        self, y: Array, source: SourceInfo, sr: float, padded: int | None, quality: Quality
    ) -> None:
        super().__init__(source, sr, len(y), padded)
        self.y, self._quality = self.padded(y), quality

    def quality(self) -> Quality:
        """Return the quality of the recording.

        Returns
        -------
        Quality
        """
        return self._quality


class Loaded(Held):
    """A recording with the samples of its source, resampled when `y` is first used.

    Parameters
    ----------
    samples : array of int16 or float32, shape ``(frames,)`` or ``(frames, channels)``
        The excerpt before mixing, resampling and padding.
    source, sr
        As in `Held`.
    padded : int, optional
        Number of samples to which `y` is padded or cut.
    """

    def __init__(
        self, samples: Array, source: SourceInfo, sr: float, padded: int | None = None
    ) -> None:
        super().__init__(source, sr, resampled_length(len(samples), source.rate, sr), padded)
        self.samples = samples
        self._y: Array | None = None

    @property
    def y(self) -> Array:
        """Mono samples at the rate `sr`, with padding: float32, shape ``(samples,)``."""
        if self._y is None:
            resample([self])
        assert self._y is not None
        return self._y

    def set_resampled(self, y: Array) -> None:
        """Set the resampled samples.

        Parameters
        ----------
        y : array of float32, shape ``(samples,)``
            Without padding.
        """
        self._y = self.padded(y)

    def part(self, start: int = 0, end: int | None = None) -> ClipSource:
        """Return the samples of the source that ``y[start:end]`` is computed from.

        Parameters
        ----------
        start, end : int
            First sample, and the one after the last; all samples by default.

        Returns
        -------
        ClipSource
            To measure their quality.
        """
        first, last = source_range(start, end, self.source.rate / self.sr, len(self.samples))
        source = self.source
        return ClipSource(
            self.samples[first:last], source.rate, source.full_scale, source.truncated
        )

    def quality(self, start: int = 0, end: int | None = None) -> Quality:
        """Measure the quality of ``y[start:end]``, on the samples of the source.

        Parameters
        ----------
        start, end : int
            First sample, and the one after the last; all samples by default.

        Returns
        -------
        Quality
        """
        (quality,) = measure_qualities([self.part(start, end)])
        return quality


def resample(sounds: Sequence[Loaded]) -> None:
    """Mix and resample recordings, many short ones in the time of a few.

    Parameters
    ----------
    sounds : sequence of Loaded
        Their `y` is ready afterwards, and the same as if each were resampled alone.
    """
    by_rates: dict[tuple[float, float], list[Loaded]] = defaultdict(list)
    for sound in sounds:
        by_rates[sound.source.rate, sound.sr].append(sound)
    for (rate, sr), group in by_rates.items():
        clips = [mono(to_float32(sound.samples)) for sound in group]
        for sound, y in zip(group, resample_clips(clips, rate, sr), strict=True):
            sound.set_resampled(y)


def load(
    source: Source,
    *,
    sr: float | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    pad: bool = False,
) -> tuple[Array, float]:
    """Load the samples of a recording.

    Parameters
    ----------
    source : path, or ``(array, rate)``
        A file that libsndfile decodes (WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF, AU …) or, with the
        extra ``av``, FFmpeg (M4A, AAC, WMA, the sound of a video …); or samples of shape
        ``(samples,)`` or ``(channels, samples)`` with their rate in Hz.
    sr : float, optional
        Sample rate in Hz to resample to; the recording's own rate by default.
    offset : float
        Seconds to skip at the beginning.
    duration : float, optional
        Largest number of seconds to load; the rest of the recording by default.
    pad : bool
        Whether a recording shorter than `duration` is padded with zeros to exactly
        ``round(duration * sr)`` samples, for experiments that need clips of one length.

    Returns
    -------
    y : array of float32, shape ``(samples,)``
        Mono samples; full scale is 1.
    sr : float
        Sample rate of `y` in Hz.

    Raises
    ------
    AudioError
        If the recording is missing, empty or cannot be decoded, or has no samples, no rate, or
        samples that are not finite.
    ParameterError
        If `sr`, `offset` or `duration` is out of range, or `pad` is given without `duration`.

    Examples
    --------
    >>> from featkit import signals
    >>> y, sr = load((signals.sine(440.0, 44100), 44100), sr=22050)
    >>> len(y), sr
    (22050, 22050)
    """
    excerpt = Excerpt(offset=offset, duration=duration, pad=pad)
    if not isinstance(source, str | os.PathLike):
        sound = read(source, sr=sr, excerpt=excerpt)
        return sound.y, sound.sr
    check_target_sr(sr)
    with open_checked(source) as reader:
        rate = reader.rate if sr is None else sr
        y = _resampled(reader, source_name(source), rate, excerpt)
    padded = _padded_length(excerpt, rate)
    return (y if padded is None else fix_length(y, padded)), rate


def read(source: Source, *, sr: float | None = None, excerpt: Excerpt = WHOLE) -> Loaded:
    """Load the samples of a recording together with facts about its source.

    Parameters
    ----------
    source, sr
        As in `load`.
    excerpt : Excerpt
        The part to load; segments are ignored.

    Returns
    -------
    Loaded

    Raises
    ------
    AudioError, ParameterError
        As in `load`.
    """
    check_target_sr(sr)
    name = source_name(source)
    if isinstance(source, str | os.PathLike):
        with open_checked(source) as reader:
            return _read_file(reader, name, sr, excerpt)
    samples, info = from_array(source, name, excerpt)
    return loaded(samples, info, sr, excerpt)


def _read_file(reader: Reader, name: str, sr: float | None, excerpt: Excerpt) -> Loaded:
    samples = concatenated(list(decode_blocks(reader, name, excerpt, MAX_ALLOCATION)))
    return loaded(samples, SourceInfo.from_reader(reader), sr, excerpt)


def loaded(samples: Array, source: SourceInfo, sr: float | None, excerpt: Excerpt) -> Loaded:
    """Return the samples of an excerpt as a recording, which is padded if the excerpt requests it.

    Parameters
    ----------
    samples : array of int16 or float32, shape ``(frames,)`` or ``(frames, channels)``
    source : SourceInfo
    sr : float, optional
        Sample rate in Hz; that of the source by default.
    excerpt : Excerpt

    Returns
    -------
    Loaded
    """
    rate = source.rate if sr is None else sr
    return Loaded(samples, source, rate, _padded_length(excerpt, rate))


def _padded_length(excerpt: Excerpt, sr: float) -> int | None:
    """Number of samples to which an excerpt is padded, if it is."""
    return round(excerpt.duration * sr) if excerpt.pad and excerpt.duration is not None else None


def _resampled(
    reader: Reader,
    name: str,
    sr: float,
    excerpt: Excerpt,
    observe: Callable[[Array], None] | None = None,
) -> Array:
    """Mix and resample the blocks of a file, as they are decoded, into one array."""
    stated = (reader.stated_frames or 0) - excerpt.first_frame(reader.rate)
    limit = excerpt.max_frames(reader.rate)
    n_frames = stated if limit is None else min(stated, limit)
    expected = streams.resampled_length(max(0, n_frames), reader.rate, sr)
    blocks = streams.mono_blocks(reader, name, excerpt, observe)
    return streams.joined(
        resample_blocks(blocks, reader.rate, sr), min(expected, streams.LONGEST_HELD)
    )


def _read_in_blocks(reader: Reader, name: str, sr: float | None, excerpt: Excerpt) -> Measured:
    """Read a recording without segments: measure, mix and resample each block at once."""
    meter = QualityMeter(reader.rate, reader.channels, reader.full_scale)
    rate = reader.rate if sr is None else sr
    y = _resampled(reader, name, rate, excerpt, meter.add)
    source = SourceInfo.from_reader(reader)
    quality = meter.quality(truncated=source.truncated)
    return Measured(y, source, rate, _padded_length(excerpt, rate), quality)


@contextlib.contextmanager
def stream(
    path: str | os.PathLike[str], *, sr: float | None = None, excerpt: Excerpt = WHOLE
) -> Iterator[Stream]:
    """Open a file to be read block by block.

    Parameters
    ----------
    path : path
        The file.
    sr : float, optional
        As in `load`.
    excerpt : Excerpt
        The part to read. If it has segments, quality is measured per segment.

    Yields
    ------
    Stream

    Raises
    ------
    AudioError, ParameterError
        As in `load`; defects of the samples raise an error when they are read.
    """
    check_target_sr(sr)
    with open_checked(path) as reader:
        yield Stream(reader, source_name(path), sr, excerpt)


@contextlib.contextmanager
def opening(
    source: Source, *, sr: float | None = None, excerpt: Excerpt = WHOLE
) -> Iterator[Loaded | Measured | Stream]:
    """Open a recording: in memory or, if it may be too long, as a stream.

    One without segments of more than `BLOCK` frames is measured, mixed and resampled while it is
    decoded: each block is then in the cache.

    It is a stream if it states no length, or more than `streams.LONGEST_HELD` samples after
    resampling and padding, or more than `streams.NATIVE_HELD` samples of all channels before.

    Parameters
    ----------
    source, sr
        As in `load`.
    excerpt : Excerpt
        The part to read. If it has segments, the quality of a stream is measured per segment.

    Yields
    ------
    Loaded, Measured or Stream

    Raises
    ------
    AudioError, ParameterError
        As in `load`.
    """
    if not isinstance(source, str | os.PathLike):
        yield read(source, sr=sr, excerpt=excerpt)
        return
    check_target_sr(sr)
    name = source_name(source)
    with open_checked(source) as reader:
        if not _fits_in_memory(reader, sr or reader.rate, excerpt):
            yield Stream(reader, name, sr, excerpt)
        elif excerpt.segment is None and (reader.stated_frames or 0) > BLOCK:
            yield _read_in_blocks(reader, name, sr, excerpt)
        else:
            yield _read_file(reader, name, sr, excerpt)


def _fits_in_memory(reader: Reader, sr: float, excerpt: Excerpt) -> bool:
    duration = np.inf if excerpt.duration is None else excerpt.duration
    stated = np.inf if reader.stated_frames is None else reader.stated_frames / reader.rate
    seconds = min(stated - excerpt.offset, duration)
    padded = duration * sr if excerpt.pad else 0.0
    return (
        max(seconds * sr, padded) <= streams.LONGEST_HELD
        and seconds * reader.rate * reader.channels <= streams.NATIVE_HELD
    )


def source_name(source: Any) -> str:
    """Return the name of a recording in error messages.

    Parameters
    ----------
    source : path, array or tuple

    Returns
    -------
    str
    """
    if isinstance(source, str | os.PathLike):
        return shown(source)
    array = source[0] if isinstance(source, tuple) and source else source
    return f"array of shape {array.shape}" if isinstance(array, np.ndarray) else repr(type(array))


@contextlib.contextmanager
def open_checked(path: str | os.PathLike[str]) -> Iterator[Reader]:
    """Open a file, and check its sample rate.

    Parameters
    ----------
    path : path or URL
        The file; one in a store is fetched first.

    Yields
    ------
    Reader

    Raises
    ------
    AudioError
        If the file cannot be fetched or opened, or its sample rate is not accepted.
    """
    name = source_name(path)
    with local_sound(path) as file, open_file(file, name) as reader:
        check_rate(reader.rate, name)
        yield reader


@contextlib.contextmanager
def local_sound(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a file of this machine as it is, and a recording in a store as a temporary copy.

    Parameters
    ----------
    path : path or URL
        The file.

    Yields
    ------
    Path
        A file on this machine.

    Raises
    ------
    AudioError
        If the recording cannot be fetched.
    """
    if not is_url(path):
        yield Path(path)
        return
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(local_copy(path, keep=False))
        except StoreError as error:
            raise AudioError(source_name(path), "fetch", str(error.strerror)) from None
        yield file
