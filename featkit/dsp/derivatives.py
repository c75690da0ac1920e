"""Derivatives of series over time, by fitting a line and a parabola to neighbouring frames.

References
----------
Savitzky, A. and Golay, M. J. E. "Smoothing and differentiation of data by simplified least squares
procedures", Analytical Chemistry 36(8), 1964.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.segments import Segments


def derivatives(values: Array, segments: Segments, width: int) -> Array:
    """Compute the first and the second derivative of each row.

    Parameters
    ----------
    values : array of float32, shape ``(rows, frames)``
    segments : Segments
        The clips, side by side along the frames.
    width : int
        Number of frames per fit, an odd number.

    Returns
    -------
    array of float32, shape ``(2, rows, frames)``
        Slope of the line, and second derivative of the parabola, that fit the frames around best.
        The first and last frames of a clip have the value of the nearest frame with enough frames
        on both sides; NaN in a clip of fewer frames than `width`.
    """
    half = width // 2
    if _compiled.core is not None and values.dtype == np.float32:
        slope, curvature = _weights(half)
        rows = np.ascontiguousarray(values)
        both: Array = np.empty((2, *rows.shape), dtype=np.float32)
        _compiled.core.deltas(rows, len(rows), segments.edges, slope, curvature, both)
        return both
    differences: Array = np.full((2, *values.shape), np.nan, dtype=np.float32)
    if segments.total < width:
        return differences
    slope, curvature = _weights(half)
    middle = values[:, half : segments.total - half]
    first, second = np.zeros_like(middle), np.zeros_like(middle)
    for k in range(1, half + 1):
        before = values[:, half - k : segments.total - half - k]
        after = values[:, half + k : segments.total - half + k]
        first += slope[k] * (after - before)
        second += curvature[k] * ((after - middle) + (before - middle))
    # The nearest frame with enough frames to both sides.
    nearest = np.arange(segments.total)
    nearest = np.maximum(nearest, segments.to_frames(segments.starts + half))
    nearest = np.minimum(nearest, segments.to_frames(segments.ends - 1 - half))
    defined = segments.to_frames(segments.lengths >= width)
    differences[0][:, defined] = first[:, nearest[defined] - half]
    differences[1][:, defined] = second[:, nearest[defined] - half]
    return differences


@lru_cache
def _weights(half: int) -> tuple[Array, Array]:
    """Least-squares weights of the frames 0 to half after the middle: slope, second derivative.

    Both are float32; over all frames, the weights of the second derivative add up to 0.
    """
    k = np.arange(half + 1, dtype=np.float64)
    width = 2 * half + 1
    squares, fourths = 2 * np.sum(k**2), 2 * np.sum(k**4)
    curvature = 2 * (k**2 - squares / width) / (fourths - squares**2 / width)
    return (k / squares).astype(np.float32), curvature.astype(np.float32)
