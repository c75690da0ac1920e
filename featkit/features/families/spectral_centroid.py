"""Spectral centroid: where the middle of the spectrum lies, heard as brightness.

Weighted by magnitude, as `librosa.feature.spectral_centroid` has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    centroid = Descriptor(
        name="spectral_centroid",
        unit="Hz",
        low=0.0,
        high=np.inf,
        definition="mean frequency weighted by magnitude: sum(f S) / sum(S)",
        reference="Peeters 2004, 6.1.1; librosa.feature.spectral_centroid",
        undefined="in a clip of silence; a silent frame of another clip counts as 0, as in librosa",
    )
    return [centroid]


def compute(p: NoParameters, *, centroid: Array) -> Array:
    """The centroid that bandwidth shares: ``(1, frames)``."""
    return centroid[None]


FAMILY = Family(
    name="spectral_centroid",
    descriptors=descriptors,
    compute=compute,
    undefined_in_silence=True,
    oracles=(
        Oracle(
            name="a sine has its centroid at its frequency",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_centroid": 22050 / 8},
            tolerance=1.0,
            parameters={},
        ),
        Oracle(
            name="a flat spectrum has its centroid at a quarter of the sample rate",
            signal=signals.impulse,
            expected={"spectral_centroid": 22050 / 4},
            tolerance=1.0,
            parameters={},
        ),
    ),
)
