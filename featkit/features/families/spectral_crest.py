"""Spectral crest: ratio of the strongest bin to the mean of all bins.

It is computed from the magnitudes of all bins, not of the bands defined by MPEG-7.

References
----------
Peeters, G. "A large set of audio features for sound description (similarity and classification) in
the CUIDADO project", 2004.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

CREST = Descriptor(
    name="spectral_crest",
    unit="1",
    low=1.0,
    definition="strongest magnitude over the mean magnitude of all bins: max(S) / mean(S)",
    reference="Peeters 2004, 9.1 (crest, there of bands)",
    undefined="in a frame of silence",
)


def _compute(p: NoParameters, *, max_magnitude: Array, total: Array, frequencies: Array) -> Array:
    """Ratio of maximum and mean: ``(1, frames)``."""
    crest = max_magnitude / total * np.float32(len(frequencies))
    return np.where(max_magnitude > 0, crest, np.float32(np.nan))[None]


FAMILY = Family(
    name="spectral_crest",
    descriptors=lambda p: [CREST],
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="a flat spectrum has a crest of 1",
            signal=signals.impulse,
            expected={"spectral_crest": 1.0},
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="a sine in a Hann window has half of its magnitude in one of 1025 bins",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_crest": 1025 / 2},
            tolerance=0.05,
        ),
    ),
)
