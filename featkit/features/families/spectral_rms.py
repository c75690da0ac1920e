"""Spectral RMS: level of each frame under its window, from the magnitudes of its transform.

By Parseval's theorem: `librosa.feature.rms` of ``S``. The window reduces the value: with a Hann
window, that of a steady sound is sqrt(3/8) of its `rms`.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

LEVEL = Descriptor(
    name="spectral_rms",
    unit="full scale",
    low=0.0,
    definition="root of the mean square of the frame's samples under the window, by its"
    " transform: sqrt(2 sum(S^2)) / n_fft, where the first and the last bin count half",
    reference="Parseval's theorem; librosa.feature.rms of S",
    undefined="never: silence is 0",
)


def _compute(p: NoParameters, *, power: Array, n_fft: int) -> Array:
    """Level of each frame: ``(1, frames)``."""
    both_sides = 2 * sums_over_bins(power) - power[0]
    if n_fft % 2 == 0:
        both_sides -= power[-1]
    return np.asarray(np.sqrt(np.maximum(both_sides, 0)) / np.float32(n_fft))[None]


FAMILY = Family(
    name="spectral_rms",
    descriptors=lambda p: [LEVEL],
    compute=_compute,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a sine has its amplitude divided by sqrt(2), times sqrt(3/8) for the window",
            signal=lambda sr: signals.sine(sr / 64, sr, amplitude=0.5),
            expected={"spectral_rms": 0.5 / np.sqrt(2) * np.sqrt(3 / 8)},
            tolerance=1e-5,
        ),
    ),
)
