"""Pitch of a voice: the best path through the peaks of the autocorrelation of each frame.

A frame has three periods of the lowest pitch. Its candidates are the peaks of its autocorrelation
and, for voiceless sounds, a candidate without a pitch, which is the stronger the quieter the frame.
The path through the candidates maximises their strengths, less a cost for each jump in pitch and
for each change between voiced and voiceless. Costs per frame are meant for frames 10 ms apart and
are scaled to the time step.

References
----------
Boersma, P. "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise
ratio of a sampled sound", IFA Proceedings 17, 1993.

Boersma, P. and Weenink, D. "Praat: doing phonetics by computer", manual, "Sound: To Pitch (ac)...".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

import numpy as np

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.periodicity import (
    REACH,
    analysis_window,
    autocorrelations,
    correlation_peaks,
    even_length,
)
from featkit.dsp.segments import Segments
from featkit.dsp.short_frames import ShortFrames
from featkit.dsp.voice_frames import ClipLevel, batch_size, middle, peak_of_middle, silence
from featkit.dsp.voice_path import Candidates, best_path
from featkit.errors import ParameterError

PERIODS = 3
"""Periods of the lowest pitch in a frame."""

LEAST_PERIOD = 10
"""Least number of samples in the longest period for which a pitch is sought."""

COST_STEP = 0.01
"""Seconds between frames for which the costs of the path are meant."""


class VoicePitchParameters(Parameters):
    """Range of the pitch, thresholds of voicing, and costs of the path."""

    pitch_floor: float = parameter(
        75.0, "lowest pitch in Hz; a frame has three of its periods", above=0
    )
    pitch_ceiling: float = parameter(600.0, "highest pitch in Hz", above=0)
    time_step: float = parameter(
        0.0, "seconds between frames; 0 for 0.75 periods of the lowest pitch", at_least=0, at_most=1
    )
    silence_threshold: float = parameter(
        0.03,
        "peak of a frame relative to that of the clip below which it tends to be voiceless",
        at_least=0,
        at_most=1,
    )
    voicing_threshold: float = parameter(
        0.45, "strength of the voiceless candidate of a loud frame", at_least=0, at_most=1
    )
    octave_cost: float = parameter(
        0.01, "preference for high pitches, per octave", at_least=0, at_most=1
    )
    octave_jump_cost: float = parameter(
        0.35, "cost of a jump in pitch, per octave, in 10 ms", at_least=0
    )
    voiced_unvoiced_cost: float = parameter(
        0.14, "cost of a change between voiced and voiceless, in 10 ms", at_least=0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pitch_ceiling <= self.pitch_floor:
            raise ParameterError(
                f"pitch_ceiling must be above pitch_floor ({self.pitch_floor:g} Hz), got"
                f" {self.pitch_ceiling:g}"
            )
        if 0 < self.time_step < 0.05 / self.pitch_floor:
            raise ParameterError(
                f"time_step must be 0, or at least a twentieth of the longest period"
                f" ({0.05 / self.pitch_floor:.3g} s), got {self.time_step:g}"
            )

    @property
    def hop(self) -> float:
        """Seconds between frames."""
        return self.time_step or 0.75 / self.pitch_floor

    @property
    def jump_cost(self) -> float:
        """Cost of a jump between two frames, per octave."""
        return self.octave_jump_cost * COST_STEP / self.hop

    @property
    def voicing_cost(self) -> float:
        """Cost of a change of voicing between two frames."""
        return self.voiced_unvoiced_cost * COST_STEP / self.hop


class VoicePitch(NamedTuple):
    """The pitch of the frames of several clips.

    Attributes
    ----------
    f0 : array of float64, shape ``(frames,)``
        Fundamental frequency in Hz; NaN in voiceless frames.
    segments : Segments
        Frames of each clip; a clip that is shorter than a frame has one, which is voiceless.
    first_times : array of float64, shape ``(clips,)``
        Time of the middle of each clip's first frame, in samples.
    hop : float
        Samples between frames.
    """

    f0: Array
    segments: Segments
    first_times: Array
    hop: float

    def voiced_at(self, clip: int, times: Array) -> Array:
        """Return whether the voice is voiced at some times.

        Parameters
        ----------
        clip : int
            Number of the clip.
        times : array of float, shape ``(times,)``
            In samples from the first of the clip.

        Returns
        -------
        array of bool, shape ``(times,)``
            Whether the nearest frame is voiced.
        """
        first, stop = int(self.segments.starts[clip]), int(self.segments.ends[clip])
        nearest = np.rint((times - self.first_times[clip]) / self.hop).astype(np.int64) + first
        return np.asarray(np.isfinite(self.f0[np.clip(nearest, first, stop - 1)]))


class VoicePitches:
    """The pitch of the voice in some clips; each set of parameters is computed once.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    """

    def __init__(self, clips: Sequence[Clip], sr: float) -> None:
        self._clips, self._sr = tuple(clips), sr
        self._computed: dict[VoicePitchParameters, VoicePitch] = {}

    def __call__(self, p: VoicePitchParameters) -> VoicePitch:
        """Return the pitch of each frame.

        Parameters
        ----------
        p : VoicePitchParameters
            Or a subclass of it, whose further parameters are ignored.

        Returns
        -------
        VoicePitch
        """
        key = pitch_parameters(p)
        if key not in self._computed:
            self._computed[key] = voice_pitch(self._clips, self._sr, key)
        return self._computed[key]


def pitch_parameters(p: VoicePitchParameters) -> VoicePitchParameters:
    """Return the parameters of the pitch alone, by which results are cached.

    Parameters
    ----------
    p : VoicePitchParameters
        Or a subclass of it.

    Returns
    -------
    VoicePitchParameters
    """
    names = [field.name for field in fields(VoicePitchParameters)]
    return VoicePitchParameters(**{name: getattr(p, name) for name in names})


def voice_pitch(clips: Sequence[Clip], sr: float, p: VoicePitchParameters) -> VoicePitch:
    """Estimate the pitch of a voice.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    p : VoicePitchParameters

    Returns
    -------
    VoicePitch
        Voiceless throughout if the sample rate is too low for the range of pitches.
    """
    length = max(1, int(PERIODS / p.pitch_floor * sr))
    hop = max(p.hop, 1 / sr)
    frames = ShortFrames(clips, sr, length=length, hop=hop, placement="middle")
    f0 = [_track(frames, clip, sr, p) for clip in range(len(clips))]
    starts = [frames.starts(clip) for clip in range(len(clips))]
    first = [own[0] if len(own) else 0 for own in starts]
    times = np.array(first) + (length - 1) / 2
    return VoicePitch(np.concatenate(f0), frames.segments, times, hop * sr)


def _track(frames: ShortFrames, clip: int, sr: float, p: VoicePitchParameters) -> Array:
    """Pitch of the frames of one clip, at least one, NaN where voiceless."""
    level, count = ClipLevel(frames.clips[clip]), frames.counts[clip]
    if not count or level.peak == 0 or sr < LEAST_PERIOD * p.pitch_floor:
        return np.full(max(1, count), np.nan)
    return best_path(
        (
            _candidates(samples, level, sr, p)
            for _, samples in frames.batches(clip, batch_size(frames.length))
        ),
        count,
        jump_cost=p.jump_cost,
        voicing_cost=p.voicing_cost,
    )


def _candidates(samples: Array, level: ClipLevel, sr: float, p: VoicePitchParameters) -> Candidates:
    """Candidates of frames."""
    longest = sr / p.pitch_floor
    length = even_length(PERIODS / p.pitch_floor, sr)
    windowed = middle(level.frames(samples, mean_over=2 * int(longest)), length)
    windowed = windowed * analysis_window("hann", length)
    loudness = level.relative(peak_of_middle(windowed, int(longest)))
    voiceless = p.voicing_threshold + silence(loudness, p.silence_threshold, p.voicing_threshold)
    # No strength is above 1, so that quieter frames are voiceless for certain.
    open_frames = np.flatnonzero(voiceless - 2 * p.voicing_cost < 1)
    correlation = autocorrelations(windowed[open_frames], "hann", int(longest) + REACH + 2)
    # A peak at a whole lag just outside of the range may lie inside of it.
    peaks = correlation_peaks(
        correlation, sr / p.pitch_ceiling - 1, longest + 1, least=p.voicing_threshold / 2
    )
    inside = (peaks.lag * p.pitch_ceiling >= sr) & (peaks.lag * p.pitch_floor <= sr)
    frame, lag, height = (values[inside] for values in peaks)
    # Relative to the ceiling, as the voicing of Praat shows, rather than to the floor as in the
    # paper; that matters beside the voiceless candidate only.
    strength = height - p.octave_cost * np.log2(p.pitch_ceiling * lag / sr)
    return Candidates(voiceless, open_frames[frame], sr / lag, strength)
