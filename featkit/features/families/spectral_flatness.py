"""Spectral flatness: how similar the spectrum is to that of noise.

It is computed from the power of all bins, at least 1e-10: `librosa.feature.spectral_flatness`.
MPEG-7 defines the flatness of bands instead.

References
----------
Dubnov, S. "Generalization of spectral flatness measure for non-Gaussian linear processes", IEEE
Signal Processing Letters 11(8), 2004.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.decibels import MIN_POWER
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

FLATNESS = Descriptor(
    name="spectral_flatness",
    unit="1",
    low=0.0,
    high=1.0,
    definition="geometric over arithmetic mean of the power of all bins, floored at 1e-10",
    reference="Dubnov 2004; librosa.feature.spectral_flatness",
    undefined="in a clip of silence; a silent frame of another clip counts as 1, as in librosa",
)


def _compute(p: NoParameters, *, precise_S: Array) -> Array:
    """Ratio of the means: ``(1, frames)``."""
    floored = np.maximum(np.square(precise_S), np.float32(MIN_POWER))
    bins = len(precise_S)
    arithmetic = sums_over_bins(floored) / bins
    logarithms = np.log(floored).astype(np.float64)  # a float32 sum of these loses four digits
    # Rounding can make the ratio of a flat spectrum exceed 1.
    return np.minimum(np.exp(sums_over_bins(logarithms) / bins) / arithmetic, 1)[None]


FAMILY = Family(
    name="spectral_flatness",
    descriptors=lambda p: [FLATNESS],
    compute=_compute,
    undefined_in_silence=True,
    reference_cases=(
        ReferenceCase(
            name="an impulse has a flat spectrum",
            signal=signals.impulse,
            expected={"spectral_flatness": 1.0},
            tolerance=1e-4,
        ),
        ReferenceCase(
            name="a sine has a flatness of 0",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_flatness": 0.0},
            tolerance=1e-4,
        ),
        ReferenceCase(
            name="Gaussian noise, whose power is exponential, has exp(-Euler's constant)",
            signal=lambda sr: signals.noise(sr),
            expected={"spectral_flatness": np.exp(-np.euler_gamma)},
            tolerance=0.05,
        ),
    ),
)
