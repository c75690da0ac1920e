"""Clips of different lengths side by side on the last axis.

An array of shape ``(..., frames)`` holds the frames of all clips of a stack, one clip after the
other. `Segments` knows where each begins, and does per clip what NumPy does per axis. What it
gives for a clip depends on that clip alone, to the bit: no padding enters a sum, and each
reduction runs over the clip's own frames only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.typing import Array


class Segments:
    """Where each clip stands among the frames of a stack.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each clip, each at least 1.
    """

    def __init__(self, lengths: Sequence[int] | Array) -> None:
        self.lengths: Array = np.asarray(lengths, dtype=np.intp)
        self.ends: Array = np.cumsum(self.lengths)
        self.starts: Array = self.ends - self.lengths
        self.total = int(self.ends[-1])

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[slice]:
        for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True):
            yield slice(start, end)

    def within(self, frames: slice) -> Iterator[tuple[int, slice]]:
        """The clips that have some of the frames: number, and which of these are its own."""
        first = int(np.searchsorted(self.ends, frames.start, side="right"))
        last = int(np.searchsorted(self.starts, frames.stop, side="left"))
        for k in range(first, last):
            yield k, slice(max(frames.start, self.starts[k]), min(frames.stop, self.ends[k]))

    def sum(self, x: Array) -> Array:
        """Sum of each clip: ``(..., frames)`` to ``(..., clips)``."""
        return np.add.reduceat(x, self.starts, axis=-1)

    def min(self, x: Array) -> Array:
        """Least value of each clip, NaN left out."""
        return np.fmin.reduceat(x, self.starts, axis=-1)

    def max(self, x: Array) -> Array:
        """Greatest value of each clip, NaN left out."""
        return np.fmax.reduceat(x, self.starts, axis=-1)

    def spread(self, x: Array) -> Array:
        """One value a clip to one value a frame: ``(..., clips)`` to ``(..., frames)``."""
        return np.repeat(x, self.lengths, axis=-1)

    def padded(self, x: Array) -> Array:
        """Each clip as a row of its own, NaN behind it: ``(..., clips, longest)``."""
        longest = int(self.lengths.max())
        if len(self) == 1:
            return x.reshape(*x.shape[:-1], 1, longest)
        rows = np.full((*x.shape[:-1], len(self), longest), np.nan)
        rows[..., np.arange(longest) < self.lengths[:, None]] = x
        return rows
