"""Wavelets: energy and level of a clip in octave bands, by its discrete wavelet transform.

A Daubechies wavelet splits the whole clip into one approximation, the lowest band, and one detail
band per level, the first of which is the highest octave. The transform is that of PyWavelets, with
symmetric extension at the ends. A share of the energy depends on all bands: with another number of
levels than 7, the name of a band contains it, as in ``d3of9``.

A clip needs ``(filter length - 1) * 2**level`` samples, so that the deepest level does not consist
of boundary effects alone: 896 for ``db4`` and 7 levels, 41 ms at 22,050 Hz. For a shorter one all
descriptors are NaN, because fewer levels would give other bands under the same names.

References
----------
Daubechies, I. "Ten lectures on wavelets", SIAM, 1992.

Tzanetakis, G. and Cook, P. "Musical genre classification of audio signals", IEEE Transactions on
Speech and Audio Processing 10(5), 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.band_moments import energy_shares, symmetric_moments
from featkit.dsp.disk_array import Clip
from featkit.dsp.dwt import DAUBECHIES
from featkit.features._components import band_names, level_from_names, relative_band_names
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.titles import wavelet_band_titles


class WaveletParameters(Parameters):
    """Wavelet and levels."""

    wavelet: str = parameter("db4", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(7, "levels, one octave each", at_least=1, below=21)


def _descriptors(p: WaveletParameters) -> list[Descriptor]:
    relative_names = relative_band_names(p.level, default=WaveletParameters.level)
    short = f"in a clip too short for {p.level} levels"
    silent = f"{short}, and in silence"
    reference = "Daubechies 1992; Tzanetakis and Cook 2002; PyWavelets wavedec"
    bands = band_names(p.level)
    descriptor = partial(
        Descriptor, reference=reference, indices=bands, index_titles=wavelet_band_titles(bands)
    )
    return [
        descriptor(
            name="dwt_log_energy",
            unit="log10 full scale²",
            definition=f"log10(mean(c²)) of the band, {p.wavelet}",
            undefined=silent,
        ),
        descriptor(
            name="dwt_energy_share",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"sum(c²) of the band over that of all bands, {p.wavelet}",
            undefined=silent,
            indices=relative_names,
            index_titles=wavelet_band_titles(relative_names),
        ),
        descriptor(
            name="dwt_mean_abs",
            unit="full scale",
            low=0.0,
            definition=f"mean(|c|) of the band, {p.wavelet}",
            undefined=short,
        ),
        descriptor(
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


def _compute(p: WaveletParameters, *, clips: Sequence[Clip]) -> Array:
    """Descriptors of each clip: ``(4 * (level + 1) + 1, clips)``."""
    moments = symmetric_moments(clips, p.wavelet, p.level)
    share, entropy = energy_shares(moments.energy)
    log_energy = np.log10(np.where(moments.energy > 0, moments.mean_square, np.nan))
    rows = [log_energy, share, moments.mean_abs, moments.std, entropy[:, None]]
    return np.concatenate(rows, axis=1).T


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"level": level_from_names(indices, default=WaveletParameters.level)}


FAMILY = Family(
    name="wavelets",
    from_indices=_from_indices,
    parameters=WaveletParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a sine in the fourth octave from the top has most of its energy in d4",
            signal=lambda sr: signals.sine(sr / 2 / 2**3.5, sr, duration=4.0),
            expected={"dwt_energy_share_d4": 1.0},
            tolerance=0.15,
        ),
        ReferenceCase(
            name="a constant has an approximation only, with entropy 0",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={
                "dwt_energy_share_a7": 1.0,
                "dwt_entropy": 0.0,
                "dwt_std_a7": 0.0,
                "dwt_mean_abs_a7": 0.25 * np.sqrt(2.0) ** 7,
                "dwt_log_energy_a7": np.log10(0.25**2 * 2.0**7),
            },
            tolerance=1e-5,
        ),
        ReferenceCase(
            name="white noise has its deviation in every band, because the transform is orthogonal",
            signal=lambda sr: signals.noise(sr, duration=20.0, amplitude=0.1),
            expected={f"dwt_std_d{k}": 0.1 for k in range(1, 8)},
            tolerance=0.005,
        ),
    ),
)
