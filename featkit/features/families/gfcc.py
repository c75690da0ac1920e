"""Gammatone-frequency cepstral coefficients.

A type-II orthonormal discrete cosine transform of the level in gammatone bands, in decibels: what
mel-frequency cepstral coefficients are, of filters that are shaped as the ear's and evenly spaced
on the ERB-rate scale, without a cut below a clip's loudest band. `featkit.dsp.gammatone` has the
filters. As many bands and coefficients as in Essentia's `GFCC`, whose filters have another shape
and gain; speaker recognition often takes a cubic root instead of decibels (Shao and Wang 2008). Of
another number of bands than 40, a coefficient's name tells it: ``3of64``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.fft

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.decibels import decibels
from featkit.dsp.empty_bands import check_bands_have_bins, empty_gammatone_bands
from featkit.dsp.gammatone import gammatone_filters
from featkit.errors import ParameterError
from featkit.features._components import greatest_named, numbered, total_named
from featkit.features.family import Descriptor, Family, Oracle
from featkit.features.spectra import SpectraParameters


class GfccParameters(Parameters):
    """How many coefficients, from which bands."""

    n_gfcc: int = parameter(
        13, "coefficients, counted from the mean level", at_least=1, at_most=512
    )
    n_bands: int = parameter(40, "gammatone bands", at_least=1, at_most=512)
    fmin: float = parameter(40.0, "centre of the lowest band, in Hz", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_gfcc > self.n_bands:
            raise ParameterError(
                f"n_gfcc must be at most n_bands ({self.n_bands}), got {self.n_gfcc}"
            )


def descriptors(p: GfccParameters) -> Sequence[Descriptor]:
    coefficient = Descriptor(
        name="gfcc",
        unit="dB",
        low=-np.inf,
        high=np.inf,
        definition="gammatone-frequency cepstral coefficient: orthonormal DCT-II of the power, in"
        f" dB, in {p.n_bands} gammatone bands with centres from {p.fmin:g} Hz, evenly on the"
        " ERB-rate scale, which hear nothing below -60 dB of their peak",
        reference="Shao and Wang 2008; Glasberg and Moore 1990; Ellis 2009",
        undefined="where a band touches no bin; power below 1e-10 counts as 1e-10 (-100 dB)",
        indices=numbered(range(1, p.n_gfcc + 1), p.n_bands, usual=GfccParameters.n_bands),
    )
    return [coefficient]


def compute(p: GfccParameters, *, power: Array, sr: float, n_fft: int) -> Array:
    """DCT of the gammatone bands: ``(n_gfcc, frames)``."""
    bands = np.asarray(gammatone_filters(sr, n_fft, p.n_bands, p.fmin) @ power)
    bands[empty_gammatone_bands(sr, n_fft, p.n_bands, p.fmin)] = np.nan
    return np.asarray(scipy.fft.dct(decibels(bands), axis=0, norm="ortho")[: p.n_gfcc])


def check(p: GfccParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Refuse bands above half the sample rate, and bands without bins."""
    if sr is not None:
        check_bands_have_bins(
            lambda n_fft, n: empty_gammatone_bands(sr, n_fft, n, p.fmin),
            sr=sr,
            n_fft=spectra.n_fft,
            n_bands=p.n_bands,
            name="n_bands",
        )


def from_indices(indices: Sequence[str]) -> dict[str, Any]:
    n_bands = total_named(indices, usual=GfccParameters.n_bands)
    return {"n_gfcc": greatest_named(indices), "n_bands": n_bands}


FAMILY = Family(
    name="gfcc",
    parameters=GfccParameters,
    descriptors=descriptors,
    compute=compute,
    check=check,
    from_indices=from_indices,
    measures_level=True,
    oracles=(
        Oracle(
            name="silence is -100 dB in all 40 bands: sqrt(40) times that, and no shape",
            signal=lambda sr: signals.constant(sr, value=0),
            expected={"gfcc_1": -100 * np.sqrt(40), "gfcc_2": 0.0, "gfcc_13": 0.0},
            tolerance=1e-3,
            parameters={},
        ),
    ),
)
