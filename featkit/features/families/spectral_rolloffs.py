"""Spectral roll-offs: the frequencies below which 25, 50, 85 and 95 % of the spectrum lie.

Four roll-offs in one pass. `spectral_rolloff_85` equals `spectral_rolloff` with its default;
`spectral_rolloff_50` is the median of the spectrum.

References
----------
Scheirer, E. and Slaney, M. "Construction and evaluation of a robust multifeature speech/music
discriminator", ICASSP 1997.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.rolloff import Rolloffs
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

PERCENT = (25, 50, 85, 95)
"""Percentages of the sum of the magnitudes."""


def _descriptors(p: NoParameters) -> list[Descriptor]:
    return [
        Descriptor(
            name=f"spectral_rolloff_{percent}",
            unit="Hz",
            low=0.0,
            definition=f"lowest bin at or below which {percent} % of the magnitude lies:"
            f" min f with sum(S up to f) >= {percent / 100:g} sum(S)",
            reference="Scheirer and Slaney 1997; librosa.feature.spectral_rolloff",
            undefined="in a frame of silence",
        )
        for percent in PERCENT
    ]


def _compute(
    p: NoParameters,
    *,
    rolloffs: Rolloffs,
    max_magnitude: Array,
    frequencies: Array,
) -> Array:
    """Roll-off frequencies: ``(4, frames)``."""
    shares = [percent / 100 for percent in PERCENT]
    hz = frequencies[rolloffs(shares)]
    return np.where(max_magnitude > 0, hz, np.float32(np.nan))


FAMILY = Family(
    name="spectral_rolloffs",
    descriptors=_descriptors,
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="a flat spectrum has its roll-offs at these percentages of its width",
            signal=signals.impulse,
            expected={
                f"spectral_rolloff_{percent}": percent / 100 * 22050 / 2 for percent in PERCENT
            },
            tolerance=12.0,
        ),
        ReferenceCase(
            name="a sine has all roll-offs at its frequency, within a bin",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={f"spectral_rolloff_{percent}": 22050 / 8 for percent in PERCENT},
            tolerance=11.0,
        ),
    ),
)
