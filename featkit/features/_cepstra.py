"""Mel-frequency cepstral coefficients: how many a family takes, and what their names tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featkit._utils.parameters import Parameters, parameter
from featkit.dsp.empty_bands import check_bands_have_bins, empty_mel_bands
from featkit.errors import ParameterError
from featkit.features._components import greatest_named
from featkit.features.spectra import SpectraParameters


class Coefficients(Parameters):
    """How many coefficients."""

    n_mfcc: int = parameter(
        20, "coefficients, counted from the mean level", at_least=1, at_most=4096
    )


def check_bands(p: Coefficients, spectra: SpectraParameters, sr: float | None) -> None:
    """Refuse more coefficients than there are mel bands, and bands without bins."""
    if p.n_mfcc > spectra.n_mels:
        raise ParameterError(
            f"n_mfcc must be at most n_mels ({spectra.n_mels}), the bands it is made from,"
            f" got {p.n_mfcc}"
        )
    if sr is not None:
        check_bands_have_bins(
            lambda n_fft, n: empty_mel_bands(sr, n_fft, n, spectra.fmin, spectra.fmax),
            sr=sr,
            n_fft=spectra.n_fft,
            n_bands=spectra.n_mels,
            name="n_mels",
        )


def coefficients_named(indices: Sequence[str]) -> dict[str, Any]:
    """As many coefficients as names tell, but no fewer than usual."""
    return {"n_mfcc": max(Coefficients.n_mfcc, greatest_named(indices))}
