"""Loudness and true peak, as broadcasting measures them.

Loudness by ITU-R BS.1770-5, annex 1, in the windows of EBU Tech 3341 (2023); its range by EBU Tech
3342 (2023); true peak by BS.1770-5, annex 2. Tests hold all cases of the two documents that are
synthetic and the same in all channels: not case 6 of 3341, of five channels, nor its 7 and 8 and 5
and 6 of 3342, which are recordings.

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

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.steps import step_sums

STEPS_PER_SECOND = 100
"""How finely windows are moved: Tech 3341 wants the loudest 400 ms found to 0.1 LU."""

MOMENTARY, SHORT_TERM, APART = 40, 300, 10
"""Windows of 400 ms and of 3 s, and from one gating block to the next 100 ms, in steps."""

OFFSET = -0.691
"""LUFS of a mean square of 1: it takes off what the K-weighting adds at 997 Hz."""

SILENT = 10 ** ((-70.0 - OFFSET) / 10)
"""Mean square at the absolute gate, -70 LUFS."""

LOWEST_RATE = 8000.0
"""Sample rate in Hz below which the weighting's shelf, at 1.7 kHz, cannot be had to 0.1 dB."""

SHELF, SHELF_Q = 1681.974450955533, 0.7071752369554196
SHELF_GAIN = 10 ** (3.999843853973347 / 20)
SHELF_MIDDLE = SHELF_GAIN**0.4996667741545416
HIGH_PASS, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
"""The analogue filters, in Hz, that the table of BS.1770 is made of (De Man, "Evaluation of
implementations of the EBU R128 loudness measurement", AES 145, 2018)."""

BILINEAR = 32000.0
"""Sample rate in Hz from which a bilinear transform has the shelf's response to 0.01 dB."""


class Loudness:
    """The loudness of a clip, in LUFS; NaN where there is none.

    Parameters
    ----------
    clip : array or spool, shape ``(samples,)``, float32
    sr : float
        Sample rate in Hz; below `LOWEST_RATE`, everything is NaN.
    """

    def __init__(self, clip: Clip, sr: float) -> None:
        step = sr / STEPS_PER_SECOND
        power = step_sums(_weighted_squares(clip, sr), step) if sr >= LOWEST_RATE else np.empty(0)
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

    BS.1770 gives it at 48 kHz, and asks for the same response at other rates. The high-pass is a
    bilinear transform of the analogue one; the table's passes 0.04 dB more than all, and so does
    this. The shelf is one from `BILINEAR` up. At lower rates that would be too steep, by 0.3 dB at
    8 kHz: there it is matched to the analogue one. The response is that of the table to 0.04 dB at
    any rate from `LOWEST_RATE`, and to 0.01 dB from 11,025 Hz.
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
    """Poles where the analogue filter has them, and its gain at 0 Hz, the corner and half the rate.

    After Vicanek, "Matched second order digital filters", 2016.
    """
    decay, turn = np.pi * SHELF / sr / SHELF_Q, 2 * np.pi * SHELF / sr
    turn *= np.sqrt(1 - 1 / (2 * SHELF_Q) ** 2)
    poles = np.array([1, -2 * np.exp(-decay) * np.cos(turn), np.exp(-2 * decay)])
    hz = np.array([0, SHELF, sr / 2])
    s = 1j * hz / SHELF
    gain = (SHELF_GAIN * s**2 + SHELF_MIDDLE * s / SHELF_Q + 1) / (s**2 + s / SHELF_Q + 1)
    low, corner, high = np.abs(gain * np.polyval(poles, np.exp(2j * np.pi * hz / sr)))
    share = np.sin(np.pi * SHELF / sr) ** 2
    # Of zeros b0, b1, b2: b0 + b2, and -4 b0 b2.
    outer = (low + high) / 2
    product = (corner**2 - (1 - share) * low**2 - share * high**2) / (4 * share * (1 - share))
    first = (outer + np.sqrt(outer**2 + product)) / 2
    return np.concatenate([[first, (low - high) / 2, outer - first], poles])


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

OVERSHOOT = float(np.abs(PHASES).sum(axis=1).max())
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
        if OVERSHOOT * max(float(np.max(x)), -float(np.min(x))) <= peak:
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
