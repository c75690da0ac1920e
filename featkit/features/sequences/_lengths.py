"""Rules that give sequences another number of frames: cutting, padding and resampling."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array

VALUES_AT_ONCE = 2**20
"""Values that are resampled at once (8 MB in double precision), but at least one channel."""


def padded(values: Array, frames: int, padding: Array) -> Array:
    """Cut a sequence at its end, or pad it there.

    Parameters
    ----------
    values : array, shape ``(channels, length)``
    frames : int
        Frames of the result.
    padding : array, shape ``(channels,)``
        Value of each channel in the padding.

    Returns
    -------
    array, shape ``(channels, frames)``
    """
    result = np.empty((len(values), frames), dtype=values.dtype)
    length = min(frames, values.shape[1])
    result[:, :length] = values[:, :length]
    result[:, length:] = padding[:, None]
    return result


class _Overlaps(NamedTuple):
    """Spans of time that lie in one old and one new frame: ``(spans,)`` each.

    Attributes
    ----------
    frames : array of int
        Old frame of a span.
    weights : array of float64
        Share of its new frame.
    starts : array of int, shape ``(new frames,)``
        First span of each new frame.
    """

    frames: Array
    weights: Array
    starts: Array


@lru_cache(maxsize=64)
def _overlaps(length: int, frames: int) -> _Overlaps:
    # In units of 1 / (length * frames) of the duration, all ends are whole numbers.
    new_ends = np.arange(frames + 1, dtype=np.int64) * length
    ends = np.union1d(new_ends, np.arange(length + 1, dtype=np.int64) * frames)
    begins = ends[:-1]
    return _Overlaps(
        frames=begins // frames,
        weights=np.diff(ends) / length,
        starts=np.searchsorted(begins, new_ends[:-1]),
    )


def resampled(values: Array, frames: int) -> Array:
    """Return means over equal spans of a sequence, weighted by overlap.

    Parameters
    ----------
    values : array, shape ``(channels, length)``
        NaN where undefined.
    frames : int
        Frames of the result.

    Returns
    -------
    array of float64, shape ``(channels, frames)``
        Means over the defined frames of each span; NaN without any. The mean over all frames is
        kept if all are defined.
    """
    overlaps = _overlaps(values.shape[1], frames)
    size = max(1, VALUES_AT_ONCE // len(overlaps.frames))
    blocks = (values[start : start + size] for start in range(0, len(values), size))
    return np.concatenate([_means(block, overlaps) for block in blocks])


def _means(values: Array, overlaps: _Overlaps) -> Array:
    spans = values.astype(np.float64)[:, overlaps.frames]
    undefined = np.isnan(spans)
    if not undefined.any():
        return _sums(spans * overlaps.weights, overlaps)
    weights = np.where(undefined, 0.0, overlaps.weights)
    total = _sums(weights, overlaps)
    sums = _sums(np.where(undefined, 0.0, spans) * weights, overlaps)
    return np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0)


def _sums(spans: Array, overlaps: _Overlaps) -> Array:
    return np.asarray(np.add.reduceat(spans, overlaps.starts, axis=1))
