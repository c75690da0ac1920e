"""Spectral crest: how far the strongest bin stands above the mean.

Of the magnitudes of all bins, not of the bands that MPEG-7 defines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    crest = Descriptor(
        name="spectral_crest",
        unit="1",
        low=1.0,
        high=np.inf,
        definition="strongest magnitude over the mean magnitude of all bins: max(S) / mean(S)",
        reference="Peeters 2004, 9.1 (crest, there of bands)",
        undefined="in a frame of silence",
    )
    return [crest]


def compute(p: NoParameters, *, loudest: Array, total: Array, frequencies: Array) -> Array:
    """Ratio of maximum and mean: ``(1, frames)``."""
    crest = loudest / total * np.float32(len(frequencies))
    return np.where(loudest > 0, crest, np.float32(np.nan))[None]


FAMILY = Family(
    name="spectral_crest",
    descriptors=descriptors,
    compute=compute,
    oracles=(
        Oracle(
            name="a flat spectrum has none above its mean",
            signal=signals.impulse,
            expected={"spectral_crest": 1.0},
            tolerance=1e-3,
            parameters={},
        ),
        Oracle(
            name="a sine in a Hann window has half of its magnitude in one bin of 1025",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_crest": 1025 / 2},
            tolerance=0.05,
            parameters={},
        ),
    ),
)
