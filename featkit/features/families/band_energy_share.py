"""Band energy: the share of a frame's power in each of four bands from bass to treble.

The bands are those of Essentia's music extractor. The shares are of the power in all bins; power
below 20 Hz or above 20 kHz belongs to no band, so that the shares may add up to less than 1.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

BANDS = ("low", "midlow", "midhigh", "high")
EDGES = (20.0, 150.0, 800.0, 4000.0, 20000.0)
"""Edges of the bands in Hz; a bin at an edge belongs to the band above it."""


SHARE = Descriptor(
    name="band_energy_share",
    unit="1",
    low=0.0,
    high=1.0,
    definition="power of the bins in the band (20, 150, 800, 4000, 20000 Hz: low, midlow,"
    " midhigh, high) over that of all: sum(S^2 in the band) / sum(S^2)",
    reference="Essentia, energy bands of the music extractor, there with EnergyBandRatio",
    undefined="in a frame of silence; in a band without bins, or from half the sample rate up",
    indices=BANDS,
    index_titles=tuple(
        f"{name} ({low:g} to {high:g} Hz)"
        for name, (low, high) in zip(BANDS, pairwise(EDGES), strict=True)
    ),
)


def _compute(p: NoParameters, *, power: Array, frequencies: Array) -> Array:
    """Share of each band: ``(4, frames)``."""
    edges = np.searchsorted(frequencies, EDGES).tolist()
    bands = [sums_over_bins(power[low:high]) for low, high in pairwise(edges)]
    energies = np.stack(
        [*bands, sums_over_bins(power[: edges[0]]), sums_over_bins(power[edges[-1] :])]
    )
    total = sums_over_bins(energies)
    shares: Array = energies[: len(BANDS)] / np.where(total > 0, total, np.float32(np.nan))
    shares[(np.diff(edges) == 0) | (np.array(EDGES[:-1]) >= frequencies[-1])] = np.nan
    return shares


FAMILY = Family(
    name="band_energy_share",
    descriptors=lambda p: [SHARE],
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="an impulse has power in proportion to the number of bins of a band",
            signal=signals.impulse,
            expected={
                f"band_energy_share_{band}": bins / 1025
                for band, bins in zip(BANDS, (12, 61, 297, 653), strict=True)
            },
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="a sine at 2756 Hz has all its power in the band from 800 to 4000 Hz",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"band_energy_share_midhigh": 1.0, "band_energy_share_low": 0.0},
            tolerance=1e-6,
        ),
    ),
)
