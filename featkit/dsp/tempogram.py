"""Tempo from onset strength: the lag at which it best repeats itself.

The mean over frames of the autocorrelation of onset strength in a window of eight seconds, each
frame's divided by its energy, weighted by a log-normal prior; the strongest lag wins (Ellis, "Beat
tracking by dynamic programming", J. New Music Research 36(1), 2007; Grosche, Müller and Kurth,
ICASSP 2010): `librosa.feature.tempo` with its defaults.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.filters import fft_window
from featkit.dsp.segments import Segments

CHUNK = 128
"""Frames whose windows are transformed at once."""

ROUNDING = 3e-7
"""How far single precision puts an autocorrelation off; twice what was seen."""


class TempoParameters(Parameters):
    """The prior, and how far the onsets are compared."""

    start_bpm: float = parameter(120.0, "most likely tempo, in BPM", above=0)
    std_bpm: float = parameter(1.0, "standard deviation of the prior, in octaves", above=0)
    max_tempo: float = parameter(320.0, "highest tempo, in BPM", above=0)
    ac_size: float = parameter(8.0, "length of the autocorrelation window, in seconds", above=0)


def tempi(
    p: TempoParameters, onset_strength: Array, segments: Segments, sr: float, hop_length: int
) -> Array:
    """Tempo of each clip in BPM, ``(1, clips)``; NaN where nothing begins."""
    bpm, prior = rates(p, sr, hop_length)
    tempo = np.full((1, len(segments)), np.nan)
    for k, clip in enumerate(segments):
        strength = onset_strength[clip]
        if strength.any() and np.isfinite(prior).any():
            tempo[0, k] = bpm[best_lag(strength, prior)]
    return tempo


def rates(p: TempoParameters, sr: float, hop_length: int) -> tuple[Array, Array]:
    """Of each lag within the window, its rate in BPM and the logarithm of its prior."""
    window_length = max(2, int(p.ac_size * sr) // hop_length)
    with np.errstate(divide="ignore"):
        bpm = 60 * sr / (hop_length * np.arange(window_length))
    prior = -0.5 * ((np.log2(bpm[1:]) - np.log2(p.start_bpm)) / p.std_bpm) ** 2
    return bpm, np.where(bpm < p.max_tempo, np.concatenate(([-np.inf], prior)), -np.inf)


def best_lag(strength: Array, prior: Array, tempogram: Array | None = None) -> int:
    """The lag of the greatest weighted autocorrelation.

    Single precision decides, unless two lags are equally good to its rounding: where nothing
    repeats, it would be rounding that decides, and not the prior. `tempogram` is the mean
    autocorrelation in single precision at all lags, where it is known.
    """
    if tempogram is None:
        tempogram = _autocorrelation(strength.astype(np.float32), prior)
    best, alone = _best(tempogram, prior)
    if not alone:
        best, _ = _best(_autocorrelation(strength.astype(np.float64), prior), prior)
    return best


def _best(autocorrelation: Array, prior: Array) -> tuple[int, bool]:
    """The best lag, and whether no other is as good to the rounding of single precision."""
    best = int(np.argmax(score(autocorrelation, prior)))
    at_most = score(autocorrelation + ROUNDING, prior)
    at_least = score(np.maximum(autocorrelation - ROUNDING, 0), prior)
    return best, bool(np.sum(at_most >= at_least[best]) == 1)


def _autocorrelation(strength: Array, prior: Array) -> Array:
    """Mean autocorrelation at as many lags as can decide.

    The prior makes long lags, slow tempi, so unlikely that the shorter half nearly always decides:
    no autocorrelation is above 1. It takes a smaller transform, by a little less than half one of
    512 points where the window has its usual 344.
    """
    half = max(1, round(0.49 * len(prior)))
    autocorrelation = mean_autocorrelation(strength, len(prior), half)
    longer = np.log1p(1e6) + np.max(prior[half:], initial=-np.inf)
    if score(autocorrelation, prior).max() >= longer:
        return autocorrelation
    return mean_autocorrelation(strength, len(prior), len(prior))


def score(autocorrelation: Array, prior: Array) -> Array:
    """How good each lag is: its autocorrelation under the prior, as logarithms."""
    return np.asarray(np.log1p(1e6 * autocorrelation) + prior[: len(autocorrelation)])


def mean_autocorrelation(strength: Array, window_length: int, lags: int) -> Array:
    """Mean over frames of the normalised autocorrelation around each, at the first `lags`.

    The inverse transform is linear: one of the mean power spectrum serves for all frames. They are
    taken in the precision of `strength`.
    """
    n = len(strength)
    precision: Any = strength.dtype.type
    half = window_length // 2
    ramp = np.arange(half, dtype=precision) / precision(half)
    padded = np.concatenate([strength[0] * ramp, strength, strength[-1] * ramp[::-1]])
    around = sliding_window_view(padded, window_length)[:n]
    window = fft_window("hann", window_length, precision)
    size = scipy.fft.next_fast_len(window_length + lags - 1, real=True)
    mean_power = np.zeros(size // 2 + 1)
    for start in range(0, n, CHUNK):
        frames = around[start : start + CHUNK] * window
        energy = np.add.reduce(np.square(frames), axis=1)
        power = np.square(np.abs(scipy.fft.rfft(frames, n=size, axis=1)))
        power *= (1 / np.where(energy > 0, energy, np.inf))[:, None]
        mean_power += np.add.reduce(power, axis=0)
    autocorrelation = scipy.fft.irfft(mean_power / n, n=size)[:lags]
    return np.asarray(np.maximum(autocorrelation, 0))
