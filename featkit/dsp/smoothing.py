"""Smoothing of short frames: the mean of each frame and its two neighbours.

Analyses of speech smooth their values over three frames. Values that exist in voiced frames only,
such as the pitch, are averaged over voiced frames only, so that nothing leaks across the borders of
voiced regions.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.segments import Segments


def smoothed(values: Array, segments: Segments, mask: Array | None = None) -> Array:
    """Average each frame with its neighbours in the same clip.

    Parameters
    ----------
    values : array, shape ``(..., frames)``
        Values of all clips side by side.
    segments : Segments
        Frames of each clip.
    mask : array of bool, shape ``(frames,)`` or that of `values`, optional
        Frames that have a value, such as the voiced ones. Other frames are NaN, and do not count
        for their neighbours. By default, all frames have one.

    Returns
    -------
    array of float64, shape ``(..., frames)``
        Mean of those of the three frames that have a value. The first and the last frame of a clip
        replace their missing neighbour, so that they count twice.
    """
    values = np.asarray(values, dtype=np.float64)
    has = np.ones(values.shape, bool) if mask is None else np.broadcast_to(mask, values.shape)
    filled = np.where(has, values, 0)
    sums, counts = filled.copy(), has.astype(np.int8)
    for shift in (-1, 1):
        edge = segments.starts if shift < 0 else segments.ends - 1
        sums += _neighbours(filled, shift, edge)
        counts += _neighbours(has, shift, edge)
    smooth: Array = np.where(has, sums, np.nan) / np.maximum(counts, 1)
    return smooth


def _neighbours(values: Array, shift: int, edge: Array) -> Array:
    """Values of the frames before (-1) or after (1); a frame at an edge is its own neighbour."""
    near = np.empty_like(values)
    if shift < 0:
        near[..., 1:] = values[..., :-1]
    else:
        near[..., :-1] = values[..., 1:]
    near[..., edge] = values[..., edge]
    return near
