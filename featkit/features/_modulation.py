"""Values of long frames of the sound pressure, for the families that measure slow modulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.excitation import LOWEST_RATE
from featkit.dsp.short_frames import ShortFrames
from featkit.features.calibration import CalibrationParameters
from featkit.features.family import OwnFrames


def modulation_values(
    measure: Callable[[Array, float, float], Array],
    p: CalibrationParameters,
    clips: Sequence[Clip],
    sr: float,
    *,
    window: float,
    hop: float,
    at_once: int,
) -> OwnFrames:
    """Compute a value of each frame.

    Parameters
    ----------
    measure : callable
        ``measure(frames, sr, full_scale_level)`` returns the value of each frame.
    p : CalibrationParameters
        Calibration of the recorder.
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    window, hop : float
        Seconds of a frame, and from one to the next.
    at_once : int
        Frames computed together.

    Returns
    -------
    OwnFrames
        ``(1, frames)``; NaN below `LOWEST_RATE`.
    """
    frames = ShortFrames(clips, sr, length=max(1, round(window * sr)), hop=hop)
    values = np.full((1, frames.segments.total), np.nan)
    if sr < LOWEST_RATE:
        return OwnFrames(values, frames.segments)
    for clip, start in enumerate(frames.segments.starts.tolist()):
        for own, samples in frames.batches(clip, at_most=at_once):
            part = slice(start + own.start, start + own.stop)
            values[0, part] = measure(samples, sr, p.full_scale_level)
    return OwnFrames(values, frames.segments)
