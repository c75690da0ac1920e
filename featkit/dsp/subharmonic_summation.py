"""Subharmonic summation: candidates for the fundamental frequency of a frame of speech.

The spectrum of a frame is plotted over the logarithm of frequency, where a harmonic complex keeps
its shape when its pitch changes. Each frequency gets the sum of the spectrum at its first 15
multiples, with weights that decrease by 0.85 from one to the next [1]_. Peaks of the sum are
candidates for the fundamental frequency. Before, bins that are further than two from a local
maximum are set to zero, the spectrum is smoothed, and weighted by a raised arc tangent. As in
openSMILE, a spectrum that rises from 0 Hz on is kept up to its first maximum; the negative lobes of
the interpolation are set to zero.

The strength of a candidate is one less the mean of the sum over its height at the candidate: near 1
for a single sharp peak, below 0.7 for most noise [2]_.

References
----------
.. [1] D. J. Hermes, "Measurement of pitch by subharmonic summation", J. Acoust. Soc. Am. 83(1),
   1988.
.. [2] F. Eyben, "Real-time speech and music classification by large audio feature space
   extraction", Springer, 2016.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled, fft
from featkit.dsp.banks import Bank
from featkit.dsp.bins import sums_over_bins, vertex
from featkit.dsp.filters import read_only, roots_of_unity

FRAME = 0.06
"""Seconds in a frame."""

SIGMA = 0.4
"""Standard deviation of the Gaussian window, as a share of half a frame."""

LOWEST, HIGHEST = 55.0, 1000.0
"""Range of candidates in Hz."""

AXIS_FROM = 25.0
"""Lowest frequency of the logarithmic axis in Hz. It ends at half the sample rate, and has as many
points as the spectrum has bins."""

N_HARMONICS, COMPRESSION = 15, 0.85
"""Number of multiples, and weight of each relative to the one before."""

KNEE, STEEPNESS = 33.0, 3.0
"""Frequency in Hz at which the raised arc tangent is a half, and its steepness per octave. It
removes what lies below voices, and leaves the rest nearly as it is."""

N_CANDIDATES = 6
"""Candidates of a frame: the highest peaks of the sum, of which those outside of the range are then
dropped. A frame whose highest peaks are all below or above the range of voices has none."""

MOST_CANDIDATES = 16
"""Most candidates that the compiled core finds."""

NEAR = 2
"""Distance in bins from a local maximum up to which the spectrum is kept."""

QUIETEST = 1e-6
"""Mean square of a windowed frame below which it has no candidates: 60 dB below full scale."""

SPLINE_REACH = 8
"""Bins on either side that affect the cubic spline. Their influence falls by 0.27 per bin."""


class Candidates(NamedTuple):
    """Candidates for the fundamental frequency, the strongest first.

    Attributes
    ----------
    frequency : array of float64, shape ``(N_CANDIDATES, frames)``
        In Hz; 0 where a frame has fewer candidates.
    strength : array of float64, shape ``(N_CANDIDATES, frames)``
        At most 1; 0 where a frame has fewer candidates.
    energy : array of float64, shape ``(frames,)``
        Mean square of the frame, weighted by the square of the window.
    """

    frequency: Array
    strength: Array
    energy: Array


class LogAxis(NamedTuple):
    """A logarithmic frequency axis, and the sums over it.

    Attributes
    ----------
    bank : Bank, shape ``(points, bins)``
        Interpolates a spectrum, smooths it, and weights it.
    step : float
        Octaves from one point to the next.
    shifts : array of int, shape ``(multiples,)``
        Points from a frequency to each of its multiples.
    gains : array of float32, shape ``(multiples,)``
        Weight of each multiple.
    weights : array of float32, shape ``(points,)``
        Weight of each point in the mean of the sum.
    """

    bank: Bank
    step: float
    shifts: Array
    gains: Array
    weights: Array


class Peaks(NamedTuple):
    """The highest peaks of the sum over multiples.

    Attributes
    ----------
    place : array of int64, shape ``(N_CANDIDATES, frames)``
        Point of the axis, -1 for none.
    near : array of float32, shape ``(3, N_CANDIDATES, frames)``
        The sum before, at, and after the peak; 0 for none.
    mean : array of float32, shape ``(frames,)``
        Mean of the sum.
    energy : array of float32, shape ``(frames,)``
        Sum of squares of the windowed frame.
    """

    place: Array
    near: Array
    mean: Array
    energy: Array


def frame_length(sr: float) -> int:
    """Return the number of samples in a frame.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.

    Returns
    -------
    int
    """
    return max(1, round(FRAME * sr))


@lru_cache(maxsize=8)
def pitch_window(length: int) -> Array:
    """Return the window of a frame.

    Parameters
    ----------
    length : int
        Number of samples.

    Returns
    -------
    array of float32, shape ``(length,)``
        Read-only.
    """
    half = max((length - 1) / 2, 1)
    z = (np.arange(length) - (length - 1) / 2) / (SIGMA * half)
    return read_only(np.exp(-0.5 * z**2).astype(np.float32))


@lru_cache(maxsize=4)
def log_axis(sr: float, n_fft: int) -> LogAxis:
    """Return the logarithmic frequency axis of a spectrum.

    Parameters
    ----------
    sr : float
        Sample rate in Hz, more than twice `HIGHEST`.
    n_fft : int
        Samples per transform.

    Returns
    -------
    LogAxis
    """
    points = n_fft // 2 + 1
    octaves = float(np.log2(sr / 2 / AXIS_FROM))
    step = octaves / (points - 1)
    hz = AXIS_FROM * 2 ** (step * np.arange(points))
    loudness = 0.5 + np.arctan(STEEPNESS * np.log2(hz / KNEE)) / np.pi
    first, rows = _spline_weights(hz * n_fft / sr, points)
    bank = Bank.of_narrow_rows(first, rows * loudness[:, None], points)
    # As in openSMILE, an octave has points / octaves points, which makes up for rounding down.
    multiples = np.log2(np.arange(1, N_HARMONICS + 1))
    shifts = np.floor(multiples * points / octaves).astype(np.int64)
    shifts = shifts[shifts < points]
    gains = COMPRESSION ** np.arange(len(shifts))
    weights = np.sum(gains[:, None] * (np.arange(points) >= shifts[:, None]), axis=0) / points
    arrays = shifts, gains.astype(np.float32), weights.astype(np.float32)
    return LogAxis(bank, step, *map(read_only, arrays))


def _spline_weights(positions: Array, bins: int) -> tuple[Array, Array]:
    """First bin of each position, and weights of the bins from it on, ``(positions, width)``.

    The values at the positions are those of a cubic spline through the smoothed spectrum, which is
    mirrored at both ends. A cardinal spline is a sum of B-splines, whose coefficients are the bins
    filtered by powers of the root z of 1 + 4 z + z².
    """
    z = np.sqrt(3) - 2
    taps = -6 * z / (1 - z**2) * z ** np.abs(np.arange(-SPLINE_REACH, SPLINE_REACH + 1))
    taps = np.convolve(taps, [0.25, 0.5, 0.25])
    reach, base = len(taps) // 2, np.floor(positions).astype(np.int64)
    t = positions - base
    b_splines = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    width = min(2 * reach + 4, bins)
    first = np.clip(base - reach - 1, 0, bins - width)
    weights = np.zeros((len(positions), width))
    rows, period = np.arange(len(positions)), max(1, 2 * (bins - 1))
    for offset, b_spline in enumerate(b_splines, start=-1):
        for shift, tap in enumerate(taps, start=-reach):
            k = np.abs(base + offset + shift) % period
            k = np.minimum(k, period - k)
            np.add.at(weights, (rows, k - first), tap * b_spline / 6)
    return first, weights


def candidates(frames: Array, sr: float) -> Candidates:
    """Find candidates for the fundamental frequency of frames.

    Parameters
    ----------
    frames : array of float32, shape ``(frames, length)``
        Samples of each frame, see `frame_length`.
    sr : float
        Sample rate in Hz, more than twice `HIGHEST`.

    Returns
    -------
    Candidates
    """
    length = frames.shape[1]
    n_fft = 1 << max(5, (length - 1).bit_length())
    axis, window = log_axis(sr, n_fft), pitch_window(length)
    by_core = _compiled.transforms(n_fft) and N_CANDIDATES <= MOST_CANDIDATES
    peaks = (_peaks_by_core if by_core else _peaks_by_numpy)(frames, window, n_fft, axis)
    exists = (peaks.place > 0) & (peaks.mean > 0) & (peaks.energy >= QUIETEST * length)
    shift, height = vertex(peaks.near.astype(np.float64))
    hz = AXIS_FROM * 2 ** (axis.step * (peaks.place + shift))
    exists &= (hz > LOWEST) & (hz < HIGHEST)
    strength = 1 - peaks.mean / np.where(exists, height, 1)
    energy = peaks.energy / np.sum(np.square(window, dtype=np.float64))
    return Candidates(np.where(exists, hz, 0), np.where(exists, strength, 0), energy)


def _peaks_by_core(frames: Array, window: Array, n_fft: int, axis: LogAxis) -> Peaks:
    assert _compiled.core is not None
    n, shape = len(frames), (N_CANDIDATES, len(frames))
    peaks = Peaks(
        np.empty(shape, dtype=np.int64),
        np.empty((3, *shape), dtype=np.float32),
        np.empty(n, dtype=np.float32),
        np.empty(n, dtype=np.float32),
    )
    frames, roots = np.ascontiguousarray(frames), roots_of_unity(n_fft)
    sums = axis.shifts, axis.gains, axis.weights
    scanned = 1, axis.bank.shape[0] - 1
    _compiled.core.subharmonics(frames, window, roots, *axis.bank.arrays, *sums, *scanned, *peaks)
    return peaks


def _peaks_by_numpy(frames: Array, window: Array, n_fft: int, axis: LogAxis) -> Peaks:
    windowed = frames * window
    energy = sums_over_bins(np.square(np.ascontiguousarray(windowed.T)))
    spectrum = np.ascontiguousarray(fft.rfft(windowed, n_fft).T)
    magnitude = np.sqrt(np.square(spectrum.real) + np.square(spectrum.imag))
    x = np.maximum(axis.bank @ _near_peaks(magnitude), np.float32(0))
    mean = sums_over_bins(x * axis.weights[:, None])
    total = _sum_of_multiples(x, axis)
    inner = total[1:-1]
    heights = np.where((inner > total[:-2]) & (inner > total[2:]), inner, np.float32(0))
    order = np.argsort(-heights, axis=0, kind="stable")[:N_CANDIDATES]
    exists = np.take_along_axis(heights, order, axis=0) > 0
    near = np.stack([np.take_along_axis(total, order + k, axis=0) for k in range(3)])
    return Peaks(np.where(exists, 1 + order, -1), np.where(exists, near, 0), mean, energy)


def _near_peaks(spectrum: Array) -> Array:
    """The spectrum, with zeros where no local maximum is near; ``(bins, frames)``.

    A value at 0 Hz may be a maximum. Where the spectrum rises from there on, it is kept up to the
    first maximum.
    """
    middle = spectrum[1:-1]
    peaks = np.zeros((len(spectrum) + 2 * NEAR, spectrum.shape[1]), bool)
    peaks[NEAR] = spectrum[0] > spectrum[1]
    peaks[NEAR + 1 : -NEAR - 1] = (middle > spectrum[:-2]) & (middle > spectrum[2:])
    near = np.logical_or.reduce([peaks[k : k + len(spectrum)] for k in range(2 * NEAR + 1)])
    rising = ~np.logical_or.accumulate(peaks[NEAR:-NEAR]) & (spectrum[1] > spectrum[0])
    return np.where(near | rising, spectrum, np.float32(0))


def _sum_of_multiples(x: Array, axis: LogAxis) -> Array:
    """Weighted sum over the multiples of each point of the axis, ``(points, frames)``."""
    total = np.zeros_like(x)
    for gain, shift in zip(axis.gains, axis.shifts.tolist(), strict=True):
        total[: len(x) - shift] += gain * x[shift:]
    return total
