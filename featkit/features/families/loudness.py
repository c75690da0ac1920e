"""Loudness: integrated, momentary and short-term loudness, and loudness range.

The mono signal is measured as a single channel; `featkit.dsp.loudness` explains the difference from
a meter of stereo signals. Nothing is normalised.

References
----------
ITU-R BS.1770-5, "Algorithms to measure audio programme loudness and true-peak audio level", 2023.

EBU R 128, "Loudness normalisation and permitted maximum level of audio signals"; EBU Tech 3341 and
3342.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.loudness import LOWEST_RATE, Loudness
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase


def _descriptors(p: NoParameters) -> list[Descriptor]:
    low_rate = f"below a sample rate of {LOWEST_RATE:g} Hz"
    integrated = Descriptor(
        name="loudness_integrated",
        unit="LUFS",
        low=-70.0,
        definition="-0.691 + 10 log10 of the mean K-weighted power of the 400 ms blocks (100 ms"
        " apart) above -70 LUFS that are no more than 10 LU below the mean of these; one channel",
        reference="ITU-R BS.1770-5, annex 1; EBU R 128",
        undefined=f"in silence or below -70 LUFS; in a clip shorter than 400 ms; {low_rate}",
    )
    momentary = Descriptor(
        name="loudness_momentary_max",
        unit="LUFS",
        definition="-0.691 + 10 log10 of the mean K-weighted power of the loudest 400 ms",
        reference="EBU Tech 3341",
        undefined=f"in digital silence; in a clip shorter than 400 ms; {low_rate}",
    )
    short_term = Descriptor(
        name="loudness_short_term_max",
        unit="LUFS",
        definition="-0.691 + 10 log10 of the mean K-weighted power of the loudest 3 s",
        reference="EBU Tech 3341",
        undefined=f"in digital silence; in a clip shorter than 3 s; {low_rate}",
    )
    loudness_range = Descriptor(
        name="loudness_range",
        unit="LU",
        low=0.0,
        definition="from the 10th to the 95th percentile of the loudness of the 3 s (100 ms apart)"
        " above -70 LUFS that are no more than 20 LU below the mean of these",
        reference="EBU Tech 3342",
        undefined=f"in silence or below -70 LUFS; in a clip shorter than 3 s; {low_rate}",
    )
    return [integrated, momentary, short_term, loudness_range]


def _compute(p: NoParameters, *, clips: Sequence[Clip], sr: float) -> Array:
    """Loudness of each clip: ``(4, clips)``."""
    return np.array([_clip_values(Loudness(clip, sr)) for clip in clips]).T


def _clip_values(loudness: Loudness) -> list[float]:
    return [
        loudness.integrated,
        loudness.momentary_max,
        loudness.short_term_max,
        loudness.range,
    ]


FAMILY = Family(
    name="loudness",
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a full-scale sine of 997 Hz in one channel has -3.01 LUFS (BS.1770-5)",
            signal=lambda sr: signals.sine(997.0, sr, duration=5.0, amplitude=1.0),
            expected={
                "loudness_integrated": -3.01,
                "loudness_momentary_max": -3.01,
                "loudness_short_term_max": -3.01,
                "loudness_range": 0.0,
            },
            tolerance=0.05,
        ),
    ),
)
