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

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp import _compiled, fft
from featkit.dsp.bins import sums_by_four
from featkit.dsp.filters import fft_window, read_only, roots_of_unity
from featkit.dsp.segments import Segments

TRANSFORMED = 128
"""Number of windows per transform, few enough for the cache of a core."""

TINY = np.finfo(np.float32).tiny

ROUNDING = 3e-7
"""Largest error of an autocorrelation in single precision; twice the largest that was observed."""


class TempoParameters(Parameters):
    """Parameters of the prior and of the autocorrelation."""

    start_bpm: float = parameter(120.0, "most likely tempo, in BPM", above=0)
    std_bpm: float = parameter(1.0, "standard deviation of the prior, in octaves", above=0)
    max_tempo: float = parameter(320.0, "highest tempo, in BPM", above=0)
    ac_size: float = parameter(8.0, "length of the autocorrelation window, in seconds", above=0)


class Tempogram(NamedTuple):
    """The mean tempogram of clips.

    Attributes
    ----------
    bpm : array, shape ``(lags,)``
        Tempo of each lag in BPM; infinite at lag 0.
    prior : array, shape ``(lags,)``
        Logarithm of the prior; minus infinity from the highest tempo up.
    values : array of float64, shape ``(clips, lags)``
        Mean over frames of the normalised autocorrelation around each; read-only.
    best : array of int, shape ``(clips,)``
        The lag with the greatest value, weighted by the prior; 0 for a clip without onsets.
    """

    bpm: Array
    prior: Array
    values: Array
    best: Array

    @property
    def tempo(self) -> Array:
        """Tempo of each clip in BPM, ``(clips,)``; NaN for a clip without onsets."""
        return np.where(self.best > 0, self.bpm[self.best], np.nan)


class Tempograms:
    """The mean tempograms of clips for any parameters; each set of parameters is computed once.

    Parameters
    ----------
    strength : array of float32, shape ``(frames,)``
        Onset strength.
    segments : Segments
        The clips.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples from one frame to the next.
    """

    def __init__(self, strength: Array, segments: Segments, sr: float, hop_length: int) -> None:
        self._strength, self._segments = strength, segments
        self._sr, self._hop_length = sr, hop_length
        self._computed: dict[tuple[float, ...], Tempogram] = {}

    def __call__(self, p: TempoParameters) -> Tempogram:
        """Return the mean tempogram of each clip.

        Parameters
        ----------
        p : TempoParameters

        Returns
        -------
        Tempogram
        """
        key = (p.start_bpm, p.std_bpm, p.max_tempo, p.ac_size)
        if key not in self._computed:
            bpm, prior = lag_tempi(p, self._sr, self._hop_length)
            values = read_only(mean_tempograms(self._strength, self._segments, len(prior)))
            best = best_lags(values, self._strength, self._segments, prior)
            self._computed[key] = Tempogram(bpm, prior, values, best)
        return self._computed[key]


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


def best_lags(tempograms: Array, strength: Array, segments: Segments, prior: Array) -> Array:
    """Find the lag of each clip with the greatest autocorrelation, weighted by the prior.

    Where rounding could decide between two lags, as for signals that do not repeat, the
    autocorrelation is computed again in double precision.

    Parameters
    ----------
    tempograms : array, shape ``(clips, lags)``
        Mean autocorrelation in single precision, of `mean_tempograms`.
    strength : array, shape ``(frames,)``
        Onset strength.
    segments : Segments
        The clips.
    prior : array, shape ``(lags,)``
        Logarithm of the prior.

    Returns
    -------
    array of int, shape ``(clips,)``
        0 for a clip without onsets, and if the prior excludes all lags.
    """
    if not np.isfinite(prior).any():
        return np.zeros(len(segments), dtype=np.intp)
    best, certain = _best(tempograms, prior)
    sounding = segments.max(strength) > 0
    for k in np.flatnonzero(sounding & ~certain):
        clip = strength[segments.starts[k] : segments.ends[k]].astype(np.float64)
        best[k] = np.argmax(score(mean_autocorrelation(clip, len(prior)), prior))
    return np.where(sounding, best, 0)


def _best(tempograms: Array, prior: Array) -> tuple[Array, Array]:
    """The best lags, and whether they are whatever the rounding errors of single precision."""
    best = np.argmax(score(tempograms, prior), axis=1)[:, None]
    at_least = np.maximum(np.take_along_axis(tempograms, best, axis=1) - ROUNDING, 0)
    at_most = score(tempograms + ROUNDING, prior)
    certain = np.sum(at_most >= score(at_least, prior[best]), axis=1) == 1
    return best[:, 0], certain


def score(autocorrelation: Array, prior: Array) -> Array:
    """Compute the logarithm of the autocorrelation weighted by the prior.

    Parameters
    ----------
    autocorrelation : array, shape ``(..., lags)``
    prior : array, shape ``(..., lags)``
        Logarithm of the prior.

    Returns
    -------
    array, shape ``(..., lags)``
    """
    return np.asarray(np.log(1 + 1e6 * autocorrelation) + prior)


def mean_tempograms(strength: Array, segments: Segments, window_length: int) -> Array:
    """Compute the mean over frames of the normalised autocorrelation around each, for each clip.

    The inverse transform is linear: one transform of the mean power spectrum serves all frames.

    Parameters
    ----------
    strength : array of float32, shape ``(frames,)``
        Onset strength.
    segments : Segments
        The clips.
    window_length : int
        Frames in the window around a frame, and number of lags from 0.

    Returns
    -------
    array of float64, shape ``(clips, window_length)``
        At least 0; its error is at most `ROUNDING`.
    """
    size = _transform_size(window_length)
    if not _compiled.transforms(size):
        rows = [mean_autocorrelation(strength[clip], window_length) for clip in segments]
        return np.stack(rows)
    assert _compiled.core is not None
    padded, starts = _padded(strength, segments, window_length)
    power = np.zeros((len(segments), size // 2 + 1))
    _compiled.core.tempogram(
        padded,
        starts,
        segments.to_frames(np.arange(len(segments))),
        window_length,
        _window(window_length),
        roots_of_unity(size),
        power,
    )
    return _correlated(power / segments.lengths[:, None], size, window_length)


def _padded(strength: Array, segments: Segments, window_length: int) -> tuple[Array, Array]:
    """The clips with half a window before and after them, and the start of each frame's window.

    Onset strength rises from 0 in the half before a clip, and falls to 0 in the half after it.
    """
    half = window_length // 2
    clips = np.arange(len(segments), dtype=np.int64)
    before = segments.starts + 2 * half * clips
    starts = segments.to_frames(2 * half * clips) + np.arange(segments.total)
    padded = np.zeros(segments.total + 2 * half * len(segments) + 16, dtype=np.float32)
    padded[starts + half] = strength
    ramp = np.arange(half, dtype=np.float32) / np.float32(half)
    first, last = strength[segments.starts, None], strength[segments.ends - 1, None]
    after = before + half + segments.lengths
    padded[before[:, None] + np.arange(half)] = first * ramp
    padded[after[:, None] + np.arange(half)] = last * ramp[::-1]
    return padded, starts


@lru_cache(maxsize=4)
def _window(length: int) -> Array:
    """The window, with zeros up to a multiple of 16 frames."""
    return read_only(np.pad(fft_window("hann", length), (0, -length % 16)))


def mean_autocorrelation(strength: Array, window_length: int) -> Array:
    """Compute `mean_tempograms` for one clip, in its precision.

    Parameters
    ----------
    strength : array, shape ``(frames,)``
        Onset strength of a clip; transforms are computed in its precision.
    window_length : int
        Frames in the window around a frame, and number of lags from 0.

    Returns
    -------
    array of float64, shape ``(window_length,)``
        At least 0.
    """
    n = len(strength)
    precision: Any = strength.dtype.type
    half = window_length // 2
    ramp = np.arange(half, dtype=precision) / precision(half)
    padded = np.concatenate([strength[0] * ramp, strength, strength[-1] * ramp[::-1]])
    around = sliding_window_view(padded, window_length)[:n]
    window = fft_window("hann", window_length, precision)
    size = _transform_size(window_length)
    power: Array = np.zeros((1, size // 2 + 1))
    for start in range(0, n, TRANSFORMED):
        frames = around[start : start + TRANSFORMED] * window
        energy = _energy(frames)
        X = fft.rfft(frames, size)
        scale = np.where(energy >= TINY, 1 / np.maximum(energy, TINY), precision(0))
        own = (np.square(X.real) + np.square(X.imag)) * scale[:, None]
        power = np.add.reduce(np.concatenate([power, own]), axis=0, keepdims=True)
    [autocorrelation] = _correlated(power / n, size, window_length)
    return np.asarray(autocorrelation)


def _transform_size(window_length: int) -> int:
    """The least power of two without overlap of the autocorrelation with itself."""
    return max(32, 1 << (2 * window_length - 2).bit_length())


def _energy(frames: Array) -> Array:
    """Sums of squares, those of every fourth value first, as in the compiled core."""
    squares = np.ascontiguousarray(np.square(frames).T)  # else NumPy sums in pairs
    return sums_by_four(squares)


def _correlated(power: Array, size: int, lags: int) -> Array:
    """The autocorrelation, at least 0, from power spectra: ``(clips, lags)``."""
    return np.asarray(np.maximum(np.fft.irfft(power, size, axis=1)[:, :lags], 0))
