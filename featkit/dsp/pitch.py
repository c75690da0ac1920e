"""Pitch: the fundamental frequency of each frame, and how periodic the frame is, by YIN.

A frame is compared with itself, shifted: the difference function d(k) is the sum over its samples
of (x[n] - x[n + k])², where what lies beyond the frame counts as 0. Divided by the mean of d(1) to
d(k), its first trough below a threshold is the period, or its least value where there is no such
trough; a parabola through three lags refines it (de Cheveigné and Kawahara, "YIN, a fundamental
frequency estimator for speech and music", J. Acoust. Soc. Am. 111(4), 2002): `librosa.yin` from
0.11 on.

How periodic the frame is cannot be read from whole lags: a sound that is rich in high partials
repeats after its period and not half a sample beside it, and a parabola does not find the peak
between. Around the period the autocorrelation is therefore interpolated as the band-limited
function that it is (Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993), which tells the period more
precisely, too.

The autocorrelation behind it all is made of that of pieces, each as long as a hop divides a frame,
with themselves and with the next: overlapping frames share them, and the transforms are short.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.bins import parabola, running_sums
from featkit.dsp.framing import Signal
from featkit.errors import ParameterError

TRANSFORMED = 64
"""Pieces transformed at once, few enough for a core's own cache."""

REACH = 64
"""Lags on either side from which the autocorrelation between two lags is interpolated."""

STEPS = 8
"""How many times as dense as lags it is interpolated."""

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
    period : float64
        After how many samples, less than one from the trough, the frame repeats best; in silence
        arbitrary.
    aperiodicity : float64
        Share of the power that does not repeat after that period, from 0 to 1; NaN in silence.
    voiced : bool
        Whether there is a trough, not at either end of the periods that are looked at, and the
        aperiodicity is low enough.
    """

    f0: Array
    period: Array
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
    frames = Frames(signal, longest)
    normalised = frames.normalised_difference(longest)[shortest - 1 :]
    place, trough = first_trough(normalised, p.trough_threshold)
    lag = shortest + place
    column = np.arange(len(place))
    inner = np.clip(place, 1, len(normalised) - 2)
    around = normalised[inner + np.array([[-1], [0], [1]]), column].astype(np.float64)
    shift = np.where(place == inner, parabola(around)[0], 0.0)
    period, aperiodicity = frames.repetition(lag)
    voiced = trough & (place == inner) & (aperiodicity <= p.max_aperiodicity)
    return Pitch(sr / (lag + shift), period, aperiodicity, voiced)


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
        if piece > lags + REACH:
            pieces = signal.y.reshape(-1, piece)
            first = signal.hop_of_frame * (signal.hop_length // piece)
            if first[-1] - first[0] == len(first) - 1:
                first = slice(int(first[0]), int(first[-1]) + 1)
        else:
            piece, pieces = signal.n_fft, signal.frames(slice(None))
            first = slice(None)
        count = signal.n_fft // piece
        self._by_frame: Array = frame_correlations(pieces, count, lags + REACH)[first]
        self.correlation: Array = upright(self._by_frame[:, : 1 + lags])
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

    def repetition(self, lag: Array) -> tuple[Array, Array]:
        """The period of each frame near a lag, and the share of its power that does not repeat.

        Of two stretches x and x' of a frame, one period apart, sum((x - x')²) / 4 is what differs,
        and sum(x² + x'²) / 2 the power of both (de Cheveigné and Kawahara 2002, at their fourth
        step). The least share between the lags beside this one is sought by steps and, in the end,
        by a parabola. NaN in silence.
        """
        power = self._power(lag + np.array([[-1], [0], [1]]))
        sounding = (power > SILENT).all(axis=0)
        share = 0.5 - self._between(lag) / np.where(sounding, between_samples(power), np.inf)
        least = np.clip(np.argmin(share, axis=0), 1, len(share) - 2)
        around = share[least + np.array([[-1], [0], [1]]), np.arange(len(lag))]
        shift, aperiodicity = parabola(around)
        period = lag + (least + shift) / STEPS - 1
        return period, np.where(sounding, np.clip(aperiodicity, 0, 1), np.nan)

    def _power(self, lag: Array) -> Array:
        """Energy of each frame but its last `lag` samples, and of all but its first."""
        column = np.arange(lag.shape[1])
        last = len(self._tail) - 1
        behind = self._tail[last] - self._tail[last - lag, column]
        total = self.correlation[0].astype(np.float64)
        return np.asarray(2 * total - (self._head[lag - 1, column] + behind))

    def _between(self, lag: Array) -> Array:
        """The autocorrelation from one lag before to one behind, ``(1 + 2 * STEPS, frames)``."""
        near = np.abs(lag[:, None] + np.arange(-REACH, REACH + 1))
        near += np.arange(0, self._by_frame.size, self._by_frame.shape[1])[:, None]
        # Each sum runs along a row of both, and thus in one order for one frame and for many.
        return np.asarray(np.einsum("pk,fk->pf", kernels(), self._by_frame.ravel().take(near)))


def frame_correlations(pieces: Array, count: int, lags: int) -> Array:
    """Autocorrelation of every `count` neighbouring pieces, ``(pieces - count + 1, 1 + lags)``.

    That of a row of pieces is the sum of each one's own, and of each with the next, for lags are
    shorter than pieces.
    """
    length = pieces.shape[1]
    size = 2 * length if count > 1 else scipy.fft.next_fast_len(length + lags, real=True)
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
    return correlations


def upright(rows: Array) -> Array:
    """Rows as columns, a few at a time: rows of 2^n samples share few lines of the cache."""
    columns = np.empty(rows.shape[::-1], dtype=rows.dtype)
    for start in range(0, len(rows), 16):
        columns[:, start : start + 16] = rows[start : start + 16].T
    return columns


def between_samples(x: Array) -> Array:
    """Rows at three lags, and between them linearly: ``(1 + 2 * STEPS, frames)``."""
    at = np.arange(STEPS)[:, None] / STEPS
    return np.concatenate([x[0] + at * (x[1] - x[0]), x[1] + at * (x[2] - x[1]), x[2:]])


@lru_cache(maxsize=1)
def kernels() -> Array:
    """What interpolates between samples: a sinc in a Kaiser window, ``(1 + 2 * STEPS, taps)``.

    Its place moves from one sample before the middle one to one behind. The window's shape, 4, is a
    compromise: a higher one takes more from partials near half the rate, a lower one ripples.
    """
    place = np.arange(-STEPS, STEPS + 1)[:, None] / STEPS
    distance = np.arange(-REACH, REACH + 1) - place
    window = np.i0(4 * np.sqrt(1 - (distance / (REACH + 1)) ** 2)) / np.i0(4)
    return np.asarray(np.sinc(distance) * window, dtype=np.float32)
