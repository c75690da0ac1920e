"""Tuning: how far from A4 = 440 Hz a clip is, told by its spectral peaks.

The estimate of `librosa.estimate_tuning`: the commonest deviation from the nearest step of the
scale among the stronger half of the peaks.
"""

from __future__ import annotations

import numpy as np

from featkit.segments import Array, Segments

EDGES = np.linspace(-0.5, 0.5, 101)
"""Edges of the deviations that are told apart, as fractions of a step."""

A0 = np.float32(440.0 / 16)


class Tuning:
    """How far from A4 = 440 Hz clips are tuned.

    Parameters
    ----------
    peaks : array, shape ``(3, peaks)``
        Frame, pitch in Hz and magnitude of each, as `Block.peaks` gives them.
    segments : Segments
        The clips.
    """

    def __init__(self, peaks: Array, segments: Segments) -> None:
        frame, (pitch, magnitude) = peaks[0], peaks[1:].astype(np.float32)
        clip = np.searchsorted(segments.ends, frame, side="right")
        by_clip = magnitude[np.argsort(clip, kind="stable")] if len(segments) > 1 else magnitude
        ends = np.cumsum(np.bincount(clip, minlength=len(segments)))
        medians = [np.median(part) if len(part) else 0 for part in np.split(by_clip, ends[:-1])]
        strong = magnitude >= np.array(medians, dtype=np.float32)[clip]
        self._pitch, self._clip = pitch[strong], clip[strong]
        self._segments = segments
        self._frames = slice(None)
        self._known: dict[int, Array] = {}

    def of(self, frames: slice) -> Tuning:
        """The same, for some of the frames."""
        part = Tuning.__new__(Tuning)
        part.__dict__ = {**self.__dict__, "_frames": frames}
        return part

    def __call__(self, bins_per_octave: int) -> Array:
        """Deviation at each frame as a fraction of a bin, in [-0.5, 0.5), by steps of 0.01.

        0 for a clip without peaks.
        """
        if bins_per_octave not in self._known:
            self._known[bins_per_octave] = self._segments.spread(self._of_clips(bins_per_octave))
        return self._known[bins_per_octave][self._frames]

    def _of_clips(self, bins_per_octave: int) -> Array:
        deviation = np.mod(bins_per_octave * np.log2(self._pitch / A0), np.float32(1))
        deviation[deviation >= 0.5] -= 1
        bins, clips = len(EDGES) - 1, len(self._segments)
        place = np.searchsorted(EDGES, deviation, side="right") - 1
        counts = np.bincount(self._clip * bins + place, minlength=clips * bins)
        counts = counts.reshape(clips, bins)
        return np.where(counts.any(axis=1), EDGES[np.argmax(counts, axis=1)], 0.0)
