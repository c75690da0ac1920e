"""Tuning: the deviation of a clip from A4 = 440 Hz, estimated from its spectral peaks.

As in `librosa.estimate_tuning`, the estimate is the most frequent deviation from the nearest step
of the scale, among the stronger half of the peaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, DiskArray
from featkit.dsp.row_statistics import available, row_statistics
from featkit.dsp.segments import Segments

EDGES = np.linspace(-0.5, 0.5, 101)
"""Edges of the histogram of deviations, as fractions of a step."""

A0 = np.float32(440.0 / 16)

BLOCK = 2**18
"""Number of peaks that are processed at a time."""


class Tuning:
    """The tuning of clips.

    Parameters
    ----------
    peaks : array or DiskArray of float32, shape ``(3 * peaks,)``
        For each peak: number of the clip, frequency in Hz and magnitude, as in
        `featkit.features.spectra.block.Block.peaks`; a DiskArray holds the peaks of one clip.
    segments : Segments
        The clips.
    """

    def __init__(self, peaks: Clip, segments: Segments) -> None:
        self._peaks = peaks
        self._segments = segments
        if isinstance(peaks, DiskArray):
            median = median_of_parts(lambda: (magnitude for _, _, magnitude in _parts(peaks)))
            self._medians: Array = np.array([median], dtype=np.float32)
        else:
            self._medians = _medians_of_clips(peaks, len(segments)).astype(np.float32)
        self._computed: dict[int, Array] = {}

    def per_frame(self, frames: slice, bins_per_octave: int) -> Array:
        """Return the deviation of the clip of each frame.

        Parameters
        ----------
        frames : slice
        bins_per_octave : int

        Returns
        -------
        array, shape ``(frames,)``
            As a fraction of a bin, in [-0.5, 0.5), in steps of 0.01; 0 for a clip without peaks.
        """
        if bins_per_octave not in self._computed:
            deviation = np.nan_to_num(self.per_clip(bins_per_octave))
            self._computed[bins_per_octave] = self._segments.to_frames(deviation)
        return self._computed[bins_per_octave][frames]

    def per_clip(self, bins_per_octave: int) -> Array:
        """Return the deviation of each clip.

        Parameters
        ----------
        bins_per_octave : int

        Returns
        -------
        array, shape ``(clips,)``
            As a fraction of a bin, in [-0.5, 0.5), in steps of 0.01; NaN without peaks.
        """
        bins, clips = len(EDGES) - 1, len(self._segments)
        counts = np.zeros(clips * bins, dtype=np.intp)
        for clip, pitch, magnitude in _parts(self._peaks):
            strong = magnitude >= self._medians[clip]
            deviation = bins_per_octave * np.log2(pitch[strong] / A0)
            deviation -= np.floor(deviation)  # np.mod is slower
            deviation[deviation >= 0.5] -= 1
            place = np.searchsorted(EDGES, deviation, side="right") - 1
            counts += np.bincount(clip[strong] * bins + place, minlength=clips * bins)
        histograms = counts.reshape(clips, bins)
        return np.where(histograms.any(axis=1), EDGES[np.argmax(histograms, axis=1)], np.nan)


def _medians_of_clips(peaks: Array, n_clips: int) -> Array:
    """Median magnitude of the peaks of each clip, 0 without any: ``(clips,)``."""
    clip, _, magnitude = _columns(peaks)
    by_clip = magnitude[np.argsort(clip, kind="stable")] if n_clips > 1 else magnitude
    counts = np.bincount(clip, minlength=n_clips)
    if available():
        (medians,) = row_statistics(by_clip[None], Segments(counts), [("percentile", 50.0)])[0]
        return np.asarray(np.nan_to_num(medians))
    parts = np.split(by_clip, np.cumsum(counts)[:-1])
    return np.array([_median(part) if len(part) else 0.0 for part in parts])


def _parts(peaks: Clip) -> Iterator[tuple[Array, Array, Array]]:
    for start in range(0, len(peaks), 3 * BLOCK):
        yield _columns(peaks[start : start + 3 * BLOCK])


def _columns(peaks: Array) -> tuple[Array, Array, Array]:
    clip, pitch, magnitude = np.ascontiguousarray(peaks.reshape(-1, 3).T)
    return clip.astype(np.intp), pitch, magnitude


def _median(x: Array) -> float:
    """Median of at least one number, without the import of masked arrays by `np.median`."""
    middle = [(len(x) - 1) // 2, len(x) // 2]
    return float(np.mean(np.partition(x, middle)[middle]))


def median_of_parts(parts: Callable[[], Iterable[Array]]) -> float:
    """Compute the median of values that come in parts, in two passes.

    The bits of float32 values from 0 up, read as integers, are in the order of the values. The
    first pass counts values by the upper half of their bits, the second sorts those near the
    middle.

    Parameters
    ----------
    parts : callable
        Called twice, returns the values as arrays of float32, at least 0.

    Returns
    -------
    float
        0 without values.
    """
    counts = np.zeros(2**16, dtype=np.intp)
    for part in parts():
        counts += np.bincount(_upper_bits(part), minlength=len(counts))
    total = int(counts.sum())
    if not total:
        return 0.0
    middle = np.array([(total - 1) // 2, total // 2])
    below = np.cumsum(counts)
    first, last = np.searchsorted(below, middle, side="right")
    near = [part[(_upper_bits(part) >= first) & (_upper_bits(part) <= last)] for part in parts()]
    ordered = np.sort(np.concatenate(near))
    return float(np.mean(ordered[middle - (below[first] - counts[first])]))


def _upper_bits(x: Array) -> Array:
    return np.asarray(x.view(np.uint32) >> 16)
