"""Test signals whose features are known from theory, for reference cases, tests and experiments.

Each is a float32 array of shape ``(samples,)``. Durations are in seconds, sample rates in Hz.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array


def sine(frequency: float, sr: float, duration: float = 1.0, amplitude: float = 0.5) -> Array:
    """Make a sine that begins at its positive peak.

    Parameters
    ----------
    frequency : float
        Frequency in Hz.
    sr : float
        Sample rate in Hz.
    duration : float
        Seconds.
    amplitude : float
        Peak value; full scale is 1.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    return _float32(amplitude * np.cos(2 * np.pi * frequency * time(sr, duration)))


def square(frequency: float, sr: float, duration: float = 1.0, amplitude: float = 1.0) -> Array:
    """Make a square wave.

    Parameters
    ----------
    frequency : float
        Frequency in Hz.
    sr : float
        Sample rate in Hz.
    duration : float
        Seconds.
    amplitude : float
        Absolute value of all samples; full scale is 1.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    return _float32(np.where((time(sr, duration) * frequency) % 1 < 0.5, amplitude, -amplitude))


def clicks(bpm: float, sr: float, duration: float = 10.0) -> Array:
    """Make a train of clicks that decay within 50 ms, with silence between them.

    Parameters
    ----------
    bpm : float
        Clicks per minute.
    sr : float
        Sample rate in Hz.
    duration : float
        Seconds.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    since = time(sr, duration) % (60 / bpm)
    return _float32((since < 0.05) * np.exp(-since * 400) * np.cos(2 * np.pi * 1500 * since))


def noise(sr: float, duration: float = 1.0, amplitude: float = 0.1, seed: int = 0) -> Array:
    """Make Gaussian white noise.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    duration : float
        Seconds.
    amplitude : float
        Standard deviation; full scale is 1.
    seed : int
        Seed of the random generator.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    samples = round(sr * duration)
    return _float32(amplitude * np.random.default_rng(seed).standard_normal(samples))


def constant(sr: float, duration: float = 1.0, value: float = 0.5) -> Array:
    """Make a signal whose samples are all equal.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    duration : float
        Seconds.
    value : float
        Value of the samples; full scale is 1.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    return np.full(round(sr * duration), value, dtype=np.float32)


def impulse(sr: float, duration: float = 1.0) -> Array:
    """Make a single sample of 1 in the middle of silence, whose spectrum is flat.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    duration : float
        Seconds.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    y = constant(sr, duration, 0)
    y[len(y) // 2] = 1
    return y


def time(sr: float, duration: float) -> Array:
    """Return the time of each sample.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    duration : float
        Seconds.

    Returns
    -------
    array of float64, shape ``(samples,)``
        Seconds.
    """
    return np.arange(round(sr * duration)) / sr


def _float32(y: Array) -> Array:
    return y.astype(np.float32)
