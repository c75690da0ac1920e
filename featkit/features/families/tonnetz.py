"""Tonnetz: the tonal centroid of a frame, from the chroma of its spectrum.

The family `constant_q` has the tonal centroid of the constant-Q transform.

References
----------
Harte, C., Sandler, M. and Gasser, M. "Detecting harmonic change in musical audio", ACM workshop on
Audio and Music Computing Multimedia, 2006.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.chroma import TONNETZ, Chroma, tonal_centroid
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase
from featkit.features.titles import TONNETZ_TITLES

CENTROID = Descriptor(
    name="tonnetz",
    unit="1",
    low=-1.0,
    high=1.0,
    definition="mean place of the frame's chroma on the circles of fifths, minor and major"
    " thirds, of radius 1, 1 and 1/2",
    reference="Harte, Sandler and Gasser 2006; librosa.feature.tonnetz of chroma_stft",
    undefined="in a clip of silence; a silent frame of another clip counts as 0",
    indices=TONNETZ,
    index_titles=TONNETZ_TITLES,
)


def _compute(p: NoParameters, *, chroma: Chroma) -> Array:
    """Tonal centroid of each frame: ``(6, frames)``."""
    return tonal_centroid(chroma(12))


def _sine(name: str, pitch_class: int, hz: float) -> ReferenceCase:
    """A sine has its pitch class and, with a weight of exp(-2) each, both neighbours."""
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
    return ReferenceCase(
        name=f"{name} lies at its pitch class on each circle, moved inwards by its neighbours",
        signal=lambda sr: signals.sine(hz, sr),
        expected=places,
        tolerance=0.02,
    )


FAMILY = Family(
    name="tonnetz",
    descriptors=lambda p: [CENTROID],
    compute=_compute,
    undefined_in_silence=True,
    reference_cases=(_sine("A6", 9, 1760.0), _sine("C7", 0, 2093.0), _sine("E6", 4, 1318.51)),
)
