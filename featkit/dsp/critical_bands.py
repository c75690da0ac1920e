"""Critical bands, auditory spectra and their cepstra: perceptual linear prediction (PLP).

The power spectrum is summed in bands that are a Bark apart, weighted by the sensitivity of hearing,
and compressed by a cubic root. The cepstrum of an all-pole model of this auditory spectrum are the
PLP coefficients [1]_. Its frequencies f are converted to Bark by ``6 asinh(f / 600)``. Sums run
over the bins, so that a band has the power between its edges in Hz.

RASTA processing filters the logarithm of each band over time, and so removes all that is constant,
such as the frequency response of a telephone, and that changes faster than speech [2]_.

References
----------
.. [1] H. Hermansky, "Perceptual linear predictive (PLP) analysis of speech", Journal of the
   Acoustical Society of America 87(4), 1990.
.. [2] H. Hermansky and N. Morgan, "RASTA processing of speech", IEEE Transactions on Speech and
   Audio Processing 2(4), 1994.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.autocorrelation import SILENT
from featkit.dsp.banks import Bank
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.disk_array import Clip
from featkit.dsp.filters import read_only
from featkit.dsp.levinson import levinson, prediction_cepstrum
from featkit.dsp.short_spectra import power_spectra, spectrum_size, speech_frames
from featkit.errors import ParameterError

RASTA = 0.1 * np.array([2.0, 1.0, 0.0, -1.0, -2.0])
"""Numerator of the RASTA filter: the slope of a line through five frames."""

TOGETHER = 1024
"""Frames whose cepstra are computed together."""

RASTA_RANGE = 1e-8
"""Power below this share of a clip's loudest band counts as this share: 80 dB below it."""


def bark(hz: Array) -> Array:
    """Convert frequencies to the Bark scale of Schroeder, as in [1]_.

    Parameters
    ----------
    hz : array, any shape
        Frequency in Hz.

    Returns
    -------
    array, shaped as `hz`

    References
    ----------
    .. [1] H. Hermansky, "Perceptual linear predictive (PLP) analysis of speech", Journal of the
       Acoustical Society of America 87(4), 1990.
    """
    return 6 * np.arcsinh(np.asarray(hz) / 600)


def n_critical_bands(sr: float) -> int:
    """Return the number of bands from 0 Hz to half the sample rate, at most 1 Bark apart.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.

    Returns
    -------
    int
        At least 2; 18 at 10 kHz.
    """
    return math.ceil(float(bark(np.asarray(sr / 2)))) + 1


def band_centres(sr: float) -> Array:
    """Return the centres of the bands, evenly spaced on the Bark scale.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.

    Returns
    -------
    array of float64, shape ``(bands,)``
        Hz, from 0 to half the sample rate.
    """
    top = float(bark(np.asarray(sr / 2)))
    return np.asarray(600 * np.sinh(np.linspace(0, top, n_critical_bands(sr)) / 6))


@lru_cache(maxsize=16)
def critical_band_filters(sr: float, n_fft: int) -> Bank:
    """Return the masking curves of the bands.

    A curve is flat for 1 Bark around its centre. It falls by 10 dB per Bark towards low
    frequencies, to 2.5 Bark below the centre, and by 25 dB per Bark towards high ones, to 1.3 Bark
    above it; it is 0 beyond.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per transform.

    Returns
    -------
    Bank, shape ``(bands, n_fft // 2 + 1)``
        1 at the centre of a band.
    """
    above = bark(np.fft.rfftfreq(n_fft, 1 / sr)) - bark(band_centres(sr))[:, None]
    exponent = np.minimum(np.minimum(above + 0.5, -2.5 * (above - 0.5)), 0)
    return Bank(np.where((above >= -2.5) & (above <= 1.3), 10**exponent, 0).astype(np.float32))


def equal_loudness(hz: Array) -> Array:
    """Return the sensitivity of hearing at about 40 dB, for frequencies up to 5 kHz.

    Above them it stays near 1, as in common implementations of PLP.

    Parameters
    ----------
    hz : array, any shape
        Frequency in Hz.

    Returns
    -------
    array, shaped as `hz`
        Weight of a power, 0 at 0 Hz and 1 at high frequencies.

    References
    ----------
    .. [1] H. Hermansky, "Perceptual linear predictive (PLP) analysis of speech", Journal of the
       Acoustical Society of America 87(4), 1990.
    """
    square = np.square(2 * np.pi * np.asarray(hz))
    rise = np.square(square / (square + 6.3e6))
    return np.asarray(rise * (square + 56.8e6) / (square + 0.38e9))


class CriticalBands:
    """Power in the critical bands of frames of 25 ms every 10 ms.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.

    Attributes
    ----------
    sr : float
        Sample rate in Hz.
    power : array of float32, shape ``(bands, frames)``
        Power in each band; NaN in frames of silence.
    segments : Segments
        Frames of each clip.
    """

    def __init__(self, clips: Sequence[Clip], sr: float) -> None:
        frames = speech_frames(clips, sr)
        n_fft = max(2, spectrum_size(frames.length))
        bank = critical_band_filters(sr, n_fft)
        self.sr, self.segments = sr, frames.segments
        self.power: Array = np.full((bank.shape[0], self.segments.total), np.nan, dtype=np.float32)
        for clip, own in enumerate(self.segments):
            for part, power in power_spectra(frames, clip, n_fft):
                columns = slice(own.start + part.start, own.start + part.stop)
                self.power[:, columns] = bank @ power
        with np.errstate(invalid="ignore"):
            silent = ~(np.max(self.power, axis=0) > SILENT)
        self.power[:, silent] = np.nan

    def rasta(self, pole: float) -> Array:
        """Filter the logarithm of each band over time.

        The clip counts as preceded by its first frame, so that the filter is at rest there.

        Parameters
        ----------
        pole : float
            Pole of the filter, below 1: the nearer to 1, the slower the changes that are kept.

        Returns
        -------
        array of float32, shape ``(bands, frames)``
            Filtered power; 1 if the band is constant. NaN in clips of silence.
        """
        from scipy.signal import lfilter

        filtered: Array = np.full(self.power.shape, np.nan, dtype=np.float32)
        for own in self.segments:
            loudest = float(np.fmax.reduce(self.power[:, own], axis=None))
            if not loudest > 0:
                continue
            lowest = RASTA_RANGE * loudest
            first = np.log(np.fmax(self.power[:, own.start, None], lowest, dtype=np.float64))
            state = np.zeros((len(first), len(RASTA) - 1))
            for part in _parts(own):
                levels = np.log(np.fmax(self.power[:, part], lowest, dtype=np.float64)) - first
                output, state = lfilter(RASTA, [1, -pole], levels, axis=1, zi=state)
                filtered[:, part] = np.exp(output)
        return filtered


def auditory_cepstrum(power: Array, sr: float, order: int, count: int) -> Array:
    """Compute the cepstrum of an all-pole model of the auditory spectrum.

    The lowest and the highest band, at 0 Hz and at half the sample rate, are those next to them.

    Parameters
    ----------
    power : array, shape ``(bands, frames)``
        Power in the critical bands.
    sr : float
        Sample rate in Hz.
    order : int
        Number of poles, below that of bands.
    count : int
        Number of cepstral coefficients, from ``c[0]``, the logarithm of the squared gain.

    Returns
    -------
    array of float64, shape ``(count, frames)``
        NaN in frames of silence.

    Raises
    ------
    ParameterError
        If there are too few bands for the order.
    """
    check_poles(order, sr)
    weights = equal_loudness(band_centres(sr))[:, None]
    cosines = _cosines(len(power), order)
    cepstrum: Array = np.empty((count, power.shape[1]))
    for part in _parts(slice(0, power.shape[1])):
        loudness = np.cbrt(power[:, part] * weights)
        loudness[0], loudness[-1] = loudness[1], loudness[-2]
        correlation = [sums_over_bins(row[:, None] * loudness) for row in cosines]
        coefficients, error = levinson(np.stack(correlation), order)
        cepstrum[:, part] = prediction_cepstrum(coefficients, error, count)
    return cepstrum


def _parts(frames: slice) -> Iterator[slice]:
    """Consecutive ranges of frames, few enough for the cache of a core."""
    for start in range(frames.start, frames.stop, TOGETHER):
        yield slice(start, min(start + TOGETHER, frames.stop))


@lru_cache(maxsize=16)
def _cosines(bands: int, order: int) -> Array:
    """Weights by which a spectrum at `bands` frequencies from 0 to pi becomes an autocorrelation.

    Shape ``(order + 1, bands)``.
    """
    weights = np.full(bands, 1 / (bands - 1))
    weights[[0, -1]] /= 2
    angles = np.pi / (bands - 1) * np.arange(bands)
    return read_only(weights * np.cos(np.arange(order + 1)[:, None] * angles))


def check_poles(order: int, sr: float) -> None:
    """Check that there are more critical bands than poles.

    Parameters
    ----------
    order : int
        Number of poles.
    sr : float
        Sample rate in Hz.

    Raises
    ------
    ParameterError
        If there are not; the message gives the highest order.
    """
    bands = n_critical_bands(sr)
    if order >= bands or bands < 4:
        raise ParameterError(
            f"order must be below {bands}, the number of critical bands at {sr:g} Hz, which must be"
            f" at least 4; got {order}"
        )
