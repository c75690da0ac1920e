"""Samples before mixing and resampling, at the rate and with the channels of the source.

Samples are int16 or float32, of shape ``(frames,)`` or ``(frames, channels)``; full scale is 1, or
32768 for int16. Samples that cannot be audio raise an `AudioError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from featkit._utils.parameters import is_number
from featkit._utils.typing import Array
from featkit.audio.decoding.conversion import to_float32
from featkit.audio.decoding.reader import Reader
from featkit.audio.excerpt import Excerpt
from featkit.audio.quality import Quality, measure_quality
from featkit.audio.rates import RATES, is_rate, samples_before
from featkit.errors import AudioError

LOUDEST = 1e9
"""Largest absolute sample, at full scale 1. The power of larger ones overflows float32."""


@dataclass(frozen=True)
class SourceInfo:
    """Format and completeness of a file or an array.

    Attributes
    ----------
    rate : float
        Sample rate in Hz.
    channels : int
        Number of channels.
    full_scale : float
        The largest code of the sample format, at most that of 16 bits; full scale is 1.
    decoder : str
        ``"libsndfile"`` or ``"PyAV"``; "" for an array.
    format : str
        Container and codec or sample format, such as ``"WAV PCM_16"``; "" for an array.
    stated_frames : int or None
        Number of frames (one sample of each channel) that the file's header states; None if it
        states none.
    decoded_frames : int
        Number of frames from the beginning of the file to where reading ended.
    truncated : bool
        Whether the file has fewer frames than it states, as far as reading could detect it.
    """

    rate: float
    channels: int
    full_scale: float
    decoder: str
    format: str
    stated_frames: int | None
    decoded_frames: int
    truncated: bool

    @classmethod
    def from_reader(cls, reader: Reader) -> SourceInfo:
        """Describe a file, as far as it was read.

        Parameters
        ----------
        reader : Reader

        Returns
        -------
        SourceInfo
        """
        return cls(
            reader.rate,
            reader.channels,
            reader.full_scale,
            reader.decoder,
            reader.format,
            reader.stated_frames,
            reader.decoded_frames,
            reader.truncated,
        )

    def quality(self, samples: Array) -> Quality:
        """Measure the quality of some samples of the source.

        Parameters
        ----------
        samples : array, shape ``(frames,)`` or ``(frames, channels)``
            int16 or float32, before mixing and resampling.

        Returns
        -------
        Quality
        """
        return measure_quality(
            samples, self.rate, full_scale=self.full_scale, truncated=self.truncated
        )


def source_range(start: int, end: int | None, ratio: float, count: int) -> tuple[int, int]:
    """Return the frames of the source that a range of resampled samples covers, at least one.

    Parameters
    ----------
    start, end : int
        First resampled sample, and the one after the last; None for all that follow.
    ratio : float
        Rate of the source over the rate of the samples.
    count : int
        Number of frames of the source.

    Returns
    -------
    tuple of int
        First frame, and the one after the last.
    """
    first = min(int(np.floor(start * ratio + 1e-6)), count - 1)
    last = count if end is None else min(samples_before(end, ratio), count)
    return first, max(first + 1, last)


def check_rate(rate: float, name: str) -> None:
    """Check the sample rate of a source.

    Parameters
    ----------
    rate : float
        Sample rate in Hz.
    name : str
        Name of the source in the error message.

    Raises
    ------
    AudioError
        If the rate is not within the accepted range.
    """
    if not is_rate(rate):
        raise AudioError(name, "open", f"the sample rate is {rate:g} Hz, expected {RATES}")


def no_samples(excerpt: Excerpt) -> str:
    """Return the cause of an error for an excerpt without samples.

    Parameters
    ----------
    excerpt : Excerpt

    Returns
    -------
    str
    """
    offset = excerpt.offset
    return f"no samples after the offset of {offset:g} s" if offset else "no samples"


def from_array(source: Any, name: str, excerpt: Excerpt) -> tuple[Array, SourceInfo]:
    """Return samples of an array, as if they were read from a file.

    Parameters
    ----------
    source : tuple
        ``(y, sr)``: samples of shape ``(samples,)`` or ``(channels, samples)``, and their rate in
        Hz.
    name : str
        Name of the array in error messages.
    excerpt : Excerpt
        The part to return.

    Returns
    -------
    samples : array, shape ``(frames,)`` or ``(frames, channels)``
        int16 or float32.
    info : SourceInfo

    Raises
    ------
    AudioError
        If it is not an array of samples with its rate; if the excerpt has no samples; or if samples
        are NaN, infinite or on the scale of another type.
    """
    y, rate = _array_and_rate(source, name)
    samples = np.ascontiguousarray(y.T)
    start = excerpt.first_frame(rate)
    samples = samples[start:][: excerpt.max_frames(rate)]
    if not len(samples):
        raise AudioError(name, "samples", no_samples(excerpt))
    check_finite(samples, name, first=start)
    info = SourceInfo(
        rate=rate,
        channels=1 if y.ndim == 1 else len(y),
        full_scale=127 / 128 if y.dtype.itemsize == 1 else 32767 / 32768,
        decoder="",
        format="",
        stated_frames=None,
        decoded_frames=start + len(samples),
        truncated=False,
    )
    return samples if samples.dtype == np.int16 else to_float32(samples), info


def _array_and_rate(source: Any, name: str) -> tuple[Array, float]:
    if not isinstance(source, tuple) or len(source) != 2:
        raise AudioError(
            name, "open", "an array needs a sample rate: give (y, sr), such as (y, 22050)"
        )
    try:
        y, sr = np.asarray(source[0]), source[1]
    except ValueError:  # lists of several lengths
        raise AudioError(name, "open", "its channels differ in length") from None
    if not is_number(sr) or not 0 < sr < np.inf:
        raise AudioError(name, "open", f"the rate must be a positive number of Hz, got {sr!r}")
    if y.ndim not in (1, 2) or y.dtype.kind not in "iuf":
        expected = "numbers of shape (samples,) or (channels, samples)"
        raise AudioError(name, "open", f"expected {expected}, got {y.dtype} of shape {y.shape}")
    if y.ndim == 2 and y.size and y.shape[0] > y.shape[1]:
        raise AudioError(
            name,
            "open",
            "more channels than samples: if the array is (samples, channels), transpose it: y.T",
        )
    if y.ndim == 2 and not y.shape[0]:
        raise AudioError(name, "samples", "no channels")
    if y.size:
        _check_scale(y, name)
    rate = float(sr)
    check_rate(rate, name)
    return y, rate


def _check_scale(y: Array, name: str) -> None:
    """Check that samples fit the scale of their type."""
    if y.dtype.kind in "iu" and y.dtype.itemsize > 4:
        cause = f"{y.dtype} samples are not supported: give them as int16, int32 or floats"
        raise AudioError(name, "samples", cause)
    peak = max(float(y.max()), -float(y.min()))  # np.abs(y) would be a copy
    if y.dtype.kind in "iu" and y.size > 1 and peak == 1 and not _is_noise(y):
        cause = f"{y.dtype} samples of at most 1: floats cast to integers? give them as floats"
        raise AudioError(name, "samples", cause)
    if y.dtype.kind == "f" and 128 < peak <= LOUDEST and np.array_equal(y, np.rint(y)):
        cause = "floats that hold integers: divide by full scale, such as y / 32768"
        raise AudioError(name, "samples", cause)


def _is_noise(y: Array) -> bool:
    """Whether samples change constantly, as in noise; floats cast to integers rarely do."""
    return y.dtype.kind == "i" and y.dtype.itemsize < 4 and bool(np.mean(np.diff(y) != 0) > 0.25)


def mono(samples: Array) -> Array:
    """Return the mean of the channels, summed in their order.

    ``np.mean(samples, axis=1)`` takes about thirty times as long: it starts one reduction per
    frame.

    Parameters
    ----------
    samples : array, shape ``(frames,)`` or ``(frames, channels)``

    Returns
    -------
    array, shape ``(frames,)``
    """
    if samples.ndim == 1:
        return samples
    first, *others = samples.T
    total: Array = first + others[0] if others else first.copy()
    for channel in others[1:]:
        total += channel
    total /= len(samples.T)
    return total


def check_finite(samples: Array, name: str, *, first: int) -> None:
    """Check that samples are finite, and at most `LOUDEST`.

    Parameters
    ----------
    samples : array, shape ``(frames,)`` or ``(frames, channels)``
    name : str
        Name of the source in the error message.
    first : int
        Position of the first frame in the source.

    Raises
    ------
    AudioError
        If a sample is NaN, infinite, or above `LOUDEST`; the message names the first one.
    """
    if samples.dtype.kind != "f":
        return
    # Both comparisons are false for NaN.
    if float(samples.min()) >= -LOUDEST and float(samples.max()) <= LOUDEST:
        return
    with np.errstate(invalid="ignore"):  # signalling NaN
        wrong = ~(np.abs(samples.astype(np.float64)) <= LOUDEST)
    at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    rule = "full scale is 1" if np.isfinite(samples[at]) else "every sample must be finite"
    raise AudioError(name, "samples", f"sample {at[0] + first} is {samples[at]}: {rule}")
