"""Spectra of soundscapes, in an amount of memory that does not grow with the clip.

Acoustic indices are computed from a spectrogram with the parameters of scikit-maad: Hann windows of
1024 samples every 512 samples, less the mean of each, without padding.

The spectrogram of an hour at 22,050 Hz takes 300 MB. Indices need sums over time for each bin only,
so that a clip is transformed in blocks of frames, which are summed while they are in the cache. The
number of cells above a threshold relative to the greatest of the clip needs the blocks again. They
are kept until the clip is complete if it has no more than `KEPT_BLOCKS`, and computed again
otherwise.

Transforms have single precision. Before, a clip is multiplied by a power of two that brings it to
full scale, so that the level of a recording does not affect the precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.dsp import _compiled, fft
from featkit.dsp.disk_array import Clip, read
from featkit.dsp.filters import fft_window, read_only, roots_of_unity
from featkit.dsp.peak_envelopes import Envelopes

FRAME, HOP = 1024, 512
"""Samples in a frame, and from one to the next."""

BINS = FRAME // 2
"""Bins from 0 Hz on; the one at half the sample rate is left out, as in scikit-maad."""

BLOCK_FRAMES = 512
"""Frames that are transformed and summed together: the amplitudes of a block take 1 MB. Blocks are
counted from the beginning of the clip, so that sums do not depend on other clips."""

KEPT_BLOCKS = 32
"""Largest number of blocks of a clip that are kept for a second use; they take 32 MB."""

USUAL_LEVEL = -50.0
"""Level in dB relative to the clip's greatest amplitude, as acoustic diversity has it by default.
The cells above it are counted with the sums; other levels need the spectra again."""

TRANSFORMED = 128
"""Frames per transform of the way in NumPy."""


class SoundscapeSpectra:
    """Sums over time of the amplitude spectra of clips.

    The amplitude of a bin is the root of its share of the mean square, ``sqrt(2 / (N sum(w^2)))
    |X|`` for the window `w` of `N` samples, as in the spectrogram of scikit-maad.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
        Clips.
    envelopes : Envelopes
        Their envelopes.
    sr : float
        Sample rate in Hz.

    Attributes
    ----------
    sr : float
        Sample rate in Hz.
    frequencies : array of float64, shape ``(BINS,)``
        Hz.
    frames : array of int, shape ``(clips,)``
        Number of frames of each clip; 0 if it is shorter than a frame.
    """

    def __init__(self, clips: Sequence[Clip], envelopes: Envelopes, sr: float) -> None:
        self.sr = sr
        self.frequencies: Array = np.arange(BINS) * (sr / FRAME)
        self.frames: Array = np.array([max(0, (len(clip) - FRAME) // HOP + 1) for clip in clips])
        self._clips = tuple(clips)
        self._envelopes = envelopes
        self._above: dict[float, Array] = {}
        self._memory: Array = np.empty(0, dtype=np.float32)

    @cached_property
    def _sums(self) -> tuple[Array, Array, Array, Array]:
        """Sums of amplitude, power and change, ``(clips, BINS)``, and the peak, ``(clips,)``.

        Of the clips at full scale. Each clip is read while it is in the cache.
        """
        count = len(self._clips)
        sums: Array = np.zeros((count, 3, BINS))
        peaks: Array = np.zeros(count)
        above: Array = np.full((count, BINS), np.nan)
        for clip in range(count):
            peaks[clip], blocks = self._summed(clip, sums[clip])
            if peaks[clip]:
                above[clip] = self._share_above(clip, peaks[clip], USUAL_LEVEL, blocks)
        self._above[USUAL_LEVEL] = above
        self._memory = self._memory[:0]
        return sums[:, 0], sums[:, 1], sums[:, 2], peaks

    def _summed(self, clip: int, sums: Array) -> tuple[float, list[Array] | None]:
        """Add up the blocks of a clip; return the peak and the blocks, if they are kept."""
        kept: list[Array] = []
        before: Array | None = None
        peak = 0.0
        for block in self._blocks(clip, BLOCK_FRAMES, keep=self._is_kept(clip)):
            peak = max(peak, add_row_sums(block, sums))
            if before is not None:
                sums[2] += np.abs(block[:, 0] - before, dtype=np.float64)
            if block.shape[1] == BLOCK_FRAMES:  # there may be another one, in the same memory
                before = block[:, -1].copy()
            kept.append(block)
        return peak, kept if self._is_kept(clip) else None

    def _is_kept(self, clip: int) -> bool:
        return int(self.frames[clip]) <= KEPT_BLOCKS * BLOCK_FRAMES

    def _blocks(self, clip: int, size: int, *, keep: bool = False) -> Iterator[Array]:
        """Amplitudes of a clip at full scale, ``(BINS, frames)`` each; in memory that is reused.

        A block is valid until the next one is, or with `keep` until the next clip.
        """
        samples, exponent = self._clips[clip], self._envelopes[clip].exponent
        count = int(self.frames[clip])
        needed = BINS * (count if keep else min(size, count))
        if len(self._memory) < needed:
            self._memory = np.empty(needed, dtype=np.float32)
        for first in range(0, count, size):
            last = min(first + size, count)
            begin = BINS * first if keep else 0
            out = self._memory[begin : begin + BINS * (last - first)].reshape(BINS, -1)
            y = read(samples, first * HOP, (last - 1) * HOP + FRAME)
            yield amplitudes(y, exponent, out)

    def _share_above(
        self, clip: int, peak: float, level: float, blocks: Iterable[Array] | None
    ) -> Array:
        """Share of the frames above a level, for each bin of a clip, ``(BINS,)``."""
        threshold = peak * 10 ** (level / 20)
        counts: Array = np.zeros(BINS, dtype=np.int64)
        for block in self._blocks(clip, BLOCK_FRAMES) if blocks is None else blocks:
            counts += counts_above(block, threshold)
        return counts / int(self.frames[clip])

    def _mean(self, sums: Array, power: int) -> Array:
        """Mean over time in full scale; NaN without a frame."""
        exponents = np.array([envelope.exponent for envelope in self._envelopes], dtype=float)
        frames = np.where(self.frames > 0, self.frames, np.nan)
        return np.asarray(sums * (2.0 ** (-power * exponents) / frames)[:, None])

    @cached_property
    def mean_amplitude(self) -> Array:
        """Mean over time of the amplitude, ``(clips, BINS)``; NaN without a frame."""
        return self._mean(self._sums[0], 1)

    @cached_property
    def mean_power(self) -> Array:
        """Mean over time of the squared amplitude, ``(clips, BINS)``; NaN without a frame."""
        return self._mean(self._sums[1], 2)

    def complexity(self, seconds: float | None = None) -> Array:
        """Sum over bins of the change of the amplitude over the sum of the amplitude.

        Parameters
        ----------
        seconds : float, optional
            Duration of clusters of frames, whose values are added; an incomplete last one is left
            out. By default, the whole clip is one.

        Returns
        -------
        array of float64, shape ``(clips,)``
            NaN in silence, and with fewer than two frames in a cluster.
        """
        if seconds is None:
            amplitude, _, change, _ = self._sums
            values = _ratio_sums(change, amplitude)
            return np.where(self.frames > 1, values, np.nan)
        size = max(1, round(seconds * self.sr / HOP))
        if size < 2:
            return np.full(len(self._clips), np.nan)
        return np.array([self._clusters(clip, size) for clip in range(len(self._clips))])

    def _clusters(self, clip: int, size: int) -> float:
        blocks = (block for block in self._blocks(clip, size) if block.shape[1] == size)
        values = []
        for block in blocks:
            sums = np.zeros((3, BINS))
            add_row_sums(block, sums)
            values.append(float(_ratio_sums(sums[2:], sums[:1])[0]))
        return float(np.nansum(values)) if not np.isnan(values).all() else np.nan

    def shares_above(self, level: float) -> Array:
        """Share of the frames in which a bin is above a level relative to the clip's maximum.

        Parameters
        ----------
        level : float
            In dB; 0 is the greatest amplitude of all bins and frames of the clip.

        Returns
        -------
        array of float64, shape ``(clips, BINS)``
            NaN in silence and without a frame.
        """
        *_, peaks = self._sums
        if level not in self._above:
            shares = np.full((len(peaks), BINS), np.nan)
            for clip, peak in enumerate(peaks.tolist()):
                if peak:
                    shares[clip] = self._share_above(clip, peak, level, None)
            self._above[level] = shares
        return self._above[level]


def _ratio_sums(numerator: Array, denominator: Array) -> Array:
    """Sums over bins of ratios, ``(clips,)``; NaN if no denominator is positive."""
    defined = denominator > 0
    ratios = np.divide(numerator, denominator, out=np.zeros_like(numerator), where=defined)
    return np.where(defined.any(axis=1), np.add.reduce(ratios, axis=1), np.nan)


@lru_cache(maxsize=64)
def _scaled_window(exponent: int) -> Array:
    window = fft_window("hann", FRAME, np.float64)
    scale = np.sqrt(2 / (FRAME * np.sum(np.square(window)))) * 2.0**exponent
    return read_only((window * scale).astype(np.float32))


def amplitudes(y: Array, exponent: int = 0, out: Array | None = None) -> Array:
    """Compute the amplitude spectra of the frames of a signal, each less its mean.

    Parameters
    ----------
    y : array of float32, shape ``(samples,)``
        At least `FRAME` samples.
    exponent : int
        Power of two to multiply the samples by, from -100 to 100.
    out : array of float32, shape ``(BINS, frames)``, optional
        Contiguous memory for the result.

    Returns
    -------
    array of float32, shape ``(BINS, frames)``
        Roots of the shares of the mean square.
    """
    count = (len(y) - FRAME) // HOP + 1
    window = _scaled_window(exponent)
    spectra: Array = np.empty((BINS, count), dtype=np.float32) if out is None else out
    if _compiled.core is not None:
        _compiled.core.amplitudes(np.ascontiguousarray(y), window, roots_of_unity(FRAME), spectra)
        return spectra
    frames = sliding_window_view(y, FRAME)[::HOP]
    for start in range(0, count, TRANSFORMED):
        part = slice(start, start + TRANSFORMED)
        samples = frames[part] - frames[part, :1]
        samples -= np.add.reduce(samples, axis=1, keepdims=True) / np.float32(FRAME)
        samples *= window
        spectra[:, part] = np.abs(fft.rfft(samples, axis=1)[:, :BINS]).T
    return spectra


def add_row_sums(x: Array, sums: Array) -> float:
    """Add the sums of each row: of its values, their squares, and the differences of neighbours.

    Parameters
    ----------
    x : array of float32, shape ``(rows, columns)``
        At least one column; no value is negative.
    sums : array of float64, shape ``(3, rows)``
        The sums of values, of squares, and of absolute differences, which are added to; contiguous.

    Returns
    -------
    float
        Greatest value of all rows.
    """
    if _compiled.core is not None:
        return float(_compiled.core.row_sums(x, sums))
    for total, values in zip(sums, (x, np.square(x), np.abs(np.diff(x, axis=1))), strict=True):
        total += np.add.reduce(values, axis=1, dtype=np.float64)
    return float(np.max(x))


def count_peaks(levels: Array, distance: int, prominence: float) -> Array:
    """Count the peaks of each row, as `scipy.signal.find_peaks` finds them.

    Parameters
    ----------
    levels : array of float64, shape ``(rows, columns)``
        Finite.
    distance : int
        Least distance of peaks in columns, at least 1. Of those that are closer, the higher
        remains; of equal ones, the choice is not defined.
    prominence : float
        Least height above the higher of the valleys on both sides, up to a higher value or the
        end.

    Returns
    -------
    array of int64, shape ``(rows,)``
    """
    counts: Array = np.empty(len(levels), dtype=np.int64)
    if _compiled.core is not None and len(levels):
        _compiled.core.peak_counts(np.ascontiguousarray(levels), distance, prominence, counts)
        return counts
    from scipy.signal import find_peaks

    for row, level in enumerate(levels):
        counts[row] = len(find_peaks(level, distance=distance, prominence=prominence)[0])
    return counts


def counts_above(x: Array, threshold: float) -> Array:
    """Count the values of each row above a threshold.

    Parameters
    ----------
    x : array of float32, shape ``(rows, columns)``
        Values.
    threshold : float
        Rounded to single precision.

    Returns
    -------
    array of int64, shape ``(rows,)``
        The counts.
    """
    if _compiled.core is None:
        return np.asarray(np.count_nonzero(x > np.float32(threshold), axis=1))
    counts: Array = np.empty(len(x), dtype=np.int64)
    _compiled.core.counts_above(x, float(np.float32(threshold)), counts)
    return counts


def bin_range(distance: float, low: float, high: float) -> slice:
    """Find the bins nearest to two frequencies, and those between.

    Parameters
    ----------
    distance : float
        Distance of bins in Hz.
    low, high : float
        Hz, at least 0 and not beyond half the sample rate.

    Returns
    -------
    slice
        The bins; both ends are included. Of two bins that are equally near, the lower one is.
    """
    first, last = (math.ceil(f / distance - 0.5) for f in (low, high))
    return slice(first, min(last, BINS - 1) + 1)
