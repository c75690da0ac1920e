"""Periodicity of short frames of a voice: correlation at each lag, and its peaks between lags.

The autocorrelation of a windowed frame is divided by that of the window, so that a periodic frame
has 1 at its period. The forward correlation compares the beginning of a frame with later parts of
it, which needs no window and half the samples. Peaks are found at whole lags and refined by
interpolation with a windowed sinc.

References
----------
Boersma, P. "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise
ratio of a sampled sound", IFA Proceedings 17, 1993.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp import fft
from featkit.dsp.bins import vertex
from featkit.dsp.filters import gaussian_window, read_only

REACH = 32
"""Number of lags on either side from which a peak is interpolated. At a high sample rate, a low
tone has flat peaks, whose place would suffer from fewer."""

PHASES = 64
"""Number of places between two lags at which interpolation kernels are tabulated."""


class Peaks(NamedTuple):
    """Peaks of the correlation of several frames, frame by frame, by increasing lag.

    Attributes
    ----------
    frame : array of int, shape ``(peaks,)``
        Number of the frame.
    lag : array of float64, shape ``(peaks,)``
        Lag in samples.
    height : array of float64, shape ``(peaks,)``
        Correlation, at most 1.
    """

    frame: Array
    lag: Array
    height: Array


def even_length(seconds: float, sr: float) -> int:
    """Return the number of samples of a symmetric window that lies within a duration.

    Parameters
    ----------
    seconds : float
        Duration in seconds.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    int
        An even number, two or three samples less than the duration, not below 0.
    """
    return max(0, 2 * (math.floor(seconds * sr / 2 + 1e-9) - 1))


@lru_cache(maxsize=16)
def analysis_window(name: str, length: int) -> Array:
    """Return a symmetric window whose ends, just outside of it, are 0.

    Parameters
    ----------
    name : {"hann", "gaussian"}
        For the Gaussian window see `featkit.dsp.filters.gaussian_window`.
    length : int
        Number of samples.

    Returns
    -------
    array of float32, shape ``(length,)``
        Read-only.
    """
    if name == "gaussian":
        window = gaussian_window(length)
    else:
        u = (np.arange(1, length + 1) / (length + 1)) - 0.5
        window = 0.5 + 0.5 * np.cos(2 * np.pi * u)
    return read_only(window.astype(np.float32))


@lru_cache(maxsize=16)
def _window_correlation(name: str, length: int, lags: int) -> Array:
    """Autocorrelation of a window, normalised, and not below the resolution of single precision."""
    window = analysis_window(name, length).astype(np.float64)
    size = fft.next_fast_len(length + lags)
    correlation = fft.irfft(np.abs(fft.rfft(window, size)) ** 2, size)[: 1 + lags]
    return read_only(np.maximum(correlation / correlation[0], 1e-6).astype(np.float32))


def autocorrelations(frames: Array, window: str, lags: int) -> Array:
    """Compute the normalised autocorrelation of windowed frames, divided by the window's.

    Parameters
    ----------
    frames : array of float32, shape ``(frames, samples)``
        Samples, with a mean near 0, times the window.
    window : {"hann", "gaussian"}
        See `analysis_window`.
    lags : int
        Greatest lag in samples.

    Returns
    -------
    array of float32, shape ``(frames, 1 + lags)``
        0 in silent frames.
    """
    length = frames.shape[1]
    size = fft.next_fast_len(length + lags)
    spectra = fft.rfft(frames, size)
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    correlation = fft.irfft(power, size)[:, : 1 + lags]
    energy = correlation[:, :1]
    factor = np.where(energy > 0, 1 / np.where(energy > 0, energy, 1), 0).astype(np.float32)
    result: Array = correlation * factor
    result /= _window_correlation(window, length, lags)
    return result


def forward_correlations(frames: Array, length: int, lags: int) -> Array:
    """Compute the normalised correlation of the beginning of frames with later parts.

    At lag k it is the sum of x[n] x[n + k] over `length` samples, divided by the geometric mean of
    the energies of both parts.

    Parameters
    ----------
    frames : array of float32, shape ``(frames, samples)``
        Samples, with a mean near 0. At lags beyond ``samples - length`` the end of the frame is
        compared with fewer samples.
    length : int
        Samples that are compared.
    lags : int
        Greatest lag in samples.

    Returns
    -------
    array of float32, shape ``(frames, 1 + lags)``
        0 where either part is silent.
    """
    frames = np.ascontiguousarray(frames[:, : length + lags])
    size = fft.next_fast_len(length + lags)
    product = fft.irfft(_cross_spectra(frames, length, size), size)[:, : 1 + lags]
    sums = np.zeros((len(frames), frames.shape[1] + 1))
    np.cumsum(np.square(frames, dtype=np.float64), axis=1, out=sums[:, 1:])
    lag = np.minimum(np.arange(1 + lags), frames.shape[1])
    ends = np.minimum(lag + length, frames.shape[1])
    energy = sums[:, ends] - sums[:, lag]
    energy *= sums[:, ends - lag]
    # Differences of running sums are rounded: what is left of silence there is no energy.
    sounding = energy > (1e-14 * sums[:, -1:]) ** 2
    root = np.sqrt(np.where(sounding, energy, 1))
    return np.where(sounding, product / root, 0).astype(np.float32)


def _cross_spectra(frames: Array, length: int, size: int) -> Array:
    """Spectra of frames, times the conjugates of those of their beginnings."""
    first = fft.rfft(np.ascontiguousarray(frames[:, :length]), size)
    whole = fft.rfft(frames, size)
    # NumPy rounds products of complex numbers differently at the end of an array.
    product = np.empty_like(whole)
    product.real = first.real * whole.real + first.imag * whole.imag
    product.imag = first.real * whole.imag - first.imag * whole.real
    return product


def correlation_peaks(
    correlation: Array,
    shortest: float,
    longest: float,
    *,
    least: float = 0.0,
    below_best: float = math.inf,
) -> Peaks:
    """Find the local maxima of the correlation of each frame, between whole lags.

    Parameters
    ----------
    correlation : array of float32, shape ``(frames, lags)``
        More than ``longest + REACH`` lags from 0.
    shortest, longest : float
        Range of lags in samples; peaks are at whole lags inside of it before they are refined.
    least : float
        Correlation at a whole lag above which there is a peak, at least 0.
    below_best : float
        Peaks that are lower than the highest of the frame by more than this are left out.

    Returns
    -------
    Peaks
        A height above 1, which interpolation may give, is replaced by its reciprocal.
    """
    first, last = max(1, math.ceil(shortest)), math.floor(longest)
    here = correlation[:, first : last + 1]
    is_peak = here > correlation[:, first - 1 : last]
    is_peak &= here >= correlation[:, first + 1 : last + 2]
    is_peak &= here > np.float32(least)
    if math.isfinite(below_best):
        best = np.max(here, axis=1, initial=0, where=is_peak, keepdims=True)
        is_peak &= here >= best - np.float32(below_best)
    frame, place = np.divmod(np.flatnonzero(is_peak), max(1, here.shape[1]))
    lag, height = _refined(correlation, frame, place + first)
    return Peaks(frame, lag, np.where(height > 1, 1 / np.maximum(height, 1), height))


def _refined(correlation: Array, frame: Array, lag: Array) -> tuple[Array, Array]:
    """Place and height of peaks near whole lags, by one step of Newton's method."""
    if not len(frame):
        return np.empty(0), np.empty(0)
    # An autocorrelation is symmetric about lag 0.
    mirrored = np.concatenate([correlation[:, REACH:0:-1], correlation], axis=1)
    taps = sliding_window_view(mirrored.ravel(), 2 * REACH + 1)
    values = taps[frame * mirrored.shape[1] + lag]
    around = values[:, REACH - 1 : REACH + 2].T.astype(np.float64)
    phase = np.rint(vertex(around)[0] * PHASES).astype(np.intp)
    height, slope, curvature = (
        np.einsum("nt,nt->n", kernel[phase + PHASES], values) for kernel in _kernels()
    )
    is_top = curvature < 0
    step = np.where(is_top, -slope / np.where(is_top, curvature, 1), 0)
    step = np.clip(step, -0.5, 0.5)
    top = np.asarray(height + step * (slope + step * curvature / 2), dtype=np.float64)
    return lag + phase / PHASES + step, top


@lru_cache(maxsize=1)
def _kernels() -> tuple[Array, Array, Array]:
    """Kernels of value, slope and curvature, each ``(1 + 2 * PHASES, taps)``."""
    step = 1e-3
    values = [_windowed_sinc(offset) for offset in (-step, 0.0, step)]
    slope = (values[2] - values[0]) / (2 * step)
    curvature = (values[2] - 2 * values[1] + values[0]) / step**2
    # The height needs double precision: 50 dB are a difference of 1e-5 from 1.
    return (
        read_only(values[1]),
        read_only(slope.astype(np.float32)),
        read_only(curvature.astype(np.float32)),
    )


def _windowed_sinc(offset: float) -> Array:
    place = np.arange(-PHASES, PHASES + 1)[:, None] / PHASES + offset
    distance = np.arange(-REACH, REACH + 1) - place
    inside = np.abs(distance) < REACH + 1
    window = np.where(inside, 0.5 + 0.5 * np.cos(np.pi * distance / (REACH + 1)), 0)
    return np.asarray(np.sinc(distance) * window)
