"""Wavelets: the energy of a clip octave by octave, by its discrete wavelet transform.

The whole clip is split by a Daubechies wavelet (Daubechies, "Ten lectures on wavelets", 1992) into
one approximation, the lowest band, and a detail band for each level, of which the first is the
highest octave. PyWavelets computes it, with symmetric extension at the ends. A share of the energy
depends on all bands: of another number of levels than 7, its name tells it, as in ``d3of9``.

A clip needs ``(filter length - 1) * 2**level`` samples for its deepest level to be more than the
effect of its ends: 896 for ``db4`` and 7 levels, 41 ms at 22,050 Hz. For a shorter one every
descriptor of the family is NaN: fewer levels would give other bands under the same names.
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
from featkit.dsp.dwt import DAUBECHIES, bands, levels_of, mirrored, moments, shares
from featkit.features._components import band_names, level_named, share_names
from featkit.features.family import Descriptor, Family, Oracle


class WaveletParameters(Parameters):
    """Which wavelet, and how deep."""

    wavelet: str = parameter("db4", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(7, "levels, each an octave", at_least=1, below=21)


def descriptors(p: WaveletParameters) -> Sequence[Descriptor]:
    of_all = share_names(p.level, usual=WaveletParameters.level)
    short = f"in a clip too short for {p.level} levels"
    silent = f"{short}, and in silence"
    reference = "Daubechies 1992; Tzanetakis and Cook 2002; PyWavelets wavedec"
    of_band = partial(Descriptor, high=np.inf, reference=reference, indices=band_names(p.level))
    return [
        of_band(
            name="dwt_log_energy",
            unit="log10 full scale²",
            low=-np.inf,
            definition=f"log10(mean(c²)) of the band, {p.wavelet}",
            undefined=silent,
        ),
        of_band(
            name="dwt_energy_share",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"sum(c²) of the band over that of all bands, {p.wavelet}",
            undefined=silent,
            indices=of_all,
        ),
        of_band(
            name="dwt_mean_abs",
            unit="full scale",
            low=0.0,
            definition=f"mean(|c|) of the band, {p.wavelet}",
            undefined=short,
        ),
        of_band(
            name="dwt_std",
            unit="full scale",
            low=0.0,
            definition=f"standard deviation of c (ddof 0) of the band, {p.wavelet}",
            undefined=short,
        ),
        Descriptor(
            name="dwt_entropy",
            unit="bit",
            low=0.0,
            high=float(np.log2(p.level + 1)),
            definition="entropy of the energy shares p: -sum(p log2 p), 0 log2 0 is 0,"
            f" {p.wavelet}, {p.level} levels",
            reference=reference,
            undefined=silent,
        ),
    ]


def compute(p: WaveletParameters, *, clips: Sequence[Clip]) -> Array:
    """The descriptors of each clip: ``(4 * (level + 1) + 1, clips)``."""
    return np.stack([_of_clip(p, clip) for clip in clips], axis=1)


def _of_clip(p: WaveletParameters, clip: Clip) -> Array:
    if levels_of(len(clip), p.wavelet) < p.level:
        return np.full(4 * (p.level + 1) + 1, np.nan)
    of_band = moments(bands(pieces(clip), mirrored(p.wavelet, p.level)), p.level + 1)
    energy, count, mean_abs, std = np.array(
        [(m.energy, m.count, m.mean_abs, m.std) for m in of_band]
    ).T
    share, entropy = shares(energy)
    log_energy = np.log10(np.where(energy > 0, energy, np.nan) / count)
    return np.concatenate([log_energy, share, mean_abs, std, [entropy]])


def from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"level": level_named(indices, WaveletParameters.level)}


FAMILY = Family(
    name="wavelets",
    from_indices=from_indices,
    parameters=WaveletParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    measures_level=True,
    oracles=(
        Oracle(
            name="a sine within the fourth octave from the top has most of its energy in d4",
            signal=lambda sr: signals.sine(sr / 2 / 2**3.5, sr, duration=4.0),
            expected={"dwt_energy_share_d4": 1.0},
            tolerance=0.15,
            parameters={},
        ),
        Oracle(
            name="a constant is all approximation, of entropy 0",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={
                "dwt_energy_share_a7": 1.0,
                "dwt_entropy": 0.0,
                "dwt_std_a7": 0.0,
                "dwt_mean_abs_a7": 0.25 * np.sqrt(2.0) ** 7,
                "dwt_log_energy_a7": np.log10(0.25**2 * 2.0**7),
            },
            tolerance=1e-5,
            parameters={},
        ),
        Oracle(
            name="white noise has its variance in every band, for the transform is orthogonal",
            signal=lambda sr: signals.noise(sr, duration=20.0, amplitude=0.1),
            expected={f"dwt_std_d{k}": 0.1 for k in range(1, 8)},
            tolerance=0.005,
            parameters={},
        ),
    ),
)
