"""Fluctuation strength: slow modulation of the excitation of auditory channels.

The model has the structure of Osses et al.: excitation of 47 channels as in the model of roughness,
modulation depth of their envelopes, and its correlation between channels a Bark apart, with an
exponent of 1.7. Modulation frequencies are weighted by the formula of Fastl and Zwicker, in which
fluctuation strength is proportional to 1 / (f / 4 Hz + 4 Hz / f); Osses et al. use digital filters
with a similar response. The factor is calibrated by a tone of 1 kHz and 60 dB that is modulated by
4 Hz, which has 1 vacil.

The frame has short fades, which are removed from the envelopes. The mean that is subtracted from an
envelope, and its spectrum, have a Hann window, so that a steady tone has no modulation.

References
----------
Fastl, H. and Zwicker, E. "Psychoacoustics: facts and models", 3rd edition, 2007, chapter 10.

Osses, A., García, R. and Kohlrausch, A. "Modelling the sensation of fluctuation strength",
Proceedings of Meetings on Acoustics 28, 2016.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.excitation import CHANNELS, channel_envelopes
from featkit.dsp.fft import rfft
from featkit.dsp.filters import read_only
from featkit.dsp.roughness import modulation, neighbours

CALIBRATION = 0.24
"""Factor of the sum over channels, in vacil."""

EXPONENT = 1.7
"""Exponent of modulation depth and correlation."""

DEEPEST = 0.7
"""Modulation depth above which it counts no more."""

FADE = 0.05
"""Seconds of the fades at both ends of a frame; twice as much of an envelope is left out."""

HIGHEST = 40.0
"""Highest modulation frequency in Hz."""


def fluctuation_strength(frames: Array, sr: float, full_scale: float) -> Array:
    """Compute the fluctuation strength of frames.

    Parameters
    ----------
    frames : array of float32, shape ``(frames, samples)``
        Frames of 2 s.
    sr : float
        Sample rate in Hz.
    full_scale : float
        Sound pressure level of a constant signal of full scale, in dB.

    Returns
    -------
    array of float64, shape ``(frames,)``
        Vacil.
    """
    n = frames.shape[1]
    weights = _modulation_weights(sr, n)
    spectra = np.zeros((CHANNELS, len(frames), len(weights)), dtype=np.complex128)
    means = np.empty((CHANNELS, len(frames)))
    for k, envelope in enumerate(channel_envelopes(frames, _fades(sr, n), sr, full_scale)):
        window = _inner_window(envelope.shape[1], 2 * FADE * sr / n)
        means[k] = (envelope * window).sum(axis=1, dtype=np.float64)
        envelope -= means[k].astype(np.float32)[:, None]
        # The sum of the squared window is the power of the spectrum of white noise.
        scale = 1 / np.sqrt(float(np.sum(window**2)) * envelope.shape[1])
        spectrum = rfft(envelope * window)[:, : len(weights)].astype(np.complex128) * scale
        spectra[k, :, : spectrum.shape[1]] = spectrum * weights[: spectrum.shape[1]]
    depth, correlation = modulation(spectra, means)
    shared = np.abs(neighbours(correlation)) * np.minimum(depth, DEEPEST)
    return np.asarray(CALIBRATION * np.cumsum(shared**EXPONENT, axis=0)[-1])


@lru_cache(maxsize=8)
def _fades(sr: float, n: int) -> Array:
    """Window of a frame: 1 but for short fades."""
    window: Array = np.ones(n)
    length = min(round(FADE * sr), n // 2)
    window[:length] = np.sin(np.pi / 2 * (np.arange(length) + 0.5) / length) ** 2
    window[n - length :] = window[:length][::-1]
    return read_only(window)


@lru_cache(maxsize=64)
def _inner_window(points: int, share: float) -> Array:
    """Hann window of sum 1 that leaves out a share of the frame at both ends."""
    first = int(np.ceil(share * points))
    count = points - 2 * first
    window: Array = np.zeros(points)
    window[first : first + count] = np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 2
    return read_only((window / window.sum()).astype(np.float32))


@lru_cache(maxsize=8)
def _modulation_weights(sr: float, n: int) -> Array:
    """Weights of the bins of an envelope; 1 at 4 Hz, and 0 at 0 Hz."""
    frequencies = np.arange(min(n // 2 + 1, int(HIGHEST * n / sr) + 1)) * (sr / n)
    weights: Array = np.zeros(len(frequencies))
    f = frequencies[1:] / 4
    weights[1:] = (2 / (f + 1 / f)) ** (1 / EXPONENT)
    return read_only(weights)
