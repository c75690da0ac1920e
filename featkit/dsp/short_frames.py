"""Short frames: parts of a clip at times in seconds, as analyses of speech use them.

The frames of a stack (`featkit.dsp.framing`) have one length for all families. Analyses of speech
have their own: 20 ms for spectra, 60 ms for pitch, all 10 ms apart. Their times are multiples of
the hop in seconds, and a frame begins at the nearest sample, so that they do not drift at a sample
rate such as 22,050 Hz, where 10 ms are 220.5 samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp import disk_array
from featkit.dsp.disk_array import Clip
from featkit.dsp.segments import Segments


class ShortFrames:
    """Frames of the clips of a stack, without padding; each clip is a row of frames of its own.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    length : int
        Samples in a frame, at least 1.
    hop : float
        Seconds from one frame to the next.
    placement : {"start", "middle"}
        Whether the first frame begins with the clip, or the frames together lie in its middle, so
        that as much is left over before the first frame as after the last.

    Attributes
    ----------
    counts : list of int
        Number of frames of each clip; 0 if it is shorter than a frame.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        sr: float,
        *,
        length: int,
        hop: float,
        placement: Literal["start", "middle"] = "start",
    ) -> None:
        self.clips, self.sr, self.length, self.hop = tuple(clips), sr, length, hop
        self.counts = [self._count(len(clip)) for clip in self.clips]
        self._placement = placement

    def _count(self, samples: int) -> int:
        if samples < self.length:
            return 0
        count = int((samples - self.length) / (self.hop * self.sr)) + 1
        while round((count - 1) * self.hop * self.sr) + self.length > samples:
            count -= 1  # the last frame begins at a rounded sample
        return count

    @property
    def segments(self) -> Segments:
        """Frames of each clip; a clip without frames has one, see `OwnFrames`."""
        return Segments([max(1, count) for count in self.counts])

    def starts(self, clip: int) -> Array:
        """Return the first sample of each frame of a clip.

        Parameters
        ----------
        clip : int
            Number of the clip.

        Returns
        -------
        array of int, shape ``(frames,)``
        """
        count = self.counts[clip]
        starts: Array = np.rint(np.arange(count) * (self.hop * self.sr)).astype(np.int64)
        if self._placement == "middle" and count:
            starts += (len(self.clips[clip]) - int(starts[-1]) - self.length) // 2
        return starts

    def times(self, clip: int) -> Array:
        """Return the middle of each frame of a clip.

        Parameters
        ----------
        clip : int
            Number of the clip.

        Returns
        -------
        array of float, shape ``(frames,)``
            In seconds; sample k is at k / sr.
        """
        middles: Array = self.starts(clip) + (self.length - 1) / 2
        return middles / self.sr

    def batches(self, clip: int, at_most: int = 1024) -> Iterator[tuple[slice, Array]]:
        """Iterate over the frames of a clip.

        Parameters
        ----------
        clip : int
            Number of the clip.
        at_most : int
            Greatest number of frames in a batch.

        Yields
        ------
        frames : slice
            The frames of the batch, counted from the first of the clip.
        samples : array of float32, shape ``(frames, length)``
            Their samples; a new array.
        """
        starts = self.starts(clip)
        span = max(1.0, disk_array.PIECE_SAMPLES / (self.hop * self.sr))
        size = max(1, min(at_most, int(span)))
        for first in range(0, len(starts), size):
            own = starts[first : first + size]
            samples = self.clips[clip][int(own[0]) : int(own[-1]) + self.length]
            frames = sliding_window_view(samples, self.length)[own - own[0]]
            yield slice(first, first + len(own)), frames
