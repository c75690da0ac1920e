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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.audio import streams
from featkit.audio.decoding.conversion import concatenated, to_float32
from featkit.audio.decoding.reader import BLOCK, MAX_ALLOCATION, Reader, open_file
from featkit.audio.excerpt import WHOLE, Excerpt
from featkit.audio.quality import Quality
from featkit.audio.rates import check_target_sr
from featkit.audio.segmentation import fix_length
from featkit.audio.source import SourceInfo, check_rate, from_array, mono, source_range
from featkit.audio.streams import Stream, decode_blocks, resample_blocks
from featkit.errors import AudioError, StoreError
from featkit.storage.reading import local_copy
from featkit.storage.urls import shown

__all__ = ["Loaded", "Source", "Stream", "load", "opening", "read", "stream"]

Source = str | os.PathLike[str] | Array | tuple[Array, float]
"""A recording: a path, an array with its rate as ``(y, sr)``, or an array alone."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A recording, or an excerpt of one, in memory.

    Attributes
    ----------
    y : array of float32, shape ``(samples,)``
        Mono samples at the rate `sr`, with padding.
    sr : float
        Sample rate of `y` in Hz.
    source : SourceInfo
        Format and completeness of the file or array.
    samples : array of int16 or float32, shape ``(frames,)`` or ``(frames, channels)``
        The same excerpt before mixing, resampling and padding.
    n_samples : int
        Number of samples of `y` that come from the recording; the rest is padding.
    """

    y: Array
    sr: float
    source: SourceInfo
    samples: Array
    n_samples: int

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
        first, last = source_range(start, end, self.source.rate / self.sr, len(self.samples))
        return self.source.quality(self.samples[first:last])


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
    loaded = read(source, sr=sr, excerpt=excerpt)
    return loaded.y, loaded.sr


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
    return mix_and_resample(samples, info, sr, excerpt)


def _read_file(reader: Reader, name: str, sr: float | None, excerpt: Excerpt) -> Loaded:
    samples = concatenated(list(decode_blocks(reader, name, excerpt, MAX_ALLOCATION)))
    return mix_and_resample(samples, SourceInfo.from_reader(reader), sr, excerpt)


def mix_and_resample(
    samples: Array, source: SourceInfo, sr: float | None, excerpt: Excerpt
) -> Loaded:
    """Mix and resample the samples of an excerpt, and pad them if the excerpt requests it.

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
    y = mono(to_float32(samples))
    if source.rate != rate:
        blocks = (y[start : start + BLOCK] for start in range(0, len(y), BLOCK))
        y = concatenated(list(resample_blocks(blocks, source.rate, rate)))
    n_samples = len(y)
    if excerpt.pad and excerpt.duration is not None:
        y = fix_length(y, round(excerpt.duration * rate))
    return Loaded(y, rate, source, samples, min(n_samples, len(y)))


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
) -> Iterator[Loaded | Stream]:
    """Open a recording: in memory or, if it may be too long, as a stream.

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
    Loaded or Stream

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
        if _fits_in_memory(reader, sr or reader.rate, excerpt):
            yield _read_file(reader, name, sr, excerpt)
        else:
            yield Stream(reader, name, sr, excerpt)


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
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(local_copy(path, keep=False))
        except StoreError as error:
            raise AudioError(source_name(path), "fetch", str(error.strerror)) from None
        yield file
