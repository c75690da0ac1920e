"""Tuning: how far from A4 = 440 Hz a clip is, told by its spectral peaks.

The estimate of `librosa.estimate_tuning`: the commonest deviation from the nearest step of the
scale among the stronger half of the peaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, OnDisk
from featkit.dsp.segments import Segments

EDGES = np.linspace(-0.5, 0.5, 101)
"""Edges of the deviations that are told apart, as fractions of a step."""

A0 = np.float32(440.0 / 16)

AT_ONCE = 2**18
"""Peaks that are looked at together."""


class Tuning:
    """How far from A4 = 440 Hz clips are tuned.

    Parameters
    ----------
    peaks : array or file, shape ``(3 * peaks,)``, float32
        Clip, pitch in Hz and magnitude of one peak after the other, as `Block.peaks` gives them; in
        a file, those of one clip.
    segments : Segments
        The clips.
    """

    def __init__(self, peaks: Clip, segments: Segments) -> None:
        self._peaks = peaks
        self._segments = segments
        if isinstance(peaks, OnDisk):
            medians = [median(lambda: (magnitude for _, _, magnitude in _parts(peaks)))]
        else:
            clip, _, magnitude = _columns(peaks)
            ends = np.cumsum(np.bincount(clip, minlength=len(segments)))
            by_clip = magnitude[np.argsort(clip, kind="stable")] if len(segments) > 1 else magnitude
            parts = np.split(by_clip, ends[:-1])
            medians = [np.median(part) if len(part) else 0.0 for part in parts]
        self._medians = np.array(medians, dtype=np.float32)
        self._known: dict[int, Array] = {}

    def of_frames(self, frames: slice, bins_per_octave: int) -> Array:
        """Deviation at each frame as a fraction of a bin, in [-0.5, 0.5), by steps of 0.01.

        0 for a clip without peaks.
        """
        if bins_per_octave not in self._known:
            deviation = np.nan_to_num(self.of_clips(bins_per_octave))
            self._known[bins_per_octave] = self._segments.spread(deviation)
        return self._known[bins_per_octave][frames]

    def of_clips(self, bins_per_octave: int) -> Array:
        """Deviation of each clip, NaN for one without peaks."""
        bins, clips = len(EDGES) - 1, len(self._segments)
        counts = np.zeros(clips * bins, dtype=np.intp)
        for clip, pitch, magnitude in _parts(self._peaks):
            strong = magnitude >= self._medians[clip]
            deviation = np.mod(bins_per_octave * np.log2(pitch[strong] / A0), np.float32(1))
            deviation[deviation >= 0.5] -= 1
            place = np.searchsorted(EDGES, deviation, side="right") - 1
            counts += np.bincount(clip[strong] * bins + place, minlength=clips * bins)
        histograms = counts.reshape(clips, bins)
        return np.where(histograms.any(axis=1), EDGES[np.argmax(histograms, axis=1)], np.nan)


def _parts(peaks: Clip) -> Iterator[tuple[Array, Array, Array]]:
    for start in range(0, len(peaks), 3 * AT_ONCE):
        yield _columns(peaks[start : start + 3 * AT_ONCE])


def _columns(peaks: Array) -> tuple[Array, Array, Array]:
    clip, pitch, magnitude = np.ascontiguousarray(peaks.reshape(-1, 3).T)
    return clip.astype(np.intp), pitch, magnitude


def median(parts: Callable[[], Iterable[Array]]) -> float:
    """The median of float32 numbers from 0 up that come in parts, twice; 0 if there are none.

    Their bits, read as whole numbers, have their order: those in the middle are found by the upper
    half of the bits first, and then among the few that share it.
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
