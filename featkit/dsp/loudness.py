"""Loudness and true peak, as in broadcasting.

Loudness follows ITU-R BS.1770-5 [1]_, annex 1, in the windows of EBU Tech 3341 [2]_; its range
follows EBU Tech 3342 [3]_; true peak follows BS.1770-5, annex 2. The tests contain all cases of the
two EBU documents except case 6 of 3341 (five different channels), its cases 7 and 8, and cases 5
and 6 of 3342 (recordings).

The mono signal that is analysed is measured as one channel. A stereo meter adds the powers of its
channels: where both are equal, it shows 3.01 LU more, and where they are uncorrelated, 6.02 LU more
than for their mean.

Resampling removes high frequencies. In a test of a hundred recordings, resampling from 44,100 to
22,050 Hz changes the loudness by at most 0.02 LU if there is little power above 11 kHz; one
recording in twenty loses half an LU, and the brightest loses 2 LU. True peaks differ by some tenths
of a dB, and by 4 dB at worst.

References
----------
.. [1] ITU-R BS.1770-5, "Algorithms to measure audio programme loudness and true-peak audio level",
   2023.
.. [2] EBU Tech 3341, "Loudness metering: 'EBU Mode' metering", 2023.
.. [3] EBU Tech 3342, "Loudness range: a measure to supplement EBU R 128 loudness normalisation",
   2023.
.. [4] B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 145,
   2018.
.. [5] M. Vicanek, "Matched second order digital filters", 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.intervals import interval_sums

STEPS_PER_SECOND = 100
"""Positions of windows per second: Tech 3341 requires 0.1 LU accuracy for the loudest 400 ms."""

MOMENTARY, SHORT_TERM, HOP = 40, 300, 10
"""Windows of 400 ms and of 3 s, and 100 ms from one gating block to the next, in steps."""

OFFSET = -0.691
"""LUFS of a mean square of 1; compensates for the gain of the K-weighting at 997 Hz."""

SILENT = 10 ** ((-70.0 - OFFSET) / 10)
"""Mean square at the absolute gate, -70 LUFS."""

LOWEST_RATE = 8000.0
"""Lowest sample rate in Hz at which the shelf at 1.7 kHz is accurate to 0.1 dB."""

SHELF, SHELF_Q = 1681.974450955533, 0.7071752369554196
SHELF_GAIN = 10 ** (3.999843853973347 / 20)
SHELF_MIDDLE = SHELF_GAIN**0.4996667741545416
HIGH_PASS, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
"""The analogue filters behind the table of BS.1770 [4]_: frequencies in Hz, and quality factors."""

BILINEAR = 32000.0
"""Lowest sample rate in Hz at which a bilinear transform of the shelf is accurate to 0.01 dB."""


class Loudness:
    """The loudness of a clip in LUFS; NaN where it is undefined.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz; below `LOWEST_RATE`, all values are NaN.
    """

    def __init__(self, clip: Clip, sr: float) -> None:
        step = sr / STEPS_PER_SECOND
        squares = _weighted_squares(clip, sr)
        power = interval_sums(squares, step) if sr >= LOWEST_RATE else np.empty(0)
        sums = _sums(power, HOP, every=1)
        self._momentary = _sums(sums, MOMENTARY // HOP, every=HOP) / (MOMENTARY * step)
        self._short_term = _sums(sums, SHORT_TERM // HOP, every=HOP) / (SHORT_TERM * step)

    @property
    def integrated(self) -> float:
        """Integrated loudness in LUFS.

        The mean of the blocks of 400 ms above -70 LUFS that are at most 10 LU below their mean.
        """
        blocks = _gated(self._momentary[::HOP], relative=10.0)
        return lufs(float(np.mean(blocks))) if len(blocks) else np.nan

    @property
    def momentary_max(self) -> float:
        """Loudness of the loudest 400 ms in LUFS."""
        return lufs(float(np.max(self._momentary, initial=0)))

    @property
    def short_term_max(self) -> float:
        """Loudness of the loudest 3 s in LUFS."""
        return lufs(float(np.max(self._short_term, initial=0)))

    @property
    def range(self) -> float:
        """Loudness range in LU: from the 10th to the 95th percentile of the short-term loudness.

        It uses the windows of 3 s above -70 LUFS that are at most 20 LU below their mean.
        Percentiles are by the nearest rank, as in the reference implementation of Tech 3342.
        """
        ordered = np.sort(_gated(self._short_term[::HOP], relative=20.0))
        if not len(ordered):
            return np.nan
        low, high = (ordered[int((len(ordered) - 1) * share + 0.5)] for share in (0.10, 0.95))
        return lufs(high) - lufs(low)


def lufs(power: float) -> float:
    """Convert a K-weighted mean square to loudness.

    Parameters
    ----------
    power : float
        Mean square; full scale is 1.

    Returns
    -------
    float
        LUFS; NaN for 0.
    """
    return OFFSET + 10 * float(np.log10(power)) if power > 0 else np.nan


def _gated(power: Array, relative: float) -> Array:
    """The powers above the absolute gate that are at most `relative` dB below their mean."""
    loud = power[power > SILENT]
    return loud[loud > np.mean(loud) * 10 ** (-relative / 10)] if len(loud) else loud


def _sums(x: Array, count: int, *, every: int) -> Array:
    """Sums of `count` values, `every` positions apart, from each position with enough values."""
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
    """Design the K-weighting for a sample rate: a shelf and a high-pass.

    BS.1770 tabulates it at 48 kHz and requires the same response at other rates. The high-pass is a
    bilinear transform of the analogue filter; its gain of 0.04 dB at high frequencies is that of
    the table. The shelf is a bilinear transform, too, from `BILINEAR` up. At lower rates, a
    bilinear transform would be too steep, by 0.3 dB at 8 kHz, so the shelf is matched to the
    analogue filter [5]_ instead. The response agrees with the table to 0.04 dB at any rate from
    `LOWEST_RATE`, and to 0.01 dB from 11,025 Hz.

    Parameters
    ----------
    sr : float
        Sample rate in Hz, at least `LOWEST_RATE`.

    Returns
    -------
    array of float64, shape ``(2, 6)``
        Second-order sections, as in `scipy.signal.sosfilt`.
    """
    shelf = _bilinear_shelf(sr) if sr >= BILINEAR else _matched_shelf(sr)
    poles = _poles(_corner(HIGH_PASS, sr), HIGH_PASS_Q)
    gain = _poles(_corner(HIGH_PASS, 48000.0), HIGH_PASS_Q)[0] / poles[0]
    high_pass = np.concatenate([[gain, -2 * gain, gain], poles / poles[0]])
    return np.stack([shelf, high_pass])


def _bilinear_shelf(sr: float) -> Array:
    k, q = _corner(SHELF, sr), SHELF_Q
    sides, middle = SHELF_GAIN + k**2, SHELF_MIDDLE * k / q
    zeros = [sides + middle, 2 * (k**2 - SHELF_GAIN), sides - middle]
    poles = _poles(k, q)
    return np.asarray(np.concatenate([zeros, poles]) / poles[0])


def _matched_shelf(sr: float) -> Array:
    """The poles of the analogue filter, and its gain at 0 Hz, the corner and half the rate [5]_."""
    decay, turn = np.pi * SHELF / sr / SHELF_Q, 2 * np.pi * SHELF / sr
    turn *= np.sqrt(1 - 1 / (2 * SHELF_Q) ** 2)
    poles = np.array([1, -2 * np.exp(-decay) * np.cos(turn), np.exp(-2 * decay)])
    hz = np.array([0, SHELF, sr / 2])
    s = 1j * hz / SHELF
    gain = (SHELF_GAIN * s**2 + SHELF_MIDDLE * s / SHELF_Q + 1) / (s**2 + s / SHELF_Q + 1)
    low, corner, high = np.abs(gain * np.polyval(poles, np.exp(2j * np.pi * hz / sr)))
    share = np.sin(np.pi * SHELF / sr) ** 2
    # For the coefficients b0, b1, b2 of the numerator: b0 + b2, and -4 b0 b2.
    outer = (low + high) / 2
    product = (corner**2 - (1 - share) * low**2 - share * high**2) / (4 * share * (1 - share))
    first = (outer + np.sqrt(outer**2 + product)) / 2
    return np.concatenate([[first, (low - high) / 2, outer - first], poles])


def _corner(frequency: float, sr: float) -> float:
    """The frequency to which the bilinear transform maps a frequency."""
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
"""Two of the four phases of the interpolator of BS.1770-5, annex 2; the others mirror them."""

OVERSHOOT = float(np.abs(PHASES).sum(axis=1).max())
"""Largest ratio of an interpolated sample to the greatest of the samples around it."""

BLOCK = 2**13
"""Number of samples per interpolation, few enough for the cache of a core."""


def true_peak(clip: Clip) -> float:
    """Compute the greatest absolute value of a clip at four times its sample rate.

    The samples themselves count, too, because the interpolator reproduces them at 0.97 of their
    value. The clip is surrounded by silence.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``

    Returns
    -------
    float
        Full scale is 1.
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
    """The greatest absolute value between samples, but at least `peak`.

    Let a and b be the outputs of a filter h and of its mirror image. Then a + b is a sum over the
    sums of samples with their mirror images, and a - b one over the differences, with half as many
    terms; and the greater of |a| and |b| is half of |a + b| + |a - b|.
    """
    taps = PHASES.shape[1]
    for start in range(0, len(y) - taps + 1, BLOCK):
        x = y[start : start + BLOCK + taps - 1]
        if OVERSHOOT * max(float(np.max(x)), -float(np.min(x))) <= peak:
            continue
        n = len(x) - taps + 1
        pairs = [(x[k : k + n], x[taps - 1 - k :][:n]) for k in range(taps // 2)]
        sums, differences = [u + v for u, v in pairs], [u - v for u, v in pairs]
        for h in PHASES:
            from_sums = _weighted_sum(sums, h[: taps // 2] + h[: taps // 2 - 1 : -1])
            from_differences = _weighted_sum(differences, h[: taps // 2] - h[: taps // 2 - 1 : -1])
            peak = max(peak, float(np.max(np.abs(from_sums) + np.abs(from_differences))) / 2)
    return peak


def _weighted_sum(rows: list[Array], weights: Array) -> Array:
    total = rows[0] * weights[0]
    term = np.empty_like(total)
    for row, weight in zip(rows[1:], weights[1:], strict=True):
        total += np.multiply(row, weight, out=term)
    return np.asarray(total)
