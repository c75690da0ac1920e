"""Spectral flux: how much the shape of the spectrum changes from frame to frame.

Of spectra whose magnitudes sum to 1, so that it does not hear level; `onset_strength` is the flux
that does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    flux = Descriptor(
        name="spectral_flux",
        unit="1",
        low=0.0,
        high=2.0,
        definition="squared distance to the frame before of the spectra over their sums:"
        " sum((s - s before)^2), s = S / sum(S)",
        reference="Tzanetakis and Cook 2002, II.A.1",
        undefined="in a clip's first frame, in a frame of silence, and in the one after it",
    )
    return [flux]


def compute(
    p: NoParameters, *, shares: Array, shares_before: Array, loudest: Array, first_of_clip: Array
) -> Array:
    """Squared distance: ``(1, frames)``."""
    flux = np.concatenate(
        [
            sums_over_bins(np.square(shares[:, :1] - shares_before)),
            sums_over_bins(np.square(shares[:, 1:] - shares[:, :-1])),
        ]
    )
    sounding = np.concatenate([shares_before.any(axis=0), loudest > 0])
    return np.where(sounding[1:] & sounding[:-1] & ~first_of_clip, flux, np.float32(np.nan))[None]


FAMILY = Family(
    name="spectral_flux",
    descriptors=descriptors,
    compute=compute,
    oracles=(
        Oracle(
            name="a steady sine does not change",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_flux": 0.0},
            tolerance=1e-9,
            parameters={},
        ),
        Oracle(
            name="nor does what only changes its level",
            signal=lambda sr: signals.sine(sr / 8, sr) * np.geomspace(1, 1e-3, round(sr)),
            expected={"spectral_flux": 0.0},
            tolerance=1e-6,
            parameters={},
        ),
    ),
)
