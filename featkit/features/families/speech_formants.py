"""Formants of speech: the first three, in voiced frames, and the levels of their harmonics.

A linear predictor of order 11 models the spectrum up to 5.5 kHz, after pre-emphasis, in frames with
a Hamming window. Its resonances narrower than 1 kHz are the formants. The level of a formant is
that of the harmonic closest to it, relative to that of the fundamental. Values are smoothed over
three voiced frames. The family `formants` has Praat's method, for studies of vowels.

With ``convention = "opensmile"`` the values are those that openSMILE prints under these names, to
compare with studies that used it. They are not resonances: for a synthetic vowel with formants of
700, 1200 and 2600 Hz they are near 500, 1300 and 2600 Hz with bandwidths near 1 kHz, see
`featkit.dsp.opensmile_formants`. Unvoiced frames then have a level of -201 dB, which counts in
means, and 0 dB counts as no value.

References
----------
Eyben, F. et al. "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
affective computing", IEEE Transactions on Affective Computing 7(2), 2016.

Markel, J. D. and Gray, A. H. "Linear prediction of speech", Springer, 1976.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.opensmile_formants import REACH, UNVOICED
from featkit.dsp.smoothing import smoothed
from featkit.dsp.voiced_spectra import N_FORMANTS, N_HARMONICS, WIDEST, VoicedSpectra
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

NUMBERS = tuple(str(k + 1) for k in range(N_FORMANTS))
GEMAPS = "Eyben et al. 2016 (GeMAPS)"
UNDEFINED = "in unvoiced frames, and so in silence; where the predictor has fewer resonances"


RESONANCES = (
    Descriptor(
        name="speech_formant_frequency",
        unit="Hz",
        low=0.0,
        high=5500.0,
        definition="frequency of a resonance of the predictor, in ascending order",
        reference=f"{GEMAPS}; Markel and Gray 1976",
        undefined=UNDEFINED,
        indices=NUMBERS,
    ),
    Descriptor(
        name="speech_formant_bandwidth",
        unit="Hz",
        low=0.0,
        high=WIDEST,
        definition="bandwidth of the resonance: -ln|r| / pi times the sample rate, of its root r",
        reference=f"{GEMAPS}; Markel and Gray 1976",
        undefined=UNDEFINED,
        indices=NUMBERS,
    ),
    Descriptor(
        name="speech_formant_level",
        unit="dB",
        definition="level of the harmonic closest to the formant less that of the fundamental",
        reference=GEMAPS,
        undefined=f"{UNDEFINED} (openSMILE counts such frames as {UNVOICED:g} dB)",
        indices=NUMBERS,
    ),
)
AS_OPENSMILE = (
    replace(
        RESONANCES[0],
        definition="frequency of a root of the predictor with the opposite sign of its"
        " coefficients, in ascending order, as in openSMILE",
    ),
    replace(
        RESONANCES[1],
        high=np.inf,
        definition="abs(ln|r|) / pi times the sample rate, of the root r, as in openSMILE",
    ),
    replace(
        RESONANCES[2],
        definition=f"level of the strongest harmonic within {REACH:.0%} of the frequency less that"
        f" of the fundamental; {UNVOICED:g} dB in unvoiced frames, as in openSMILE",
        undefined="at 0 dB, and in voiced frames without such a harmonic",
    ),
)


class SpeechFormantParameters(Parameters):
    """Definition of formants."""

    convention: str = parameter(
        "resonances",
        "resonances of the linear predictor, or the numbers that openSMILE calls formants",
        choices=("resonances", "opensmile"),
    )


def _descriptors(p: SpeechFormantParameters) -> list[Descriptor]:
    return list(RESONANCES if p.convention == "resonances" else AS_OPENSMILE)


def _compute(p: SpeechFormantParameters, *, voiced_spectra: VoicedSpectra) -> OwnFrames:
    """Frequencies, bandwidths and levels of each frame: ``(9, frames)``."""
    segments = voiced_spectra.segments
    if p.convention == "opensmile":
        levels = voiced_spectra.opensmile_levels[N_HARMONICS:] - voiced_spectra.opensmile_levels[0]
        levels[:, ~voiced_spectra.voiced] = UNVOICED
        values = np.concatenate([*voiced_spectra.opensmile_formants, levels])
        return OwnFrames(smoothed(values, segments, ~np.isnan(values) & (values != 0)), segments)
    levels = voiced_spectra.levels[N_HARMONICS:] - voiced_spectra.levels[0]
    values = np.concatenate([*voiced_spectra.formants, levels])
    return OwnFrames(smoothed(values, segments, ~np.isnan(values)), segments)


def _vowel(sr: float) -> Array:
    return signals.vowel([700.0, 1220.0, 2600.0, 3500.0, 4500.0], [80, 90, 120, 150, 200], sr)


FAMILY = Family(
    name="speech_formants",
    parameters=SpeechFormantParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            name="a synthetic vowel has the formants of its resonators",
            signal=_vowel,
            expected={
                "speech_formant_frequency_1": 700.0,
                "speech_formant_frequency_2": 1220.0,
                "speech_formant_frequency_3": 2600.0,
            },
            tolerance=40.0,
        ),
    ),
)
