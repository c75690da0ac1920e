"""Differences of MFCC over time: first and second derivative of each coefficient.

The derivatives per frame of the line and the parabola that fit nine frames best:
`librosa.feature.delta` with its defaults and ``order=2``. For the line this is Furui's regression
formula.

A line has one slope, and a parabola one second derivative. Therefore the first four frames of a
clip have the value of the fifth, and the last four that of the fifth from the end, as with
librosa's ``mode="interp"``.

References
----------
Savitzky, A. and Golay, M. J. E. "Smoothing and differentiation of data by simplified least squares
procedures", Analytical Chemistry 36(8), 1964.

Furui, S. "Speaker-independent isolated word recognition using dynamic features of speech spectrum",
IEEE Transactions on Acoustics, Speech, and Signal Processing 34(1), 1986.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import parameter
from featkit._utils.typing import Array
from featkit.dsp.cepstrum import Cepstrum
from featkit.dsp.derivatives import derivatives
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError
from featkit.features._cepstra import CepstrumParameters, check_bands, coefficients_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase


class MfccDeltaParameters(CepstrumParameters):
    """Numbers of coefficients and of frames."""

    width: int = parameter(9, "frames per fit, an odd number", at_least=3, at_most=999)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % 2 == 0:
            raise ParameterError(f"width must be odd, got {self.width}")


def _descriptors(p: MfccDeltaParameters) -> list[Descriptor]:
    def difference(name: str, unit: str, fit: str) -> Descriptor:
        return Descriptor(
            name=name,
            unit=unit,
            definition=f"{fit} that fits a coefficient's {p.width} frames around best; the first"
            " and last frames have the value of the nearest that has as many around",
            reference="Savitzky and Golay 1964; Furui 1986; librosa.feature.delta",
            undefined=f"in a clip of fewer than {p.width} frames; where a mel band touches no bin",
            indices=tuple(str(k + 1) for k in range(p.n_mfcc)),
        )

    return [
        difference("mfcc_delta", "dB per frame", "slope of the line"),
        difference("mfcc_delta2", "dB per frame²", "second derivative of the parabola"),
    ]


def _compute(p: MfccDeltaParameters, *, cepstrum: Cepstrum) -> Array:
    """The coefficients: ``(n_mfcc, frames)``."""
    return cepstrum(p.n_mfcc)


def _finish(p: MfccDeltaParameters, values: Array, *, segments: Segments) -> Array:
    """Differences of the coefficients over time: ``(2 * n_mfcc, frames)``."""
    return derivatives(values, segments, p.width).reshape(-1, segments.total)


def _growing(sr: float) -> Array:
    """A click every 512 samples, each 0.1 dB louder than the one before."""
    y = signals.constant(sr, 2.0, 0)
    clicks = np.arange(len(y[::512]))
    y[::512] = 0.1 * 10 ** (0.1 * clicks / 20)
    return y


FAMILY = Family(
    name="mfcc_delta",
    parameters=MfccDeltaParameters,
    descriptors=_descriptors,
    compute=_compute,
    finish=_finish,
    check=check_bands,
    from_indices=coefficients_from_names,
    reference_cases=(
        ReferenceCase(
            name="a rise of 128 bands by 0.1 dB raises mfcc_1 only, by sqrt(128) times that",
            signal=_growing,
            expected={
                "mfcc_delta_1": 0.1 * np.sqrt(128),
                "mfcc_delta_2": 0.0,
                "mfcc_delta_20": 0.0,
                "mfcc_delta2_1": 0.0,
                "mfcc_delta2_2": 0.0,
            },
            tolerance=1e-3,
        ),
    ),
)
