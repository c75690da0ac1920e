"""Spectral flux: change of the spectrum's shape from frame to frame.

Spectra are divided by the sum of their magnitudes, so that the level has no effect.
`onset_strength` is a flux that depends on level.

References
----------
Tzanetakis, G. and Cook, P. "Musical genre classification of audio signals", IEEE Transactions on
Speech and Audio Processing 10(5), 2002.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

FLUX = Descriptor(
    name="spectral_flux",
    unit="1",
    low=0.0,
    high=2.0,
    definition="squared distance to the frame before of the spectra over their sums:"
    " sum((s - s before)^2), s = S / sum(S)",
    reference="Tzanetakis and Cook 2002, II.A.1",
    undefined="in a clip's first frame, in a frame of silence, and in the one after it",
)


def _compute(p: NoParameters, *, flux: Array) -> Array:
    """Squared distance: ``(1, frames)``."""
    return flux[None]


FAMILY = Family(
    name="spectral_flux",
    descriptors=lambda p: [FLUX],
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="a steady sine has no flux",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_flux": 0.0},
            tolerance=1e-9,
        ),
        ReferenceCase(
            name="a sine that only changes its level has no flux",
            signal=lambda sr: signals.sine(sr / 8, sr) * np.geomspace(1, 1e-3, round(sr)),
            expected={"spectral_flux": 0.0},
            tolerance=1e-6,
        ),
    ),
)
