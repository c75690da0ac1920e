"""From a file or an array to samples: float32, mono, at a stated rate; whole, or block by block.

A recording of more than `streams.LONGEST_HELD` samples need not be in memory to be sliced: see
`opening`.

Integers are scaled by their type, so that full scale is 1; channels are mixed by their mean; the
rate is changed by soxr's HQ filter, to ``ceil(samples * to / from)`` samples, as librosa does.
What cannot become samples is an `AudioError` that names the file, the stage and the cause.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.parameters import is_number
from featkit._utils.typing import Array
from featkit.audio import streams
from featkit.audio.decoding.converting import joined, scaled
from featkit.audio.decoding.reader import BLOCK, MOST_AT_ONCE, Reader, opened
from featkit.audio.native import Native, check_rate, from_array, mono, native_part, quality_of
from featkit.audio.quality import Quality
from featkit.audio.rates import check_sr
from featkit.audio.rolling import fix_length
from featkit.audio.streams import Stream, decoded, resampled
from featkit.errors import ParameterError

__all__ = [
    "Loaded",
    "Source",
    "Stream",
    "check_excerpt",
    "check_target",
    "load",
    "opening",
    "read",
    "stream",
]

Source = str | os.PathLike[str] | Array | tuple[Array, float]
"""A recording: a path, an array with its rate as ``(y, sr)``, or an array alone."""


LONGEST = 1e9
"""Seconds beyond which an offset or a duration is taken for a mistake."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A recording, or the part of it that was asked for.

    Attributes
    ----------
    y : array of float32, shape ``(samples,)``
    sr : float
        Rate of `y` in Hz.
    native : Native
        What it is in its file.
    samples : array, shape ``(frames,)`` or ``(frames, channels)``
        int16 or float32: the same part as the file has it, without padding.
    given : int
        Samples of `y` that the recording gave; what follows is padding.
    """

    y: Array
    sr: float
    native: Native
    samples: Array
    given: int

    def quality(self, start: int = 0, end: int | None = None) -> Quality:
        """The quality of ``y[start:end]``, measured on the native samples below it."""
        first, last = native_part(start, end, self.native.rate / self.sr, len(self.samples))
        return quality_of(self.samples[first:last], self.native)


def load(
    source: Source,
    *,
    sr: float | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    pad: bool = False,
) -> tuple[Array, float]:
    """The samples of a recording.

    Parameters
    ----------
    source : path, or ``(array, rate)``
        A file that libsndfile decodes (WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF, AU …) or, with the
        extra ``av``, FFmpeg (M4A, AAC, WMA, the sound of a video …); or samples of shape
        ``(samples,)`` or ``(channels, samples)`` with their rate in Hz.
    sr : float, optional
        Rate in Hz to resample to; left out, the recording keeps its own.
    offset : float
        Seconds to leave out at the beginning.
    duration : float, optional
        Seconds to take at most; left out, all.
    pad : bool
        Whether a recording shorter than `duration` is filled up with zeros to exactly
        ``round(duration * sr)`` samples, as protocols with clips of one length ask for.

    Returns
    -------
    y : array of float32, shape ``(samples,)``
    sr : float
        Rate of `y` in Hz.

    Raises
    ------
    AudioError
        If the recording is missing, empty, undecodable or not finite, has no samples or no rate.
    ParameterError
        If `sr`, `offset` or `duration` is out of range, or `pad` stands without `duration`.

    Examples
    --------
    >>> from featkit import signals
    >>> y, sr = load((signals.sine(440.0, 44100), 44100), sr=22050)
    >>> len(y), sr
    (22050, 22050)
    """
    loaded = read(source, sr=sr, offset=offset, duration=duration, pad=pad)
    return loaded.y, loaded.sr


def read(
    source: Source,
    *,
    sr: float | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    pad: bool = False,
) -> Loaded:
    """What `load` gives, with what the recording is in its file; for the rest, see there."""
    check_excerpt(offset=offset, duration=duration, pad=pad)
    check_target(sr)
    name = source_name(source)
    if isinstance(source, str | os.PathLike):
        with _opened(source) as reader:
            return _whole(reader, name, sr, offset, duration, pad=pad)
    samples, native = from_array(source, name, offset, duration)
    return _loaded(samples, native, sr, duration, pad=pad)


def _whole(
    reader: Reader,
    name: str,
    sr: float | None,
    offset: float,
    duration: float | None,
    *,
    pad: bool,
) -> Loaded:
    samples = joined(list(decoded(reader, name, offset, duration, MOST_AT_ONCE)))
    return _loaded(samples, Native.of(reader), sr, duration, pad=pad)


def _loaded(
    samples: Array, native: Native, sr: float | None, duration: float | None, *, pad: bool
) -> Loaded:
    rate = native.rate if sr is None else sr
    y = mono(scaled(samples))
    if native.rate != rate:
        pieces = (y[at : at + BLOCK] for at in range(0, len(y), BLOCK))
        y = joined(list(resampled(pieces, native.rate, rate)))
    given = len(y)
    if pad and duration is not None:
        y = fix_length(y, round(duration * rate))
    return Loaded(y, rate, native, samples, min(given, len(y)))


@contextlib.contextmanager
def stream(
    path: str | os.PathLike[str],
    *,
    sr: float | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    rolling: bool = False,
) -> Iterator[Stream]:
    """Open a file that may be too long to be held as a whole.

    Parameters
    ----------
    path, sr, offset, duration
        As in `load`.
    rolling : bool
        Whether the quality of parts is wanted, each soon after it came, rather than of the whole.

    Raises
    ------
    AudioError, ParameterError
        As in `load`; what is wrong with samples is raised when they come.
    """
    check_excerpt(offset=offset, duration=duration)
    check_target(sr)
    with _opened(path) as reader:
        yield Stream(reader, source_name(path), sr, offset, duration, rolling=rolling)


@contextlib.contextmanager
def opening(
    source: Source,
    *,
    sr: float | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    pad: bool = False,
    rolling: bool = False,
) -> Iterator[Loaded | Stream]:
    """A recording in memory, or, if it may be too long for that, as a stream.

    It is a stream if it promises more than `streams.LONGEST_HELD` samples, at its own rate and in
    all its channels `streams.NATIVE_HELD`, or does not say how many, or if it is to be filled up to
    more than that.

    Parameters
    ----------
    source, sr, offset, duration, pad
        As in `load`; of a stream, padding is left to `Stream.samples`.
    rolling : bool
        As in `stream`.

    Raises
    ------
    AudioError, ParameterError
        As in `load`.
    """
    if not isinstance(source, str | os.PathLike):
        yield read(source, sr=sr, offset=offset, duration=duration, pad=pad)
        return
    check_excerpt(offset=offset, duration=duration, pad=pad)
    check_target(sr)
    name = source_name(source)
    with _opened(source) as reader:
        filled = duration * (sr or reader.rate) if pad and duration is not None else 0.0
        seconds = _promised(reader, offset, duration)
        native = seconds * reader.rate * reader.channels
        if (
            max(seconds * (sr or reader.rate), filled) <= streams.LONGEST_HELD
            and native <= streams.NATIVE_HELD
        ):
            yield _whole(reader, name, sr, offset, duration, pad=pad)
        else:
            yield Stream(reader, name, sr, offset, duration, rolling=rolling)


def _promised(reader: Reader, offset: float, duration: float | None) -> float:
    """How many seconds there will be, as far as is known; infinite if nothing is."""
    seconds = np.inf if reader.promised is None else reader.promised / reader.rate - offset
    return min(seconds, np.inf if duration is None else duration)


def source_name(source: Any) -> str:
    """What an error calls a recording."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    array = source[0] if isinstance(source, tuple) and source else source
    return f"array of shape {array.shape}" if isinstance(array, np.ndarray) else repr(type(array))


def check_excerpt(*, offset: float, duration: float | None, pad: bool = False) -> None:
    """Refuse an excerpt that cannot be.

    Raises
    ------
    ParameterError
        For an `offset` or a `duration` that is out of range, or padding to no duration.
    """
    if not is_number(offset) or not 0 <= offset <= LONGEST:
        raise ParameterError(f"offset must be from 0 to {LONGEST:g} seconds, got {offset!r}")
    if duration is not None and not (is_number(duration) and 0 < duration <= LONGEST):
        raise ParameterError(
            f"duration must be above 0 and at most {LONGEST:g} seconds, got {duration!r}"
        )
    if pad and duration is None:
        raise ParameterError("pad fills up to a duration: give a duration, too")


def check_target(sr: float | None) -> None:
    """Refuse a rate to resample to that no sound has; None keeps each recording's own.

    Raises
    ------
    ParameterError
        That says which there are.
    """
    if sr is not None:
        check_sr(sr)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Reader]:
    name = source_name(path)
    with opened(Path(path), name) as reader:
        check_rate(reader.rate, name)
        yield reader
