"""Tuning: deviation of a clip from A4 = 440 Hz, estimated from its spectral peaks.

Chroma uses this estimate: `librosa.estimate_tuning` of the power spectrogram.
"""

from __future__ import annotations

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

TUNING = Descriptor(
    name="tuning",
    unit="cent",
    low=-50.0,
    high=50.0,
    definition="commonest distance of the stronger spectral peaks between 150 and 4000 Hz from"
    " the nearest semitone at A4 = 440 Hz, in steps of one cent",
    reference="librosa.estimate_tuning of the power spectrogram",
    undefined="in a clip without spectral peaks, and so in silence",
)


def _compute(p: NoParameters, *, tuning_cents: Array) -> Array:
    """Tuning of each clip: ``(1, clips)``."""
    return tuning_cents[None]


def _sine(cents: float) -> ReferenceCase:
    return ReferenceCase(
        name=f"a sine {cents:+g} cents from A5 deviates by that, within a few cents",
        signal=lambda sr: signals.sine(880.0 * 2 ** (cents / 1200), sr),
        expected={"tuning": cents},
        tolerance=3.0,
    )


FAMILY = Family(
    name="tuning",
    descriptors=lambda p: [TUNING],
    compute=_compute,
    per="clip",
    reference_cases=(_sine(-30.0), _sine(0.0), _sine(15.0)),
)
