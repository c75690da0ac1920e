"""The discrete wavelet transform of a signal that comes in parts.

A signal is split by a Daubechies wavelet (Daubechies, "Ten lectures on wavelets", 1992) into an
approximation, its lower half, and a detail, its upper half, each of half as many coefficients.
PyWavelets does it. What comes out is what it gives for the signal as a whole, in parts, too, so
that a recording may be longer than memory. Coefficients are float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from featkit._utils.typing import Array

Halves = tuple[Array, Array]
"""Some coefficients of an approximation and of a detail; they may be none."""

DAUBECHIES = ("haar", "db2", "db3", "db4", "db5", "db6", "db8")
"""Wavelets that signals may be split by: the number is that of vanishing moments."""

NONE: Array = np.empty(0)

PART = 2**16
"""Samples transformed at once (0.5 MB), few enough for a cache."""

CHUNK = 2**14
"""Coefficients counted at once, few enough for a core's own cache."""


class Splitter(Protocol):
    """Splits a signal into its approximation and its detail."""

    def push(self, part: Array, *, last: bool) -> Halves:
        """The coefficients that the next part makes known; all that are left after the last."""


class Mirrored:
    """A level whose signal is mirrored at its ends: ``pywt.dwt(x, wavelet, "symmetric")``.

    Coefficient k is made of the samples up to 2 k + 1, as many as the filter has. Of what is held,
    those are given that neither end touches, unless it is an end of the signal. Samples stand on
    the last axis: many signals of one length can be split at once.
    """

    def __init__(self, wavelet: Any) -> None:
        self._wavelet = wavelet
        self._held = NONE
        self._known = 0

    def push(self, part: Array, *, last: bool) -> Halves:
        given = [self._untouched()] if self._held.shape[-1] > 4 * self._wavelet.dec_len else []
        self._held = np.concatenate([self._held, part], -1) if self._held.size else part
        if last:
            given.append(self._transform(slice(self._known, None)))
        if not given:
            return part[..., :0], part[..., :0]
        if len(given) == 1:
            return given[0]
        approximation, detail = (np.concatenate(halves, -1) for halves in zip(*given, strict=True))
        return approximation, detail

    def _untouched(self) -> Halves:
        taps = self._wavelet.dec_len
        stop = self._held.shape[-1] // 2 - taps
        halves = self._transform(slice(self._known, stop))
        self._held = self._held[..., 2 * stop - (taps - 2) :]
        self._known = (taps - 2) // 2
        return halves

    def _transform(self, which: slice) -> Halves:
        import pywt

        approximation, detail = pywt.dwt(self._held, self._wavelet)
        return approximation[..., which], detail[..., which]


class Periodic:
    """A level whose signal goes round: ``pywt.dwt(x, wavelet, "periodization")``.

    Of an odd number of samples the last counts twice. Coefficient k is made of the samples up to
    2 k + taps / 2, so that the first wants some from the signal's end. It comes last: the signal is
    given from some sample on and round to it, and so are its halves.

    Parameters
    ----------
    wavelet : pywt.Wavelet
    length : int
        Samples of the signal, at least one less than the filter has.
    first : int
        The sample that it begins with.

    Attributes
    ----------
    half, first_of_half : int
        Coefficients of each half, and the one that they begin with.
    """

    def __init__(self, wavelet: Any, length: int, first: int) -> None:
        middle = wavelet.dec_len // 2
        self.half = (length + 1) // 2
        self.first_of_half = (first + middle) // 2
        self._level = Mirrored(wavelet)
        self._to_double = length - first if length % 2 else -1
        self._skipped = 2 * self.first_of_half - middle + 1 - first
        self._again = 2 * middle - 2 + self._skipped
        self._begin = NONE
        # Those that the mirrored ends touch.
        self._touched, self._left = middle - 1, self.half

    def push(self, part: Array, *, last: bool) -> Halves:
        part = self._doubled(part)
        skipped = self._skipped - min(self._skipped, len(self._begin))
        lacking = self._again - len(self._begin)
        self._begin = np.concatenate([self._begin, part[:lacking]])
        part = part[skipped:]
        if last:
            part = np.concatenate([part, self._begin])
        return self._inner(self._level.push(part, last=last))

    def _doubled(self, part: Array) -> Array:
        """The same with the signal's last sample twice, if it is among them and should be."""
        place = self._to_double
        self._to_double -= len(part)
        if 0 < place <= len(part):
            return np.concatenate([part[:place], part[place - 1 :]])
        return part

    def _inner(self, halves: Halves) -> Halves:
        """What of them no end touches."""
        start = min(self._touched, len(halves[0]))
        self._touched -= start
        approximation, detail = (c[start : start + self._left] for c in halves)
        self._left -= len(detail)
        return approximation, detail


def mirrored(wavelet: str, level: int) -> list[Splitter]:
    """The levels of ``pywt.wavedec(x, wavelet, "symmetric", level)``."""
    import pywt

    return [Mirrored(pywt.Wavelet(wavelet)) for _ in range(level)]


def periodic(wavelet: str, level: int, length: int) -> list[Splitter]:
    """The levels of ``pywt.wavedec(x, wavelet, "periodization", level)`` of a signal so long."""
    import pywt

    levels: list[Splitter] = []
    first = 0
    for _ in range(level):
        splitter = Periodic(pywt.Wavelet(wavelet), length, first)
        length, first = splitter.half, splitter.first_of_half
        levels.append(splitter)
    return levels


def bands(parts: Iterable[Array], levels: Sequence[Splitter]) -> Iterator[tuple[int, Array]]:
    """Some coefficients at a time, each with its band in the order of ``pywt.wavedec``.

    Band 0 is the approximation that is left, 1 the detail of the last level, and so on to the
    detail of the first, the highest octave.
    """
    for part, last in _with_last(parts):
        approximation = part.astype(np.float64)
        for band, level in zip(range(len(levels), 0, -1), levels, strict=True):
            approximation, detail = level.push(approximation, last=last)
            yield band, detail
        yield 0, approximation


def packets(parts: Iterable[Array], wavelet: str, level: int) -> Iterator[Array]:
    """Some coefficients at a time of the wavelet packet transform, ``(2**level, coefficients)``.

    Bands stand from the lowest to the highest: both halves are split again and again, with mirrored
    ends.
    """
    levels = mirrored(wavelet, level)
    for part, last in _with_last(parts):
        of_bands = part.astype(np.float64)[None]
        for each in levels:
            halves = np.stack(each.push(of_bands, last=last), axis=1)
            # Every other band is an upper half, which has its frequencies in falling order.
            halves[1::2] = halves[1::2, ::-1].copy()
            of_bands = halves.reshape(2 * len(halves), -1)
        yield of_bands


def levels_of(length: int, wavelet: str) -> int:
    """How many levels a signal so long has until a filter is longer than what is left."""
    import pywt

    return int(pywt.dwt_max_level(length, wavelet))


class Moments:
    """Sums over coefficients that come in parts.

    Attributes
    ----------
    count : int
    mean : float
    energy, absolute, scatter : float
        Sums of the squares, of the absolute values, and of the squared distances from the mean.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = self.energy = self.absolute = self.scatter = 0.0

    def add(self, c: Array) -> None:
        """Count some more, by Chan, Golub and LeVeque (COMPSTAT 1982)."""
        for start in range(0, len(c), CHUNK):
            self._add(c[start : start + CHUNK])

    def _add(self, c: Array) -> None:
        mean = float(np.mean(c))
        centred = c - mean
        scatter = float(np.einsum("i,i", centred, centred))
        apart = mean - self.mean
        share = len(c) / (self.count + len(c))
        self.scatter += scatter + apart**2 * self.count * share
        self.mean += apart * share
        self.count += len(c)
        self.energy += scatter + len(c) * mean**2
        self.absolute += float(np.add.reduce(np.abs(c, out=centred)))

    @property
    def std(self) -> float:
        """Standard deviation (ddof 0)."""
        return float(np.sqrt(self.scatter / self.count))

    @property
    def mean_abs(self) -> float:
        return float(self.absolute / self.count)


def moments(coefficients: Iterable[tuple[int, Array]], count: int) -> list[Moments]:
    """Those of each of so many bands."""
    of_band = [Moments() for _ in range(count)]
    for band, c in coefficients:
        of_band[band].add(c)
    return of_band


def shares(energy: Array) -> tuple[Array, float]:
    """The share of each band in all energy, and their entropy in bits; NaN where there is none."""
    share = energy / energy.sum() if energy.any() else np.full(len(energy), np.nan)
    return share, float(-np.sum(share * np.log2(np.where(share == 0, 1, share))))


def _with_last(parts: Iterable[Array]) -> Iterator[tuple[Array, bool]]:
    """Each part, cut into such as stay in the cache, and whether it is the last."""
    small = (part[k : k + PART] for part in parts for k in range(0, max(1, len(part)), PART))
    part = next(small)
    for following in small:
        yield part, False
        part = following
    yield part, True
