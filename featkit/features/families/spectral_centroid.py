"""Spectral centroid: mean frequency of the spectrum, perceived as brightness.

Weighted by magnitude: `librosa.feature.spectral_centroid`.

References
----------
Peeters, G. "A large set of audio features for sound description (similarity and classification) in
the CUIDADO project", 2004.
"""

from __future__ import annotations

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

CENTROID = Descriptor(
    name="spectral_centroid",
    unit="Hz",
    low=0.0,
    definition="mean frequency weighted by magnitude: sum(f S) / sum(S)",
    reference="Peeters 2004, 6.1.1; librosa.feature.spectral_centroid",
    undefined="in a clip of silence; a silent frame of another clip counts as 0, as in librosa",
)


def _compute(p: NoParameters, *, centroid: Array) -> Array:
    """Centroid in Hz: ``(1, frames)``."""
    return centroid[None]


FAMILY = Family(
    name="spectral_centroid",
    descriptors=lambda p: [CENTROID],
    compute=_compute,
    undefined_in_silence=True,
    reference_cases=(
        ReferenceCase(
            name="a sine has its centroid at its frequency",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_centroid": 22050 / 8},
            tolerance=1.0,
        ),
        ReferenceCase(
            name="a flat spectrum has its centroid at a quarter of the sample rate",
            signal=signals.impulse,
            expected={"spectral_centroid": 22050 / 4},
            tolerance=1.0,
        ),
    ),
)
