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
import scipy.fft

from featkit._utils.typing import Array
from featkit.dsp.bins import running_sums, vertex
from featkit.dsp.framing import Signal

TRANSFORMED = 64
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
        piece = math.gcd(signal.n_fft, signal.hop_length)
        first: Array | slice
        if piece > lags + REACH:
            pieces = signal.y.reshape(-1, piece)
            first = signal.hop_of_frame * (signal.hop_length // piece)
            if first[-1] - first[0] == len(first) - 1:
                first = slice(int(first[0]), int(first[-1]) + 1)
        else:
            piece, pieces = signal.n_fft, signal.frames(slice(None))
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
        period = lag + (least + shift) / STEPS - 1
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
        near = np.abs(lag[:, None] + np.arange(-REACH, REACH + 1))
        near += np.arange(0, self._by_frame.size, self._by_frame.shape[1])[:, None]
        # Sums run along rows of both operands, in an order independent of the number of frames.
        return np.asarray(np.einsum("pk,fk->pf", sinc_kernels(), self._by_frame.ravel().take(near)))


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
    size = 2 * length if count > 1 else scipy.fft.next_fast_len(length + lags, real=True)
    frames = len(pieces) - count + 1
    correlations: Array = np.empty((frames, 1 + lags), dtype=np.float32)
    # A factor that delays by the length of a piece, half the length of the transform.
    alternating = np.where(np.arange(size // 2 + 1) % 2, np.float32(-1), np.float32(1))
    for start in range(0, frames, TRANSFORMED):
        stop = min(start + TRANSFORMED, frames)
        spectra = scipy.fft.rfft(pieces[start : stop + count - 1], n=size, axis=1)
        own = np.square(spectra.real) + np.square(spectra.imag)
        if count > 1:
            both = spectra[1:] * alternating
            both += spectra[:-1]
            both *= np.conj(spectra[:-1])
            summed = both[: stop - start] + own[count - 1 :]
            for k in range(1, count - 1):
                summed += both[k : k + stop - start]
        else:
            summed = own
        correlations[start:stop] = scipy.fft.irfft(summed, n=size, axis=1)[:, : 1 + lags]
    return correlations


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
    array of float32, shape ``(1 + 2 * STEPS, taps)``
    """
    place = np.arange(-STEPS, STEPS + 1)[:, None] / STEPS
    distance = np.arange(-REACH, REACH + 1) - place
    window = np.i0(4 * np.sqrt(1 - (distance / (REACH + 1)) ** 2)) / np.i0(4)
    return np.asarray(np.sinc(distance) * window, dtype=np.float32)
