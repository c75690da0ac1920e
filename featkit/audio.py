"""From a file or an array to samples: float32, mono, at a stated rate; whole, or block by block.

A recording of more than `LONGEST_HELD` samples need not be in memory to be sliced: see `opening`.

Integers are scaled by their type, so that full scale is 1; channels are mixed by their mean; the
rate is changed by soxr's HQ filter, to ``ceil(samples * to / from)`` samples, as librosa does.
What cannot become samples is an `AudioError` that names the file, the stage and the cause.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featkit.decoding import BLOCK, MOST_AT_ONCE, Reader, opened
from featkit.errors import AudioError, ParameterError
from featkit.native import (
    Native,
    check_finite,
    check_rate,
    from_array,
    mono,
    native_part,
    none_after,
    quality_of,
    scaled,
)
from featkit.parameters import is_number
from featkit.quality import Meter, Quality
from featkit.rates import RATES, is_rate, samples_in
from featkit.rolling import Rolling, fix_length
from featkit.segments import Array
from featkit.spool import Clip, OnDisk, Spool

Source = str | os.PathLike[str] | Array | tuple[Array, float]
"""A recording: a path, an array with its rate as ``(y, sr)``, or an array alone."""


LONGEST_HELD = 2**23
"""Most samples of a recording that are held in memory: six minutes at the usual rate, which is as
long as the power spectra are kept for a second walk (`featkit.spectra.KEPT_BYTES`)."""

NATIVE_HELD = 4 * LONGEST_HELD
"""Most samples of a recording that are held as its file has them: as long, of stereo at twice the
usual rate."""

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
    samples = _joined(list(_decoded(reader, name, offset, duration, MOST_AT_ONCE)))
    return _loaded(samples, Native.of(reader), sr, duration, pad=pad)


def _loaded(
    samples: Array, native: Native, sr: float | None, duration: float | None, *, pad: bool
) -> Loaded:
    rate = native.rate if sr is None else sr
    y = mono(scaled(samples))
    if native.rate != rate:
        pieces = (y[at : at + BLOCK] for at in range(0, len(y), BLOCK))
        y = _joined(list(_resampled(pieces, native.rate, rate)))
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

    It is a stream if it promises more than `LONGEST_HELD` samples, at its own rate and in all its
    channels `NATIVE_HELD`, or does not say how many, or if it is to be filled up to more than that.

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
        if max(seconds * (sr or reader.rate), filled) <= LONGEST_HELD and native <= NATIVE_HELD:
            yield _whole(reader, name, sr, offset, duration, pad=pad)
        else:
            yield Stream(reader, name, sr, offset, duration, rolling=rolling)


def _promised(reader: Reader, offset: float, duration: float | None) -> float:
    """How many seconds there will be, as far as is known; infinite if nothing is."""
    seconds = np.inf if reader.promised is None else reader.promised / reader.rate - offset
    return min(seconds, np.inf if duration is None else duration)


class Stream:
    """A file that is read once, in blocks; memory is bounded whatever its length.

    Attributes
    ----------
    sr : float
        Rate in Hz of the blocks.
    given : int
        Samples that have come in blocks.
    """

    def __init__(
        self,
        reader: Reader,
        name: str,
        sr: float | None,
        offset: float,
        duration: float | None,
        *,
        rolling: bool,
    ) -> None:
        self.sr = reader.rate if sr is None else sr
        self.given = 0
        self._reader, self._name, self._excerpt = reader, name, (offset, duration)
        self._rolling = Rolling() if rolling else None
        self._meter = Meter(reader.rate, reader.channels, reader.full_scale)

    @property
    def native(self) -> Native:
        """What it is in its file, as far as it was read."""
        return Native.of(self._reader)

    def blocks(self) -> Iterator[Array]:
        """Blocks of float32, shape ``(samples,)``: one after the other what `load` gives."""
        for block in _resampled(self._mixed(), self._reader.rate, self.sr):
            self.given += len(block)
            yield block

    @contextlib.contextmanager
    def samples(self, *, pad: bool = False) -> Iterator[Clip]:
        """All samples, to be sliced as often as is wanted; what `load` gives.

        What is uncompressed in the file, and of the right rate, is read where it lies. Other
        samples are put aside in a temporary file, four bytes each, or held if they turn out to be
        few. The stream is read to its end first, so that what is wrong with it is an error here.

        Parameters
        ----------
        pad : bool
            Whether they are filled up with zeros as `load` does.

        Raises
        ------
        AudioError
            As in `load`.
        WriteError
            If the folder for temporary files is full.
        """
        offset, duration = self._excerpt
        if self._reader.uncompressed and self.sr == self._reader.rate and not pad:
            first = samples_in(offset, self.sr)
            yield _held(InPlace(self._reader, first, sum(map(len, self.blocks()))))
            return
        with Spool() as spool:
            for block in self.blocks():
                spool.append(block)
            if pad and duration is not None:
                spool.fit(round(duration * self.sr))
            yield _held(spool)

    def quality(self, start: int = 0, end: int | None = None) -> Quality:
        """The quality of the whole, after its last block; if rolling, of samples `start` to `end`.

        What lies before `start` is forgotten: ask for parts in order. Whether the file is truncated
        is certain after the last block alone, from `native`.
        """
        if self._rolling is None:
            return self._meter.quality(truncated=self.native.truncated)
        first, last = native_part(start, end, self._reader.rate / self.sr, self._rolling.end)
        samples = self._rolling.part(first, last)
        self._rolling.forget(first)
        return quality_of(samples, self.native)

    def _mixed(self) -> Iterator[Array]:
        observe = self._meter.add if self._rolling is None else self._rolling.add
        for samples in _decoded(self._reader, self._name, *self._excerpt, BLOCK):
            observe(samples)
            yield mono(scaled(samples))


def _held(clip: OnDisk) -> Clip:
    """Samples that turned out to be few, in memory."""
    return clip if len(clip) > LONGEST_HELD else clip[:]


class InPlace(OnDisk):
    """Samples of an uncompressed file, read where they lie."""

    def __init__(self, reader: Reader, first: int, count: int) -> None:
        self._reader, self._first, self._count = reader, first, count

    def __len__(self) -> int:
        return self._count

    def read(self, start: int, stop: int) -> Array:
        return mono(scaled(self._reader.part(self._first + start, self._first + stop)))


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
    """Refuse a rate to resample to that no sound has.

    Raises
    ------
    ParameterError
        That says which there are.
    """
    if sr is not None and not is_rate(sr):
        raise ParameterError(f"sr must be a sample rate, {RATES}, got {sr!r}")


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Reader]:
    name = source_name(path)
    with opened(Path(path), name) as reader:
        check_rate(reader.rate, name)
        yield reader


def _decoded(
    reader: Reader, name: str, offset: float, duration: float | None, size: int
) -> Iterator[Array]:
    """Blocks of what a file holds, as int16 or float32, checked."""
    none = True
    for samples in reader.blocks(offset, duration, size):
        check_finite(samples, name, first=reader.decoded - len(samples))
        yield samples if samples.dtype == np.int16 else scaled(samples)
        none = False
    if none:
        raise AudioError(name, "samples", none_after(offset))


def _joined(blocks: list[Array]) -> Array:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _resampled(blocks: Iterable[Array], native: float, rate: float) -> Iterator[Array]:
    """Blocks of another rate: ``ceil(samples * rate / native)`` samples together."""
    if native == rate:
        yield from blocks
        return
    import soxr

    resampler = soxr.ResampleStream(native, rate, 1, dtype="float32", quality="HQ")
    taken = given = 0
    for block in blocks:
        taken += len(block)
        resampled = resampler.resample_chunk(block)
        given += len(resampled)
        if len(resampled):
            yield resampled
    left = int(np.ceil(taken * (float(rate) / native))) - given
    rest = resampler.resample_chunk(np.empty(0, np.float32), last=True)
    if left > 0:
        yield fix_length(rest, left)
