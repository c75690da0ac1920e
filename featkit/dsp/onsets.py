"""Onset detection: peaks of the onset strength, as in `librosa.onset.onset_detect`."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array

BEFORE, AROUND = 0.03, 0.1
"""Seconds: a peak is the maximum of the time before it, and is compared with the mean around it."""

ABOVE = 0.07
"""Height of a peak above the mean around it, as a share of the range of the clip."""


def onset_frames(strength: Array, sr: float, hop_length: int) -> Array:
    """Find the onsets of a clip.

    Parameters
    ----------
    strength : array, shape ``(frames,)``
        Onset strength of one clip.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples from one frame to the next.

    Returns
    -------
    array of int, shape ``(onsets,)``
        Frames of the onsets, in ascending order.

    References
    ----------
    S. Böck, F. Krebs and M. Schedl, "Evaluating the online capabilities of onset detection
    methods", ISMIR 2012.
    """
    weakest, strongest = np.min(strength), np.max(strength)
    if strongest <= weakest:
        return np.empty(0, dtype=np.intp)
    relative = (strength - weakest) / (strongest - weakest)
    before, around = (int(seconds * sr // hop_length) for seconds in (BEFORE, AROUND))
    peak = relative == _trailing_max(relative, before)
    peak &= relative >= _centred_mean(relative, around) + ABOVE
    onsets: list[int] = []
    for frame in np.flatnonzero(peak).tolist():
        if not onsets or frame - onsets[-1] > before:
            onsets.append(frame)
    return np.array(onsets, dtype=np.intp)


def _trailing_max(x: Array, before: int) -> Array:
    padded = np.concatenate([np.full(before, -np.inf, dtype=x.dtype), x])
    return np.asarray(sliding_window_view(padded, before + 1).max(axis=1))


def _centred_mean(x: Array, around: int) -> Array:
    """The mean of the frames at most `around` away."""
    sums = np.concatenate([[0.0], np.cumsum(x, dtype=np.float64)])
    frame = np.arange(len(x))
    first = np.maximum(frame - around, 0)
    last = np.minimum(frame + around + 1, len(x))
    return np.asarray((sums[last] - sums[first]) / (last - first))
