"""Pitch: the fundamental frequency of the frames that have one, and how periodic each is.

YIN decides both, see `featkit.dsp.pitch`. A frame is voiced where its difference function has a
trough and no more than a tenth of its power is aperiodic. That tolerates more than the authors'
threshold of 0.1: at the period their normalised difference is about twice the aperiodic share of
the power (their fourth step), so that 0.1 stands for a share of about 0.05.

The f0 is librosa's, whose parabola is up to 0.8 % off where high pitches have strong partials. The
aperiodicity is that of the best period between samples, see `featkit.dsp.pitch`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.pitch import Pitches, PitchParameters
from featkit.features.family import Descriptor, Family, Oracle

REFERENCE = "de Cheveigné and Kawahara 2002 (YIN)"


def descriptors(p: PitchParameters) -> Sequence[Descriptor]:
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


def compute(p: PitchParameters, *, pitches: Pitches) -> Array:
    """The descriptors of each frame: ``(3, frames)``."""
    pitch = pitches(p)
    return np.stack([np.where(pitch.voiced, pitch.f0, np.nan), pitch.voiced, pitch.aperiodicity])


def _sine(frequency: float) -> Oracle:
    return Oracle(
        name=f"a sine of {frequency:g} Hz is voiced, periodic, and has that frequency",
        signal=lambda sr: signals.sine(frequency, sr),
        expected={"f0": frequency, "voiced": 1.0, "aperiodicity": 0.0},
        tolerance=0.005 * frequency,
        parameters={},
    )


FAMILY = Family(
    name="pitch",
    parameters=PitchParameters,
    descriptors=descriptors,
    compute=compute,
    oracles=(
        _sine(110.0),
        _sine(440.0),
        _sine(1800.0),
        Oracle(
            name="white noise is not voiced, and does not repeat",
            signal=signals.noise,
            expected={"voiced": 0.0, "aperiodicity": 0.5},
            tolerance=0.05,
            parameters={},
        ),
        Oracle(
            name="an offset has no period",
            signal=signals.constant,
            expected={"voiced": 0.0},
            tolerance=0.0,
            parameters={},
        ),
    ),
)
