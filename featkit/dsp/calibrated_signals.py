"""Test signals of a sound pressure level, for a recorder with 1 Pa at full scale.

Each is a float32 array of shape ``(samples,)``. Durations are in seconds, frequencies and sample
rates in Hz, levels in dB re 20 µPa.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import signals


def pressure(level: float) -> float:
    """Return the root mean square of a sound.

    Parameters
    ----------
    level : float
        Sound pressure level in dB.

    Returns
    -------
    float
        Pa.
    """
    return float(20e-6 * 10 ** (level / 20))


def tone(frequency: float, level: float, sr: float, duration: float = 2.0) -> Array:
    """Make a sine.

    Parameters
    ----------
    frequency, level, sr, duration : float

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    return signals.sine(frequency, sr, duration, np.sqrt(2) * pressure(level))


def modulated_tone(
    frequency: float,
    modulation: float,
    level: float,
    sr: float,
    duration: float = 2.0,
    depth: float = 1.0,
) -> Array:
    """Make a sine with sinusoidal amplitude modulation.

    Parameters
    ----------
    frequency, modulation : float
        Frequencies of the carrier and of the modulation.
    level : float
        Level of the modulated sound.
    sr, duration : float
    depth : float
        Depth of the modulation, 0 to 1.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    envelope = 1 + depth * np.sin(2 * np.pi * modulation * signals.time(sr, duration))
    envelope *= 1 / np.sqrt(1 + depth**2 / 2)
    return (tone(frequency, level, sr, duration) * envelope).astype(np.float32)


def band_noise(
    low: float, high: float, level: float, sr: float, duration: float = 2.0, seed: int = 0
) -> Array:
    """Make Gaussian noise with a flat spectrum between two frequencies, and none beyond.

    Parameters
    ----------
    low, high : float
        Limits of the spectrum.
    level, sr, duration : float
    seed : int
        Seed of the random generator.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    noise = signals.noise(sr, duration, seed=seed).astype(np.float64)
    spectrum = np.fft.rfft(noise)
    frequencies = np.fft.rfftfreq(len(noise), 1 / sr)
    spectrum[(frequencies < low) | (frequencies > high)] = 0
    noise = np.fft.irfft(spectrum, len(noise))
    noise *= pressure(level) / np.sqrt(np.mean(noise**2))
    return np.asarray(noise, dtype=np.float32)
