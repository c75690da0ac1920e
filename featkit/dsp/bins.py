"""Sums and extremes over the bins of each frame, in the same order wherever the frame stands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from featkit._utils.typing import Array


def sums_over_bins(x: Array) -> Array:
    """Sum over rows, one after the other: ``(rows, frames)`` to ``(frames,)``.

    NumPy would sum a lone column in another order than the same column among others.
    """
    columns = x.shape[1]
    sums: Array = np.add.reduce(np.repeat(x, 2, axis=1) if columns == 1 else x, axis=0)
    return sums[:columns]


def running_sums(x: Array) -> Array:
    """Cumulative sum over rows, by whole rows: four times as fast as ``np.cumsum(x, axis=0)``."""
    sums = np.array(x)
    for above, row in pairwise(sums):
        row += above
    return sums


def max_over_bins(x: Array) -> Array:
    """Maximum over the first axis, by halves: faster than row by row."""
    while len(x) > 1:
        half = -(-len(x) // 2)
        x = np.maximum(x[:half], x[-half:])
    first: Array = x[0]
    return first


def parabola(around: Array) -> tuple[Array, Array]:
    """Where a parabola through three values, ``(3, n)``, turns, from the middle one, and how high.

    Where that is not between its neighbours, it is the middle one.
    """
    before, middle, behind = around
    curvature = behind + before - 2 * middle
    slope = (behind - before) / 2
    inside = np.abs(slope) < np.abs(curvature)
    shift = np.where(inside, -slope / np.where(inside, curvature, 1), 0)
    return shift, middle + 0.5 * slope * shift
