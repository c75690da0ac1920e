"""Voice spectrum: balance, slopes and flux of the spectrum in voiced and in unvoiced frames.

Frames of 20 ms with a Hamming window begin every 10 ms from the start of the clip; those of the
pitch, 60 ms long, begin at the same times and state whether a frame is voiced. Each descriptor has
three components: over all frames, over voiced frames and over unvoiced frames that are not
digitally silent. Values are smoothed over three frames, within voiced or unvoiced parts.

A ratio of bands does not depend on the level. A positive alpha ratio means that the treble is
stronger, as in pressed and loud voices; a large Hammarberg index means that it is weak.

With ``convention = "opensmile"`` the alpha ratio begins at 0 Hz, and the slopes over Hz follow from
a formula with one bin fewer than it sums, as in openSMILE; they then depend on the level as well.
Silent frames then have slopes, those of a flat spectrum at -140 dB, and count as unvoiced.

References
----------
Eyben, F. et al. "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
affective computing", IEEE Transactions on Affective Computing 7(2), 2016.

Sundberg, J. and Nordenberg, M. "Effects of vocal loudness variation on spectrum balance as
reflected by the alpha measure of long-term-average spectra of speech", Journal of the Acoustical
Society of America 120(1), 2006.

Hammarberg, B. et al. "Perceptual and acoustic correlates of abnormal voice qualities", Acta
Oto-Laryngologica 90, 1980.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.smoothing import smoothed
from featkit.dsp.speech_spectra import SpeechSpectra
from featkit.dsp.voiced_spectra import VoicedSpectra
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

PARTS = ("overall", "voiced", "unvoiced")
PART_TITLES = ("all frames", "voiced frames", "unvoiced frames")
GEMAPS = "Eyben et al. 2016 (GeMAPS)"


def _by_voicing(name: str, unit: str, definition: str, reference: str = GEMAPS) -> Descriptor:
    return Descriptor(
        name=name,
        unit=unit,
        definition=definition,
        reference=reference,
        undefined="in silent frames, and where a band has no power; a component over voiced or"
        " unvoiced frames elsewhere",
        indices=PARTS,
        index_titles=PART_TITLES,
    )


FLUX = Descriptor(
    name="speech_flux",
    unit="1",
    low=0.0,
    definition="root mean square, over bins up to 5 kHz, of the change of the magnitude spectrum"
    " since the frame before; 0 in the first frame",
    reference=GEMAPS,
    undefined="in a clip shorter than 20 ms",
)
VOICE_FLUX = Descriptor(
    name="voice_flux",
    unit="1",
    low=0.0,
    definition="speech_flux over voiced or unvoiced frames only",
    reference=GEMAPS,
    undefined="in other frames, and in silent ones",
    indices=PARTS[1:],
    index_titles=PART_TITLES[1:],
)
ALPHA = _by_voicing(
    "alpha_ratio",
    "dB",
    "power from 1 to 5 kHz over that from 50 Hz to 1 kHz: 10 log10(sum / sum)",
    f"{GEMAPS}; Sundberg and Nordenberg 2006",
)
HAMMARBERG = _by_voicing(
    "hammarberg_index",
    "dB",
    "power of the strongest bin below 2 kHz over that from 2 to 5 kHz: 10 log10(max / max)",
    f"{GEMAPS}; Hammarberg et al. 1980",
)
SLOPE_LOW = _by_voicing(
    "slope_0_500", "dB/Hz", "slope of the line fitted to the power spectrum in dB, 0 to 500 Hz"
)
SLOPE_MIDDLE = _by_voicing(
    "slope_500_1500",
    "dB/Hz",
    "slope of the line fitted to the power spectrum in dB, 500 to 1500 Hz",
)
TILT = _by_voicing(
    "spectral_tilt",
    "dB/octave",
    "slope of the line fitted to the power spectrum in dB over log2 of the frequency, 50 Hz to"
    " 5 kHz, each octave with the same weight",
    "least squares; Stevens, Acoustic phonetics, 1998, 2.1 (tilt of the glottal source)",
)


class VoiceSpectrumParameters(Parameters):
    """Definition of the alpha ratio and the slopes."""

    convention: str = parameter(
        "published",
        "alpha ratio from 50 Hz and slopes of lines; or from 0 Hz and the formula of openSMILE",
        choices=("published", "opensmile"),
    )


def _descriptors(p: VoiceSpectrumParameters) -> list[Descriptor]:
    if p.convention == "published":
        return [FLUX, VOICE_FLUX, ALPHA, HAMMARBERG, SLOPE_LOW, SLOPE_MIDDLE, TILT]
    alpha = replace(ALPHA, definition=ALPHA.definition.replace("50 Hz", "0 Hz"))
    slopes = [
        replace(slope, definition=f"{slope.definition}, by the formula of openSMILE")
        for slope in (SLOPE_LOW, SLOPE_MIDDLE)
    ]
    return [FLUX, VOICE_FLUX, alpha, HAMMARBERG, *slopes, TILT]


def _compute(
    p: VoiceSpectrumParameters, *, speech_spectra: SpeechSpectra, voiced_spectra: VoicedSpectra
) -> OwnFrames:
    """Flux, and each ratio or slope, over all, voiced and unvoiced frames: ``(18, frames)``."""
    shape, segments = speech_spectra.shape, speech_spectra.segments
    overall = np.ones(segments.total, dtype=bool)
    masks = np.stack([overall, *voiced_spectra.voicing])
    flux = np.broadcast_to(shape.flux, masks.shape)
    alpha_ratio, slopes, slope_masks = shape.alpha_ratio, shape.slopes[:2], masks
    if p.convention == "opensmile":
        alpha_ratio, slopes = shape.opensmile_alpha_ratio, shape.opensmile_slopes
        slope_masks = np.stack([overall, *voiced_spectra.voicing_with_silence])
    ratios = np.stack([alpha_ratio, shape.hammarberg_index, *slopes, shape.slopes[2]])
    ratios = np.repeat(ratios, len(masks), axis=0)
    used = np.concatenate([masks, masks, masks, slope_masks, slope_masks, masks])
    values = np.concatenate([flux, ratios])
    used[len(masks) :] &= ~np.isnan(ratios)
    return OwnFrames(smoothed(values, segments, used), segments)


def _two_bands(sr: float) -> Array:
    """Equal tones at 500 Hz and, ten times weaker, at 3 kHz."""
    return signals.sine(500.0, sr) + signals.sine(3000.0, sr, amplitude=0.05)


FAMILY = Family(
    name="voice_spectrum",
    parameters=VoiceSpectrumParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a tone at 3 kHz is 20 dB weaker than one at 500 Hz",
            signal=_two_bands,
            expected={"alpha_ratio_overall": -20.0, "hammarberg_index_overall": 20.0},
            tolerance=0.3,
        ),
        ReferenceCase(
            name="an impulse has a flat spectrum, of which four fifths lie in 1 to 5 kHz",
            signal=signals.impulse,
            expected={
                "alpha_ratio_overall": 10 * np.log10(4000 / 950),
                "hammarberg_index_overall": 0.0,
                "slope_0_500_overall": 0.0,
                "slope_500_1500_overall": 0.0,
                "spectral_tilt_overall": 0.0,
            },
            tolerance=0.3,
        ),
        ReferenceCase(
            name="four fifths of a flat spectrum up to 5 kHz lie above 1 kHz",
            signal=signals.impulse,
            expected={"alpha_ratio_overall": 10 * np.log10(4000 / 1000)},
            tolerance=0.3,
            parameters={"convention": "opensmile"},
        ),
    ),
)
