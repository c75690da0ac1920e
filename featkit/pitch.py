"""Pitch: the fundamental frequency of each frame, and how periodic the frame is, by YIN.

A frame is compared with itself, shifted: the difference function d(k) is the sum over its samples
of (x[n] - x[n + k])², where what lies beyond the frame counts as 0. Divided by the mean of d(1) to
d(k), its first trough below a threshold is the period, or its least value where there is no such
trough; a parabola through three lags refines it (de Cheveigné and Kawahara, "YIN, a fundamental
frequency estimator for speech and music", J. Acoust. Soc. Am. 111(4), 2002): `librosa.yin` from
0.11 on.

The autocorrelation behind it is made of that of pieces, each as long as a hop divides a frame, with
themselves and with the next: overlapping frames share them, and the transforms are short.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft

from featkit.columns import parabola, running_sums
from featkit.errors import ParameterError
from featkit.framing import Signal
from featkit.parameters import Parameters, parameter
from featkit.segments import Array

TRANSFORMED = 64
"""Pieces transformed at once, few enough for a core's own cache."""

SILENT = 1e-30
"""Energy of a frame, at full scale 1, below which single precision cannot tell what is in it."""


class PitchParameters(Parameters):
    """Where the pitch is sought, and what counts as one."""

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
    """What YIN finds in some frames; each of shape ``(frames,)``.

    Attributes
    ----------
    f0 : float64
        Fundamental frequency in Hz, as `librosa.yin` gives it for every frame, voiced or not.
    aperiodicity : float64
        Share of the power that does not repeat after that period, from 0 to 1; NaN in silence.
    voiced : bool
        Whether there is a trough, not at either end of the periods that are looked at, and the
        aperiodicity is low enough.
    """

    f0: Array
    aperiodicity: Array
    voiced: Array


class Pitches:
    """The pitch of some frames, under any parameters; each computed once."""

    def __init__(self, signal: Signal, sr: float) -> None:
        self._signal, self._sr = signal, sr
        self._known: dict[tuple[float, ...], Pitch] = {}

    def __call__(self, p: PitchParameters) -> Pitch:
        """The pitch of each frame.

        Raises
        ------
        ParameterError
            If a frame is too short for the lowest pitch, or the rate too low.
        """
        key = (p.fmin, p.fmax, p.trough_threshold, p.max_aperiodicity)
        if key not in self._known:
            self._known[key] = yin(self._signal, self._sr, p)
        return self._known[key]


def yin(signal: Signal, sr: float, p: PitchParameters) -> Pitch:
    """The pitch of each frame, see `Pitch`."""
    shortest, longest = periods(sr, signal.n_fft, p)
    frames = Frames(signal, longest + 1)
    normalised = frames.normalised_difference(longest)[shortest - 1 :]
    place, trough = first_trough(normalised, p.trough_threshold)
    lag = shortest + place
    column = np.arange(len(place))
    inner = np.clip(place, 1, len(normalised) - 2)
    around = normalised[inner + np.array([[-1], [0], [1]]), column].astype(np.float64)
    shift = np.where(place == inner, parabola(around)[0], 0.0)
    aperiodicity = frames.aperiodicity(lag)
    voiced = trough & (place == inner) & (aperiodicity <= p.max_aperiodicity)
    return Pitch(sr / (lag + shift), aperiodicity, voiced)


def periods(sr: float, n_fft: int, p: PitchParameters) -> tuple[int, int]:
    """The shortest and the longest period that are looked at, in samples."""
    shortest, longest = max(2, math.floor(sr / p.fmax)), math.ceil(sr / p.fmin)
    if longest > n_fft - 2:
        raise ParameterError(
            f"fmin = {p.fmin:g} Hz has a period of {longest} samples at {sr:g} Hz, which a frame of"
            f" {n_fft} does not hold: raise fmin to {sr / (n_fft - 2):.4g} or more, or n_fft"
        )
    if longest < shortest + 2:
        raise ParameterError(
            f"fmin = {p.fmin:g} Hz is too high to tell pitches at a sample rate of {sr:g} Hz"
        )
    return shortest, longest


def first_trough(x: Array, threshold: float) -> tuple[Array, Array]:
    """The first trough of each column below a threshold, or its least value; and if it is a trough.

    A trough is below the value before, and not above that behind. The first value is one if it is
    below the second, the last if it is below the last but one.
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


class Frames:
    """Autocorrelation and energy of frames, made of those of the pieces that they share.

    Attributes
    ----------
    correlation : array, shape ``(1 + lags, frames)``, float32
        Sum over a frame of x[n] x[n + k] at lags from 0; what lies beyond it counts as 0.
    """

    def __init__(self, signal: Signal, lags: int) -> None:
        piece = math.gcd(signal.n_fft, signal.hop_length)
        first: Array | slice
        if piece > lags:
            pieces = signal.y.reshape(-1, piece)
            first = signal.hop_of_frame * (signal.hop_length // piece)
            if first[-1] - first[0] == len(first) - 1:
                first = slice(int(first[0]), int(first[-1]) + 1)
        else:
            piece, pieces = signal.n_fft, signal.frames(slice(None))
            first = slice(None)
        count = signal.n_fft // piece
        self.correlation: Array = frame_correlations(pieces, count, lags)[:, first]
        energy = running_sums(np.square(upright(pieces)))
        last = len(pieces) - count + 1
        self._head: Array = energy[:, :last][:, first]
        self._tail: Array = energy[:, count - 1 :][:, first]

    def normalised_difference(self, lags: int) -> Array:
        """d(k) over the mean of d(1) to d(k), at lags from 1, ``(lags, frames)``."""
        difference: Array = self.correlation[0] - self.correlation[1 : lags + 1]
        difference *= 2
        difference[1:] -= self._head[1:lags]  # librosa has it so: none for d(1)
        sums = running_sums(difference)
        sums += np.finfo(np.float32).tiny
        difference *= np.arange(1, lags + 1, dtype=np.float32)[:, None]
        difference /= sums
        return difference

    def aperiodicity(self, lag: Array) -> Array:
        """Share of the power of each frame that does not repeat after a lag; NaN in silence.

        Of two stretches x and x' of a frame, one lag apart, sum((x - x')²) / 4 is what differs, and
        sum(x² + x'²) / 2 the power of both (de Cheveigné and Kawahara 2002, section VI). A parabola
        takes it to the period between samples.
        """
        near = lag + np.array([[-1], [0], [1]])
        column = np.arange(len(lag))
        correlation = self.correlation[near, column].astype(np.float64)
        total = self.correlation[0].astype(np.float64)
        without = self._head[near - 1, column] + (
            self._tail[-1] - self._tail[len(self._tail) - 1 - near, column]
        )
        power = 2 * total - without
        sounding = (total > SILENT) & (power > SILENT).all(axis=0)
        share = 0.5 - correlation / np.where(sounding, power, np.inf)
        least: Array = np.where(sounding, np.clip(parabola(share)[1], 0, 1), np.nan)
        return least


def frame_correlations(pieces: Array, count: int, lags: int) -> Array:
    """Autocorrelation of every `count` neighbouring pieces, ``(1 + lags, pieces - count + 1)``.

    That of a row of pieces is the sum of each one's own, and of each with the next, for lags are
    shorter than pieces.
    """
    length = pieces.shape[1]
    size = 2 * length if count > 1 else fast_length(length + lags)
    frames = len(pieces) - count + 1
    correlations: Array = np.empty((frames, 1 + lags), dtype=np.float32)
    # Turns the spectrum by the length of a piece, which is half of the transform's.
    alternating = np.where(np.arange(size // 2 + 1) % 2, np.float32(-1), np.float32(1))
    for start in range(0, frames, TRANSFORMED):
        stop = min(start + TRANSFORMED, frames)
        spectra = scipy.fft.rfft(pieces[start : stop + count - 1], n=size, axis=1)
        own = np.square(spectra.real) + np.square(spectra.imag)
        if count > 1:
            both = spectra[1:] * alternating
            both += spectra[:-1]
            both *= np.conj(spectra[:-1])
            summed = both[: stop - start] + own[count - 1 :]
            for k in range(1, count - 1):
                summed += both[k : k + stop - start]
        else:
            summed = own
        correlations[start:stop] = scipy.fft.irfft(summed, n=size, axis=1)[:, : 1 + lags]
    return upright(correlations)


def upright(rows: Array) -> Array:
    """Rows as columns, a few at a time: rows of 2^n samples share few lines of the cache."""
    columns = np.empty(rows.shape[::-1], dtype=rows.dtype)
    for start in range(0, len(rows), 16):
        columns[:, start : start + 16] = rows[start : start + 16].T
    return columns


@lru_cache(maxsize=32)
def fast_length(n: int) -> int:
    return int(scipy.fft.next_fast_len(n, real=True))
