"""Spectral bandwidth: standard deviation of the spectrum around its centroid.

The square root of the second central moment, weighted by magnitude:
`librosa.feature.spectral_bandwidth` with ``p=2``.

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

BANDWIDTH = Descriptor(
    name="spectral_bandwidth",
    unit="Hz",
    low=0.0,
    definition="spread around the centroid c: sqrt(sum((f - c)^2 S) / sum(S))",
    reference="Peeters 2004, 6.1.2 (spread); librosa.feature.spectral_bandwidth",
    undefined="in a clip of silence; a silent frame of another clip counts as 0, as in librosa",
)


def _compute(p: NoParameters, *, variance: Array) -> Array:
    """Root of the second central moment: ``(1, frames)``."""
    return np.sqrt(variance)[None]


FAMILY = Family(
    name="spectral_bandwidth",
    descriptors=lambda p: [BANDWIDTH],
    compute=_compute,
    undefined_in_silence=True,
    reference_cases=(
        ReferenceCase(
            name="a flat spectrum has that of a uniform distribution, half the width over sqrt(3)",
            signal=signals.impulse,
            expected={"spectral_bandwidth": 22050 / 4 / np.sqrt(3)},
            tolerance=10.0,
        ),
        ReferenceCase(
            name="a sine in a Hann window, magnitudes 1/2, 1, 1/2, has 0.7071 bins",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_bandwidth": np.sqrt(0.5) * 22050 / 2048},
            tolerance=0.2,
        ),
    ),
)
