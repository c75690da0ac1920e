"""Tonnetz: the tonal centroid of a frame, from chroma of its spectrum.

That of the constant-Q transform is in the family `constant_q`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.chroma import TONNETZ, Chroma, tonal_centroid
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    centroid = Descriptor(
        name="tonnetz",
        unit="1",
        low=-1.0,
        high=1.0,
        definition="mean place of the frame's chroma on the circles of fifths, minor and major"
        " thirds, of radius 1, 1 and 1/2",
        reference="Harte, Sandler and Gasser 2006; librosa.feature.tonnetz of chroma_stft",
        undefined="in a clip of silence; a silent frame of another clip counts as 0",
        indices=TONNETZ,
    )
    return [centroid]


def compute(p: NoParameters, *, chroma: Chroma) -> Array:
    """Tonal centroid of each frame: ``(6, frames)``."""
    return tonal_centroid(chroma(12))


def _sine(name: str, pitch_class: int, hz: float) -> Oracle:
    """A sine is in its pitch class and, exp(-2) as much each, in the two beside it."""
    places = {}
    for circle, step, radius in (
        ("fifth", 7 / 6, 1.0),
        ("minor", 3 / 2, 1.0),
        ("major", 2 / 3, 0.5),
    ):
        angle = np.pi * step * pitch_class
        distance = radius * (1 + 2 * np.exp(-2) * np.cos(np.pi * step)) / (1 + 2 * np.exp(-2))
        places[f"tonnetz_{circle}x"] = float(distance * np.sin(angle))
        places[f"tonnetz_{circle}y"] = float(distance * np.cos(angle))
    return Oracle(
        name=f"{name} lies where its pitch class does on each circle, drawn in by its neighbours",
        signal=lambda sr: signals.sine(hz, sr),
        expected=places,
        tolerance=0.02,
        parameters={},
    )


FAMILY = Family(
    name="tonnetz",
    descriptors=descriptors,
    compute=compute,
    undefined_in_silence=True,
    oracles=(_sine("A6", 9, 1760.0), _sine("C7", 0, 2093.0), _sine("E6", 4, 1318.51)),
)
