"""Tonality: discrete tones that stand out from noise, by ECMA-418-1.

The tones are found in the mean spectrum of the clip, from frames of 1 s, so that they should be
steady. None of the descriptors depends on the level.

References
----------
ECMA-418-1, "Psychoacoustic metrics for ITT equipment - Part 1 (prominent discrete tones)", 3rd
edition, 2024.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.discrete_tones import (
    ABOVE_MEDIAN,
    HIGHEST,
    LOWEST,
    SHORTEST,
    Tones,
    discrete_tones,
    prominence_criterion,
    tone_to_noise_criterion,
)
from featkit.dsp.disk_array import Clip
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

LOWEST_RATE = 1000.0
"""Lowest sample rate in Hz of clips in which tones are looked for."""

_SHORT = f"in silence, in a clip shorter than {SHORTEST:g} s, below a sample rate of"
_UNDEFINED = f"{_SHORT} {LOWEST_RATE:g} Hz"
_TONES = (
    f"tones from {LOWEST:g} to {HIGHEST:g} Hz, lines of the mean spectrum"
    f" {10 * np.log10(ABOVE_MEDIAN):g} dB above the median of their critical band"
)
_REFERENCE = "ECMA-418-1:2024"

DESCRIPTORS = (
    Descriptor(
        name="tone_to_noise_ratio",
        unit="dB",
        definition="greatest level of a tone over that of the noise in its critical band, of the"
        f" {_TONES}",
        reference=f"{_REFERENCE}, 11",
        undefined=f"without a tone whose critical band has noise, too, {_UNDEFINED}",
    ),
    Descriptor(
        name="tone_to_noise_frequency",
        unit="Hz",
        low=0.0,
        definition="frequency of the tone with the greatest tone-to-noise ratio",
        reference=f"{_REFERENCE}, 11",
        undefined=f"without a tone whose critical band has noise, too, {_UNDEFINED}",
    ),
    Descriptor(
        name="prominence_ratio",
        unit="dB",
        definition="greatest level of the critical band of a tone over the mean of the two"
        f" adjacent bands, of the {_TONES}",
        reference=f"{_REFERENCE}, 12",
        undefined=f"without a tone whose upper band is below half the sample rate, {_UNDEFINED}",
    ),
    Descriptor(
        name="prominent_tones",
        unit="1",
        low=0.0,
        definition="number of tones with a prominent ratio: tone-to-noise of at least 8 dB, or"
        " prominence of at least 9 dB, more below 1 kHz",
        reference=f"{_REFERENCE}, 11.8 and 12.6",
        undefined=_UNDEFINED,
    ),
)


def _compute(p: NoParameters, *, clips: Sequence[Clip], sr: float) -> Array:
    """Tonality of each clip: ``(4, clips)``."""
    return np.array([_clip_values(clip, sr) for clip in clips]).T


def _clip_values(clip: Clip, sr: float) -> list[float]:
    if sr < LOWEST_RATE or len(clip) < SHORTEST * sr:
        return [np.nan] * len(DESCRIPTORS)
    tones = discrete_tones(clip, sr)
    if tones is None:
        return [np.nan] * len(DESCRIPTORS)
    if not len(tones.frequency):
        return [np.nan, np.nan, np.nan, 0.0]
    ratios = tones.tone_to_noise
    strongest = int(np.argmax(np.where(np.isnan(ratios), -np.inf, ratios)))
    return [
        float(ratios[strongest]),
        float(tones.frequency[strongest]) if np.isfinite(ratios[strongest]) else np.nan,
        float(np.fmax.reduce(tones.prominence_ratio)),
        float(np.count_nonzero(_prominent(tones))),
    ]


def _prominent(tones: Tones) -> Array:
    """Whether a tone is prominent by either ratio."""
    by_noise = tones.tone_to_noise >= tone_to_noise_criterion(tones.frequency)
    by_bands = tones.prominence_ratio >= prominence_criterion(tones.frequency)
    return np.asarray(by_noise | by_bands)


def _tone_in_noise(sr: float) -> Array:
    """A tone of 1 kHz with the power of 100 critical bands of white noise: 20 dB."""
    noise = signals.noise(sr, 20.0, amplitude=0.01)
    bandwidth = 25 + 75 * 2.4**0.69
    power = 100 * 0.01**2 * bandwidth / (sr / 2)
    return noise + signals.sine(1000.0, sr, 20.0, amplitude=float(np.sqrt(2 * power)))


FAMILY = Family(
    name="tonality",
    descriptors=lambda p: DESCRIPTORS,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="a tone with the power of 100 critical bands of noise is 20 dB above it",
            signal=_tone_in_noise,
            expected={"tone_to_noise_ratio": 20.0, "prominence_ratio": 10 * np.log10(101)},
            tolerance=0.5,
        ),
        ReferenceCase(
            name="it is the only prominent tone, at 1 kHz",
            signal=_tone_in_noise,
            expected={"prominent_tones": 1.0, "tone_to_noise_frequency": 1000.0},
            tolerance=1e-6,
        ),
        ReferenceCase(
            name="white noise has no prominent tone",
            signal=lambda sr: signals.noise(sr, 20.0),
            expected={"prominent_tones": 0.0},
            tolerance=0.0,
        ),
    ),
)
