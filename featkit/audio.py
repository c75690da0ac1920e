"""From a file or an array to samples: float32, mono, at a stated rate.

Integers are scaled by their type, so that full scale is 1; channels are mixed by their mean; the
rate is changed by soxr's HQ filter, to ``ceil(samples * to / from)`` samples, as librosa does.
What cannot become samples is an `AudioError` that names the file, the stage and the cause.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from featkit.decoding import decode, samples_in
from featkit.errors import AudioError, ParameterError
from featkit.segments import Array

Source = str | os.PathLike[str] | Array | tuple[Array, float]
"""A recording: a path, an array with its rate as ``(y, sr)``, or an array alone."""

SLOWEST, FASTEST = 100.0, 1e7
"""Sample rates in Hz beyond which a header is taken for damaged."""

LOUDEST = 1e9
"""Samples beyond this (full scale is 1) are taken for garbage: their power is no float32."""


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
        A file that libsndfile decodes (WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF, AU …), or samples
        of shape ``(samples,)`` or ``(channels, samples)`` with their rate in Hz.
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
    check_excerpt(offset=offset, duration=duration, pad=pad)
    if sr is not None and not 0 < sr < np.inf:
        raise ParameterError(f"sr must be a positive rate in Hz, got {sr}")
    name = source_name(source)
    if isinstance(source, str | os.PathLike):
        samples, native = decode(Path(source), name, offset, duration)
    else:
        samples, native = _from_array(source, name)
        start = samples_in(offset, native)
        samples = samples[start:][: None if duration is None else samples_in(duration, native)]
    if not SLOWEST <= native <= FASTEST:
        cause = f"a rate of {native:g} Hz, which no sound has: {SLOWEST:g} to {FASTEST:g} are read"
        raise AudioError(name, "open", cause)
    if not len(samples):
        cause = f"no samples after the offset of {offset:g} s" if offset else "no samples"
        raise AudioError(name, "samples", cause)
    _check_finite(samples, name, first=samples_in(offset, native))
    rate = native if sr is None else sr
    y = _resampled(_mono(_scaled(samples)), native, rate)
    if pad and duration is not None:
        y = fitted(y, round(duration * rate))
    return y, rate


def fitted(y: Array, length: int) -> Array:
    """`y` cut, or filled up with zeros, to a length in samples."""
    return np.pad(y[:length], (0, max(0, length - len(y))))


def source_name(source: Any) -> str:
    """What an error calls a recording."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    array = source[0] if isinstance(source, tuple) else source
    return f"array of shape {np.shape(array)}"


def check_excerpt(*, offset: float, duration: float | None, pad: bool = False) -> None:
    """Refuse an excerpt that cannot be.

    Raises
    ------
    ParameterError
        For a negative or infinite `offset`, a `duration` that is not positive, or padding to none.
    """
    if not 0 <= offset < np.inf:
        raise ParameterError(f"offset must be at least 0 seconds, got {offset}")
    if duration is not None and not 0 < duration < np.inf:
        raise ParameterError(f"duration must be above 0 seconds, got {duration}")
    if pad and duration is None:
        raise ParameterError("pad fills up to a duration: give one, such as duration=5.0")


def _from_array(source: Any, name: str) -> tuple[Array, float]:
    """Samples of an array, ``(samples,)`` or ``(samples, channels)``, and its rate."""
    if not isinstance(source, tuple) or len(source) != 2:
        raise AudioError(name, "open", "an array needs its rate: give (y, sr), such as (y, 22050)")
    y, sr = np.asarray(source[0]), source[1]
    if isinstance(sr, bool) or not isinstance(sr, int | float | np.number) or not 0 < sr < np.inf:
        raise AudioError(name, "open", f"the rate must be a positive number of Hz, got {sr!r}")
    if y.ndim not in (1, 2) or y.dtype.kind not in "iuf":
        wanted = "numbers of shape (samples,) or (channels, samples)"
        raise AudioError(name, "open", f"expected {wanted}, got {y.dtype} of shape {y.shape}")
    if y.ndim == 2 and y.size and y.shape[0] > y.shape[1]:
        raise AudioError(
            name, "open", "more channels than samples: is it (samples, channels)? transpose it: y.T"
        )
    if y.ndim == 2 and not y.shape[0]:
        raise AudioError(name, "samples", "no channels")
    if y.size:
        _check_scale(y, name)
    return np.ascontiguousarray(y.T), float(sr)


def _check_scale(y: Array, name: str) -> None:
    """Refuse numbers whose type tells another scale than their values."""
    if y.dtype.kind in "iu" and y.dtype.itemsize > 4:
        cause = f"{y.dtype} samples, which no sound has: give them as int16, int32 or floats"
        raise AudioError(name, "samples", cause)
    peak = np.max(np.abs(y.astype(np.float64)))
    if y.dtype.kind in "iu" and y.size > 1 and peak == 1:
        cause = f"{y.dtype} samples of at most 1: floats cast to integers? give them as floats"
        raise AudioError(name, "samples", cause)
    if y.dtype.kind == "f" and 128 < peak <= LOUDEST and np.array_equal(y, np.rint(y)):
        cause = "floats that hold integers: divide by full scale, such as y / 32768"
        raise AudioError(name, "samples", cause)


def _scaled(y: Array) -> Array:
    """Integers over the full scale of their type, unsigned ones around their middle; float32."""
    if y.dtype.kind == "f":
        return y.astype(np.float32, copy=False)
    bits = 8 * y.dtype.itemsize
    if y.dtype.kind == "u":
        y = y.astype(np.float64) - 2 ** (bits - 1)
    if bits <= 16:
        return np.multiply(y, np.float32(2.0 ** (1 - bits)), dtype=np.float32)
    return (y * 2.0 ** (1 - bits)).astype(np.float32)


def _mono(samples: Array) -> Array:
    """The mean of the channels."""
    return samples if samples.ndim == 1 else np.mean(samples, axis=1)


def _check_finite(samples: Array, name: str, *, first: int) -> None:
    """Refuse NaN, infinity, and what is as good as infinite."""
    if samples.dtype.kind != "f":
        return
    if (
        float(samples.min()) >= -LOUDEST and float(samples.max()) <= LOUDEST
    ):  # neither is true of NaN
        return
    wrong = ~(np.abs(samples.astype(np.float64)) <= LOUDEST)
    at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    rule = "full scale is 1" if np.isfinite(samples[at]) else "every sample must be finite"
    raise AudioError(name, "samples", f"sample {at[0] + first} is {samples[at]}: {rule}")


def _resampled(y: Array, native: float, rate: float) -> Array:
    if native == rate:
        return y
    import soxr

    length = int(np.ceil(len(y) * (float(rate) / native)))
    resampled: Array = soxr.resample(y, native, rate, quality="HQ")[:length]
    return np.pad(resampled, (0, length - len(resampled)))


def segments(
    y: Array, sr: float, *, length: float, hop: float, tail: str, name: str
) -> list[tuple[int, int, Array]]:
    """Equal parts of a recording, each with its first and last sample.

    Parameters
    ----------
    length, hop : float
        Seconds of a segment, and from one to the next.
    tail : {"drop", "keep", "pad"}
        What becomes of a last segment that is shorter: nothing, a shorter segment, or one filled up
        with zeros. Where one ends with the recording, nothing is left to be a tail.
    name : str
        What an error calls the recording.

    Raises
    ------
    AudioError
        If short ones are dropped and the whole recording is shorter than one segment, or a segment
        or step is shorter than a sample.
    """
    size, step = round(length * sr), round(hop * sr)
    if not size or not step:
        seconds = length if not size else hop
        raise AudioError(name, "segment", f"{seconds:g} s is less than one sample at {sr:g} Hz")
    whole = max(0, (len(y) - size) // step + 1)
    parts = [(k * step, k * step + size, y[k * step : k * step + size]) for k in range(whole)]
    rest = whole * step
    covered = parts[-1][1] if parts else 0
    if max(covered, rest if parts else 0) < len(y) and tail != "drop":
        part = y[rest:]
        if tail == "pad":
            part = np.pad(part, (0, size - len(part)))
        parts.append((rest, min(rest + size, len(y)), part))
    if not parts:
        raise AudioError(
            name,
            "segment",
            f"{len(y) / sr:.3g} s is shorter than one segment of {length:g} s:"
            " pad or keep the last segment",
        )
    return parts
