"""Pitch: fundamental frequency of voiced frames, and periodicity of all frames.

Both are found by YIN, see `featkit.dsp.pitch`. A frame is voiced if its difference function has a
local minimum and at most a tenth of its power is aperiodic. This is more tolerant than the authors'
threshold of 0.1: at the period, their normalised difference (step 4) is about twice the aperiodic
share of the power, so that their threshold corresponds to a share of about 0.05.

The f0 is that of librosa, whose parabolic interpolation deviates by up to 0.8 % for high pitches
with strong partials. The aperiodicity is that of the best period between samples.

References
----------
de Cheveigné, A. and Kawahara, H. "YIN, a fundamental frequency estimator for speech and music",
Journal of the Acoustical Society of America 111(4), 2002.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.pitch import Pitches, PitchParameters
from featkit.features.family import Descriptor, Family, ReferenceCase

REFERENCE = "de Cheveigné and Kawahara 2002 (YIN)"


def _descriptors(p: PitchParameters) -> list[Descriptor]:
    return [
        Descriptor(
            name="f0",
            unit="Hz",
            low=0.0,
            high=2 * p.fmax,
            definition="fundamental frequency: one over the period after which a frame repeats,"
            f" sought from {p.fmin:g} to {p.fmax:g} Hz",
            reference=f"{REFERENCE}; librosa.yin from 0.11 on",
            undefined="in unvoiced frames, and so in silence",
        ),
        Descriptor(
            name="voiced",
            unit="1",
            low=0.0,
            high=1.0,
            definition="1 where the difference function has a trough and the aperiodicity is at"
            f" most {p.max_aperiodicity:g}, else 0: its mean is the share of voiced frames",
            reference=REFERENCE,
            undefined="never: silence is not voiced, 0",
        ),
        Descriptor(
            name="aperiodicity",
            unit="1",
            low=0.0,
            high=1.0,
            definition="share of the power that does not repeat after the period T:"
            " sum((x[n] - x[n + T])²) / (2 sum(x[n]² + x[n + T]²)), interpolated between samples;"
            " 0.5 in white noise",
            reference=REFERENCE,
            undefined="in silent frames",
        ),
    ]


def _compute(p: PitchParameters, *, pitches: Pitches) -> Array:
    """Descriptors of each frame: ``(3, frames)``."""
    pitch = pitches(p)
    return np.stack([np.where(pitch.voiced, pitch.f0, np.nan), pitch.voiced, pitch.aperiodicity])


def _sine(frequency: float) -> ReferenceCase:
    return ReferenceCase(
        name=f"a sine of {frequency:g} Hz is voiced and periodic with this frequency",
        signal=lambda sr: signals.sine(frequency, sr),
        expected={"f0": frequency, "voiced": 1.0, "aperiodicity": 0.0},
        tolerance=0.005 * frequency,
    )


FAMILY = Family(
    name="pitch",
    parameters=PitchParameters,
    descriptors=_descriptors,
    compute=_compute,
    reference_cases=(
        _sine(110.0),
        _sine(440.0),
        _sine(1800.0),
        ReferenceCase(
            name="white noise is unvoiced and aperiodic",
            signal=signals.noise,
            expected={"voiced": 0.0, "aperiodicity": 0.5},
            tolerance=0.05,
        ),
        ReferenceCase(
            name="a constant is unvoiced",
            signal=signals.constant,
            expected={"voiced": 0.0},
            tolerance=0.0,
        ),
    ),
)
