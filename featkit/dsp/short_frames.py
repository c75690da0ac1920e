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
from featkit.dsp.disk_array import Clip, read
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
        Number of frames of each clip that fit into it at their exact times, before these are
        rounded to samples; 0 if it is shorter than a frame.
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
            count -= 1  # if the division was rounded up
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
        for own, frames in self.chosen(clip, np.ones(self.counts[clip], dtype=bool), at_most):
            yield slice(int(own[0]), int(own[-1]) + 1), frames

    def chosen(self, clip: int, mask: Array, at_most: int = 1024) -> Iterator[tuple[Array, Array]]:
        """Iterate over some frames of a clip, such as the voiced ones.

        Parameters
        ----------
        clip : int
            Number of the clip.
        mask : array of bool, shape ``(frames,)``
            The frames to return.
        at_most : int
            Number of successive frames from which those of a batch are chosen.

        Yields
        ------
        numbers : array of int, shape ``(chosen,)``
            The frames of the batch, at least one, counted from the first of the clip.
        samples : array of float32, shape ``(chosen, length)``
            Their samples; a new array.
        """
        starts = self.starts(clip)
        for batch in self.ranges(clip, at_most):
            own = np.flatnonzero(mask[batch]) + batch.start
            if not len(own):
                continue
            first = int(starts[own[0]])
            samples = read(self.clips[clip], first, int(starts[own[-1]]) + self.length)
            yield own, sliding_window_view(samples, self.length)[starts[own] - first]

    def ranges(self, clip: int, at_most: int = 1024) -> Iterator[slice]:
        """Divide the frames of a clip into batches, whose samples fit in memory.

        Parameters
        ----------
        clip : int
            Number of the clip.
        at_most : int
            Greatest number of frames in a batch.

        Yields
        ------
        slice
            The frames of the batch, counted from the first of the clip.
        """
        span = max(1.0, disk_array.PIECE_SAMPLES / (self.hop * self.sr))
        size = max(1, min(at_most, int(span)))
        for first in range(0, self.counts[clip], size):
            yield slice(first, min(first + size, self.counts[clip]))
