"""Wavelet packets: energy of a clip in bands of equal width, and its evenness.

Both halves of every band are split again: 32 bands after five levels of ``db4``, from the lowest,
1, to the highest. The clip is extended symmetrically at its ends, as in PyWavelets. With another
number of bands, a band's name contains it: ``3of64``.

A clip needs ``(filter length - 1) * 2**level`` samples, 224 for ``db4`` and 5 levels. For a shorter
one all descriptors are NaN.

References
----------
Coifman, R. R. and Wickerhauser, M. V. "Entropy-based algorithms for best basis selection", IEEE
Transactions on Information Theory 38(2), 1992.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.band_moments import energy_shares
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.dwt import DAUBECHIES, max_level, packets
from featkit.features._components import numbered, total_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase


class PacketParameters(Parameters):
    """Wavelet and levels."""

    wavelet: str = parameter("db4", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(5, "levels; there are 2**level bands", at_least=1, below=11)


def _descriptors(p: PacketParameters) -> list[Descriptor]:
    count = 2**p.level
    bands = numbered(range(1, count + 1), count, default=2**PacketParameters.level)
    titles = tuple(
        f"band {k} of {count} (from {k - 1}/{count} to {k}/{count} of half the sample rate)"
        for k in range(1, count + 1)
    )
    packets = f"{p.wavelet}, {p.level} levels"
    descriptor = partial(
        Descriptor,
        reference="Coifman and Wickerhauser 1992; PyWavelets WaveletPacket, frequency order",
        undefined=f"in a clip too short for {p.level} levels, and in silence",
    )
    return [
        descriptor(
            name="wavelet_packet_log_energy",
            unit="log10 full scale²",
            definition=f"log10(mean(c²)) of the band, {packets}",
            indices=bands,
            index_titles=titles,
        ),
        descriptor(
            name="wavelet_packet_energy_share",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"sum(c²) of the band over that of all bands, {packets}",
            indices=bands,
            index_titles=titles,
        ),
        descriptor(
            name="wavelet_packet_entropy",
            unit="bit",
            low=0.0,
            high=float(p.level),
            definition=f"entropy of the energy shares p: -sum(p log2 p), 0 log2 0 is 0, {packets}",
        ),
    ]


def _compute(p: PacketParameters, *, clips: Sequence[Clip]) -> Array:
    """Descriptors of each clip: ``(2 * 2**level + 1, clips)``."""
    return np.stack([_clip_values(p, clip) for clip in clips], axis=1)


def _clip_values(p: PacketParameters, clip: Clip) -> Array:
    count = 2**p.level
    if max_level(len(clip), p.wavelet) < p.level:
        return np.full(2 * count + 1, np.nan)
    energy, coefficients = np.zeros(count), 0
    for c in packets(pieces(clip), p.wavelet, p.level):
        energy += np.einsum("ij,ij->i", c, c)
        coefficients += c.shape[1]
    share, entropy = energy_shares(energy)
    log_energy = np.log10(np.where(energy > 0, energy, np.nan) / coefficients)
    return np.concatenate([log_energy, share, [entropy]])


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    count = total_from_names(indices, default=2**PacketParameters.level)
    return {"level": (count - 1).bit_length()}


FAMILY = Family(
    name="wavelet_packets",
    parameters=PacketParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    from_indices=_from_indices,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a sine at the centre of band 30 of 32 has most of its energy there",
            signal=lambda sr: signals.sine(sr / 2 * 29.5 / 32, sr, duration=4.0),
            expected={"wavelet_packet_energy_share_30": 1.0},
            tolerance=0.1,
            parameters={"wavelet": "db8"},
        ),
        ReferenceCase(
            name="a constant has all its energy in the lowest band, with entropy 0",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={
                "wavelet_packet_energy_share_1": 1.0,
                "wavelet_packet_log_energy_1": np.log10(0.25**2 * 2.0**5),
                "wavelet_packet_entropy": 0.0,
            },
            tolerance=1e-5,
        ),
        ReferenceCase(
            name="white noise has 1/32 of its energy in each band, 5 bits",
            signal=lambda sr: signals.noise(sr, duration=20.0, amplitude=0.1),
            expected={
                **{f"wavelet_packet_energy_share_{k}": 1 / 32 for k in range(1, 33)},
                "wavelet_packet_entropy": 5.0,
            },
            tolerance=2e-3,
        ),
    ),
)
