"""Linear-frequency cepstral coefficients (LFCC).

An orthonormal discrete cosine transform (type II) of the levels, in dB, in bands of equal width.
They are like mel-frequency cepstral coefficients, but resolve high frequencies as well as low ones,
as detectors of synthetic speech and of bird calls need it. There is no limit relative to the clip's
loudest band. Frames are those of the feature set. With another number of bands than 40, a
coefficient's name contains it: ``3of20``.

References
----------
Davis, S. and Mermelstein, P. "Comparison of parametric representations for monosyllabic word
recognition in continuously spoken sentences", IEEE Transactions on Acoustics, Speech, and Signal
Processing 28(4), 1980.

Sahidullah, M., Kinnunen, T. and Hanilçi, C. "A comparison of features for synthetic speech
detection", Interspeech 2015.
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
from featkit.dsp.empty_bands import check_bands_have_bins
from featkit.dsp.filters import linear_filters
from featkit.errors import ParameterError
from featkit.features._components import greatest_number, numbered, total_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.spectra.parameters import SpectraParameters


class LfccParameters(Parameters):
    """Numbers of coefficients and bands."""

    n_lfcc: int = parameter(
        20, "number of coefficients, including the mean level", at_least=1, at_most=512
    )
    n_bands: int = parameter(40, "number of bands", at_least=1, at_most=512)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_lfcc > self.n_bands:
            raise ParameterError(
                f"n_lfcc must be at most n_bands ({self.n_bands}), got {self.n_lfcc}"
            )


def _descriptors(p: LfccParameters) -> list[Descriptor]:
    coefficient = Descriptor(
        name="lfcc",
        unit="dB",
        definition="linear-frequency cepstral coefficient: orthonormal DCT-II of the power, in dB,"
        f" in {p.n_bands} triangular bands of equal width from 0 Hz to half the sample rate",
        reference="Davis and Mermelstein 1980; Sahidullah, Kinnunen and Hanilçi 2015",
        undefined="where a band touches no bin; power below 1e-10 counts as 1e-10 (-100 dB)",
        indices=numbered(range(1, p.n_lfcc + 1), p.n_bands, default=LfccParameters.n_bands),
    )
    return [coefficient]


def _compute(p: LfccParameters, *, power: Array, sr: float, n_fft: int) -> Array:
    """DCT of the bands: ``(n_lfcc, frames)``."""
    bank = linear_filters(sr, n_fft, p.n_bands)
    bands = np.asarray(bank @ power)
    bands[bank.empty] = np.nan
    return cepstrum(decibels(bands), p.n_lfcc)


def _check(p: LfccParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that each band contains a bin."""
    if sr is not None:
        check_bands_have_bins(
            lambda n_fft, n: linear_filters(sr, n_fft, n).empty,
            sr=sr,
            n_fft=spectra.n_fft,
            n_bands=p.n_bands,
            name="n_bands",
        )


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    n_bands = total_from_names(indices, default=LfccParameters.n_bands)
    n_lfcc = max(min(LfccParameters.n_lfcc, n_bands), greatest_number(indices))
    return {"n_lfcc": n_lfcc, "n_bands": n_bands}


FAMILY = Family(
    name="lfcc",
    parameters=LfccParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=_check,
    from_indices=_from_indices,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="silence, -100 dB in 40 bands, has sqrt(40) times that and no other coefficient",
            signal=lambda sr: signals.constant(sr, value=0),
            expected={"lfcc_1": -100 * np.sqrt(40), "lfcc_2": 0.0, "lfcc_20": 0.0},
            tolerance=1e-3,
        ),
    ),
)
