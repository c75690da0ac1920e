"""MFCC of speech: cepstral coefficients of 26 mel bands in frames of 20 ms, as in HTK.

The bands lie between 20 Hz and 8 kHz, evenly on the mel scale 2595 log10(1 + f / 700). Coefficients
are those of the natural logarithm of their power, from the first on (the mean level is left out),
with the lifter 1 + 11 sin(pi n / 22). They are smoothed over three frames. `mfcc` has librosa's
bands, frames and scale instead.

References
----------
Eyben, F. et al. "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
affective computing", IEEE Transactions on Affective Computing 7(2), 2016.

Young, S. et al. "The HTK book (for HTK version 3.4)", 2006, 5.3 and 5.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit.dsp.cepstrum import cepstrum
from featkit.dsp.decibels import decibels
from featkit.dsp.smoothing import smoothed
from featkit.dsp.speech_spectra import N_BANDS, SpeechSpectra
from featkit.dsp.voiced_spectra import VoicedSpectra
from featkit.features._components import greatest_number
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

LIFTER = 22


class SpeechCepstrumParameters(Parameters):
    """Number of coefficients."""

    n_mfcc: int = parameter(
        4, "number of coefficients, without the mean level", at_least=1, at_most=N_BANDS - 1
    )


def _descriptors(p: SpeechCepstrumParameters) -> list[Descriptor]:
    definition = (
        "cepstral coefficient of the natural logarithm of the power in 26 mel bands:"
        " (1 + 11 sin(pi n / 22)) sqrt(2 / 26) sum(ln(P) cos(pi n (k + 1/2) / 26))"
    )
    reference = "Young et al. 2006 (HTK); Eyben et al. 2016 (GeMAPS)"
    indices = tuple(str(n) for n in range(1, p.n_mfcc + 1))
    overall = Descriptor(
        name="speech_mfcc",
        unit="1",
        definition=f"{definition}; power below 1e-10 counts as 1e-10, so that it is 0 where there"
        " is no sound",
        reference=reference,
        undefined="in a clip shorter than 20 ms",
        indices=indices,
    )
    voiced = Descriptor(
        name="speech_mfcc_voiced",
        unit="1",
        definition=f"{definition}, over voiced frames",
        reference=reference,
        undefined="in unvoiced frames, and so in silence",
        indices=indices,
    )
    return [overall, voiced]


def _compute(
    p: SpeechCepstrumParameters, *, speech_spectra: SpeechSpectra, voiced_spectra: VoicedSpectra
) -> OwnFrames:
    """Coefficients over all and over voiced frames: ``(2 * n_mfcc, frames)``."""
    segments = speech_spectra.segments
    levels = decibels(speech_spectra.shape.bands)
    lifter = 1 + LIFTER / 2 * np.sin(np.pi * np.arange(1, p.n_mfcc + 1) / LIFTER)
    factors = (lifter * np.log(10) / 10)[:, None]
    coefficients = factors * cepstrum(levels, p.n_mfcc + 1)[1:]
    voiced, _ = voiced_spectra.voicing
    rows = [smoothed(coefficients, segments), smoothed(coefficients, segments, voiced)]
    return OwnFrames(np.concatenate(rows), segments)


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"n_mfcc": max(SpeechCepstrumParameters.n_mfcc, greatest_number(indices))}


FAMILY = Family(
    name="speech_mfcc",
    parameters=SpeechCepstrumParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    from_indices=_from_indices,
    reference_cases=(
        ReferenceCase(
            name="silence has the same power in all bands, hence no coefficient",
            signal=lambda sr: signals.constant(sr, value=0.0),
            expected={"speech_mfcc_1": 0.0, "speech_mfcc_4": 0.0},
            tolerance=1e-6,
        ),
    ),
)
