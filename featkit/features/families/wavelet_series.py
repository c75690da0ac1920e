"""Wavelet series: the level of each frame in octave bands, by its discrete wavelet transform.

The samples of each frame, without a window, are split by a Daubechies wavelet into one
approximation, the lowest band, and one detail band per level, the first of which is the highest
octave. The transform is that of PyWavelets, with symmetric extension at the ends of the frame. It
is orthogonal: white noise has its own level in every band.

The family `wavelets` splits whole clips instead, and has no values over time.

References
----------
Daubechies, I. "Ten lectures on wavelets", SIAM, 1992.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.band_moments import frame_powers
from featkit.dsp.decibels import decibels
from featkit.dsp.dwt import DAUBECHIES, max_level
from featkit.dsp.framing import Signal
from featkit.errors import ParameterError
from featkit.features._components import band_names, level_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.titles import wavelet_band_titles


class WaveletSeriesParameters(Parameters):
    """Wavelet and levels."""

    wavelet: str = parameter("db4", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(7, "levels, one octave each", at_least=1, below=21)


def _descriptors(p: WaveletSeriesParameters) -> list[Descriptor]:
    band = Descriptor(
        name="wavelet_level",
        unit="dB",
        low=-100.0,
        definition=f"10 log10(mean(c²)) of the coefficients c of a band of the frame, {p.wavelet}",
        reference="Daubechies 1992; PyWavelets wavedec",
        undefined="never: a mean below 1e-10 counts as 1e-10 (-100 dB)",
        indices=band_names(p.level),
        index_titles=wavelet_band_titles(band_names(p.level)),
    )
    return [band]


def _compute(p: WaveletSeriesParameters, *, signal: Signal) -> Array:
    """Level of each band: ``(level + 1, frames)``."""
    return decibels(frame_powers(signal.frames(slice(None)), p.wavelet, p.level))


def _check(p: WaveletSeriesParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that the deepest level does not consist of boundary effects alone."""
    deepest = max_level(spectra.n_fft, p.wavelet)
    if p.level > deepest:
        raise ParameterError(
            f"level must be at most {deepest} for {p.wavelet} in frames of {spectra.n_fft} samples"
            f" (n_fft), got {p.level}"
        )


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"level": level_from_names(indices, default=WaveletSeriesParameters.level)}


FAMILY = Family(
    name="wavelet_series",
    from_indices=_from_indices,
    parameters=WaveletSeriesParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=_check,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a constant has an approximation only, each level of which has sqrt(2) times it",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={"wavelet_level_a7": 20 * np.log10(0.25 * 2**3.5), "wavelet_level_d1": -100.0},
            tolerance=1e-4,
        ),
        ReferenceCase(
            name="white noise has its own level in every band, because the transform is orthogonal",
            signal=lambda sr: signals.noise(sr, amplitude=0.1),
            expected={"wavelet_level_d1": -20.0, "wavelet_level_d2": -20.0},
            tolerance=1.0,
        ),
        ReferenceCase(
            name="silence is -100 dB in every band",
            signal=lambda sr: signals.constant(sr, value=0.0),
            expected={"wavelet_level_a7": -100.0, "wavelet_level_d1": -100.0},
            tolerance=1e-4,
        ),
    ),
)
