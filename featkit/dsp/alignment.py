"""Whether two signals hold the same sound, and where: cross-correlation in short windows.

Two copies of a sound correlate in all windows, at one lag. Two takes of a sentence, two clicks of a
fire or two tones of the same pitch correlate in single windows at most. Therefore the score is a
mean over windows, each with the square root of its amplitude as weight, so that one loud click
does not decide.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.fft import irfft, next_fast_len, rfft

WINDOW = 0.0625
"""Duration of a window in seconds: a period and a half of 25 Hz, and shorter than a phoneme."""

LOWEST = 100.0
"""Frequencies in Hz below this one are ignored: rumble and hum are alike in many recordings."""

WHITENING = 0.25
"""Exponent of the amplitudes by which spectra are divided: 0 would compare low frequencies only, 1
would give noise in empty bands the same weight as the sound."""

SMOOTHING = 100.0
"""Width in Hz of the average that gives these amplitudes; narrower ones would amplify hum."""

UNRELATED = 0.3
"""Correlation of windows at which the common part ends; unrelated windows have 0 on average."""

SILENCE = 1e-6
"""Power of silent windows relative to the loudest one: -60 dB. They belong to neither side."""


class Alignment(NamedTuple):
    """The common part of two signals ``x`` and ``y``.

    Attributes
    ----------
    lag : int
        Position of a common sound in `y` minus that in `x`, in samples.
    start, end : int
        The common part in `x`, in samples; equal if there is none.
    score : float
        Mean correlation of the windows in the common part, from 0 to 1.
    gain : float
        Amplitude of the common sound in `y` relative to that in `x`; negative if inverted.
    support : float
        Effective duration of the evidence in seconds: silence counts nothing, and one loud click
        counts one window.
    share : float
        The part of `x` or of `y` that is common, by amplitude, from 0 to 1; the larger of both.
    """

    lag: int
    start: int
    end: int
    score: float
    gain: float
    support: float
    share: float


def align(x: Array, y: Array, sr: float, lag: int, slack: int) -> Alignment:
    """Align two signals, and find the part that is the same.

    Parameters
    ----------
    x, y : array of float32, shape ``(samples,)``
        The signals.
    sr : float
        Sample rate in Hz.
    lag : int
        Expected position in `y` minus that in `x`, in samples.
    slack : int
        Largest error of `lag`, in samples.

    Returns
    -------
    Alignment
    """
    x, y = _whitened(x, sr), _whitened(y, sr)
    lag, sign = _best_lag(x, y, lag, slack)
    first, size = max(0, -lag), max(1, round(WINDOW * sr))
    length = min(len(x) - first, len(y) - first - lag)
    count = max(0, length // size)
    X = x[first : first + count * size].reshape(count, size)
    Y = y[first + lag : first + lag + count * size].reshape(count, size)
    power_x, power_y, cross = (np.einsum("ij,ij->i", *ab) for ab in ((X, X), (Y, Y), (X, Y)))
    audible = (power_x > SILENCE * power_x.max(initial=0)) & (
        power_y > SILENCE * power_y.max(initial=0)
    )
    scale = np.sqrt(power_x * power_y)
    correlation = sign * cross / np.where(audible, scale, 1.0)
    low, high = _best_part(np.where(audible, correlation - UNRELATED, 0.0))
    weight = np.where(audible, np.sqrt(scale), 0.0)[low:high]
    if not weight.any():
        return Alignment(lag, first, first, 0.0, 1.0, 0.0, 0.0)
    start, end = first + low * size, first + (high * size if high < count else length)
    return Alignment(
        lag,
        start,
        end,
        score=float(np.clip(np.average(correlation[low:high], weights=weight), 0, 1)),
        gain=float(np.sum(cross[low:high]) / np.sum(power_x[low:high])),
        support=float(np.sum(weight) ** 2 / np.sum(weight**2)) * size / sr,
        share=max(_share(x, start, end, size), _share(y, start + lag, end + lag, size)),
    )


def _share(x: Array, start: int, end: int, size: int) -> float:
    """Share of the sum of amplitudes of windows that is in a part of a signal."""
    edges = np.arange(0, max(len(x), 1), size)
    amplitude = np.sqrt(np.add.reduceat(x**2, edges, dtype=np.float64))
    inside = np.clip((np.minimum(edges + size, end) - np.maximum(edges, start)) / size, 0, 1)
    return float(np.sum(inside * amplitude) / np.sum(amplitude))


def _whitened(x: Array, sr: float) -> Array:
    """The signal above `LOWEST` Hz, with a flatter spectrum; its level counts as before."""
    n = next_fast_len(max(len(x), 2))
    X = rfft(x, n)
    power = X.real**2 + X.imag**2
    power[: int(np.ceil(LOWEST * n / sr))] = 0
    width = max(1, round(SMOOTHING * n / sr))
    total = np.cumsum(np.concatenate([np.zeros(width), power, np.zeros(width)], dtype=np.float64))
    mean = np.maximum((total[width:] - total[:-width])[width // 2 :][: len(power)] / width, 0)
    reference = float(mean.max())
    if not reference:
        return np.zeros(len(x), np.float32)
    X[power == 0] = 0
    X /= (mean / reference + 1e-6) ** (WHITENING / 2)
    whitened: Array = irfft(X, n)[: len(x)].astype(np.float32)
    return whitened


def _best_lag(x: Array, y: Array, lag: int, slack: int) -> tuple[int, float]:
    """The lag near the expected one at which the signals correlate most, and the sign there."""
    first, second = max(0, -lag), max(0, lag)
    n = min(len(x) - first, len(y) - second)
    if n <= 0:
        return lag, 1.0
    slack = min(slack, n - 1)
    size = next_fast_len(n + slack)
    X, Y = rfft(x[first : first + n], size), rfft(y[second : second + n], size)
    correlation = np.roll(irfft(Y * np.conj(X), size), slack)[: 2 * slack + 1]
    best = int(np.argmax(np.abs(correlation)))
    return lag + best - slack, float(np.sign(correlation[best]) or 1.0)


def _best_part(values: Array) -> tuple[int, int]:
    """Begin and end of the longest run with the largest sum (Kadane's algorithm)."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    lowest = np.minimum.accumulate(sums)
    gains = sums - lowest
    end = len(gains) - 1 - int(np.argmax(gains[::-1]))
    return int(np.argmin(sums[: end + 1])), end
