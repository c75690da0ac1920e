"""Pitch: fundamental frequency and aperiodicity of each frame, by YIN.

A frame is compared with a delayed copy of itself. The difference function d(k) is the sum over its
samples of (x[n] - x[n + k])², where samples beyond the frame count as 0. It is divided by the mean
of d(1) to d(k). The period is its first trough below a threshold or, without such a trough, its
minimum; a parabola through three lags refines it [1]_. The numbers are those of `librosa.yin` since
version 0.11.

Whole lags are too coarse for the aperiodicity: a sound rich in high partials repeats after its
period, but not half a sample before or after it, and a parabola does not find the peak between two
lags. The autocorrelation around the period is therefore interpolated as a band-limited function
[2]_, which also gives a more precise period (`featkit.dsp.autocorrelation`).

References
----------
.. [1] A. de Cheveigné and H. Kawahara, "YIN, a fundamental frequency estimator for speech and
   music", J. Acoust. Soc. Am. 111(4), 2002.
.. [2] P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
   harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.autocorrelation import (
    REACH,
    SILENT,
    FrameCorrelations,
    piece_length,
    sinc_columns,
)
from featkit.dsp.bins import vertex
from featkit.dsp.filters import roots_of_unity
from featkit.dsp.framing import Signal
from featkit.errors import ParameterError


class PitchParameters(Parameters):
    """The range of pitches, and the thresholds of the estimate."""

    fmin: float = parameter(65.4, "lowest pitch, in Hz; by default C2", above=0)
    fmax: float = parameter(
        2093.0, "highest pitch, in Hz, at most half the sample rate; by default C7", above=0
    )
    trough_threshold: float = parameter(
        0.1, "normalised difference below which the first trough is the period", above=0
    )
    max_aperiodicity: float = parameter(
        0.1, "share of aperiodic power up to which a frame is voiced", at_least=0, at_most=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fmax <= self.fmin:
            raise ParameterError(f"fmax must be above fmin ({self.fmin:g} Hz), got {self.fmax:g}")


class Pitch(NamedTuple):
    """The pitch of some frames.

    Attributes
    ----------
    f0 : array of float64, shape ``(frames,)``
        Fundamental frequency in Hz of every frame, voiced or not, as in `librosa.yin`.
    period : array of float64, shape ``(frames,)``
        Period in samples after which the frame repeats best, less than one sample from the trough;
        arbitrary in silence.
    aperiodicity : array of float64, shape ``(frames,)``
        Share of the power that does not repeat after this period, 0 to 1; NaN in silence.
    voiced : array of bool, shape ``(frames,)``
        Whether there is a trough inside the range of periods, and the aperiodicity is low enough.
    """

    f0: Array
    period: Array
    aperiodicity: Array
    voiced: Array


class Pitches:
    """The pitch of some frames for any parameters; each set of parameters is computed once.

    Parameters
    ----------
    signal : Signal
        The samples of the frames.
    sr : float
        Sample rate in Hz.
    """

    def __init__(self, signal: Signal, sr: float) -> None:
        self._signal, self._sr = signal, sr
        self._computed: dict[tuple[float, ...], Pitch] = {}

    def __call__(self, p: PitchParameters) -> Pitch:
        """Return the pitch of each frame.

        Parameters
        ----------
        p : PitchParameters

        Returns
        -------
        Pitch

        Raises
        ------
        ParameterError
            If a frame is too short for the lowest pitch, or the rate too low.
        """
        key = (p.fmin, p.fmax, p.trough_threshold, p.max_aperiodicity)
        if key not in self._computed:
            self._computed[key] = yin(self._signal, self._sr, p)
        return self._computed[key]


def yin(signal: Signal, sr: float, p: PitchParameters) -> Pitch:
    """Estimate the pitch of each frame.

    Parameters
    ----------
    signal : Signal
        The samples of the frames.
    sr : float
        Sample rate in Hz.
    p : PitchParameters

    Returns
    -------
    Pitch

    Raises
    ------
    ParameterError
        If a frame is too short for the lowest pitch, or the sample rate too low.
    """
    shortest, longest = period_range(sr, signal.n_fft, p)
    piece = piece_length(signal, longest)
    if _compiled.transforms(2 * piece) and longest + REACH < piece:
        troughs = _troughs_by_core(signal, piece, shortest, longest, p.trough_threshold)
    else:
        troughs = _troughs_by_numpy(signal, shortest, longest, p.trough_threshold)
    voiced = troughs.inside & (troughs.aperiodicity <= p.max_aperiodicity)
    return Pitch(sr / troughs.lag, troughs.period, troughs.aperiodicity, voiced)


class _Troughs(NamedTuple):
    """The trough of each frame that is its period."""

    lag: Array  # refined by a parabola through three lags
    period: Array  # refined by the interpolated autocorrelation
    aperiodicity: Array
    inside: Array  # whether it is a trough, and within the range of periods


def _troughs_by_core(
    signal: Signal, piece: int, shortest: int, longest: int, threshold: float
) -> _Troughs:
    assert _compiled.core is not None
    starts = signal.starts
    troughs = _Troughs(
        lag=np.empty(len(starts)),
        period=np.empty(len(starts)),
        aperiodicity=np.empty(len(starts)),
        inside=np.empty(len(starts), dtype=bool),
    )
    _compiled.core.pitch(
        np.ascontiguousarray(signal.y),
        starts,
        signal.n_fft,
        piece,
        shortest,
        longest,
        threshold,
        SILENT,
        roots_of_unity(2 * piece),
        sinc_columns(),
        *troughs,
    )
    return troughs


def _troughs_by_numpy(signal: Signal, shortest: int, longest: int, threshold: float) -> _Troughs:
    frames = FrameCorrelations(signal, longest)
    normalised = frames.normalised_difference(longest)[shortest - 1 :]
    place, is_trough = first_trough(normalised, threshold)
    lag = shortest + place
    column = np.arange(len(place))
    inner = np.clip(place, 1, len(normalised) - 2)
    around = normalised[inner + np.array([[-1], [0], [1]]), column].astype(np.float64)
    shift = np.where(place == inner, vertex(around)[0], 0.0)
    period, aperiodicity = frames.repetition(lag)
    return _Troughs(lag + shift, period, aperiodicity, is_trough & (place == inner))


def period_range(sr: float, n_fft: int, p: PitchParameters) -> tuple[int, int]:
    """Return the shortest and the longest period in samples.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    p : PitchParameters

    Returns
    -------
    tuple of int

    Raises
    ------
    ParameterError
        If a frame is too short for the lowest pitch, or the sample rate too low.
    """
    shortest, longest = max(2, math.floor(sr / p.fmax)), math.ceil(sr / p.fmin)
    if longest > n_fft - 2:
        raise ParameterError(
            f"fmin = {p.fmin:g} Hz has a period of {longest} samples at {sr:g} Hz, too long for a"
            f" frame of {n_fft}: raise fmin to {sr / (n_fft - 2):.4g} or more, or n_fft"
        )
    if longest < shortest + 2:
        raise ParameterError(
            f"fmin = {p.fmin:g} Hz is too high to measure pitches at a sample rate of {sr:g} Hz"
        )
    return shortest, longest


def first_trough(x: Array, threshold: float) -> tuple[Array, Array]:
    """Find the first trough of each column below a threshold, or its minimum.

    A trough is below the value before it, and not above the one after it. The first value is a
    trough if it is below the second, the last one if it is below the one before.

    Parameters
    ----------
    x : array of float32, shape ``(lags, frames)``
    threshold : float

    Returns
    -------
    place : array of int, shape ``(frames,)``
        Row of the trough or, without a trough below the threshold, of the minimum.
    is_trough : array of bool, shape ``(frames,)``
    """
    trough = np.empty(x.shape, dtype=bool)
    np.less(x[1:], x[:-1], out=trough[1:])
    trough[1:-1] &= x[1:-1] <= x[2:]
    np.less(x[0], x[1], out=trough[0])
    deep = x < np.float32(threshold)
    deep &= trough
    first = np.argmax(deep, axis=0)
    column = np.arange(x.shape[1])
    place = np.where(deep[first, column], first, np.argmin(x, axis=0))
    return place, trough[place, column]
