"""Voice harmonics: levels of the first harmonics and of the third formant relative to one another.

H1 is the level of the fundamental, H2 that of the second harmonic, A3 that of the harmonic closest
to the third formant, in voiced frames of 60 ms. H1-H2 is large for breathy and small for creaky
voices. The levels are those of the sound; they are not corrected for the effect of formants.

The GeMAPS implementation of its authors, openSMILE, counts the harmonics above the fundamental: its
H1 is the second harmonic and its H2 the third. With ``first = 2`` this family does the same.

References
----------
Eyben, F. et al. "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
affective computing", IEEE Transactions on Affective Computing 7(2), 2016.

Hanson, H. M. "Glottal characteristics of female speakers: acoustic correlates", Journal of the
Acoustical Society of America 101(1), 1997.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.smoothing import smoothed
from featkit.dsp.voiced_spectra import VoicedSpectra
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase


class HarmonicLevelParameters(Parameters):
    """Count of harmonics."""

    first: int = parameter(
        1,
        "harmonic that counts as H1: 1 is the fundamental; 2 as in openSMILE",
        at_least=1,
        at_most=2,
    )
    formants: str = parameter(
        "resonances",
        "third formant: the resonance, or as in openSMILE, see speech_formants",
        choices=("resonances", "opensmile"),
    )


def _descriptors(p: HarmonicLevelParameters) -> list[Descriptor]:
    frequency = "f0" if p.first == 1 else f"{p.first} f0"
    undefined = "in unvoiced frames, and so in silence"
    return [
        Descriptor(
            name="h1_h2",
            unit="dB",
            definition=f"level of the harmonic at {frequency} less that at {p.first + 1} f0",
            reference="Eyben et al. 2016 (GeMAPS); Hanson 1997, without correction",
            undefined=undefined,
        ),
        Descriptor(
            name="h1_a3",
            unit="dB",
            definition=f"level of the harmonic at {frequency} less that closest to the third"
            " formant",
            reference="Eyben et al. 2016 (GeMAPS); Hanson 1997, without correction",
            undefined=f"{undefined}; where there is no third formant",
        ),
    ]


def _compute(p: HarmonicLevelParameters, *, voiced_spectra: VoicedSpectra) -> OwnFrames:
    """Differences of each frame: ``(2, frames)``."""
    as_opensmile = p.formants == "opensmile"
    levels = voiced_spectra.opensmile_levels if as_opensmile else voiced_spectra.levels
    segments = voiced_spectra.segments
    first = levels[p.first - 1]
    values = np.stack([first - levels[p.first], first - levels[-1]])
    return OwnFrames(smoothed(values, segments, ~np.isnan(values)), segments)


def _complex(sr: float) -> Array:
    """Harmonics of 200 Hz, the second 6 dB and all others 12 dB below the first."""
    amplitudes = [0.2, 0.1, *[0.05] * 15]
    tones = [
        signals.sine(200.0 * (k + 1), sr, amplitude=amplitude)
        for k, amplitude in enumerate(amplitudes)
    ]
    return np.asarray(np.sum(tones, axis=0), dtype=np.float32)


FAMILY = Family(
    name="voice_harmonics",
    parameters=HarmonicLevelParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            name="a fundamental of twice the amplitude is 6 dB above the second harmonic",
            signal=_complex,
            expected={"h1_h2": 20 * np.log10(2), "h1_a3": 20 * np.log10(4)},
            tolerance=0.5,
        ),
        ReferenceCase(
            name="the second harmonic has twice the amplitude of the third",
            signal=_complex,
            expected={"h1_h2": 20 * np.log10(2)},
            tolerance=0.5,
            parameters={"first": 2},
        ),
    ),
)
