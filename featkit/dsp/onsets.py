"""Onset detection: peaks of the onset strength, as in `librosa.onset.onset_detect`."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.segments import Segments

BEFORE, AROUND = 0.03, 0.1
"""Seconds: a peak is the maximum of the time before it, and is compared with the mean around it."""

ABOVE = 0.07
"""Height of a peak above the mean around it, as a share of the range of the clip."""

GRAIN = 2.0**-30
"""Values are rounded to multiples of this for their mean. Sums of up to 2^22 of them are exact, and
so do not depend on the clips that come before."""


def onset_frames(strength: Array, segments: Segments, sr: float, hop_length: int) -> Array:
    """Find the onsets of clips.

    Parameters
    ----------
    strength : array, shape ``(frames,)``
        Onset strength.
    segments : Segments
        The clips.
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
    weakest, strongest = segments.min(strength), segments.max(strength)
    extent = strongest - weakest
    relative = strength - segments.to_frames(weakest)
    relative /= segments.to_frames(np.where(extent > 0, extent, 1))
    before, around = (int(seconds * sr // hop_length) for seconds in (BEFORE, AROUND))
    start = segments.to_frames(segments.starts)
    frame = np.arange(segments.total)
    peak = segments.to_frames(extent > 0)
    peak &= relative >= _centred_mean(relative, segments, around) + ABOVE
    for shift in range(1, before + 1):
        peak[shift:] &= (relative[shift:] >= relative[:-shift]) | (frame - shift < start)[shift:]
    onsets: list[int] = []
    clip_end = 0
    ends = segments.to_frames(segments.ends)[peak].tolist()
    for candidate, end in zip(frame[peak].tolist(), ends, strict=True):
        if end != clip_end or candidate - onsets[-1] > before:
            onsets.append(candidate)
            clip_end = end
    return np.array(onsets, dtype=np.intp)


def _centred_mean(x: Array, segments: Segments, around: int) -> Array:
    """The mean of the frames of the clip at most `around` away."""
    sums = np.concatenate([[0.0], np.cumsum(np.rint(x / GRAIN, dtype=np.float64))])
    frame = np.arange(len(x))
    first = np.maximum(frame - around, segments.to_frames(segments.starts))
    last = np.minimum(frame + around + 1, segments.to_frames(segments.ends))
    return np.asarray((sums[last] - sums[first]) * GRAIN / (last - first))
