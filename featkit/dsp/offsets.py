"""Clips without their constant offset: their power, and how they continue beyond both ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces


def offset(clip: Clip) -> float:
    """Compute the mean of a clip, which converters without a high-pass add to the sound.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``

    Returns
    -------
    float
        The mean; exactly the value of its samples if all are equal.
    """
    first = float(clip[:1][0])
    total = sum(float(np.sum(piece.astype(np.float64) - first)) for piece in pieces(clip))
    return first + total / len(clip)


def mean_square(clip: Clip, about: float = 0.0) -> float:
    """Compute the mean square of the distance from a value.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    about : float
        The value.

    Returns
    -------
    float
    """
    squares = (float(np.sum(np.square(piece.astype(np.float64) - about))) for piece in pieces(clip))
    return sum(squares) / len(clip)


def continued(clip: Clip, before: int, after: int = 0) -> Iterator[Array]:
    """Read a clip without its mean, continued by its mirror images, piece by piece.

    Filters that start in the continuation have settled where the clip begins. If the clip began
    after silence, or after a constant, the step would spread the power of low frequencies, such as
    those of wind, over all others. The continuation before the clip fades in over its first half.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    before : int
        Number of samples before the clip, at least 1.
    after : int
        Number of samples after it.

    Yields
    ------
    array of float64, shape ``(samples,)``
        The first piece has the samples before the clip, and the last those after it, if any.
    """
    mean = offset(clip)
    head = clip[:before].astype(np.float64)
    lead = np.pad(head, (before, 0), "symmetric")[:before] - mean
    lead[: before // 2] *= np.sin(np.pi * np.arange(before // 2) / before) ** 2
    yield lead
    for piece in pieces(clip):
        yield piece.astype(np.float64) - mean
    if after:
        tail = clip[max(0, len(clip) - after) :].astype(np.float64)
        yield np.pad(tail, (0, after), "symmetric")[len(tail) :] - mean
