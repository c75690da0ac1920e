"""Samples that come block by block, of which the oldest are forgotten; and parts of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.decoding.converting import joined
from featkit.errors import AudioError

TOLERANCE = 1e-6
"""Samples by which a time in seconds may be off, because it is written in decimals."""


class Rolling:
    """What there is of a recording, by the place of its samples within the whole.

    Attributes
    ----------
    end : int
        Samples that came so far.
    """

    def __init__(self) -> None:
        self.end = 0
        self._blocks: list[Array] = []

    def add(self, block: Array) -> None:
        """The next samples; they are not copied."""
        self._blocks.append(block)
        self.end += len(block)

    def part(self, first: int, last: int) -> Array:
        """Samples `first` to `last`, of those that came and were not forgotten."""
        start = self.end - sum(map(len, self._blocks))
        parts = []
        for block in self._blocks:
            if start < last and first < start + len(block):
                parts.append(block[max(0, first - start) : last - start])
            start += len(block)
        return joined(parts)

    def forget(self, before: int) -> None:
        """Let go of blocks whose samples all lie before a place."""
        start = self.end - sum(map(len, self._blocks))
        while self._blocks and start + len(self._blocks[0]) <= before:
            start += len(self._blocks.pop(0))


def fix_length(y: Array, length: int) -> Array:
    """`y` cut, or filled up with zeros, to a length in samples."""
    return np.pad(y[:length], (0, max(0, length - len(y))))


def segments_of(
    blocks: Iterable[Array], sr: float, *, length: float, hop: float, tail: str, name: str
) -> Iterator[tuple[int, int, Array]]:
    """Equal parts of a recording that comes in blocks, each with its first and last sample.

    Segment ``k`` begins at the sample nearest to ``k * hop`` seconds, and all have the same number
    of samples.

    Parameters
    ----------
    length, hop : float
        Seconds of a segment, and from one to the next.
    tail : {"drop", "keep", "pad"}
        What becomes of a last segment that is shorter: nothing, a shorter segment, or one filled up
        with zeros. Where one ends with the recording, nothing is left to be a tail.
    name : str
        What an error calls the recording.

    Raises
    ------
    AudioError
        If short ones are dropped and the whole recording is shorter than one segment, or a segment
        or step is shorter than a sample.
    """
    size = round(length * sr)
    if not size or hop * sr < 1 - TOLERANCE:
        seconds = length if not size else hop
        raise AudioError(name, "segment", f"{seconds:g} s is less than one sample at {sr:g} Hz")
    held = Rolling()
    count = start = covered = 0
    for block in blocks:
        held.add(block)
        while start + size <= held.end:
            yield start, start + size, held.part(start, start + size)
            # Where it would end without rounding: a sample lost to rounding is no tail.
            covered = max(start + size, math.ceil((count * hop + length) * sr - TOLERANCE))
            count += 1
            start = round(count * hop * sr)  # each rounded once, so that errors do not add up
        held.forget(start)
    if max(covered, start) < held.end and tail != "drop":
        part = held.part(start, held.end)
        yield start, held.end, fix_length(part, size) if tail == "pad" else part
    elif not start:
        raise AudioError(
            name,
            "segment",
            f"{held.end / sr:.3g} s is shorter than one segment of {length:g} s:"
            " pad or keep the last segment",
        )
