"""Spectral slope and decrease: how fast the spectrum falls towards high frequencies.

The slope, divided by the sum of the magnitudes so that the level has no effect, is a linear
function of the centroid: using both adds no information to a model. The decrease emphasises the
lowest bins.

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

SLOPE = Descriptor(
    name="spectral_slope",
    unit="1/Hz",
    definition="slope of the line through the magnitudes by least squares, over their sum:"
    " (K sum(f S) - sum(f) sum(S)) / (K sum(f^2) - sum(f)^2) / sum(S), of K bins",
    reference="Peeters 2004, 6.1.5",
    undefined="in a frame of silence",
)
DECREASE = Descriptor(
    name="spectral_decrease",
    unit="1",
    high=1.0,
    definition="mean rise from bin 0 to the others by their distance in bins, over the sum of"
    " these: sum((S[k] - S[0]) / k) / sum(S[k]), k from 1",
    reference="Peeters 2004, 6.1.6",
    undefined="in a frame of silence, or of bin 0 alone",
)


def _compute(
    p: NoParameters,
    *,
    total: Array,
    centroid: Array,
    lowest_magnitude: Array,
    inverse_bin_sum: Array,
    max_magnitude: Array,
    frequencies: Array,
) -> Array:
    """Slope and decrease: ``(2, frames)``."""
    bins = len(frequencies)
    f = frequencies.astype(np.float64)
    slope = (centroid - np.mean(f)) / (bins * np.var(f))
    slope[max_magnitude == 0] = np.nan
    rise = inverse_bin_sum - lowest_magnitude * np.float32(np.sum(1 / np.arange(1, bins)))
    above = total - lowest_magnitude
    decrease = rise / np.where((above > 0) & (max_magnitude > 0), above, np.float32(np.nan))
    return np.stack([slope, decrease])


FAMILY = Family(
    name="spectral_slope",
    descriptors=lambda p: [SLOPE, DECREASE],
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="a flat spectrum neither rises nor falls",
            signal=signals.impulse,
            expected={"spectral_slope": 0.0, "spectral_decrease": 0.0},
            tolerance=1e-5,
        ),
        ReferenceCase(
            name="a sine at bin 256 of 1025, magnitudes 1/2, 1, 1/2, has values computed by hand",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={
                "spectral_slope": (256 - 512) / (1025 * (1025**2 - 1) / 12) * 2048 / 22050,
                "spectral_decrease": (0.5 / 255 + 1 / 256 + 0.5 / 257) / 2,
            },
            tolerance=1e-8,
        ),
    ),
)
