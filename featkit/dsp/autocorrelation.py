"""Autocorrelation of frames, and their periodicity between whole lags.

The autocorrelation of a frame is computed from that of pieces, whose length divides both frame and
hop: overlapping frames share pieces, and the transforms are short. Between lags it is interpolated
as a band-limited function [1]_.

References
----------
.. [1] P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
   harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import fft
from featkit.dsp.bins import running_sums, vertex
from featkit.dsp.framing import Signal

TRANSFORMED = 128
"""Number of pieces per transform, few enough for the cache of a core."""

REACH = 64
"""Number of lags on either side from which the autocorrelation is interpolated."""

STEPS = 8
"""Interpolated values per lag."""

SILENT = 1e-30
"""Energy of a frame, at full scale 1, below which single precision is too coarse."""


class FrameCorrelations:
    """Autocorrelation and energy of frames, computed from those of the pieces that they share.

    Parameters
    ----------
    signal : Signal
        The samples of the frames.
    lags : int
        Largest lag in samples.

    Attributes
    ----------
    correlation : array of float32, shape ``(1 + lags, frames)``
        Sum over a frame of x[n] x[n + k] at lags k from 0; samples beyond the frame count as 0.
    """

    def __init__(self, signal: Signal, lags: int) -> None:
        piece = piece_length(signal, lags)
        first: Array | slice
        if piece < signal.n_fft:
            pieces = signal.y.reshape(-1, piece)
            first = signal.hop_of_frame * (signal.hop_length // piece)
            if first[-1] - first[0] == len(first) - 1:
                first = slice(int(first[0]), int(first[-1]) + 1)
        else:
            pieces = signal.frames(slice(None))
            first = slice(None)
        count = signal.n_fft // piece
        self._by_frame: Array = frame_correlations(pieces, count, lags + REACH)[first]
        self.correlation: Array = transposed(self._by_frame[:, : 1 + lags])
        energy = running_sums(np.square(transposed(pieces)))
        last = len(pieces) - count + 1
        self._head: Array = energy[:, :last][:, first]
        self._tail: Array = energy[:, count - 1 :][:, first]

    def normalised_difference(self, lags: int) -> Array:
        """Compute d(k) over the mean of d(1) to d(k).

        Parameters
        ----------
        lags : int
            Largest lag k.

        Returns
        -------
        array of float32, shape ``(lags, frames)``
            At lags from 1.
        """
        difference: Array = self.correlation[0] - self.correlation[1 : lags + 1]
        difference *= 2
        difference[1:] -= self._head[1:lags]  # as in librosa: not for d(1)
        sums = running_sums(difference)
        sums += np.finfo(np.float32).tiny
        difference *= np.arange(1, lags + 1, dtype=np.float32)[:, None]
        difference /= sums
        return difference

    def repetition(self, lag: Array) -> tuple[Array, Array]:
        """Find the period of each frame near a lag, and its aperiodicity.

        For two parts x and x' of a frame, one period apart, sum((x - x')²) / 4 is the power that
        differs, and sum(x² + x'²) / 2 the power of both (step 4 of YIN). Their ratio is the
        aperiodicity. Its minimum between the neighbouring lags is found in steps of ``1 / STEPS``
        lags and refined by a parabola.

        Parameters
        ----------
        lag : array of int, shape ``(frames,)``

        Returns
        -------
        period : array of float64, shape ``(frames,)``
            Samples.
        aperiodicity : array of float64, shape ``(frames,)``
            0 to 1; NaN in silence.
        """
        power = self._power(lag + np.array([[-1], [0], [1]]))
        sounding = (power > SILENT).all(axis=0)
        share = 0.5 - self._between(lag) / np.where(sounding, interpolated_linearly(power), np.inf)
        least = np.clip(np.argmin(share, axis=0), 1, len(share) - 2)
        around = share[least + np.array([[-1], [0], [1]]), np.arange(len(lag))]
        shift, aperiodicity = vertex(around)
        period = np.where(sounding, lag + (least + shift) / STEPS - 1, lag)
        return period, np.where(sounding, np.clip(aperiodicity, 0, 1), np.nan)

    def _power(self, lag: Array) -> Array:
        """Energy of each frame without its last `lag` samples, plus that without its first."""
        column = np.arange(lag.shape[1])
        last = len(self._tail) - 1
        last_samples = self._tail[last] - self._tail[last - lag, column]
        total = self.correlation[0].astype(np.float64)
        return np.asarray(2 * total - (self._head[lag - 1, column] + last_samples))

    def _between(self, lag: Array) -> Array:
        """The autocorrelation from one lag before to one after, ``(1 + 2 * STEPS, frames)``."""
        taps = np.arange(-REACH, REACH + 1)[:, None]
        rows = np.arange(0, self._by_frame.size, self._by_frame.shape[1])
        values = self._by_frame.ravel().take(np.abs(lag + taps) + rows).astype(np.float64)
        # In single precision, the rounding of the sums would move the period of a deep tone. They
        # have the order of the compiled core.
        kernels = sinc_columns()[:, : 2 * STEPS - 2, None]
        sums: Array = np.zeros((4, kernels.shape[1], len(lag)))
        products: Array = np.empty(sums.shape[1:])
        for k, kernel in enumerate(kernels):
            np.multiply(kernel, values[k], out=products)
            np.add(sums[k % 4], products, out=sums[k % 4])
        between: Array = np.empty((2 * STEPS + 1, len(lag)))
        between[::STEPS] = values[REACH - 1 : REACH + 2]
        between[np.arange(2 * STEPS + 1) % STEPS > 0] = (sums[0] + sums[1]) + (sums[2] + sums[3])
        return between


def piece_length(signal: Signal, lags: int) -> int:
    """Return the number of samples in the pieces from which frames are correlated.

    Parameters
    ----------
    signal : Signal
        The samples of the frames.
    lags : int
        Largest lag in samples.

    Returns
    -------
    int
        The longest length that divides both frames and hops, if this is longer than the lags that
        are needed; else the length of a frame.
    """
    shared = math.gcd(signal.n_fft, signal.hop_length)
    return shared if shared > lags + REACH else signal.n_fft


def frame_correlations(pieces: Array, count: int, lags: int) -> Array:
    """Compute the autocorrelation of frames of neighbouring pieces.

    Lags are shorter than pieces, so the autocorrelation of a frame is the sum of the
    autocorrelation of each of its pieces and the cross-correlation of each piece with the next.

    Parameters
    ----------
    pieces : array of float32, shape ``(pieces, samples)``
    count : int
        Number of pieces in a frame.
    lags : int
        Largest lag in samples.

    Returns
    -------
    array of float32, shape ``(pieces - count + 1, 1 + lags)``
    """
    length = pieces.shape[1]
    in_core = lags < length and not length & (length - 1)
    size = 2 * length if count > 1 or in_core else fft.next_fast_len(length + lags)
    frames = len(pieces) - count + 1
    correlations: Array = np.empty((frames, 1 + lags), dtype=np.float32)
    # A factor that delays by the length of a piece, half the length of the transform.
    alternating = np.where(np.arange(size // 2 + 1) % 2, np.float32(-1), np.float32(1))
    for start in range(0, frames, TRANSFORMED):
        stop = min(start + TRANSFORMED, frames)
        spectra = fft.rfft(pieces[start : stop + count - 1], size)
        re, im = spectra.real.copy(), spectra.imag.copy()
        sum_re = np.square(re[count - 1 :])
        sum_re += np.square(im[count - 1 :])
        sum_im = np.zeros_like(sum_re)
        if count > 1:
            cross_re, cross_im = _cross_spectra(re, im, alternating)
            for k in range(count - 1):
                sum_re += cross_re[k : k + stop - start]
                sum_im += cross_im[k : k + stop - start]
        summed = spectra[: stop - start]
        summed.real, summed.imag = sum_re, sum_im
        correlations[start:stop] = fft.irfft(summed, size)[:, : 1 + lags]
    return correlations


def _cross_spectra(re: Array, im: Array, delay: Array) -> tuple[Array, Array]:
    """Spectra of the pieces joined with the next one, times conjugates of those of the pieces."""
    both_re, both_im = re[1:] * delay, im[1:] * delay
    both_re += re[:-1]
    both_im += im[:-1]
    cross_re, cross_im = both_re * re[:-1], both_im * re[:-1]
    both_im *= im[:-1]
    both_re *= im[:-1]
    cross_re += both_im
    cross_im -= both_re
    return cross_re, cross_im


def transposed(rows: Array) -> Array:
    """Transpose rows, a few at a time: rows of 2^n samples map to the same few cache lines.

    Parameters
    ----------
    rows : array, shape ``(rows, columns)``

    Returns
    -------
    array, shape ``(columns, rows)``
    """
    columns = np.empty(rows.shape[::-1], dtype=rows.dtype)
    for start in range(0, len(rows), 16):
        columns[:, start : start + 16] = rows[start : start + 16].T
    return columns


def interpolated_linearly(x: Array) -> Array:
    """Interpolate between three lags.

    Parameters
    ----------
    x : array, shape ``(3, frames)``

    Returns
    -------
    array, shape ``(1 + 2 * STEPS, frames)``
    """
    at = np.arange(STEPS)[:, None] / STEPS
    return np.concatenate([x[0] + at * (x[1] - x[0]), x[1] + at * (x[2] - x[1]), x[2:]])


@lru_cache(maxsize=1)
def sinc_kernels() -> Array:
    """Return the kernels that interpolate between samples: a sinc in a Kaiser window.

    The centre moves from one sample before the middle one to one after it. The shape of the window,
    4, is a compromise: a higher value attenuates partials near half the sample rate more, a lower
    one causes ripples.

    Returns
    -------
    array of float64, shape ``(1 + 2 * STEPS, taps)``
    """
    place = np.arange(-STEPS, STEPS + 1)[:, None] / STEPS
    distance = np.arange(-REACH, REACH + 1) - place
    window = np.i0(4 * np.sqrt(1 - (distance / (REACH + 1)) ** 2)) / np.i0(4)
    return np.asarray(np.sinc(distance) * window)


@lru_cache(maxsize=1)
def sinc_columns() -> Array:
    """Return the kernels for the places between lags, as the compiled core needs them.

    Returns
    -------
    array of float64, shape ``(taps, 2 * STEPS)``
        The kernels of whole lags, which copy a value, are left out; the last two columns are 0.
    """
    between = [kernel for k, kernel in enumerate(sinc_kernels()) if k % STEPS]
    columns: Array = np.zeros((2 * REACH + 1, 2 * STEPS))
    columns[:, : len(between)] = np.transpose(between)
    return columns
