"""Voice pitch: fundamental frequency of a voice, on the best path through its frames.

The method is Boersma's, with frames of three periods of the lowest pitch and the costs of Praat's
"To Pitch (ac)". A frame is voiced or not, and has its pitch, by its own autocorrelation and by the
frames around it: unlike the family `pitch`, which judges each frame alone, this one avoids octave
errors in speech. The voice has frames of its own, 10 ms apart by default, and is sought in each
clip relative to its peak.

The strengths of candidates equal those of Praat within its interpolation; so do 99.9 % of the
decisions between voiced and voiceless in recordings of speech.

References
----------
Boersma, P. "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise
ratio of a sampled sound", IFA Proceedings 17, 1993.

Eyben, F. et al. "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
affective computing", IEEE Transactions on Affective Computing 7(2), 2016.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.voice_pitch import VoicePitches, VoicePitchParameters
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

LOWEST_NOTE = 27.5
"""Frequency of 0 semitones in Hz: A0, as in GeMAPS."""


def _descriptors(p: VoicePitchParameters) -> list[Descriptor]:
    voiceless = "in voiceless frames, and so in silence"
    pitch = f"fundamental frequency of a voice, {p.pitch_floor:g} to {p.pitch_ceiling:g} Hz"
    return [
        Descriptor(
            name="voice_f0",
            unit="Hz",
            low=p.pitch_floor,
            high=p.pitch_ceiling,
            definition=f"{pitch}: the candidate on the path with the highest sum of"
            " autocorrelations, less costs of jumps",
            reference="Boersma 1993; Praat, Sound: To Pitch (ac)",
            undefined=voiceless,
        ),
        Descriptor(
            name="voice_f0_semitone",
            unit="semitones",
            definition=f"{pitch}: 12 log2(f0 / {LOWEST_NOTE} Hz)",
            reference="Boersma 1993; Eyben et al. 2016 (GeMAPS) for the scale",
            undefined=voiceless,
        ),
        Descriptor(
            name="voice_voiced",
            unit="1",
            low=0.0,
            high=1.0,
            definition="1 in voiced frames, else 0: its mean is the share of voiced frames",
            reference="Boersma 1993",
            undefined="never: silence is not voiced, 0",
        ),
    ]


def _compute(p: VoicePitchParameters, *, voice_pitch: VoicePitches) -> OwnFrames:
    """Descriptors of each frame: ``(3, frames)``."""
    pitch = voice_pitch(p)
    values: Array = np.stack(
        [pitch.f0, 12 * np.log2(pitch.f0 / LOWEST_NOTE), np.isfinite(pitch.f0)]
    )
    return OwnFrames(values, pitch.segments)


def _pulses(frequency: float) -> ReferenceCase:
    return ReferenceCase(
        name=f"{frequency:g} pulses per second have this pitch",
        signal=lambda sr: signals.pulses([1 / frequency] * round(frequency), sr),
        expected={
            "voice_f0": frequency,
            "voice_f0_semitone": 12 * np.log2(frequency / LOWEST_NOTE),
            "voice_voiced": 1.0,
        },
        tolerance=0.002 * frequency,
    )


FAMILY = Family(
    name="voice_pitch",
    parameters=VoicePitchParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    reference_cases=(
        _pulses(92.3),
        _pulses(215.7),
        ReferenceCase(
            name="a sine of 440 Hz is voiced with this pitch",
            signal=lambda sr: signals.sine(440.0, sr),
            expected={"voice_f0": 440.0, "voice_f0_semitone": 48.0, "voice_voiced": 1.0},
            tolerance=0.05,
        ),
        ReferenceCase(
            name="white noise is voiceless",
            signal=signals.noise,
            expected={"voice_voiced": 0.0},
            tolerance=0.0,
        ),
    ),
)
