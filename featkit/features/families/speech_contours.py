"""Speech contours: slopes of the rising and falling parts of pitch and loudness.

Pitch in semitones and loudness are smoothed over three frames, 10 ms apart. A part lies between a
peak and a valley, or an end of the contour; changes of direction below a tenth of the clip's range
do not count. The slope of a part is its rise or fall divided by its duration.

By default, the pitch of each voiced part of the speech is a contour. With ``join_voiced``, voiced
parts are joined to one contour, as openSMILE does it, so that a jump of the pitch from one to the
next counts as a slope within 10 ms.

openSMILE gives a fall at the end of a contour the wrong sign in the mean, and leaves the last part
out of the deviation. With ``convention = "opensmile"`` this family does the same.

References
----------
Eyben, F. et al. "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
affective computing", IEEE Transactions on Affective Computing 7(2), 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.contours import opensmile_slopes, part_slopes
from featkit.dsp.smoothing import smoothed
from featkit.dsp.speech_pitch import SpeechPitch
from featkit.dsp.speech_spectra import HOP, AuditoryLoudness
from featkit.features.family import Descriptor, Family, ReferenceCase

SMALLEST = 0.1
"""Smallest change of direction, as a share of the range of the contour in the clip."""

LOWEST_NOTE = 27.5
"""Frequency of 0 semitones in Hz, the lowest A of a piano."""


class SpeechContourParameters(Parameters):
    """Parts of the contour of the pitch."""

    join_voiced: bool = parameter(
        False, "whether voiced parts are joined to one contour, as in openSMILE"
    )
    convention: str = parameter(
        "published",
        "parts and signs as defined, or those of openSMILE",
        choices=("published", "opensmile"),
    )


def _descriptor(quantity: str, unit: str, direction: str, undefined: str, low: float) -> Descriptor:
    return Descriptor(
        name=f"{quantity}_{direction}_slope",
        unit=f"{unit} per second",
        low=low,
        definition=f"mean and standard deviation (ddof 0) of the slope of {direction} parts of the"
        f" {quantity} contour: its change between peak and valley over the time between them",
        reference="Eyben et al. 2016 (GeMAPS)",
        undefined=undefined,
        indices=("mean", "std"),
        index_titles=("mean", "standard deviation"),
    )


def _descriptors(p: SpeechContourParameters) -> list[Descriptor]:
    silent = "without a {} part, and so in silence"
    return [
        _descriptor(
            quantity,
            unit,
            direction,
            silent.format(direction),
            -np.inf if direction == "falling" and p.convention == "opensmile" else 0.0,
        )
        for quantity, unit in (("pitch", "semitones"), ("loudness", "1"))
        for direction in ("rising", "falling")
    ]


def _compute(
    p: SpeechContourParameters, *, speech_pitch: SpeechPitch, auditory_loudness: AuditoryLoudness
) -> Array:
    """Slopes of each clip: ``(8, clips)``."""
    semitones = 12 * np.log2(speech_pitch.f0 / LOWEST_NOTE)
    pitch = smoothed(semitones, speech_pitch.segments, speech_pitch.voiced)
    loudness = smoothed(auditory_loudness.values, auditory_loudness.segments)
    return np.stack(
        [
            [
                *_slopes(_voiced_parts(pitch[own], p.join_voiced), p.convention),
                *_slopes(
                    [loudness[frames]] if np.isfinite(loudness[frames]).all() else [], p.convention
                ),
            ]
            for own, frames in zip(speech_pitch.segments, auditory_loudness.segments, strict=True)
        ],
        axis=1,
    )


def _voiced_parts(pitch: Array, join: bool) -> list[Array]:
    """Runs of voiced frames, or all of them as one."""
    voiced = ~np.isnan(pitch)
    if join:
        return [pitch[voiced]]
    edges = np.flatnonzero(np.diff(voiced, prepend=False, append=False))
    return [pitch[begin:end] for begin, end in edges.reshape(-1, 2)]


def _slopes(curves: Sequence[Array], convention: str) -> list[float]:
    """Mean and deviation of rising, and of falling slopes."""
    curves = [curve for curve in curves if len(curve)]
    if not curves:
        return [np.nan] * 4
    smallest = SMALLEST * float(np.ptp(np.concatenate(curves)))
    if convention == "opensmile":
        parts = [opensmile_slopes(curve, HOP, smallest) for curve in curves]
    else:
        parts = [(part_slopes(curve, HOP, smallest),) * 2 for curve in curves]
    (rising, falling), (deviating_rising, deviating_falling) = (
        (np.concatenate([s.rising for s in slopes]), np.concatenate([s.falling for s in slopes]))
        for slopes in zip(*parts, strict=True)
    )
    return [_mean(rising), _std(deviating_rising), _mean(falling), _std(deviating_falling)]


def _mean(values: Array) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def _std(values: Array) -> float:
    return float(np.std(values)) if len(values) else np.nan


def _rising_and_falling(sr: float) -> Array:
    """A harmonic tone that rises by 12 semitones in a second and falls by them in two."""
    octaves = np.interp(signals.time(sr, 3.0), [0, 1, 3], [0, 1, 0])
    phase = 2 * np.pi * np.cumsum(150.0 * 2**octaves) / sr
    tones = np.sum([np.sin(k * phase) / k for k in range(1, 11)], axis=0)
    return np.asarray(0.2 * tones, dtype=np.float32)


FAMILY = Family(
    name="speech_contours",
    parameters=SpeechContourParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a tone rises by 12 and falls by 6 semitones per second",
            signal=_rising_and_falling,
            expected={
                "pitch_rising_slope_mean": 12.0,
                "pitch_rising_slope_std": 0.0,
                "pitch_falling_slope_mean": 6.0,
                "pitch_falling_slope_std": 0.0,
            },
            tolerance=0.3,
        ),
        ReferenceCase(
            name="the only fall is at the end, and has the opposite sign in openSMILE",
            signal=_rising_and_falling,
            expected={"pitch_rising_slope_mean": 12.0, "pitch_falling_slope_mean": -6.0},
            tolerance=0.3,
            parameters={"convention": "opensmile"},
        ),
    ),
)
