"""Spectral flatness: how much the spectrum is like noise's.

Of the power in all bins, floored at 1e-10, as `librosa.feature.spectral_flatness` has it; not the
flatness of bands that MPEG-7 defines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.decibels import MIN_POWER
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    flatness = Descriptor(
        name="spectral_flatness",
        unit="1",
        low=0.0,
        high=1.0,
        definition="geometric over arithmetic mean of the power of all bins, floored at 1e-10",
        reference="Dubnov 2004; librosa.feature.spectral_flatness",
        undefined="in a clip of silence; a silent frame of another clip counts as 1, as in librosa",
    )
    return [flatness]


def compute(p: NoParameters, *, precise_S: Array) -> Array:
    """Ratio of the means: ``(1, frames)``."""
    floored = np.maximum(np.square(precise_S), np.float32(MIN_POWER))
    bins = len(precise_S)
    arithmetic = sums_over_bins(floored) / bins
    logarithms = np.log(floored).astype(np.float64)  # a float32 sum of these loses four digits
    # A flat spectrum's means differ by rounding.
    return np.minimum(np.exp(sums_over_bins(logarithms) / bins) / arithmetic, 1)[None]


FAMILY = Family(
    name="spectral_flatness",
    descriptors=descriptors,
    compute=compute,
    undefined_in_silence=True,
    oracles=(
        Oracle(
            name="an impulse has a flat spectrum",
            signal=signals.impulse,
            expected={"spectral_flatness": 1.0},
            tolerance=1e-4,
            parameters={},
        ),
        Oracle(
            name="a sine has not",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_flatness": 0.0},
            tolerance=1e-4,
            parameters={},
        ),
        Oracle(
            name="Gaussian noise has exp(-Euler's constant): its power is exponential",
            signal=lambda sr: signals.noise(sr),
            expected={"spectral_flatness": np.exp(-np.euler_gamma)},
            tolerance=0.05,
            parameters={},
        ),
    ),
)
