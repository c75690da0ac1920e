"""Wavelet packets: the energy of a clip in bands of equal width, and how evenly it is spread.

Both halves of every band are split again (Coifman and Wickerhauser, "Entropy-based algorithms for
best basis selection", IEEE Trans. Information Theory 38(2), 1992): 32 bands after five levels of
``db4``, from the lowest, 1, to the highest, with symmetric extension at the ends, as PyWavelets
does it. Of another number of bands, a band's name tells it: ``3of64``.

A clip needs ``(filter length - 1) * 2**level`` samples, 224 for ``db4`` and 5 levels. For a shorter
one every descriptor of the family is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.dwt import DAUBECHIES, levels_of, packets, shares
from featkit.features._components import numbered, total_named
from featkit.features.family import Descriptor, Family, Oracle


class PacketParameters(Parameters):
    """Which wavelet, and how deep."""

    wavelet: str = parameter("db4", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(
        5, "levels: 2 to their power is the number of bands", at_least=1, below=11
    )


def descriptors(p: PacketParameters) -> Sequence[Descriptor]:
    count = 2**p.level
    bands = numbered(range(1, count + 1), count, usual=2**PacketParameters.level)
    packets = f"{p.wavelet}, {p.level} levels"
    of_clip = partial(
        Descriptor,
        reference="Coifman and Wickerhauser 1992; PyWavelets WaveletPacket, frequency order",
        undefined=f"in a clip too short for {p.level} levels, and in silence",
    )
    return [
        of_clip(
            name="wavelet_packet_log_energy",
            unit="log10 full scale²",
            low=-np.inf,
            high=np.inf,
            definition=f"log10(mean(c²)) of the band, {packets}",
            indices=bands,
        ),
        of_clip(
            name="wavelet_packet_energy_share",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"sum(c²) of the band over that of all bands, {packets}",
            indices=bands,
        ),
        of_clip(
            name="wavelet_packet_entropy",
            unit="bit",
            low=0.0,
            high=float(p.level),
            definition=f"entropy of the energy shares p: -sum(p log2 p), 0 log2 0 is 0, {packets}",
        ),
    ]


def compute(p: PacketParameters, *, clips: Sequence[Clip]) -> Array:
    """The descriptors of each clip: ``(2 * 2**level + 1, clips)``."""
    return np.stack([_of_clip(p, clip) for clip in clips], axis=1)


def _of_clip(p: PacketParameters, clip: Clip) -> Array:
    count = 2**p.level
    if levels_of(len(clip), p.wavelet) < p.level:
        return np.full(2 * count + 1, np.nan)
    energy, coefficients = np.zeros(count), 0
    for c in packets(pieces(clip), p.wavelet, p.level):
        energy += np.einsum("ij,ij->i", c, c)
        coefficients += c.shape[1]
    share, entropy = shares(energy)
    log_energy = np.log10(np.where(energy > 0, energy, np.nan) / coefficients)
    return np.concatenate([log_energy, share, [entropy]])


def from_indices(indices: Sequence[str]) -> dict[str, Any]:
    count = total_named(indices, usual=2**PacketParameters.level)
    return {"level": (count - 1).bit_length()}


FAMILY = Family(
    name="wavelet_packets",
    parameters=PacketParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    from_indices=from_indices,
    measures_level=True,
    oracles=(
        Oracle(
            name="a sine in the middle of the 30th of 32 bands has most of its energy there",
            signal=lambda sr: signals.sine(sr / 2 * 29.5 / 32, sr, duration=4.0),
            expected={"wavelet_packet_energy_share_30": 1.0},
            tolerance=0.1,
            parameters={"wavelet": "db8"},
        ),
        Oracle(
            name="a constant is in the lowest band, of entropy 0",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={
                "wavelet_packet_energy_share_1": 1.0,
                "wavelet_packet_log_energy_1": np.log10(0.25**2 * 2.0**5),
                "wavelet_packet_entropy": 0.0,
            },
            tolerance=1e-5,
            parameters={},
        ),
        Oracle(
            name="white noise is even: a 32nd in each band, 5 bits",
            signal=lambda sr: signals.noise(sr, duration=20.0, amplitude=0.1),
            expected={
                **{f"wavelet_packet_energy_share_{k}": 1 / 32 for k in range(1, 33)},
                "wavelet_packet_entropy": 5.0,
            },
            tolerance=2e-3,
            parameters={},
        ),
    ),
)
