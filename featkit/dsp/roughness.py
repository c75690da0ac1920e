"""Roughness by the model of Daniel and Weber.

References
----------
Daniel, P. and Weber, R. "Psychoacoustical roughness: implementation of an optimized model",
Acustica 83, 1997.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.excitation import CHANNELS, channel_envelopes
from featkit.dsp.fft import rfft
from featkit.dsp.filters import fft_window, read_only

CALIBRATION = 0.1985
"""Factor of the sum of the specific roughness in asper, by which the reference tone has 1. The
paper has 0.25; here, slopes begin at the edges of channels, which makes roughness larger, and
nearly independent of the place of a tone between two channels."""

WEIGHTS = np.array(
    [
        [0, 1, 2.5, 4.9, 6.5, 8, 9, 10, 11, 11.5, 13, 17.5, 21, 24],
        [0, 0.35, 0.7, 0.7, 1.1, 1.25, 1.26, 1.18, 1.08, 1, 0.66, 0.46, 0.38, 0.3],
    ]
)
"""Weight of the specific roughness, g squared, over critical-band rate: Bark, weight."""

MODULATION_WEIGHTS = (
    (
        4,
        "0 17 23 25 32 37 48 67 90 114 171 206 247 294 358",
        "0 .8 .95 .975 1 .975 .9 .8 .7 .6 .4 .3 .2 .1 0",
    ),
    (
        15,
        "0 32 43 56 69 92 120 142 165 231 277 331 397 502",
        "0 .8 .95 1 .975 .9 .8 .7 .6 .4 .3 .2 .1 0",
    ),
    (
        20,
        "0 23.5 34 47 56 63 79 100 115 135 159 172 194 215 244 290 348 415 500 645",
        "0 .4 .6 .8 .9 .95 1 .975 .95 .9 .85 .8 .7 .6 .5 .4 .3 .2 .1 0",
    ),
    (
        41,
        "0 19 44 52.5 58 75 101.5 114.5 132.5 143.5 165.5 197.5 241 290 348 415 500 645",
        "0 .4 .8 .9 .95 1 .95 .9 .85 .8 .7 .6 .5 .4 .3 .2 .1 0",
    ),
    (
        47,
        "0 15 41 49 53 64 71 88 94 106 115 137 180 238 290 348 415 500 645",
        "0 .4 .8 .9 .965 .99 1 .95 .9 .85 .8 .7 .6 .5 .4 .3 .2 .1 0",
    ),
)
"""Weights of modulation frequencies: last channel, frequencies in Hz, weights."""


def roughness(frames: Array, sr: float, full_scale: float) -> Array:
    """Compute the roughness of frames.

    Parameters
    ----------
    frames : array of float32, shape ``(frames, samples)``
        Frames of 200 ms.
    sr : float
        Sample rate in Hz.
    full_scale : float
        Sound pressure level of a constant signal of full scale, in dB.

    Returns
    -------
    array of float64, shape ``(frames,)``
        Asper.
    """
    n = frames.shape[1]
    weights = _modulation_weights(sr, n)
    spectra = np.zeros((CHANNELS, len(frames), weights.shape[1]), dtype=np.complex128)
    means = np.empty((CHANNELS, len(frames)))
    window = fft_window("blackman", n, np.float64)
    for k, envelope in enumerate(channel_envelopes(frames, window, sr, full_scale)):
        points = envelope.shape[1]
        spectrum = rfft(envelope)[:, : weights.shape[1]].astype(np.complex128) / points
        means[k] = spectrum[:, 0].real
        spectra[k, :, : spectrum.shape[1]] = spectrum * weights[k, : spectrum.shape[1]]
    depth, correlation = modulation(spectra, means)
    g = np.interp(np.arange(1, CHANNELS + 1) / 2, WEIGHTS[0], WEIGHTS[1])[:, None]
    specific = g * np.square(np.minimum(depth, 1) * neighbours(correlation))
    return np.asarray(CALIBRATION * np.cumsum(specific, axis=0)[-1])


def modulation(spectra: Array, means: Array) -> tuple[Array, Array]:
    """Compute modulation depths, and correlations of the modulation a Bark apart.

    Parameters
    ----------
    spectra : array of complex, shape ``(channels, frames, bins)``
        Weighted spectra of the envelopes for frequencies from 0, where they are 0.
    means : array, shape ``(channels, frames)``
        Mean of the envelopes.

    Returns
    -------
    depth : array of float64, shape ``(channels, frames)``
        Root mean square of the weighted envelope over the mean; 0 without any excitation.
    correlation : array of float64, shape ``(channels - 2, frames)``
        Between a channel and the second one above; 0 where one has no modulation.
    """
    power = 2 * (np.square(spectra.real) + np.square(spectra.imag)).sum(axis=-1)
    depth = np.sqrt(power) / np.where(means > 0, means, np.inf)
    low, high = spectra[:-2], spectra[2:]
    products = 2 * (low.real * high.real + low.imag * high.imag).sum(axis=-1)
    scale = np.sqrt(power[:-2]) * np.sqrt(power[2:])
    return depth, products / np.where(scale > 0, scale, np.inf)


def neighbours(correlation: Array) -> Array:
    """Multiply the correlations of a channel with both neighbours.

    Parameters
    ----------
    correlation : array, shape ``(channels - 2, frames)``
        See `modulation`.

    Returns
    -------
    array, shape ``(channels, frames)``
        Two channels at each end have one neighbour only.
    """
    one = np.ones((2, correlation.shape[1]))
    return np.asarray(np.concatenate([one, correlation]) * np.concatenate([correlation, one]))


@lru_cache(maxsize=8)
def _modulation_weights(sr: float, n: int) -> Array:
    """Weights of the bins of an envelope, ``(47, bins)``."""
    frequencies = np.arange(min(n // 2 + 1, int(645 * n / sr) + 2)) * (sr / n)
    weights, first = np.zeros((CHANNELS, len(frequencies))), 0
    for last, points, values in MODULATION_WEIGHTS:
        x, y = (np.array(text.split(), dtype=np.float64) for text in (points, values))
        weights[first:last] = np.interp(frequencies, x, y, right=0)
        first = last
    return read_only(weights)
