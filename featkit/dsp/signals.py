"""Signals of which theory knows the descriptors: for oracles, tests and trials.

Each is float32 at full scale or below, ``duration`` in seconds, ``sr`` in Hz.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array


def sine(frequency: float, sr: float, duration: float = 1.0, amplitude: float = 0.5) -> Array:
    """A sine of `frequency` Hz that begins at its positive peak."""
    return _float32(amplitude * np.cos(2 * np.pi * frequency * time(sr, duration)))


def square(frequency: float, sr: float, duration: float = 1.0, amplitude: float = 1.0) -> Array:
    """A square wave of `frequency` Hz."""
    return _float32(np.where((time(sr, duration) * frequency) % 1 < 0.5, amplitude, -amplitude))


def clicks(bpm: float, sr: float, duration: float = 10.0) -> Array:
    """A train of clicks that decay for 50 ms, `bpm` of them a minute, silence between them."""
    since = time(sr, duration) % (60 / bpm)
    return _float32((since < 0.05) * np.exp(-since * 400) * np.cos(2 * np.pi * 1500 * since))


def noise(sr: float, duration: float = 1.0, amplitude: float = 0.1, seed: int = 0) -> Array:
    """Gaussian white noise of the given standard deviation."""
    samples = round(sr * duration)
    return _float32(amplitude * np.random.default_rng(seed).standard_normal(samples))


def constant(sr: float, duration: float = 1.0, value: float = 0.5) -> Array:
    """Every sample the same."""
    return np.full(round(sr * duration), value, dtype=np.float32)


def impulse(sr: float, duration: float = 1.0) -> Array:
    """One full sample in the middle of silence: a flat spectrum."""
    y = constant(sr, duration, 0)
    y[len(y) // 2] = 1
    return y


def time(sr: float, duration: float) -> Array:
    """The time of each sample in seconds."""
    return np.arange(round(sr * duration)) / sr


def _float32(y: Array) -> Array:
    return y.astype(np.float32)
