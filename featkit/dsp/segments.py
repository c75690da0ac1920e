"""Operations per clip on the frames of a stack of clips of different lengths.

An array of shape ``(..., frames)`` holds the frames of all clips of a stack, one clip after the
other. `Segments` stores where each clip begins, and reduces per clip as NumPy reduces per axis. The
result for a clip depends on that clip alone, to the bit: sums contain no padding, and each
reduction runs over the frames of one clip only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array


class Segments:
    """The positions of clips among the frames of a stack.

    Iterating yields the slice of frames of each clip.

    Parameters
    ----------
    lengths : sequence of int
        Number of frames of each clip, each at least 1.

    Attributes
    ----------
    lengths, starts, ends : array of int, shape ``(clips,)``
        Number of frames, first frame, and the one after the last.
    total : int
        Number of frames of the stack.
    """

    def __init__(self, lengths: Sequence[int] | Array) -> None:
        self.lengths: Array = np.asarray(lengths, dtype=np.intp)
        self.ends: Array = np.cumsum(self.lengths)
        self.starts: Array = self.ends - self.lengths
        self.total = int(self.ends[-1])

    @cached_property
    def edges(self) -> Array:
        """First frame of each clip and the end of the last, int64, ``(clips + 1,)``."""
        return np.concatenate([[0], self.ends], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[slice]:
        for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True):
            yield slice(start, end)

    def clips_in(self, frames: slice) -> Iterator[tuple[int, slice]]:
        """Find the clips that overlap a range of frames.

        Parameters
        ----------
        frames : slice

        Yields
        ------
        clip : int
            Number of the clip.
        own : slice
            Frames of the range that belong to the clip.
        """
        first = int(np.searchsorted(self.ends, frames.start, side="right"))
        last = int(np.searchsorted(self.starts, frames.stop, side="left"))
        for k in range(first, last):
            yield k, slice(max(frames.start, self.starts[k]), min(frames.stop, self.ends[k]))

    def sum(self, x: Array) -> Array:
        """Sum over the frames of each clip.

        Parameters
        ----------
        x : array, shape ``(..., frames)``

        Returns
        -------
        array, shape ``(..., clips)``
        """
        return np.add.reduceat(x, self.starts, axis=-1)

    def min(self, x: Array) -> Array:
        """Return the minimum over the frames of each clip, ignoring NaN.

        Parameters
        ----------
        x : array, shape ``(..., frames)``

        Returns
        -------
        array, shape ``(..., clips)``
        """
        return np.fmin.reduceat(x, self.starts, axis=-1)

    def max(self, x: Array) -> Array:
        """Return the maximum over the frames of each clip, ignoring NaN.

        Parameters
        ----------
        x : array, shape ``(..., frames)``

        Returns
        -------
        array, shape ``(..., clips)``
        """
        return np.fmax.reduceat(x, self.starts, axis=-1)

    def to_frames(self, x: Array) -> Array:
        """Repeat one value per clip for each of its frames.

        Parameters
        ----------
        x : array, shape ``(..., clips)``

        Returns
        -------
        array, shape ``(..., frames)``
        """
        return np.repeat(x, self.lengths, axis=-1)

    def padded(self, x: Array) -> Array:
        """Return the frames of each clip as a row, padded with NaN.

        Parameters
        ----------
        x : array, shape ``(..., frames)``

        Returns
        -------
        array, shape ``(..., clips, longest)``
            `longest` is the number of frames of the longest clip.
        """
        longest = int(self.lengths.max())
        if len(self) == 1:
            return x.reshape(*x.shape[:-1], 1, longest)
        rows = np.full((*x.shape[:-1], len(self), longest), np.nan)
        rows[..., np.arange(longest) < self.lengths[:, None]] = x
        return rows
