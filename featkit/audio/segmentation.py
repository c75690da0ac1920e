"""Segments of equal length, cut from a recording that arrives in blocks.

A `SampleBuffer` holds the most recent blocks. Positions are samples from the beginning of the
recording (or excerpt).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.decoding.conversion import concatenated
from featkit.audio.excerpt import Excerpt
from featkit.errors import AudioError

TOLERANCE = 1e-6
"""Largest error in samples of a time in seconds, which is given in decimals."""


class SampleBuffer:
    """The most recent blocks of a recording, addressed by position in the whole recording.

    Attributes
    ----------
    end : int
        Number of samples that were added so far.
    """

    def __init__(self) -> None:
        self.end = 0
        self._blocks: list[Array] = []

    @property
    def start(self) -> int:
        """Position of the first sample that is still held."""
        return self.end - sum(map(len, self._blocks))

    def append(self, block: Array) -> None:
        """Add the next samples, without a copy.

        Parameters
        ----------
        block : array, shape ``(samples, ...)``
        """
        self._blocks.append(block)
        self.end += len(block)

    def range(self, first: int, last: int) -> Array:
        """Return a range of samples that are still held.

        Parameters
        ----------
        first, last : int
            Position of the first sample, and of the one after the last.

        Returns
        -------
        array, shape ``(last - first, ...)``
        """
        start = self.start
        parts = []
        for block in self._blocks:
            if start < last and first < start + len(block):
                parts.append(block[max(0, first - start) : last - start])
            start += len(block)
        return concatenated(parts)

    def discard(self, before: int) -> None:
        """Discard the blocks that end at or before a position.

        Parameters
        ----------
        before : int
        """
        start = self.start
        while self._blocks and start + len(self._blocks[0]) <= before:
            start += len(self._blocks.pop(0))


def fix_length(y: Array, length: int) -> Array:
    """Truncate samples, or pad them with zeros at the end, to a length.

    Parameters
    ----------
    y : array, shape ``(samples,)``
    length : int

    Returns
    -------
    array, shape ``(length,)``
    """
    return np.pad(y[:length], (0, max(0, length - len(y))))


def split_into_segments(
    blocks: Iterable[Array], sr: float, excerpt: Excerpt, *, name: str
) -> Iterator[tuple[int, int, Array]]:
    """Cut a recording that arrives in blocks into segments.

    Segment ``k`` begins at the sample nearest to ``k * excerpt.segment_hop`` seconds. All segments
    have the same number of samples, except a tail that is kept. There is no tail if a segment ends
    with the recording.

    Parameters
    ----------
    blocks : iterable of array, shape ``(samples,)``
        The samples of the excerpt, in order.
    sr : float
        Sample rate in Hz.
    excerpt : Excerpt
        Its `segment`, `segment_hop` and `segment_tail` apply.
    name : str
        Name of the recording in error messages.

    Yields
    ------
    start, end : int
        Position of the first sample of the segment, and of the one after its last; padding is not
        counted.
    segment : array, shape ``(samples,)``

    Raises
    ------
    AudioError
        If a segment or a hop is shorter than one sample; or if short segments are dropped and the
        recording is shorter than one segment.
    """
    length = excerpt.segment or 0.0
    hop, tail = excerpt.segment_hop or length, excerpt.segment_tail
    size = round(length * sr)
    if not size or hop * sr < 1 - TOLERANCE:
        seconds = length if not size else hop
        raise AudioError(name, "segment", f"{seconds:g} s is less than one sample at {sr:g} Hz")
    buffer = SampleBuffer()
    count = start = covered = 0
    for block in blocks:
        buffer.append(block)
        while start + size <= buffer.end:
            yield start, start + size, buffer.range(start, start + size)
            # The end of the segment without rounding: a sample lost to rounding is not a tail.
            covered = max(start + size, math.ceil((count * hop + length) * sr - TOLERANCE))
            count += 1
            start = round(count * hop * sr)  # rounded once per segment, so errors do not add up
        buffer.discard(start)
    if max(covered, start) < buffer.end and tail != "drop":
        part = buffer.range(start, buffer.end)
        yield start, buffer.end, fix_length(part, size) if tail == "pad" else part
    elif not start:
        raise AudioError(
            name,
            "segment",
            f"{buffer.end / sr:.3g} s is shorter than one segment of {length:g} s:"
            " pad or keep the last segment",
        )
