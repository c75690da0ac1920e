"""Samples that come block by block, and of which the oldest are forgotten."""

from __future__ import annotations

import numpy as np

from featkit.segments import Array


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
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def forget(self, before: int) -> None:
        """Let go of blocks whose samples all lie before a place."""
        start = self.end - sum(map(len, self._blocks))
        while self._blocks and start + len(self._blocks[0]) <= before:
            start += len(self._blocks.pop(0))
