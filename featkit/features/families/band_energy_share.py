"""Band energy: how the power of a frame is shared among bass, middle and treble.

The four bands of Essentia's music extractor, over the power of all bins: what lies below 20 Hz or
above 20 kHz is part of the whole, so that the shares need not add up to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.features.family import Descriptor, Family, NoParameters, Oracle

BANDS = ("low", "midlow", "midhigh", "high")
EDGES = (20.0, 150.0, 800.0, 4000.0, 20000.0)
"""Edges of the bands in Hz; a bin at an edge belongs to the band above it."""


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    share = Descriptor(
        name="band_energy_share",
        unit="1",
        low=0.0,
        high=1.0,
        definition="power of the bins in the band (20, 150, 800, 4000, 20000 Hz: low, midlow,"
        " midhigh, high) over that of all: sum(S^2 in the band) / sum(S^2)",
        reference="Essentia, energy bands of the music extractor, there with EnergyBandRatio",
        undefined="in a frame of silence; in a band without bins, or from half the sample rate up",
        indices=BANDS,
    )
    return [share]


def compute(p: NoParameters, *, power: Array, frequencies: Array) -> Array:
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
    descriptors=descriptors,
    compute=compute,
    oracles=(
        Oracle(
            name="an impulse shares its power by the numbers of bins",
            signal=signals.impulse,
            expected={
                f"band_energy_share_{band}": bins / 1025
                for band, bins in zip(BANDS, (12, 61, 297, 653), strict=True)
            },
            tolerance=1e-3,
            parameters={},
        ),
        Oracle(
            name="a sine at 2756 Hz has all of it in the band from 800 to 4000 Hz",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"band_energy_share_midhigh": 1.0, "band_energy_share_low": 0.0},
            tolerance=1e-6,
            parameters={},
        ),
    ),
)
