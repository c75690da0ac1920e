"""Power cepstra of many frames, and how far their peaks rise above the background.

The power cepstrum is the squared inverse transform of the logarithm of the power spectrum.
Harmonics that are spaced regularly give a peak at the quefrency of the period. Its prominence is
the distance in dB from a trend line that is fitted to the cepstrum [1]_. It is high if a voice is
periodic, and needs no decision about its period, so that it is defined for hoarse voices too.

Frames are columns, of single precision: a prominence does not depend on the scale of a cepstrum.
The compiled core computes frames in lanes.

References
----------
.. [1] J. Hillenbrand, R. A. Cleveland and R. L. Erickson, "Acoustic correlates of breathy vocal
   quality", Journal of Speech and Hearing Research 37(4), 1994.
.. [2] J. Hillenbrand and R. A. Houde, "Acoustic correlates of breathy vocal quality: dysphonic
   voices and continuous speech", Journal of Speech and Hearing Research 39(2), 1996.
.. [3] H. Theil, "A rank-invariant method of linear and polynomial regression analysis",
   Proceedings of the Royal Netherlands Academy of Sciences 53, 1950.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp import _compiled, fft
from featkit.dsp.bins import sums_by_four, sums_over_bins
from featkit.dsp.filters import roots_of_unity

LEAST = np.float32(1e-12)
"""Lowest power in a spectrum of a frame whose peak is 1: the rounding of single precision."""

LEAST_CEPSTRUM = np.float32(1e-6)
"""Lowest value of a power cepstrum: above the rounding of single precision, and some 80 dB below
the background in speech."""

Trend = Literal["straight", "exponential"]
Fit = Literal["least_squares", "robust"]


class CepstralBins(NamedTuple):
    """Quefrencies of an analysis, in samples.

    Attributes
    ----------
    peak : tuple of int
        First and last quefrency of the peak, at least 2.
    trend : tuple of int
        First and last quefrency that the trend line is fitted to, at least 1.
    needed : int
        Number of quefrencies from 0 on that a cepstrum needs, with those for smoothing.
    """

    peak: tuple[int, int]
    trend: tuple[int, int]
    needed: int


def power_cepstra(y: Array, starts: Array, window: Array, size: int, count: int) -> Array:
    """Compute power cepstra of windowed frames.

    The mean of a frame is removed, and it is divided by its peak.

    Parameters
    ----------
    y : array of float32, shape ``(samples,)``
    starts : array of int64, shape ``(frames,)``
        First sample of each frame.
    window : array of float32, shape ``(length,)``
        Weights of the samples of a frame.
    size : int
        Length of the transform, a power of two from 32 to 2**16 and at least `length`.
    count : int
        Number of quefrencies, at most ``size / 2``.

    Returns
    -------
    array of float32, shape ``(count, frames)``
        At quefrencies 0, 1, ... in samples; 0 in frames of a constant.
    """
    power: Array = np.empty((count, len(starts)), dtype=np.float32)
    if not len(starts):
        return power
    if _compiled.core is not None:
        roots = roots_of_unity(size)
        _compiled.core.cepstra(y, starts, window, size, float(LEAST), roots, power)
        return power
    x = np.ascontiguousarray(sliding_window_view(y, len(window))[starts].T)
    x -= sums_over_bins(x) / np.float32(len(window))
    peak = np.max(np.abs(x), axis=0)
    x *= window[:, None]
    x /= np.where(peak > 0, peak, 1)
    spectra = fft.rfft(np.ascontiguousarray(x.T), size)
    powers = spectra.real * spectra.real + spectra.imag * spectra.imag
    logarithms = np.log10(np.maximum(powers, LEAST)).astype(np.complex64)
    cepstra = (fft.irfft(logarithms, size) * np.float32(size))[:, :count].T
    np.multiply(cepstra, cepstra, out=power)
    power[:, peak == 0] = 0
    return power


def smoothing_weights(width: float) -> Array:
    """Return the weights of an average over an interval between samples, by linear interpolation.

    Parameters
    ----------
    width : float
        Length of the interval in samples; 0 for no smoothing.

    Returns
    -------
    array of float32, shape ``(2 * n + 1,)``
        Weights of the samples around the middle one; their sum is 1.
    """
    half = width / 2
    if half <= 0:
        return np.ones(1, dtype=np.float32)
    offsets = np.arange(1, math.ceil(half) + 1)
    inside = np.clip(half - offsets + 1, 0, 1)  # of the way from the sample before
    beyond = np.clip(half - offsets, 0, 1)  # of the way to the next
    side = inside * inside / 2 + beyond - beyond * beyond / 2
    first = np.clip(half, 0, 1)
    middle = 2 * (first - first * first / 2)
    weights = np.concatenate([side[::-1], [middle], side]) / width
    return weights.astype(np.float32)


def smoothed_levels(power: Array, over_time: Array, over_quefrency: Array, rows: slice) -> Array:
    """Average power cepstra over time, then over quefrency, and convert them to decibels.

    Parameters
    ----------
    power : array of float32, shape ``(count, frames + 2 * n)``
        With n frames before the first and after the last.
    over_time : array of float32, shape ``(2 * n + 1,)``
        Weights of frames.
    over_quefrency : array of float32, shape ``(2 * m + 1,)``
        Weights of quefrencies; below 0, a cepstrum is mirrored.
    rows : slice
        Quefrencies to return; the last is below ``count - m``.

    Returns
    -------
    array of float32, shape ``(rows, frames)``
    """
    frames = power.shape[1] - len(over_time) + 1
    levels: Array = np.empty((rows.stop - rows.start, frames), dtype=np.float32)
    if _compiled.core is not None:
        _compiled.core.smoothed(
            power, len(power), over_time, over_quefrency, rows.start, float(LEAST_CEPSTRUM), levels
        )
        return levels
    averages = np.zeros((len(power), frames), dtype=np.float32)
    for k, weight in enumerate(over_time):
        averages += weight * power[:, k : k + frames]
    levels[:] = 0
    quefrencies = np.arange(rows.start, rows.stop)
    for k, weight in enumerate(over_quefrency):
        levels += weight * averages[np.abs(quefrencies + (k - len(over_quefrency) // 2))]
    return np.float32(10) * np.log10(np.maximum(levels, LEAST_CEPSTRUM))


def prominences(levels: Array, first: int, bins: CepstralBins, trend: Trend, fit: Fit) -> Array:
    """Measure how far the peak of each cepstrum rises above its trend line [1]_.

    The peak is the highest vertex of the parabolas through local maxima and their neighbours, or
    a value at either end of its range if this is higher.

    Parameters
    ----------
    levels : array of float32, shape ``(quefrencies, frames)``
        Cepstra in dB.
    first : int
        Quefrency of the first row, less than all of `bins`.
    bins : CepstralBins
    trend : {"straight", "exponential"}
        Whether the level falls linearly with quefrency or with its logarithm.
    fit : {"least_squares", "robust"}
        Line of least squares, or with the median of the slopes between points half the range apart
        ("incomplete" method of Theil [3]_) and the median of the residuals.

    Returns
    -------
    array of float64, shape ``(frames,)``
        In dB.
    """
    low, high = (k - first for k in bins.trend)
    x = np.arange(bins.trend[0], bins.trend[1] + 1, dtype=np.float64)
    x = np.log(x) if trend == "exponential" else x
    centred = x - np.mean(x)
    weights = (centred / np.sum(centred * centred)).astype(np.float32)
    height, position, mean, slope = _peaks_and_lines(
        levels, low, weights, bins.peak[0] - first, bins.peak[1] - first
    ).astype(np.float64)
    position += first
    if fit == "robust":
        slope, mean = _theil(x, levels[low : high + 1])
    place = np.log(position) if trend == "exponential" else position
    return np.asarray(height - (mean + slope * (place - np.mean(x))))


def _peaks_and_lines(levels: Array, low: int, weights: Array, start: int, stop: int) -> Array:
    """Height and row of the peak, mean and slope of the line: ``(4, frames)``."""
    out: Array = np.empty((4, levels.shape[1]), dtype=np.float32)
    if _compiled.core is not None:
        _compiled.core.cepstral_peaks(levels, len(levels), low, weights, start, stop, out)
        return out
    own = levels[low : low + len(weights)]
    out[2] = sums_by_four(own) / np.float32(len(weights))
    out[3] = sums_by_four(own * weights[:, None])
    out[0] = np.maximum(levels[start], levels[stop])
    out[1] = np.where(levels[start] >= levels[stop], start, stop)
    for k in range(start, stop + 1):
        before, middle, after = levels[k - 1], levels[k], levels[k + 1]
        is_peak = (middle > before) & (middle >= after)
        slope = (after - before) * np.float32(0.5)
        curvature = np.where(is_peak, (after - middle) + (before - middle), np.float32(-1))
        shift = -slope / curvature
        vertex = middle + np.float32(0.5) * slope * shift
        higher = is_peak & (vertex > out[0])
        out[0] = np.where(higher, vertex, out[0])
        out[1] = np.where(higher, np.float32(k) + shift, out[1])
    return out


def _theil(x: Array, levels: Array) -> tuple[Array, Array]:
    """Slopes and means of the robust lines through the points of each column."""
    half = len(x) // 2
    runs = (x[-half:] - x[:half]).astype(np.float32)
    slopes = _medians((levels[-half:] - levels[:half]) / runs[:, None])
    centred = (x - np.mean(x)).astype(np.float32)
    return slopes, _medians(levels - slopes.astype(np.float32) * centred[:, None])


def _medians(x: Array) -> Array:
    """Median of each column, float64; NumPy sorts rows several times as fast as columns."""
    rows = np.sort(np.ascontiguousarray(x.T), axis=1)
    n = x.shape[0]
    middle = rows[:, [(n - 1) // 2, n // 2]].astype(np.float64)
    return np.asarray(np.mean(middle, axis=1))
