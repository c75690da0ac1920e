"""Tuning: how far from A4 = 440 Hz a clip is, by the spectral peaks of all its frames.

It is the estimate that chroma follows, `librosa.estimate_tuning` of the power spectrogram.
"""

from __future__ import annotations

from collections.abc import Sequence

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    tuning = Descriptor(
        name="tuning",
        unit="cent",
        low=-50.0,
        high=50.0,
        definition="commonest distance of the stronger spectral peaks between 150 and 4000 Hz from"
        " the nearest semitone at A4 = 440 Hz, in steps of one cent",
        reference="librosa.estimate_tuning of the power spectrogram",
        undefined="in a clip without spectral peaks, and so in silence",
    )
    return [tuning]


def compute(p: NoParameters, *, detuning: Array) -> Array:
    """Tuning of each clip: ``(1, clips)``."""
    return detuning[None]


def _off_by(cents: float) -> Oracle:
    return Oracle(
        name=f"a sine {cents:+g} cents from A5 is that far off, to a few cents",
        signal=lambda sr: signals.sine(880.0 * 2 ** (cents / 1200), sr),
        expected={"tuning": cents},
        tolerance=3.0,
        parameters={},
    )


FAMILY = Family(
    name="tuning",
    descriptors=descriptors,
    compute=compute,
    per="clip",
    oracles=(_off_by(-30.0), _off_by(0.0), _off_by(15.0)),
)
