"""Pitch of speech: fundamental frequency in semitones, by subharmonic summation.

It is the fundamental frequency of the Geneva minimalistic acoustic parameter set (GeMAPS), in
frames of 60 ms, 10 ms apart, for speech from 55 to 1000 Hz; see `featkit.dsp.speech_pitch`. Frames
quieter than 60 dB below full scale are unvoiced.

References
----------
Eyben, F., Scherer, K. R., Schuller, B. W. et al. "The Geneva Minimalistic Acoustic Parameter Set
(GeMAPS) for Voice Research and Affective Computing", IEEE Transactions on Affective Computing 7(2),
2016.

Hermes, D. J. "Measurement of pitch by subharmonic summation", Journal of the Acoustical Society of
America 83(1), 1988.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.smoothing import smoothed
from featkit.dsp.speech_pitch import SpeechPitch
from featkit.features.family import Descriptor, Family, NoParameters, OwnFrames, ReferenceCase

ZERO = 27.5
"""Frequency in Hz of 0 semitones: A0."""

F0 = Descriptor(
    name="f0_semitone",
    unit="semitones",
    low=0.0,
    high=12 * np.log2(1000 / ZERO),
    definition="fundamental frequency f in frames of 60 ms: 12 log2(f / 27.5 Hz), averaged over a"
    " voiced frame and its voiced neighbours",
    reference="Eyben et al. 2016 (GeMAPS); Hermes 1988 for subharmonic summation",
    undefined="in unvoiced frames, and so in silence, and in clips shorter than 60 ms",
)


def _compute(p: NoParameters, *, speech_pitch: SpeechPitch) -> OwnFrames:
    """Pitch of each frame: ``(1, frames)``."""
    semitones = 12 * np.log2(speech_pitch.f0 / ZERO)
    values = smoothed(semitones, speech_pitch.segments, speech_pitch.voiced)
    return OwnFrames(values[None], speech_pitch.segments)


def _complex(sr: float, f0: float) -> Array:
    """Ten harmonics of equal amplitude."""
    harmonics = [signals.sine(f0 * k, sr, amplitude=0.05) for k in range(1, 11)]
    return np.asarray(np.sum(harmonics, axis=0))


FAMILY = Family(
    name="speech_pitch",
    descriptors=lambda p: [F0],
    compute=_compute,
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            name="a sine of 220 Hz is 36 semitones above 27.5 Hz",
            signal=lambda sr: signals.sine(220.0, sr),
            expected={"f0_semitone": 36.0},
            tolerance=0.05,
        ),
        ReferenceCase(
            name="ten harmonics of 110 Hz are 24 semitones above 27.5 Hz",
            signal=lambda sr: _complex(sr, 110.0),
            expected={"f0_semitone": 24.0},
            tolerance=0.1,
        ),
    ),
)
