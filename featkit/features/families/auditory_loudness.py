"""Auditory loudness: sum of the compressed power in mel bands, 100 times a second.

The power in 26 mel bands from 20 Hz to 8 kHz, of frames of 20 ms with a Hamming window, is weighted
by the sensitivity of hearing and raised to the power 0.33; the sum is smoothed over three frames.
The unit is arbitrary, since recordings are not calibrated; full scale is about 7 for white noise.
The loudness of broadcasting, in LUFS, is the family `loudness`.

References
----------
Eyben, F. et al. "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
affective computing", IEEE Transactions on Affective Computing 7(2), 2016.

Hermansky, H. "Perceptual linear predictive (PLP) analysis of speech", Journal of the Acoustical
Society of America 87(4), 1990.
"""

from __future__ import annotations

from featkit import signals
from featkit.dsp.smoothing import smoothed
from featkit.dsp.speech_spectra import AuditoryLoudness
from featkit.features.family import Descriptor, Family, NoParameters, OwnFrames, ReferenceCase

LOUDNESS = Descriptor(
    name="auditory_loudness",
    unit="1",
    low=0.0,
    definition="sum of (E P)^0.33 over 26 mel bands from 20 Hz to 8 kHz, where P is the power of a"
    " band in a frame of 20 ms and E the sensitivity of hearing; mean of three frames",
    reference="Eyben et al. 2016 (GeMAPS); Hermansky 1990 (weighting and compression)",
    undefined="in a clip shorter than 20 ms",
)


def _compute(p: NoParameters, *, auditory_loudness: AuditoryLoudness) -> OwnFrames:
    """Loudness of each frame: ``(1, frames)``."""
    values, segments = auditory_loudness
    return OwnFrames(smoothed(values[None], segments), segments)


FAMILY = Family(
    name="auditory_loudness",
    descriptors=lambda p: [LOUDNESS],
    compute=_compute,
    own_frames=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="silence has no loudness",
            signal=lambda sr: signals.constant(sr, value=0.0),
            expected={"auditory_loudness": 0.0},
            tolerance=0.0,
        ),
    ),
)
