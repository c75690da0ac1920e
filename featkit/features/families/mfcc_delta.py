"""Differences of mel-frequency cepstral coefficients: how they change, and how that changes.

First and second derivative, per frame, of the line and the parabola that fit nine frames best
(Savitzky and Golay, Analytical Chemistry 36(8), 1964; the former are the regression formula of
Furui, IEEE Trans. ASSP 34(1), 1986): `librosa.feature.delta` with its defaults and ``order=2``.

A line has one slope, and a parabola one second derivative. So the first four frames of a clip,
which librosa takes from the fit to its first nine ("interp"), have the value of the fifth, and the
last four that of the fifth from the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.parameters import parameter
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError
from featkit.features._cepstra import Coefficients, check_bands, coefficients_named
from featkit.features.family import Descriptor, Family, Oracle


class MfccDeltaParameters(Coefficients):
    """How many coefficients, and over how many frames."""

    width: int = parameter(9, "frames that a fit takes, an odd number", at_least=3, at_most=999)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % 2 == 0:
            raise ParameterError(f"width must be odd, got {self.width}")


def descriptors(p: MfccDeltaParameters) -> Sequence[Descriptor]:
    def difference(name: str, unit: str, fit: str) -> Descriptor:
        return Descriptor(
            name=name,
            unit=unit,
            low=-np.inf,
            high=np.inf,
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


def compute(p: MfccDeltaParameters, *, cepstrum: Array) -> Array:
    """The coefficients: ``(n_mfcc, frames)``."""
    return cepstrum[: p.n_mfcc]


def finish(p: MfccDeltaParameters, values: Array, *, segments: Segments) -> Array:
    """Their differences over time: ``(2 * n_mfcc, frames)``."""
    half = p.width // 2
    differences: Array = np.full((2, *values.shape), np.nan, dtype=np.float32)
    if segments.total < p.width:
        return differences.reshape(-1, segments.total)
    slope, curvature = _weights(half)
    middle = values[:, half : segments.total - half]
    first, second = np.zeros_like(middle), np.zeros_like(middle)
    for k in range(1, half + 1):
        before = values[:, half - k : segments.total - half - k]
        after = values[:, half + k : segments.total - half + k]
        first += slope[k] * (after - before)
        second += curvature[k] * ((after - middle) + (before - middle))
    # The frame, of those that have enough around them, that is nearest.
    nearest = np.arange(segments.total)
    nearest = np.maximum(nearest, segments.spread(segments.starts + half))
    nearest = np.minimum(nearest, segments.spread(segments.ends - 1 - half))
    known = segments.spread(segments.lengths >= p.width)
    differences[0][:, known] = first[:, nearest[known] - half]
    differences[1][:, known] = second[:, nearest[known] - half]
    return differences.reshape(-1, segments.total)


def _weights(half: int) -> tuple[Array, Array]:
    """What the frame k behind the middle counts in slope and second derivative, k from 0, float32.

    The least-squares solution on the places -half to half; the weights of the second derivative add
    up to 0.
    """
    k = np.arange(half + 1, dtype=np.float64)
    width = 2 * half + 1
    squares, fourths = 2 * np.sum(k**2), 2 * np.sum(k**4)
    curvature = 2 * (k**2 - squares / width) / (fourths - squares**2 / width)
    return (k / squares).astype(np.float32), curvature.astype(np.float32)


def _growing(sr: float) -> Array:
    """A click every 512 samples, each a tenth of a decibel louder than the one before."""
    y = signals.constant(sr, 2.0, 0)
    clicks = np.arange(len(y[::512]))
    y[::512] = 0.1 * 10 ** (0.1 * clicks / 20)
    return y


FAMILY = Family(
    name="mfcc_delta",
    parameters=MfccDeltaParameters,
    descriptors=descriptors,
    compute=compute,
    finish=finish,
    check=check_bands,
    from_indices=coefficients_named,
    oracles=(
        Oracle(
            name="all bands grow by 0.1 dB a frame: sqrt(128) times that, and no other change",
            signal=_growing,
            expected={
                "mfcc_delta_1": 0.1 * np.sqrt(128),
                "mfcc_delta_2": 0.0,
                "mfcc_delta_20": 0.0,
                "mfcc_delta2_1": 0.0,
                "mfcc_delta2_2": 0.0,
            },
            tolerance=1e-3,
            parameters={},
        ),
    ),
)
