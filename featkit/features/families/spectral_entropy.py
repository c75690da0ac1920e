"""Spectral entropy: how evenly the power of a frame is distributed over the bins.

Shannon's entropy of the bins' shares of the power, divided by that of a flat spectrum.

References
----------
Shannon, C. E. "A mathematical theory of communication", Bell System Technical Journal 27, 1948.

Inouye, T. and others "Quantification of EEG irregularity by use of the entropy of the power
spectrum", Electroencephalography and Clinical Neurophysiology 79, 1991.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

ENTROPY = Descriptor(
    name="spectral_entropy",
    unit="1",
    low=0.0,
    high=1.0,
    definition="entropy of the shares p of the power, base 2, over that of K equal ones:"
    " -sum(p log2 p) / log2 K, p = S^2 / sum(S^2); 0 log2 0 is 0",
    reference="Shannon 1948; Inouye et al. 1991 (of power, normalised)",
    undefined="in a frame of silence",
)


def _compute(p: NoParameters, *, entropy: Array, max_magnitude: Array, frequencies: Array) -> Array:
    """Normalised entropy: ``(1, frames)``."""
    share = entropy / np.float32(np.log2(len(frequencies)))
    return np.where(max_magnitude > 0, share, np.float32(np.nan))[None]


FAMILY = Family(
    name="spectral_entropy",
    descriptors=lambda p: [ENTROPY],
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="a flat spectrum has the maximum, 1",
            signal=signals.impulse,
            expected={"spectral_entropy": 1.0},
            tolerance=1e-4,
        ),
        ReferenceCase(
            name="a sine in a Hann window has shares of 1/6, 2/3, 1/6",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_entropy": (np.log2(6) / 3 + np.log2(1.5) * 2 / 3) / np.log2(1025)},
            tolerance=1e-5,
        ),
        ReferenceCase(
            name="Gaussian noise has exponential power: (1 - Euler's constant) / ln K below 1",
            signal=signals.noise,
            expected={"spectral_entropy": 1 - (1 - np.euler_gamma) / np.log(1025)},
            tolerance=0.02,
        ),
    ),
)
