"""Loudness and true peak, as broadcasting measures them.

Loudness by ITU-R BS.1770-5, annex 1, in the windows of EBU Tech 3341 (2023); its range by EBU Tech
3342 (2023); true peak by BS.1770-5, annex 2.

What is measured is the mono signal that the analysis sees, as one channel. A stereo meter adds the
powers of its channels: where both are the same, it shows 3.01 LU more than this, and where they
have nothing in common 6.02 LU more than of their mean.

Nor is there what a resampler took away. At 22,050 Hz, a hundred recordings have the loudness that
they have at 44,100 Hz to 0.02 LU where there is little above 11 kHz, one in twenty half an LU less,
and the brightest 2 LU less; true peaks differ by some tenths of a dB, and by 4 at worst.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit.segments import Array
from featkit.spool import Clip, pieces
from featkit.steps import step_sums

STEPS_PER_SECOND = 100
"""How finely windows are moved: Tech 3341 wants the loudest 400 ms found to 0.1 LU."""

MOMENTARY, SHORT_TERM, APART = 40, 300, 10
"""Windows of 400 ms and of 3 s, and from one gating block to the next 100 ms, in steps."""

OFFSET = -0.691
"""LUFS of a mean square of 1: it takes off what the K-weighting adds at 997 Hz."""

SILENT = 10 ** ((-70.0 - OFFSET) / 10)
"""Mean square at the absolute gate, -70 LUFS."""

SLOWEST = 4000.0
"""Sample rate in Hz below which there is hardly a place for the weighting's shelf, at 1.7 kHz."""


class Loudness:
    """The loudness of a clip, in LUFS; NaN where there is none.

    Parameters
    ----------
    clip : array or spool, shape ``(samples,)``, float32
    sr : float
        Sample rate in Hz; below `SLOWEST`, everything is NaN.
    """

    def __init__(self, clip: Clip, sr: float) -> None:
        step = sr / STEPS_PER_SECOND
        power = step_sums(_weighted_squares(clip, sr), step) if sr >= SLOWEST else np.empty(0)
        sums = _sums(power, APART, every=1)
        self._momentary = _sums(sums, MOMENTARY // APART, every=APART) / (MOMENTARY * step)
        self._short_term = _sums(sums, SHORT_TERM // APART, every=APART) / (SHORT_TERM * step)

    @property
    def integrated(self) -> float:
        """Mean of the 400 ms above -70 LUFS that are no more than 10 LU below the mean of these."""
        blocks = _gated(self._momentary[::APART], relative=10.0)
        return lufs(float(np.mean(blocks))) if len(blocks) else np.nan

    @property
    def momentary_max(self) -> float:
        """Of the loudest 400 ms."""
        return lufs(float(np.max(self._momentary, initial=0)))

    @property
    def short_term_max(self) -> float:
        """Of the loudest 3 s."""
        return lufs(float(np.max(self._short_term, initial=0)))

    @property
    def range(self) -> float:
        """From the 10th to the 95th percentile of the short-term loudness, in LU.

        Of the 3 s above -70 LUFS that are no more than 20 LU below the mean of these; percentiles
        by the nearest rank, as in the document's program.
        """
        ordered = np.sort(_gated(self._short_term[::APART], relative=20.0))
        if not len(ordered):
            return np.nan
        low, high = (ordered[int((len(ordered) - 1) * share + 0.5)] for share in (0.10, 0.95))
        return lufs(high) - lufs(low)


def lufs(power: float) -> float:
    """Loudness of a K-weighted mean square; NaN for 0."""
    return OFFSET + 10 * float(np.log10(power)) if power > 0 else np.nan


def _gated(power: Array, relative: float) -> Array:
    """Those above the absolute gate that are no more than some decibels below their mean."""
    loud = power[power > SILENT]
    return loud[loud > np.mean(loud) * 10 ** (-relative / 10)] if len(loud) else loud


def _sums(x: Array, count: int, *, every: int) -> Array:
    """Sums of `count` values, `every` so many, from each that has enough behind it."""
    width = (count - 1) * every + 1
    if len(x) < width:
        return np.empty(0)
    return np.asarray(np.add.reduce(sliding_window_view(x, width)[:, ::every], axis=1))


def _weighted_squares(clip: Clip, sr: float) -> Iterator[Array]:
    from scipy.signal import sosfilt

    sections = k_weighting(sr)
    state = np.zeros((len(sections), 2))
    for piece in pieces(clip):
        weighted, state = sosfilt(sections, piece, zi=state)
        yield np.square(weighted)


@lru_cache(maxsize=32)
def k_weighting(sr: float) -> Array:
    """The K-weighting at a rate as second-order sections: a shelf and a high-pass, ``(2, 6)``.

    BS.1770 gives it at 48 kHz, and asks for the same response at other rates. These are bilinear
    transforms of the analogue filters that the table is made of, whose corners are kept (De Man,
    "Evaluation of implementations of the EBU R128 loudness measurement", AES 145, 2018). The
    table's high-pass passes 0.04 dB more than all: so does this, at every rate. From 22,050 Hz up
    the response is that of the table to 0.04 dB, at 16,000 Hz to 0.07 dB.
    """
    k, q = _corner(1681.974450955533, sr), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    zeros = [high + middle * k / q + k**2, 2 * (k**2 - high), high - middle * k / q + k**2]
    poles = _poles(k, q)
    shelf = np.concatenate([zeros, poles]) / poles[0]

    corner, q = 38.13547087602444, 0.5003270373238773
    poles = _poles(_corner(corner, sr), q)
    gain = _poles(_corner(corner, 48000.0), q)[0] / poles[0]
    high_pass = np.concatenate([[gain, -2 * gain, gain], poles / poles[0]])
    return np.stack([shelf, high_pass])


def _corner(frequency: float, sr: float) -> float:
    """Where the bilinear transform takes a frequency to."""
    return float(np.tan(np.pi * frequency / sr))


def _poles(k: float, q: float) -> Array:
    return np.array([1 + k / q + k**2, 2 * (k**2 - 1), 1 - k / q + k**2])


PHASES: Array = np.array(
    [
        [14, 90, -161, 272, -487, 1125, 7964, -838, 390, -218, 122, -68],
        [-239, 240, -424, 730, -1364, 3810, 6388, -1641, 832, -477, 271, -155],
    ],
    dtype=np.float32,
) / np.float32(8192)
"""Two of the four phases of the interpolator in BS.1770-5, annex 2; the others mirror them."""

LOUDEST = float(np.abs(PHASES).sum(axis=1).max())
"""How far a sample between samples may be above the greatest of those that make it."""

CHUNK = 2**13
"""Samples interpolated at once, few enough for a core's own cache."""


def true_peak(clip: Clip) -> float:
    """The greatest absolute value of a clip at four times its rate, with silence around it.

    Not below the greatest of its samples, which the interpolator gives at 0.97 of their value.
    """
    taps = PHASES.shape[1]
    peak = 0.0
    before = np.zeros(taps - 1, dtype=np.float32)
    for piece in pieces(clip):
        peak = max(peak, float(np.max(piece)), -float(np.min(piece)))
        y = np.concatenate([before, piece])
        peak = _peak_between(y, peak)
        before = y[len(y) - (taps - 1) :]
    return _peak_between(np.concatenate([before, np.zeros(taps - 1, dtype=np.float32)]), peak)


def _peak_between(y: Array, peak: float) -> float:
    """The greatest absolute value between samples, if it is above `peak`.

    Of a filter h and its mirror image, let a and b be what they make of some samples. Then a + b
    and a - b are sums over the samples' own sums and differences with their mirror images, half as
    many, and the greater of |a| and |b| is half of |a + b| + |a - b|.
    """
    taps = PHASES.shape[1]
    for start in range(0, len(y) - taps + 1, CHUNK):
        x = y[start : start + CHUNK + taps - 1]
        if LOUDEST * max(float(np.max(x)), -float(np.min(x))) <= peak:
            continue
        n = len(x) - taps + 1
        pairs = [(x[k : k + n], x[taps - 1 - k :][:n]) for k in range(taps // 2)]
        sums, differences = [u + v for u, v in pairs], [u - v for u, v in pairs]
        for h in PHASES:
            of_sums = _weighted_sum(sums, h[: taps // 2] + h[: taps // 2 - 1 : -1])
            of_differences = _weighted_sum(differences, h[: taps // 2] - h[: taps // 2 - 1 : -1])
            peak = max(peak, float(np.max(np.abs(of_sums) + np.abs(of_differences))) / 2)
    return peak


def _weighted_sum(rows: list[Array], weights: Array) -> Array:
    total = rows[0] * weights[0]
    term = np.empty_like(total)
    for row, weight in zip(rows[1:], weights[1:], strict=True):
        total += np.multiply(row, weight, out=term)
    return np.asarray(total)
