"""Tuning: how far from A4 = 440 Hz a clip is, told by its spectral peaks.

The estimate of `librosa.estimate_tuning`: the commonest deviation from the nearest step of the
scale among the stronger half of the peaks.
"""

from __future__ import annotations

import numpy as np

from featkit.segments import Array, Segments


class Tuning:
    """How far from A4 = 440 Hz clips are tuned, estimated from their spectral peaks.

    Parameters
    ----------
    peaks : array, shape ``(3, peaks)``
        Frame, pitch in Hz and magnitude of each, as `Block.peaks` gives them.
    segments : Segments
        The clips.
    """

    def __init__(self, peaks: Array, segments: Segments) -> None:
        clip_of_peak = np.searchsorted(segments.ends, peaks[0], side="right")
        order = np.argsort(clip_of_peak, kind="stable") if len(segments) > 1 else slice(None)
        split = np.searchsorted(clip_of_peak[order], np.arange(1, len(segments)))
        self._peaks = np.split(peaks[1:, order].astype(np.float32), split, axis=1)
        self._segments = segments
        self._frames = slice(None)
        self._known: dict[int, Array] = {}

    def of(self, frames: slice) -> Tuning:
        """The same, for some of the frames."""
        part = Tuning.__new__(Tuning)
        part.__dict__ = {**self.__dict__, "_frames": frames}
        return part

    def __call__(self, bins_per_octave: int) -> Array:
        """Deviation at each frame as a fraction of a bin, in [-0.5, 0.5), by steps of 0.01."""
        if bins_per_octave not in self._known:
            clips = [_deviation(peaks, bins_per_octave) for peaks in self._peaks]
            self._known[bins_per_octave] = self._segments.spread(np.array(clips))
        return self._known[bins_per_octave][self._frames]


def _deviation(peaks: Array, bins_per_octave: int) -> float:
    """The commonest deviation among the stronger half of the peaks; 0 where there are none."""
    pitch, magnitude = peaks
    if not len(pitch):
        return 0.0
    strong = pitch[magnitude >= np.median(magnitude)]
    bins = bins_per_octave * np.log2(strong / np.float32(440.0 / 16))
    residual = np.mod(bins, np.float32(1))
    residual[residual >= 0.5] -= 1
    edges = np.linspace(-0.5, 0.5, 101)
    return float(edges[np.argmax(np.histogram(residual, edges)[0])])
