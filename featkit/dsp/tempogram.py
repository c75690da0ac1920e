"""Tempo estimation: the lag at which the onset strength repeats best.

The onset strength in a window of eight seconds around each frame is autocorrelated and divided by
its energy [1]_. The mean over frames is weighted by a log-normal prior over tempo [2]_; the lag
with the greatest value gives the tempo. The numbers are those of `librosa.feature.tempo` with its
defaults.

References
----------
.. [1] P. Grosche, M. Müller and F. Kurth, "Cyclic tempogram: a mid-level tempo representation for
   music signals", ICASSP 2010.
.. [2] D. P. W. Ellis, "Beat tracking by dynamic programming", J. New Music Research 36(1), 2007.
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

TRANSFORMED = 128
"""Number of windows per transform, few enough for the cache of a core."""

ROUNDING = 3e-7
"""Largest error of an autocorrelation in single precision; twice the largest that was observed."""


class TempoParameters(Parameters):
    """Parameters of the prior and of the autocorrelation."""

    start_bpm: float = parameter(120.0, "most likely tempo, in BPM", above=0)
    std_bpm: float = parameter(1.0, "standard deviation of the prior, in octaves", above=0)
    max_tempo: float = parameter(320.0, "highest tempo, in BPM", above=0)
    ac_size: float = parameter(8.0, "length of the autocorrelation window, in seconds", above=0)


def tempi(
    p: TempoParameters, onset_strength: Array, segments: Segments, sr: float, hop_length: int
) -> Array:
    """Estimate the tempo of each clip.

    Parameters
    ----------
    p : TempoParameters
    onset_strength : array, shape ``(frames,)``
    segments : Segments
        The clips.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples from one frame to the next.

    Returns
    -------
    array, shape ``(1, clips)``
        BPM; NaN for a clip without onsets.
    """
    bpm, prior = lag_tempi(p, sr, hop_length)
    tempo = np.full((1, len(segments)), np.nan)
    for k, clip in enumerate(segments):
        strength = onset_strength[clip]
        if strength.any() and np.isfinite(prior).any():
            tempo[0, k] = bpm[best_lag(strength, prior)]
    return tempo


def lag_tempi(p: TempoParameters, sr: float, hop_length: int) -> tuple[Array, Array]:
    """Return the tempo of each lag, and its prior.

    Parameters
    ----------
    p : TempoParameters
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples from one frame to the next.

    Returns
    -------
    bpm : array, shape ``(lags,)``
        Tempo in BPM; infinite at lag 0.
    prior : array, shape ``(lags,)``
        Logarithm of the prior; minus infinity from `max_tempo` up.
    """
    window_length = max(2, int(p.ac_size * sr) // hop_length)
    with np.errstate(divide="ignore"):
        bpm = 60 * sr / (hop_length * np.arange(window_length))
    prior = -0.5 * ((np.log2(bpm[1:]) - np.log2(p.start_bpm)) / p.std_bpm) ** 2
    return bpm, np.where(bpm < p.max_tempo, np.concatenate(([-np.inf], prior)), -np.inf)


def best_lag(strength: Array, prior: Array, tempogram: Array | None = None) -> int:
    """Find the lag with the greatest autocorrelation, weighted by the prior.

    It is computed in single precision, and again in double precision where rounding could decide
    between two lags, as for signals that do not repeat.

    Parameters
    ----------
    strength : array, shape ``(frames,)``
        Onset strength of a clip.
    prior : array, shape ``(lags,)``
        Logarithm of the prior.
    tempogram : array, shape ``(lags,)``, optional
        Mean autocorrelation in single precision, if it is already computed.

    Returns
    -------
    int
    """
    if tempogram is None:
        tempogram = _autocorrelation(strength.astype(np.float32), prior)
    best, certain = _best(tempogram, prior)
    if not certain:
        best, _ = _best(_autocorrelation(strength.astype(np.float64), prior), prior)
    return best


def _best(autocorrelation: Array, prior: Array) -> tuple[int, bool]:
    """The best lag, and whether it is the best whatever the rounding errors of single precision."""
    best = int(np.argmax(score(autocorrelation, prior)))
    at_most = score(autocorrelation + ROUNDING, prior)
    at_least = score(np.maximum(autocorrelation - ROUNDING, 0), prior)
    return best, bool(np.sum(at_most >= at_least[best]) == 1)


def _autocorrelation(strength: Array, prior: Array) -> Array:
    """The mean autocorrelation at the lags that may be the best.

    No autocorrelation is above 1, and the prior makes long lags (slow tempi) unlikely, so that the
    best lag is nearly always in the shorter half. This half needs a smaller transform, of 512
    points for the usual window of 344 frames.
    """
    half = max(1, round(0.49 * len(prior)))
    autocorrelation = mean_autocorrelation(strength, len(prior), half)
    longer = np.log1p(1e6) + np.max(prior[half:], initial=-np.inf)
    if score(autocorrelation, prior).max() >= longer:
        return autocorrelation
    return mean_autocorrelation(strength, len(prior), len(prior))


def score(autocorrelation: Array, prior: Array) -> Array:
    """Compute the logarithm of the autocorrelation weighted by the prior.

    Parameters
    ----------
    autocorrelation : array, shape ``(lags,)``
    prior : array, shape ``(at least lags,)``
        Logarithm of the prior.

    Returns
    -------
    array, shape ``(lags,)``
    """
    return np.asarray(np.log1p(1e6 * autocorrelation) + prior[: len(autocorrelation)])


def mean_autocorrelation(strength: Array, window_length: int, lags: int) -> Array:
    """Compute the mean over frames of the normalised autocorrelation around each frame.

    The inverse transform is linear: one transform of the mean power spectrum serves all frames.

    Parameters
    ----------
    strength : array, shape ``(frames,)``
        Onset strength of a clip; transforms are computed in its precision.
    window_length : int
        Frames in the window around a frame.
    lags : int
        Number of lags, from 0.

    Returns
    -------
    array of float64, shape ``(lags,)``
        At least 0.
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
    for start in range(0, n, TRANSFORMED):
        frames = around[start : start + TRANSFORMED] * window
        energy = np.add.reduce(np.square(frames), axis=1)
        power = np.square(np.abs(scipy.fft.rfft(frames, n=size, axis=1)))
        power *= (1 / np.where(energy > 0, energy, np.inf))[:, None]
        mean_power += np.add.reduce(power, axis=0)
    autocorrelation = scipy.fft.irfft(mean_power / n, n=size)[:lags]
    return np.asarray(np.maximum(autocorrelation, 0))
