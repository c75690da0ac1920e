"""Onsets: the frames in which something begins, picked from onset strength.

The peak picking of Böck, Krebs and Schedl ("Evaluating the online capabilities of onset detection
methods", ISMIR 2012) with the settings of `librosa.onset.onset_detect`.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array

BEFORE, AROUND = 0.03, 0.1
"""Seconds in which a peak has none above it, and that its strength is compared with."""

ABOVE = 0.07
"""How far a peak stands above the mean around it, as a share of the clip's strongest."""


def onset_frames(strength: Array, sr: float, hop_length: int) -> Array:
    """Frames in which something begins, in rising order.

    Parameters
    ----------
    strength : array, shape ``(frames,)``
        Onset strength of one clip.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples from one frame to the next.
    """
    weakest, strongest = np.min(strength), np.max(strength)
    if strongest <= weakest:
        return np.empty(0, dtype=np.intp)
    relative = (strength - weakest) / (strongest - weakest)
    before, around = (int(seconds * sr // hop_length) for seconds in (BEFORE, AROUND))
    peak = relative == _greatest_since(relative, before)
    peak &= relative >= _mean_around(relative, around) + ABOVE
    onsets: list[int] = []
    for frame in np.flatnonzero(peak).tolist():
        if not onsets or frame - onsets[-1] > before:
            onsets.append(frame)
    return np.array(onsets, dtype=np.intp)


def _greatest_since(x: Array, before: int) -> Array:
    padded = np.concatenate([np.full(before, -np.inf, dtype=x.dtype), x])
    return np.asarray(sliding_window_view(padded, before + 1).max(axis=1))


def _mean_around(x: Array, around: int) -> Array:
    """Mean of so many frames to both sides, as far as there are any."""
    sums = np.concatenate([[0.0], np.cumsum(x, dtype=np.float64)])
    frame = np.arange(len(x))
    first = np.maximum(frame - around, 0)
    last = np.minimum(frame + around + 1, len(x))
    return np.asarray((sums[last] - sums[first]) / (last - first))
