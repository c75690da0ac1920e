"""Pitch of speech: fundamental frequency and voicing in frames of 60 ms, 10 ms apart.

Candidates come from subharmonic summation (`featkit.dsp.subharmonic_summation`), and a path through
them from dynamic programming (`featkit.dsp.pitch_path`), as in the Geneva minimalistic acoustic
parameter set [1]_.

References
----------
.. [1] F. Eyben, K. R. Scherer, B. W. Schuller et al., "The Geneva Minimalistic Acoustic Parameter
   Set (GeMAPS) for Voice Research and Affective Computing", IEEE Transactions on Affective
   Computing 7(2), 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.pitch_path import best_path
from featkit.dsp.segments import Segments
from featkit.dsp.short_frames import ShortFrames
from featkit.dsp.subharmonic_summation import (
    HIGHEST,
    N_CANDIDATES,
    Candidates,
    candidates,
    frame_length,
)
from featkit.errors import ParameterError

HOP = 0.01
"""Seconds from one frame to the next."""

BATCH = 256
"""Frames that are analysed together, few enough for the cache of a core."""


class SpeechPitch(NamedTuple):
    """Pitch of the frames of all clips, side by side.

    Attributes
    ----------
    f0 : array of float64, shape ``(frames,)``
        Fundamental frequency in Hz; NaN in unvoiced frames.
    energy : array of float64, shape ``(frames,)``
        Mean square of each frame under its window; NaN in the frame of a clip without frames.
    segments : Segments
        Frames of each clip. A clip shorter than a frame has one frame, which is unvoiced.
    frames : ShortFrames
        The frames.
    """

    f0: Array
    energy: Array
    segments: Segments
    frames: ShortFrames

    @property
    def voiced(self) -> Array:
        """Whether a frame is voiced, bool, ``(frames,)``."""
        return ~np.isnan(self.f0)


def speech_pitch(clips: Sequence[Clip], sr: float) -> SpeechPitch:
    """Estimate the pitch of speech.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz, more than twice the highest pitch, 1000 Hz.

    Returns
    -------
    SpeechPitch

    Raises
    ------
    ParameterError
        If the sample rate is too low.
    """
    if sr <= 2 * HIGHEST:
        raise ParameterError(
            f"the pitch of speech needs a sample rate above {2 * HIGHEST:g} Hz, got {sr:g} Hz"
        )
    frames = ShortFrames(clips, sr, length=frame_length(sr), hop=HOP)
    clips_of_frames = [_pitch_of_clip(frames, clip) for clip in range(len(frames.clips))]
    f0, energy = (np.concatenate(values) for values in zip(*clips_of_frames, strict=True))
    return SpeechPitch(f0, energy, frames.segments, frames)


def _pitch_of_clip(frames: ShortFrames, clip: int) -> tuple[Array, Array]:
    """Fundamental frequency and energy of the frames of a clip."""
    count = frames.counts[clip]
    if not count:
        return np.full(1, np.nan), np.full(1, np.nan)
    shape = (N_CANDIDATES, count)
    options = Candidates(np.empty(shape), np.empty(shape), np.empty(count))
    for own, samples in frames.batches(clip, BATCH):
        for all_frames, values in zip(options, candidates(samples, frames.sr), strict=True):
            all_frames[..., own] = values
    return best_path(options), options.energy
