"""Sums and extremes over the bins of each frame, independent of its position in an array."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from featkit._utils.typing import Array

FEW = 64
"""Number of frames from which sums row by row are faster than those of NumPy, which are the same.
"""


def sums_over_bins(x: Array) -> Array:
    """Sum over rows, one row after the other.

    NumPy sums a single column in another order than a column among others, which changes the
    rounding.

    Parameters
    ----------
    x : array, shape ``(rows, frames)``

    Returns
    -------
    array, shape ``(frames,)``
    """
    columns = x.shape[1]
    sums: Array = np.add.reduce(np.repeat(x, 2, axis=1) if columns == 1 else x, axis=0)
    return sums[:columns]


def sums_by_four(x: Array) -> Array:
    """Sum over rows, those of every fourth row first, as the compiled core does.

    Parameters
    ----------
    x : array, shape ``(rows, frames)``

    Returns
    -------
    array, shape ``(frames,)``
    """
    a, b, c, d = (sums_over_bins(x[k::4]) for k in range(4))
    return np.asarray((a + b) + (c + d))


def running_sums(x: Array) -> Array:
    """Compute cumulative sums over rows, for many frames faster than ``np.cumsum(x, axis=0)``.

    Parameters
    ----------
    x : array, shape ``(rows, frames)``

    Returns
    -------
    array, shape ``(rows, frames)``
    """
    if x.shape[1] < FEW:
        return np.cumsum(x, axis=0, dtype=x.dtype)
    sums = np.array(x)
    for above, row in pairwise(sums):
        row += above
    return sums


def max_over_bins(x: Array) -> Array:
    """Return the maximum over rows, computed by halves, which is faster than row by row.

    Parameters
    ----------
    x : array, shape ``(rows, frames)``

    Returns
    -------
    array, shape ``(frames,)``
    """
    while len(x) > 1:
        half = -(-len(x) // 2)
        x = np.maximum(x[:half], x[-half:])
    first: Array = x[0]
    return first


def vertex(values: Array) -> tuple[Array, Array]:
    """Return the vertex of the parabola through three neighbouring values.

    Parameters
    ----------
    values : array, shape ``(3, n)``

    Returns
    -------
    shift : array, shape ``(n,)``
        Position of the vertex relative to the middle value, between -1 and 1; 0 where the vertex
        is not between the outer values.
    height : array, shape ``(n,)``
        Value of the parabola at that position.
    """
    before, middle, after = values
    curvature = after + before - 2 * middle
    slope = (after - before) / 2
    inside = np.abs(slope) < np.abs(curvature)
    shift = np.where(inside, -slope / np.where(inside, curvature, 1), 0)
    return shift, middle + 0.5 * slope * shift
