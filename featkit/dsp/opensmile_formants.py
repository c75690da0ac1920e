"""Formants in the convention of openSMILE's feature set eGeMAPS.

The numbers called formants there are not resonances. Experiments with impulses, noise and voices,
for which openSMILE was a black box, agree with this rule to the accuracy of single precision:

1. A frame of 20 ms with a Hamming window is padded with zeros at both ends alike, to the next power
   of two of samples.
2. Its spectrum gives the samples at 11 kHz of the padded frame. As many samples as the frame has at
   that rate, 220, are computed, from the beginning of the padded frame on, so that the end of the
   frame is lost; and from half as many bins only. At a sample rate of 16 kHz these end at 3.4 kHz.
   The constant part has twice its proper weight.
3. A linear predictor of order 11 follows from the autocorrelation of these samples.
4. The polynomial 1 - a[1] / z - ... - a[11] / z**11 replaces the prediction polynomial
   1 + a[1] / z + ... + a[11] / z**11 of the predictor. The angles of its roots above the real axis
   are the frequencies in ascending order; the bandwidths are those of roots inside the unit circle,
   also if they are outside.

The samples have no energy above 3.4 of 5.5 kHz, and are almost perfectly predictable. Rounding to
single precision therefore changes about one frame in a hundred visibly. Here all is computed in
double precision.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.fft import irfft, rfft
from featkit.dsp.filters import read_only
from featkit.dsp.levinson import levinson, windowed_autocorrelation
from featkit.dsp.linear_prediction import formant_candidates

RATE = 11000.0
"""Sample rate of the predictor in Hz."""

ORDER = 11
"""Order of the predictor."""

AT_ZERO = 40000.0
"""Bandwidth in Hz from which a root counts as 0, which has no angle: its absolute value is 1e-5."""

REACH = 0.2
"""The level of a formant is that of the strongest harmonic within this share of its frequency."""

UNVOICED = -201.0
"""Level in dB of the formants of a frame that is not voiced."""


def opensmile_formants(samples: Array, sr: float, n_formants: int) -> tuple[Array, Array]:
    """Compute the first formants of frames as openSMILE does it.

    Parameters
    ----------
    samples : array, shape ``(frames, length)``
        Frames of 20 ms without a window.
    sr : float
        Sample rate in Hz, at least 8000.
    n_formants : int
        Number of formants, at most 5.

    Returns
    -------
    frequencies, bandwidths : array of float64, shape ``(n_formants, frames)``
        In Hz; NaN in a silent frame, and where there are fewer roots.
    """
    resampled = resampled_as_opensmile(samples, sr)
    correlation = windowed_autocorrelation(resampled, np.ones(resampled.shape[1]), ORDER)
    coefficients, _ = levinson(correlation, ORDER)
    coefficients[1:] *= -1
    frequencies, bandwidths = formant_candidates(coefficients.T, RATE)
    frequencies[~(bandwidths < AT_ZERO)] = np.nan
    first = np.argsort(frequencies, axis=1)[:, :n_formants]  # NaN comes last
    frequencies = np.take_along_axis(frequencies, first, axis=1)
    bandwidths = np.abs(np.take_along_axis(bandwidths, first, axis=1))
    return frequencies.T, np.where(np.isnan(frequencies), np.nan, bandwidths).T


def resampled_as_opensmile(samples: Array, sr: float) -> Array:
    """Resample frames to 11 kHz by the first two steps of the rule.

    Parameters
    ----------
    samples : array, shape ``(frames, length)``
    sr : float
        Sample rate in Hz.

    Returns
    -------
    array of float64, shape ``(frames, new length)``
        Samples, whose scale is not that of the given ones.
    """
    length = samples.shape[1]
    n_fft = 1 << (length - 1).bit_length()
    before = (n_fft - length) // 2
    padded: Array = np.zeros((len(samples), n_fft))
    np.multiply(samples, _hamming(length), out=padded[:, before : before + length])
    new_length = round(length * RATE / sr)
    bins = min(new_length // 2, n_fft // 2 + 1)
    spectrum = rfft(padded)[:, :bins]
    period = n_fft * RATE / sr
    if period != round(period):
        return _sum_of_tones(spectrum, period, new_length)
    spectrum[:, 0] *= 2
    return np.asarray(irfft(spectrum, round(period))[:, :new_length] * (period / 2))


def _sum_of_tones(spectrum: Array, period: float, length: int) -> Array:
    """Real part of the inverse transform with a period that is no whole number of samples."""
    total: Array = np.zeros((len(spectrum), length))
    for k, values in enumerate(spectrum.T):
        phase = 2 * np.pi * k / period * np.arange(length)
        total += values.real[:, None] * np.cos(phase) - values.imag[:, None] * np.sin(phase)
    return total


@lru_cache(maxsize=16)
def _hamming(length: int) -> Array:
    phase = 2 * np.pi * np.arange(length) / max(1, length - 1)
    return read_only(0.54 - 0.46 * np.cos(phase))
