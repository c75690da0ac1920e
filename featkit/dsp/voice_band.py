"""Clips limited to the band of an analysis of speech: resampled, and pre-emphasised.

Linear prediction and cepstra model the whole band up to half the sample rate, so that the rate of a
recording would change their values. A clip is therefore resampled to twice the highest frequency of
the analysis. This is done in blocks by Fourier transforms that overlap, with a low-pass filter that
is flat up to `TRANSITION` Hz below this frequency. Blocks lie at fixed places of the clip, so that
samples have the same bits in whichever pieces they are read.

A sample lies in the middle of its period: sample k is at (k + 1/2) / sr seconds.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import fft
from featkit.dsp.disk_array import Clip, DiskArray, pieces
from featkit.dsp.filters import read_only

TRANSITION = 8.0
"""Width in Hz of the band in which the low-pass filter falls from 1 to -100 dB."""

ATTENUATION = 100.0
"""In dB; below the rounding of 16 bits."""

LONGEST_PERIOD = 2**15
"""Largest number of samples after which both rates coincide. Others are approximated by a ratio
that differs by less than 1e-9."""

BLOCK_SECONDS = 1.0
"""Least length of a block."""


class BandClip(DiskArray):
    """A clip resampled to a lower rate, with its low frequencies attenuated.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Its sample rate in Hz.
    highest : float
        Highest frequency in Hz. A clip at no more than twice this rate is not resampled.
    emphasis_from : float
        Frequency in Hz above which the spectrum is raised by 6 dB per octave: each sample x[n]
        becomes x[n] - exp(-2 pi emphasis_from / sr) x[n - 1], at the new rate.

    Attributes
    ----------
    sr : float
        Sample rate of the result in Hz; its own if it is not resampled.
    emphasis : float
        Factor of the sample before.
    """

    def __init__(self, clip: Clip, sr: float, highest: float, emphasis_from: float) -> None:
        self._clip = clip
        self._layout = _layout(float(sr), float(highest)) if sr > 2 * highest else None
        self._last: tuple[int, Array] | None = None
        ratio = self._layout.ratio if self._layout else Fraction(1)
        self._length = max(1, round(len(clip) * ratio))
        self.sr = sr * float(ratio)
        self.emphasis = math.exp(-2 * math.pi * emphasis_from / self.sr)

    def __len__(self) -> int:
        return self._length

    def read(self, start: int, stop: int) -> Array:
        """Read a range of samples; see `DiskArray.read`.

        Parameters
        ----------
        start, stop : int

        Returns
        -------
        array of float64, shape ``(stop - start,)``
        """
        x = self._resampled(max(0, start - 1), stop)
        if start == 0:
            x = np.concatenate([[0.0], x])
        return np.asarray(x[1:] - self.emphasis * x[:-1])

    def emphasis_db(self, frequencies: Array) -> Array:
        """Return the gain of the pre-emphasis.

        Parameters
        ----------
        frequencies : array
            In Hz.

        Returns
        -------
        array
            In dB.
        """
        angle = frequencies * (2 * np.pi / self.sr)
        power = 1 + self.emphasis * self.emphasis - 2 * self.emphasis * np.cos(angle)
        return np.asarray(10 * np.log10(power))

    def sounding(self, starts: Array, length: int) -> Array:
        """Determine whether frames contain any sound, before resampling.

        Parameters
        ----------
        starts : array of int, shape ``(frames,)``
            First sample of each frame, in ascending order.
        length : int
            Number of samples of a frame.

        Returns
        -------
        array of bool, shape ``(frames,)``
            False in digital silence.
        """
        ratio = self._layout.ratio if self._layout else Fraction(1)
        p, q = ratio.denominator, ratio.numerator
        first, last = starts * p // q, np.minimum(-(-(starts + length) * p // q), len(self._clip))
        if not len(starts):
            return np.zeros(0, dtype=bool)
        begin = int(first[0])
        parts = [x != 0 for x in pieces(self._clip, begin, int(last[-1]))]
        counts = np.concatenate([[0], np.cumsum(np.concatenate(parts), dtype=np.int32)])
        return np.asarray(counts[last - begin] > counts[first - begin])

    def _resampled(self, start: int, stop: int) -> Array:
        """Samples before pre-emphasis."""
        if self._layout is None:
            return self._clip[start:stop].astype(np.float64)
        hop = self._layout.output_hop
        blocks = [self._block(k) for k in range(start // hop, -(-stop // hop))]
        first = start // hop * hop
        return np.concatenate(blocks)[start - first : stop - first] if blocks else np.empty(0)

    def _block(self, k: int) -> Array:
        """Block of the resampled clip; the last one is kept, since frames overlap."""
        if self._last is None or self._last[0] != k:
            assert self._layout is not None
            self._last = k, self._layout.resample(self._clip, k)
        return self._last[1]


class _Layout(NamedTuple):
    """Blocks of a clip, and the filter of their transforms."""

    ratio: Fraction
    """Sample rate after resampling over that before."""
    hop: int
    """Samples of the clip from one block to the next."""
    margin: int
    """Samples before and after that the filter needs."""
    response: Array

    @property
    def output_hop(self) -> int:
        """Samples of a block after resampling."""
        return int(self.hop * self.ratio)

    def resample(self, clip: Clip, k: int) -> Array:
        """Block k of a clip, ``(output_hop,)``."""
        size = self.hop + 2 * self.margin
        start = k * self.hop - self.margin
        x = np.zeros(size)
        at = max(0, -start)
        for piece in pieces(clip, max(0, start), min(len(clip), start + size)):
            x[at : at + len(piece)] = piece
            at += len(piece)
        spectrum = fft.rfft(x)[: len(self.response)] * self.response
        y = fft.irfft(spectrum, int(size * self.ratio))
        first = int(self.margin * self.ratio)
        return y[first : first + self.output_hop]


@lru_cache(maxsize=8)
def _layout(sr: float, highest: float) -> _Layout:
    """Blocks for a sample rate: of whole periods after which samples of both rates coincide."""
    ratio = (2 * Fraction(highest) / Fraction(sr)).limit_denominator(LONGEST_PERIOD)
    period = ratio.denominator
    half = math.ceil((ATTENUATION - 7.95) / (14.36 * TRANSITION) * sr / 2)  # Kaiser 1974
    margin = -(-half // period)
    periods = 1
    while periods * period < 2 * margin * period + BLOCK_SECONDS * sr:
        periods *= 2
    size = periods * period
    n = np.arange(-half, half + 1)
    cutoff = 2 * (highest - TRANSITION / 2) / sr
    taps = cutoff * np.sinc(cutoff * n) * np.kaiser(len(n), 0.1102 * (ATTENUATION - 8.7))
    circular = np.zeros(size)
    circular[n] = taps
    bins = int(size * ratio) // 2 + 1
    # A sample is the middle of its period, so that both clips begin and end at the same time.
    delay = 0.5 / float(ratio) - 0.5
    shift = np.exp(2j * np.pi * delay / size * np.arange(bins))
    response = fft.rfft(circular)[:bins].real * shift * float(ratio)
    return _Layout(ratio, size - 2 * margin * period, margin * period, read_only(response))
