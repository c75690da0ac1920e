"""Frequency weightings A and C of sound level meters, and the time weighting F.

The standard [1]_ defines the weightings as analogue filters with real poles. Here, the zeros at
0 Hz and the poles below 1 kHz become digital by bilinear transforms. What remains to the analogue
gain, above all the double pole at 12.2 kHz, is a smooth function of frequency, which a short
minimum-phase filter approximates. At any sample rate from `LOWEST_RATE` up, the response agrees
with the analogue one to 0.1 dB below 0.45 of the sample rate, and to 0.4 dB up to half of it.

References
----------
.. [1] IEC 61672-1, "Electroacoustics - Sound level meters - Part 1: Specifications", 2013, annex E.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.intervals import interval_edges
from featkit.dsp.offsets import continued

POLES = {
    "A": (20.598997, 20.598997, 107.65265, 737.86223, 12194.217, 12194.217),
    "C": (20.598997, 20.598997, 12194.217, 12194.217),
}
"""Poles of the weightings in Hz; there is a zero at 0 Hz for each pole but the last two."""

LOWEST_RATE = 2000.0
"""Lowest sample rate in Hz at which all poles but the last two are below half of it."""

FAST = 0.125
"""Time constant of the time weighting F, in seconds."""

STEPS_PER_SECOND = 100
"""Values of a time-weighted level per second."""

SETTLING = 1.0
"""Seconds in which filters and time weighting settle: eight time constants."""

TERMS = 8
"""Degree of the zeros that approximate the remaining gain."""

Weighting = Literal["A", "C"]


def weighting_gain(weighting: Weighting, frequency: Array) -> Array:
    """Return the gain of the analogue weighting.

    Parameters
    ----------
    weighting : {"A", "C"}
    frequency : array
        Frequencies in Hz.

    Returns
    -------
    array of float64
        Factors of the amplitude, of the shape of `frequency`; 1 at 1 kHz.
    """
    return np.asarray(_gain(weighting, frequency) / _gain(weighting, np.float64(1000.0)))


def _gain(weighting: Weighting, frequency: Array | np.float64) -> Array:
    gain: Array = np.ones(np.shape(frequency))
    *high_passes, first, second = POLES[weighting]
    for pole in high_passes:
        gain = gain * frequency / np.hypot(frequency, pole)
    return gain / (1 + (frequency / first) ** 2) ** 0.5 / (1 + (frequency / second) ** 2) ** 0.5


@lru_cache(maxsize=32)
def weighting_sections(weighting: Weighting, sr: float) -> Array:
    """Design a weighting for a sample rate.

    Parameters
    ----------
    weighting : {"A", "C"}
    sr : float
        Sample rate in Hz, at least `LOWEST_RATE`.

    Returns
    -------
    array of float64, shape ``(sections, 6)``
        Second-order sections, as in `scipy.signal.sosfilt`.
    """
    from scipy.signal import sosfreqz, zpk2sos

    *high_passes, last, _ = POLES[weighting]
    tangents = np.tan(np.pi * np.array(high_passes) / sr)
    poles = [*(1 - tangents) / (1 + tangents), *2 * [np.exp(-2 * np.pi * last / sr)]]
    zeros = [*np.ones(len(high_passes)), *_remaining_zeros(weighting, sr, poles)]
    sections = zpk2sos(zeros, [*poles, *np.zeros(len(zeros) - len(poles))], 1.0)
    # The gain is exact where the approximation is centred: at 1 kHz, or below at a low rate.
    at = np.array([min(1000.0, sr / 4)])
    _, response = sosfreqz(sections, at, fs=sr)
    sections[0, :3] *= weighting_gain(weighting, at) / np.abs(response)
    return np.asarray(sections)


def _remaining_zeros(weighting: Weighting, sr: float, poles: list[float]) -> Array:
    """Minimum-phase zeros for the gain that poles and the zeros at 0 Hz leave to the analogue one.

    The squared gain is interpolated by a polynomial in cos(2 pi f / sr).
    """
    nodes = np.cos(np.pi * (np.arange(4 * TERMS) + 0.5) / (4 * TERMS))
    angles = np.arccos(nodes)
    z = np.exp(1j * angles)
    digital = np.ones(len(z))
    for pole in poles:
        digital /= np.abs(z - pole) ** 2
    digital *= np.abs(z - 1) ** (2 * (len(poles) - 2))
    target = weighting_gain(weighting, angles * sr / (2 * np.pi)) ** 2 / digital
    fitted = np.polynomial.chebyshev.chebfit(nodes, target, TERMS, w=1 / target)
    # The roots in x = (z + 1/z) / 2 give pairs of zeros, of which one is inside the circle.
    roots = np.polynomial.chebyshev.chebroots(fitted).astype(complex)
    offsets = np.sqrt(roots**2 - 1)
    inside: Array = np.where(np.abs(roots - offsets) < 1, roots - offsets, roots + offsets)
    return inside


class SoundLevel:
    """Power of a clip with a frequency weighting, and with the time weighting F.

    The mean is removed. Before the clip, its mirror image is heard for `SETTLING`, as if the meter
    had been running.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz, at least `LOWEST_RATE`.
    weighting : {"A", "C"}

    Attributes
    ----------
    mean : float
        Mean square of the weighted samples.
    fast : array of float64, shape ``(steps,)``
        Squares with the time weighting, `STEPS_PER_SECOND` apart, at the end of each step; empty
        for a clip that is shorter than a step.
    """

    def __init__(self, clip: Clip, sr: float, weighting: Weighting) -> None:
        from scipy.signal import lfilter, sosfilt

        sections = weighting_sections(weighting, sr)
        kept = np.exp(-1 / (FAST * sr))
        state, smoothed_state = np.zeros((len(sections), 2)), np.zeros(1)
        count = -round(SETTLING * sr)
        total = 0.0
        steps: list[Array] = []
        for piece in continued(clip, -count):
            filtered, state = sosfilt(sections, piece, zi=state)
            squares = np.square(filtered)
            smoothed, smoothed_state = lfilter([1 - kept], [1.0, -kept], squares, zi=smoothed_state)
            if count >= 0:
                total += float(np.sum(squares))
                steps.append(smoothed[_step_ends(count, count + len(piece), sr) - count])
            count += len(piece)
        self.mean = total / len(clip)
        self.fast: Array = np.concatenate(steps)


def _step_ends(first: int, last: int, sr: float) -> Array:
    """The last samples of the steps that end in a range of samples."""
    step = sr / STEPS_PER_SECOND
    ends = interval_edges(int(first / step), int(last / step) + 2, step) - 1
    return ends[(ends >= first) & (ends < last)]
