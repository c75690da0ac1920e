"""Discrete tones in noise: tone-to-noise ratio and prominence ratio by ECMA-418-1.

Both compare the power around a tone in the mean spectrum of a clip: the tone-to-noise ratio with
the noise in its critical band, the prominence ratio its critical band with the two adjacent ones.

The standard leaves to the user how tones are found. Here, a tone is a line of the spectrum that is
the greatest of its neighbours and 10 dB above the median of its critical band.

References
----------
ECMA-418-1, "Psychoacoustic metrics for ITT equipment - Part 1 (prominent discrete tones)", 3rd
edition, 2024.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.fft import rfft
from featkit.dsp.filters import fft_window
from featkit.dsp.short_frames import ShortFrames

LOWEST, HIGHEST = 89.1, 11220.0
"""Frequencies in Hz between which tones are considered."""

FRAME, SHORTEST = 1.0, 0.25
"""Seconds of a frame, and of the shortest clip, which is a frame."""

ABOVE_MEDIAN = 10.0
"""Level of a tone over the median line of its critical band, at least, as a ratio of powers."""

WEAKEST = 1e-11
"""Power of a tone over that of the strongest line, at least: weaker ones are errors of rounding."""

WIDEST = 0.15
"""Greatest width of a tone, in critical bandwidths."""

LEAST_NOISE = 0.1
"""Least part of a critical band without tones, as the noise of the tone-to-noise ratio."""

FLOOR = 1e-12
"""Least power of noise over that of its band: errors of rounding are as large."""

LOBE = 2
"""Lines on each side of a tone that the window spreads it over."""

LOWER_EDGE = ((-149.5, 1.001, -6.9e-5), (6.8, 0.806, -8.2e-6))
UPPER_EDGE = ((149.5, 1.035, 7.7e-5), (3.3, 1.215, 2.16e-5))
"""Polynomials of the outer edges of the adjacent bands, to `EDGE_CHANGE` and above."""

EDGE_CHANGE, LOWEST_LOWER_BAND = 1600.0, 171.4
"""Frequencies in Hz where the polynomials change, and below which a lower band begins at 20 Hz."""


class Tones(NamedTuple):
    """Discrete tones of a clip.

    Attributes
    ----------
    frequency : array, shape ``(tones,)``
        Hz.
    tone_to_noise : array, shape ``(tones,)``
        Tone-to-noise ratio in dB; NaN if tones fill the critical band.
    prominence_ratio : array, shape ``(tones,)``
        Prominence ratio in dB; NaN if the upper band exceeds half the sample rate.
    """

    frequency: Array
    tone_to_noise: Array
    prominence_ratio: Array


def critical_band(frequency: Array) -> tuple[Array, Array]:
    """Return the edges of critical bands.

    Parameters
    ----------
    frequency : array
        Hz.

    Returns
    -------
    low, high : array
        Hz; the frequency is their geometric mean.
    """
    width = critical_bandwidth(frequency)
    low = (np.sqrt(width**2 + 4 * frequency**2) - width) / 2
    return low, low + width


def critical_bandwidth(frequency: Array) -> Array:
    """Return the width of critical bands.

    Parameters
    ----------
    frequency : array
        Hz.

    Returns
    -------
    array
        Hz.
    """
    return np.asarray(25 + 75 * (1 + 1.4 * (frequency / 1000) ** 2) ** 0.69)


def tone_to_noise_criterion(frequency: Array) -> Array:
    """Return the tone-to-noise ratio from which a tone is prominent.

    Parameters
    ----------
    frequency : array
        Hz.

    Returns
    -------
    array
        dB.
    """
    return np.asarray(8 + 8.33 * np.log10(np.maximum(1000 / frequency, 1)))


def prominence_criterion(frequency: Array) -> Array:
    """Return the prominence ratio from which a tone is prominent.

    Parameters
    ----------
    frequency : array
        Hz.

    Returns
    -------
    array
        dB.
    """
    return np.asarray(9 + 10 * np.log10(np.maximum(1000 / frequency, 1)))


def discrete_tones(clip: Clip, sr: float) -> Tones | None:
    """Find the discrete tones of a clip, and compute their ratios.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
        At least `SHORTEST` seconds.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    Tones or None
        In ascending frequency; None in digital silence.
    """
    length = min(len(clip), round(FRAME * sr))
    power = _mean_spectrum(clip, sr, length)
    return _Spectrum(power, sr / length).tones() if power.any() else None


def _mean_spectrum(clip: Clip, sr: float, length: int) -> Array:
    """Mean power of the lines of frames that overlap by half, in float64."""
    frames = ShortFrames([clip], sr, length=length, hop=length / 2 / sr)
    window = fft_window("hann", length)
    total = np.zeros(length // 2 + 1)
    for _, samples in frames.batches(0, at_most=8):
        for spectrum in rfft(samples * window):  # one after the other: the same sum in any batch
            total += spectrum.real.astype(np.float64) ** 2
            total += spectrum.imag.astype(np.float64) ** 2
    return total


class _Spectrum:
    """Lines of a power spectrum, a constant distance apart."""

    def __init__(self, power: Array, spacing: float) -> None:
        self.power = power
        self.spacing = spacing
        self.frequency = np.arange(len(power)) * spacing
        self.sums = _sums(power)

    def between(self, low: Array, high: Array, sums: Array | None = None) -> Array:
        """Power of bands, or increase of other sums; lines at their edges count in part."""
        sums = self.sums if sums is None else sums
        edges = np.arange(len(sums)) - 0.5
        upper = np.interp(high / self.spacing, edges, sums)
        return np.asarray(upper - np.interp(low / self.spacing, edges, sums))

    def tones(self) -> Tones:
        peaks = self._peaks()
        frequency = self.frequency[peaks]
        low, high = critical_band(frequency)
        total = self.between(low, high)
        first, last = self._extents(peaks)
        own = self.sums[last + 1] - self.sums[first]
        # Rows are tones, columns the tones that are heard as one with them.
        close = np.abs(frequency[:, None] - frequency) <= _proximity(frequency)[:, None]
        close &= (frequency > low[:, None]) & (frequency < high[:, None])
        np.fill_diagonal(close, val=True)
        tone = np.where(close, own, 0).sum(axis=1)
        # The noise is measured between the tones.
        inside = np.zeros(len(self.power) + 1)
        np.add.at(inside, first, 1)
        np.add.at(inside, last + 1, -1)
        between = np.cumsum(inside)[:-1] < 0.5
        noise = self.between(low, high, _sums(np.where(between, self.power, 0)))
        share = self.between(low, high, _sums(between)) * self.spacing / (high - low)
        share[share < LEAST_NOISE] = np.nan
        noise = np.maximum(noise, FLOOR * total) / share
        return Tones(frequency, 10 * np.log10(tone / noise), self._prominence(frequency, total))

    def _peaks(self) -> Array:
        """Lines that are tones."""
        power = self.power
        peak = np.zeros(len(power), dtype=bool)
        peak[1:-1] = (power[1:-1] > power[:-2]) & (power[1:-1] >= power[2:])
        top = min(HIGHEST, self.frequency[-1])
        peak &= (self.frequency >= LOWEST) & (critical_band(self.frequency)[1] <= top)
        lines = np.flatnonzero(peak)
        medians = np.interp(self.frequency[lines], *self._medians())
        least = np.maximum(ABOVE_MEDIAN * medians, WEAKEST * power.max())
        return np.asarray(lines[power[lines] > least])

    def _medians(self) -> tuple[Array, Array]:
        """Centres of critical bands 5 % apart, and the median line of each."""
        centres = LOWEST * 1.05 ** np.arange(100)
        centres = centres[centres < self.frequency[-1]]
        low, high = (np.asarray(edge / self.spacing).astype(int) for edge in critical_band(centres))
        bands = zip(low.tolist(), high.tolist(), strict=True)
        medians = [float(np.median(self.power[first : last + 2])) for first, last in bands]
        return centres, np.array(medians)

    def _extents(self, peaks: Array) -> tuple[Array, Array]:
        """First and last line of each tone: down to the next minima, or the widest tone."""
        widest = WIDEST / 2 * critical_bandwidth(self.frequency[peaks]) / self.spacing
        half = np.maximum(LOBE, widest.astype(int))
        rising = np.diff(self.power) > 0
        # Of each line, the nearest minimum below it and above it.
        index = np.arange(len(self.power))
        below = np.maximum.accumulate(np.where(np.append(True, ~rising), index, 0))
        above = np.minimum.accumulate(np.where(np.append(rising, True), index, index[-1])[::-1])[
            ::-1
        ]
        first = np.maximum(np.minimum(below[peaks], peaks - LOBE), peaks - half)
        last = np.minimum(np.maximum(above[peaks], peaks + LOBE), peaks + half)
        # Neighbouring tones share no line.
        middle = (peaks[:-1] + peaks[1:]) // 2
        first[1:] = np.maximum(first[1:], middle + 1)
        last[:-1] = np.minimum(last[:-1], middle)
        return np.maximum(first, 0), np.minimum(last, len(self.power) - 1)

    def _prominence(self, frequency: Array, middle: Array) -> Array:
        """Prominence ratio of tones with the power of their critical bands."""
        low, high = critical_band(frequency)
        lowest = np.where(frequency < LOWEST_LOWER_BAND, 20, _edge(frequency, LOWER_EDGE))
        highest = _edge(frequency, UPPER_EDGE)
        lower, upper = self.between(lowest, low), self.between(high, highest)
        # The lower band of low tones is narrower than 100 Hz, the critical bandwidth.
        lower *= np.where(frequency < LOWEST_LOWER_BAND, 100 / (low - lowest), 1)
        adjacent = np.maximum((lower + upper) / 2, FLOOR * middle)
        inside = highest <= self.frequency[-1]
        return np.where(inside, 10 * np.log10(middle / adjacent), np.nan)


def _sums(values: Array) -> Array:
    """Sums of the values before each value, and of all."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def _edge(frequency: Array, polynomials: tuple[tuple[float, ...], ...]) -> Array:
    """Outer edge of an adjacent band in Hz."""
    values = [a + b * frequency + c * frequency**2 for a, b, c in polynomials]
    return np.where(frequency <= EDGE_CHANGE, *values)


def _proximity(frequency: Array) -> Array:
    """Distance in Hz below which two tones are heard as one; only tones below 1 kHz are."""
    ratio = np.abs(np.log10(np.maximum(frequency, 1) / 212))
    return np.where(frequency < 1000, 21 * 10 ** (1.2 * ratio**1.8), 0)
