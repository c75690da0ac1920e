"""The discrete wavelet transform of a signal that comes in pieces.

A Daubechies wavelet [1]_ splits a signal into an approximation (the lower half of its frequencies)
and a detail (the upper half), each with half as many coefficients. The result equals that of
PyWavelets for the whole signal, but comes in pieces, so that a recording may be longer than memory.
Coefficients are float64. The compiled core computes them in the order of PyWavelets; without it,
PyWavelets does.

References
----------
.. [1] I. Daubechies, "Ten lectures on wavelets", SIAM, 1992.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled

Halves = tuple[Array, Array]
"""Some coefficients of an approximation and of a detail; both may be empty."""

DAUBECHIES = ("haar", "db2", "db3", "db4", "db5", "db6", "db8")
"""Available wavelets; the number is that of vanishing moments."""

EMPTY: Array = np.empty(0)

PIECE = 2**16
"""Number of samples per transform (0.5 MB), few enough for the cache of a core."""


@lru_cache
def wavelet_filters(wavelet: str) -> tuple[Array, Array]:
    """Return the low-pass and the high-pass filter of a wavelet.

    Parameters
    ----------
    wavelet : str
        Name of the wavelet.

    Returns
    -------
    low, high : array of float64, shape ``(taps,)``
    """
    import pywt

    both = pywt.Wavelet(wavelet)
    return np.array(both.dec_lo), np.array(both.dec_hi)


def n_taps(wavelet: str) -> int:
    """Return the length of the filters of a wavelet.

    Parameters
    ----------
    wavelet : str
        Name of the wavelet.

    Returns
    -------
    int
    """
    return len(wavelet_filters(wavelet)[0])


def dwt(x: Array, wavelet: str) -> Halves:
    """Split signals, mirrored at their ends, by one level.

    Parameters
    ----------
    x : array of float64, shape ``(..., samples)``
    wavelet : str
        Name of the wavelet.

    Returns
    -------
    approximation, detail : array of float64, shape ``(..., (samples + taps - 1) // 2)``
    """
    if _compiled.core is None:
        import pywt

        approximation, detail = pywt.dwt(x, wavelet)
        return approximation, detail
    low, high = wavelet_filters(wavelet)
    x = np.ascontiguousarray(x)
    halves = np.empty((2, *x.shape[:-1], (x.shape[-1] + len(low) - 1) // 2))
    if halves.size:
        rows = x.size // x.shape[-1]
        _compiled.core.split(x, rows, low, high, halves[0], halves[1])
    return halves[0], halves[1]


class Level(Protocol):
    """One level of a transform: splits a signal into its approximation and its detail."""

    def push(self, piece: Array, *, last: bool) -> Halves:
        """Transform the next piece of the signal.

        Parameters
        ----------
        piece : array, shape ``(..., samples)``
        last : bool
            Whether it is the last piece.

        Returns
        -------
        tuple of array
            Approximation and detail: the coefficients that are complete after this piece.
        """


class SymmetricLevel:
    """A level whose signal is mirrored at its ends: ``pywt.dwt(x, wavelet, "symmetric")``.

    Coefficient k depends on as many samples as the filter has taps, the last of which is 2 k + 1.
    Only coefficients that do not reach beyond the samples in memory are returned, except at the
    ends of the signal. Samples are on the last axis: several signals of one length can be split at
    once.

    Parameters
    ----------
    wavelet : str
        Name of the wavelet.
    """

    def __init__(self, wavelet: str) -> None:
        self._wavelet, self._taps = wavelet, n_taps(wavelet)
        self._pending = EMPTY
        self._n_done = 0

    def push(self, piece: Array, *, last: bool) -> Halves:
        """Transform the next piece of the signal; see `Level.push`.

        Parameters
        ----------
        piece : array, shape ``(..., samples)``
        last : bool

        Returns
        -------
        tuple of array
        """
        enough = self._pending.shape[-1] > 4 * self._taps
        halves = [self._inner_coefficients()] if enough else []
        self._pending = np.concatenate([self._pending, piece], -1) if self._pending.size else piece
        if last:
            halves.append(self._transform(slice(self._n_done, None)))
        if not halves:
            return piece[..., :0], piece[..., :0]
        if len(halves) == 1:
            return halves[0]
        approximation, detail = (np.concatenate(half, -1) for half in zip(*halves, strict=True))
        return approximation, detail

    def _inner_coefficients(self) -> Halves:
        """The coefficients that do not depend on samples beyond those in memory."""
        taps = self._taps
        stop = self._pending.shape[-1] // 2 - taps
        halves = self._transform(slice(self._n_done, stop))
        self._pending = self._pending[..., 2 * stop - (taps - 2) :]
        self._n_done = (taps - 2) // 2
        return halves

    def _transform(self, part: slice) -> Halves:
        approximation, detail = dwt(self._pending, self._wavelet)
        return approximation[..., part], detail[..., part]


class PeriodizedLevel:
    """A level whose signal is periodic: ``pywt.dwt(x, wavelet, "periodization")``.

    The last of an odd number of samples is repeated. Coefficient k depends on the samples up to
    2 k + taps / 2, and the first coefficients also on samples at the end of the signal. These are
    computed last: the signal may begin at any sample and continues cyclically, as do its halves.

    Parameters
    ----------
    wavelet : str
        Name of the wavelet.
    length : int
        Number of samples of the signal, at least one less than the filter has taps.
    first : int
        Number of the sample that comes first.

    Attributes
    ----------
    half, first_of_half : int
        Number of coefficients of each half, and number of the one that comes first.
    """

    def __init__(self, wavelet: str, length: int, first: int) -> None:
        middle = n_taps(wavelet) // 2
        self.half = (length + 1) // 2
        self.first_of_half = (first + middle) // 2
        self._level = SymmetricLevel(wavelet)
        self._until_repeated = length - first if length % 2 else -1
        self._skipped = 2 * self.first_of_half - middle + 1 - first
        self._n_wrapped = 2 * middle - 2 + self._skipped
        self._begin = EMPTY
        # Coefficients that depend on the mirrored ends, and those still to return.
        self._at_ends, self._left = middle - 1, self.half

    def push(self, piece: Array, *, last: bool) -> Halves:
        """Transform the next piece of the signal; see `Level.push`.

        Parameters
        ----------
        piece : array, shape ``(samples,)``
        last : bool

        Returns
        -------
        tuple of array
        """
        piece = self._with_repeated_sample(piece)
        skipped = self._skipped - min(self._skipped, len(self._begin))
        missing = self._n_wrapped - len(self._begin)
        self._begin = np.concatenate([self._begin, piece[:missing]])
        piece = piece[skipped:]
        if last:
            piece = np.concatenate([piece, self._begin])
        return self._without_ends(self._level.push(piece, last=last))

    def _with_repeated_sample(self, piece: Array) -> Array:
        """The piece with the last sample of a signal of odd length repeated, if it contains it."""
        position = self._until_repeated
        self._until_repeated -= len(piece)
        if 0 < position <= len(piece):
            return np.concatenate([piece[:position], piece[position - 1 :]])
        return piece

    def _without_ends(self, halves: Halves) -> Halves:
        """The coefficients that do not depend on the mirrored ends."""
        start = min(self._at_ends, len(halves[0]))
        self._at_ends -= start
        approximation, detail = (c[start : start + self._left] for c in halves)
        self._left -= len(detail)
        return approximation, detail


def symmetric_dwt(wavelet: str, level: int) -> list[Level]:
    """Return the levels of ``pywt.wavedec(x, wavelet, "symmetric", level)``.

    Parameters
    ----------
    wavelet : str
        Name of the wavelet.
    level : int
        Number of levels.

    Returns
    -------
    list of Level
    """
    return [SymmetricLevel(wavelet) for _ in range(level)]


def periodized_dwt(wavelet: str, n_levels: int, length: int) -> list[Level]:
    """Return the levels of ``pywt.wavedec(x, wavelet, "periodization", n_levels)``.

    Parameters
    ----------
    wavelet : str
        Name of the wavelet.
    n_levels : int
        Number of levels.
    length : int
        Number of samples of the signal.

    Returns
    -------
    list of Level
    """
    levels: list[Level] = []
    first = 0
    for _ in range(n_levels):
        level = PeriodizedLevel(wavelet, length, first)
        length, first = level.half, level.first_of_half
        levels.append(level)
    return levels


def bands(pieces: Iterable[Array], levels: Sequence[Level]) -> Iterator[tuple[int, Array]]:
    """Compute the wavelet transform, some coefficients of a band at a time.

    Parameters
    ----------
    pieces : iterable of array, shape ``(samples,)``
        Consecutive pieces of the signal.
    levels : sequence of Level
        From `symmetric_dwt` or `periodized_dwt`.

    Yields
    ------
    band : int
        In the order of ``pywt.wavedec``: 0 is the approximation of the last level, 1 its detail,
        and so on to the detail of the first level, the highest octave.
    coefficients : array of float64, shape ``(coefficients,)``
    """
    for piece, last in _with_last(pieces):
        approximation = piece.astype(np.float64)
        for band, level in zip(range(len(levels), 0, -1), levels, strict=True):
            approximation, detail = level.push(approximation, last=last)
            yield band, detail
        yield 0, approximation


def packets(pieces: Iterable[Array], wavelet: str, n_levels: int) -> Iterator[Array]:
    """Compute the wavelet packet transform, some coefficients of all bands at a time.

    Both halves of each band are split again, with mirrored ends.

    Parameters
    ----------
    pieces : iterable of array, shape ``(samples,)``
        Consecutive pieces of the signal.
    wavelet : str
        Name of the wavelet.
    n_levels : int
        Number of levels.

    Yields
    ------
    array of float64, shape ``(2**n_levels, coefficients)``
        Bands in ascending order of frequency.
    """
    levels = symmetric_dwt(wavelet, n_levels)
    for piece, last in _with_last(pieces):
        coefficients = piece.astype(np.float64)[None]
        for level in levels:
            halves = np.stack(level.push(coefficients, last=last), axis=1)
            # Every other band is an upper half, whose frequencies are in descending order.
            halves[1::2] = halves[1::2, ::-1].copy()
            coefficients = halves.reshape(2 * len(halves), -1)
        yield coefficients


def max_level(length: int, wavelet: str) -> int:
    """Return the largest number of levels at which the filter is not longer than the signal.

    Parameters
    ----------
    length : int
        Number of samples of the signal.
    wavelet : str
        Name of the wavelet.

    Returns
    -------
    int
        0 if there is none.
    """
    return max(0, (length // (n_taps(wavelet) - 1)).bit_length() - 1)


def _with_last(pieces: Iterable[Array]) -> Iterator[tuple[Array, bool]]:
    """The pieces, cut to at most `PIECE` samples, and whether they are the last."""
    small = (x[k : k + PIECE] for x in pieces for k in range(0, max(1, len(x)), PIECE))
    piece = next(small)
    for following in small:
        yield piece, False
        piece = following
    yield piece, True
