"""Samples as a recording holds them, before they are mixed and resampled: checked, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from featkit._utils.parameters import is_number
from featkit._utils.typing import Array
from featkit.audio.decoding.converting import scaled
from featkit.audio.decoding.reader import Reader
from featkit.audio.quality import Quality, measure
from featkit.audio.rates import RATES, is_rate, samples_in
from featkit.errors import AudioError

LOUDEST = 1e9
"""Samples beyond this (full scale is 1) are taken for garbage: their power is no float32."""


@dataclass(frozen=True)
class Native:
    """What a recording is in its file; of an array, what it is itself.

    Attributes
    ----------
    rate : float
        In Hz.
    channels : int
    full_scale : float
        The largest code of its sample format, at most that of 16 bits; full scale is 1.
    decoder : str
        ``"libsndfile"`` or ``"PyAV"``; "" for an array.
    promised : int or None
        Frames (a sample of each channel) that the file says it has; None if it says none.
    decoded : int
        Frames from its beginning to where it was read.
    truncated : bool
        Whether it has fewer than it promises, as far as that was seen.
    """

    rate: float
    channels: int
    full_scale: float
    decoder: str
    promised: int | None
    decoded: int
    truncated: bool

    @classmethod
    def of(cls, reader: Reader) -> Native:
        """As far as it was read."""
        names = ("rate", "channels", "full_scale", "decoder", "promised", "decoded", "truncated")
        return cls(*(getattr(reader, name) for name in names))


def quality_of(samples: Array, native: Native) -> Quality:
    """The quality of some of a recording's samples."""
    return measure(samples, native.rate, full_scale=native.full_scale, truncated=native.truncated)


def native_part(start: int, end: int | None, ratio: float, count: int) -> tuple[int, int]:
    """Native samples below some of another rate, at least one: `ratio` to one, of `count`."""
    first = min(int(np.floor(start * ratio + 1e-6)), count - 1)
    last = count if end is None else min(samples_in(end, ratio), count)
    return first, max(first + 1, last)


def check_rate(rate: float, name: str) -> None:
    """Refuse a rate that no sound has."""
    if not is_rate(rate):
        raise AudioError(name, "open", f"a rate of {rate:g} Hz, which no sound has: {RATES}")


def none_after(offset: float) -> str:
    """What is wrong where there are not samples."""
    return f"no samples after the offset of {offset:g} s" if offset else "no samples"


def from_array(
    source: Any, name: str, offset: float, duration: float | None
) -> tuple[Array, Native]:
    """What a file that holds the samples of an array would give.

    Raises
    ------
    AudioError
        If it is not an array of samples, or comes without its rate.
    """
    if not isinstance(source, tuple) or len(source) != 2:
        raise AudioError(name, "open", "an array needs its rate: give (y, sr), such as (y, 22050)")
    try:
        y, sr = np.asarray(source[0]), source[1]
    except ValueError:  # lists of several lengths
        raise AudioError(name, "open", "its channels differ in length") from None
    if not is_number(sr) or not 0 < sr < np.inf:
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
    rate = float(sr)
    check_rate(rate, name)
    samples = np.ascontiguousarray(y.T)
    start = samples_in(offset, rate)
    samples = samples[start:][: None if duration is None else samples_in(duration, rate)]
    if not len(samples):
        raise AudioError(name, "samples", none_after(offset))
    check_finite(samples, name, first=start)
    native = Native(
        rate=rate,
        channels=1 if y.ndim == 1 else len(y),
        full_scale=127 / 128 if y.dtype.itemsize == 1 else 32767 / 32768,
        decoder="",
        promised=None,
        decoded=start + len(samples),
        truncated=False,
    )
    return samples if samples.dtype == np.int16 else scaled(samples), native


def _check_scale(y: Array, name: str) -> None:
    """Refuse numbers whose type tells another scale than their values."""
    if y.dtype.kind in "iu" and y.dtype.itemsize > 4:
        cause = f"{y.dtype} samples, which no sound has: give them as int16, int32 or floats"
        raise AudioError(name, "samples", cause)
    peak = np.max(np.abs(y.astype(np.float64)))
    if y.dtype.kind in "iu" and y.size > 1 and peak == 1 and not _dithered(y):
        cause = f"{y.dtype} samples of at most 1: floats cast to integers? give them as floats"
        raise AudioError(name, "samples", cause)
    if y.dtype.kind == "f" and 128 < peak <= LOUDEST and np.array_equal(y, np.rint(y)):
        cause = "floats that hold integers: divide by full scale, such as y / 32768"
        raise AudioError(name, "samples", cause)


def _dithered(y: Array) -> bool:
    """Whether samples change all the time: noise does, sound cast to integers does not."""
    return y.dtype.kind == "i" and y.dtype.itemsize < 4 and bool(np.mean(np.diff(y) != 0) > 0.25)


def mono(samples: Array) -> Array:
    """The mean of the channels, summed one after the other.

    ``np.mean(samples, axis=1)`` takes some thirty times as long: it starts a reduction for every
    frame, over an axis of two.
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
    """Refuse NaN, infinity, and what is as good as infinite."""
    if samples.dtype.kind != "f":
        return
    if (
        float(samples.min()) >= -LOUDEST and float(samples.max()) <= LOUDEST
    ):  # neither is true of NaN
        return
    with np.errstate(invalid="ignore"):  # some kinds of NaN complain
        wrong = ~(np.abs(samples.astype(np.float64)) <= LOUDEST)
    at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    rule = "full scale is 1" if np.isfinite(samples[at]) else "every sample must be finite"
    raise AudioError(name, "samples", f"sample {at[0] + first} is {samples[at]}: {rule}")
