"""Test signals whose features are known from theory, for reference cases, tests and experiments.

Each is a float32 array of shape ``(samples,)``. Durations are in seconds, sample rates in Hz.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.public_names import public_dir
from featkit._utils.typing import Array

__all__ = [
    "clicks",
    "constant",
    "impulse",
    "noise",
    "pulses",
    "sine",
    "square",
    "time",
    "vowel",
]

__dir__ = public_dir(__name__)


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


def pulses(
    periods: Sequence[float] | Array,
    sr: float,
    amplitudes: Sequence[float] | Array | None = None,
    width: float = 3e-4,
) -> Array:
    """Make a train of pulses with given periods, which need not be whole numbers of samples.

    A pulse is the negative second derivative of a Gaussian (Ricker wavelet): a peak between two
    troughs, with a mean of 0. There is nothing above half the sample rate if `width` is more than
    two samples.

    Parameters
    ----------
    periods : sequence or array of float
        Seconds from each pulse to the next; the first pulse is at half of the first period.
    sr : float
        Sample rate in Hz.
    amplitudes : sequence or array of float, optional
        Peak of each pulse, as many as there are periods; 0.5 by default.
    width : float
        Standard deviation of the Gaussian in seconds; the pulse is 0 this far from its peak.

    Returns
    -------
    array of float32, shape ``(samples,)``
        As long as all periods together.
    """
    spans = np.asarray(periods, dtype=np.float64)
    peaks = np.full(len(spans), 0.5) if amplitudes is None else np.asarray(amplitudes)
    centres = sr * (spans[0] / 2 + np.cumsum(spans) - spans)
    reach = int(np.ceil(7 * width * sr))
    places = np.rint(centres).astype(np.intp)[:, None] + np.arange(-reach, reach + 1)
    squares = ((places - centres[:, None]) / (width * sr)) ** 2
    shapes = peaks[:, None] * (1 - squares) * np.exp(-squares / 2)
    y: Array = np.zeros(round(sr * float(spans.sum())))
    inside = (places >= 0) & (places < len(y))
    np.add.at(y, places[inside], shapes[inside])
    return _float32(y)


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


def vowel(
    formants: Sequence[float],
    bandwidths: Sequence[float],
    sr: float,
    duration: float = 1.0,
    f0: float = 100.0,
    amplitude: float = 0.5,
    source: Array | None = None,
) -> Array:
    """Synthesise a vowel: a source and a cascade of resonators [1]_.

    Source and radiation together fall by 6 dB per octave above 50 Hz. Each resonator is a pair of
    complex poles; at 0 Hz its gain is 1. Without resonators up to half the sample rate, the
    spectrum falls more steeply than that of a voice.

    Parameters
    ----------
    formants, bandwidths : sequence of float
        Frequencies and bandwidths of the resonators in Hz, below half the sample rate.
    sr : float
        Sample rate in Hz.
    duration : float
        Seconds.
    f0 : float
        Pulses of the source per second; each lies at the nearest sample.
    amplitude : float
        Largest absolute value; full scale is 1.
    source : array, shape ``(samples,)``, optional
        Source, such as noise or a train of pulses, instead of pulses at `f0`; it determines the
        duration.

    Returns
    -------
    array of float32, shape ``(samples,)``

    References
    ----------
    .. [1] D. H. Klatt, "Software for a cascade/parallel formant synthesizer", Journal of the
       Acoustical Society of America 67(3), 1980.
    """
    from scipy.signal import lfilter

    if source is None:
        source = np.zeros(round(sr * duration))
        source[np.rint(np.arange(0, len(source) - 1, sr / f0)).astype(np.intp)] = 1
    y = lfilter([1.0], [1.0, -np.exp(-2 * np.pi * 50 / sr)], np.asarray(source, np.float64))
    for frequency, bandwidth in zip(formants, bandwidths, strict=True):
        radius = np.exp(-np.pi * bandwidth / sr)
        poles = np.array([1.0, -2 * radius * np.cos(2 * np.pi * frequency / sr), radius**2])
        y = lfilter([poles.sum()], poles, y)
    peak = np.max(np.abs(y), initial=0)
    return _float32(y * (amplitude / peak if peak else 0.0))
