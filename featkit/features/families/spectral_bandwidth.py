"""Spectral bandwidth: how far the spectrum spreads around its centroid.

The square root of the second central moment, weighted by magnitude, as
`librosa.feature.spectral_bandwidth` has it (there with ``p=2``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    bandwidth = Descriptor(
        name="spectral_bandwidth",
        unit="Hz",
        low=0.0,
        high=np.inf,
        definition="spread around the centroid c: sqrt(sum((f - c)^2 S) / sum(S))",
        reference="Peeters 2004, 6.1.2 (spread); librosa.feature.spectral_bandwidth",
        undefined="in a clip of silence; a silent frame of another clip counts as 0, as in librosa",
    )
    return [bandwidth]


def compute(p: NoParameters, *, spread: Array) -> Array:
    """Root of the second central moment: ``(1, frames)``."""
    return np.sqrt(spread)[None]


FAMILY = Family(
    name="spectral_bandwidth",
    descriptors=descriptors,
    compute=compute,
    undefined_in_silence=True,
    oracles=(
        Oracle(
            name="a flat spectrum spreads like a uniform distribution: half the width over sqrt(3)",
            signal=signals.impulse,
            expected={"spectral_bandwidth": 22050 / 4 / np.sqrt(3)},
            tolerance=10.0,
            parameters={},
        ),
        Oracle(
            name="a sine in a Hann window has magnitudes 1/2, 1, 1/2: spread of 0.7071 bins",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_bandwidth": np.sqrt(0.5) * 22050 / 2048},
            tolerance=0.2,
            parameters={},
        ),
    ),
)
