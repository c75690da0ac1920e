"""Parameters of mel-frequency cepstral coefficients, shared by the families of MFCC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featkit._utils.parameters import Parameters, parameter
from featkit.dsp.empty_bands import check_bands_have_bins, empty_mel_bands
from featkit.errors import ParameterError
from featkit.features._components import greatest_number
from featkit.features.spectra.parameters import SpectraParameters


class CepstrumParameters(Parameters):
    """Number of coefficients."""

    n_mfcc: int = parameter(
        20, "number of coefficients, including the mean level", at_least=1, at_most=4096
    )


def check_bands(p: CepstrumParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that there are enough mel bands for the coefficients, and that each contains a bin.

    Parameters
    ----------
    p : CepstrumParameters
        Number of coefficients.
    spectra : SpectraParameters
        Frames and mel bands.
    sr : float or None
        Sample rate in Hz; None if each recording keeps its own.

    Raises
    ------
    ParameterError
        If there are too few mel bands, or a mel band contains no bin.
    """
    if p.n_mfcc > spectra.n_mels:
        raise ParameterError(
            f"n_mfcc must be at most n_mels ({spectra.n_mels}), the number of mel bands that the"
            f" coefficients are computed from, got {p.n_mfcc}"
        )
    if sr is not None:
        check_bands_have_bins(
            lambda n_fft, n: empty_mel_bands(sr, n_fft, n, spectra.fmin, spectra.fmax),
            sr=sr,
            n_fft=spectra.n_fft,
            n_bands=spectra.n_mels,
            name="n_mels",
        )


def coefficients_from_names(names: Sequence[str]) -> dict[str, Any]:
    """Return the parameters with which coefficients have these names.

    Parameters
    ----------
    names : sequence of str
        Numbers of coefficients.

    Returns
    -------
    dict
        ``n_mfcc``, at least its default.
    """
    return {"n_mfcc": max(CepstrumParameters.n_mfcc, greatest_number(names))}
