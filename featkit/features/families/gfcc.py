"""Gammatone-frequency cepstral coefficients (GFCC).

An orthonormal discrete cosine transform (type II) of the levels, in dB, in gammatone bands. They
are like mel-frequency cepstral coefficients, but with filters shaped as those of the ear and evenly
spaced on the ERB-rate scale, and without a limit relative to the clip's loudest band. See
`featkit.dsp.gammatone` for the filters. The numbers of bands and coefficients are those of
Essentia's `GFCC`, whose filters differ in shape and gain. In speaker recognition a cubic root often
replaces the decibels. With another number of bands than 40, a coefficient's name contains it:
``3of64``.

References
----------
Shao, Y. and Wang, D. "Robust speaker identification using auditory features and computational
auditory scene analysis", ICASSP 2008.

Glasberg, B. R. and Moore, B. C. J. "Derivation of auditory filter shapes from notched-noise data",
Hearing Research 47, 1990.

Ellis, D. P. W. "Gammatone-like spectrograms", 2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.cepstrum import cepstrum
from featkit.dsp.decibels import decibels
from featkit.dsp.empty_bands import check_bands_have_bins, empty_gammatone_bands
from featkit.dsp.gammatone import gammatone_filters
from featkit.errors import ParameterError
from featkit.features._components import greatest_number, numbered, total_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.spectra.parameters import SpectraParameters


class GfccParameters(Parameters):
    """Numbers of coefficients and bands."""

    n_gfcc: int = parameter(
        13, "number of coefficients, including the mean level", at_least=1, at_most=512
    )
    n_bands: int = parameter(40, "number of gammatone bands", at_least=1, at_most=512)
    fmin: float = parameter(40.0, "centre of the lowest band, in Hz", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_gfcc > self.n_bands:
            raise ParameterError(
                f"n_gfcc must be at most n_bands ({self.n_bands}), got {self.n_gfcc}"
            )


def _descriptors(p: GfccParameters) -> list[Descriptor]:
    coefficient = Descriptor(
        name="gfcc",
        unit="dB",
        definition="gammatone-frequency cepstral coefficient: orthonormal DCT-II of the power, in"
        f" dB, in {p.n_bands} gammatone bands with centres from {p.fmin:g} Hz, evenly on the"
        " ERB-rate scale, which hear nothing below -60 dB of their peak",
        reference="Shao and Wang 2008; Glasberg and Moore 1990; Ellis 2009",
        undefined="where a band touches no bin; power below 1e-10 counts as 1e-10 (-100 dB)",
        indices=numbered(range(1, p.n_gfcc + 1), p.n_bands, default=GfccParameters.n_bands),
    )
    return [coefficient]


def _compute(p: GfccParameters, *, power: Array, sr: float, n_fft: int) -> Array:
    """DCT of the gammatone bands: ``(n_gfcc, frames)``."""
    bands = np.asarray(gammatone_filters(sr, n_fft, p.n_bands, p.fmin) @ power)
    bands[empty_gammatone_bands(sr, n_fft, p.n_bands, p.fmin)] = np.nan
    return cepstrum(decibels(bands), p.n_gfcc)


def _check(p: GfccParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that bands are below half the sample rate, and that each contains a bin."""
    if sr is not None:
        check_bands_have_bins(
            lambda n_fft, n: empty_gammatone_bands(sr, n_fft, n, p.fmin),
            sr=sr,
            n_fft=spectra.n_fft,
            n_bands=p.n_bands,
            name="n_bands",
        )


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    n_bands = total_from_names(indices, default=GfccParameters.n_bands)
    return {"n_gfcc": greatest_number(indices), "n_bands": n_bands}


FAMILY = Family(
    name="gfcc",
    parameters=GfccParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=_check,
    from_indices=_from_indices,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="silence, -100 dB in 40 bands, has sqrt(40) times that and no other coefficient",
            signal=lambda sr: signals.constant(sr, value=0),
            expected={"gfcc_1": -100 * np.sqrt(40), "gfcc_2": 0.0, "gfcc_13": 0.0},
            tolerance=1e-3,
        ),
    ),
)
