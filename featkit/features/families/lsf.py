"""Line spectral frequencies (LSF) of linear prediction.

The coefficients of `lpc` as frequencies: they are in ascending order, two close together indicate
a resonance between them, and averages over frames belong to a stable filter again, unlike those of
the coefficients. A flat spectrum has evenly spaced frequencies, ``k sr / (2 (order + 1))``. With
another order than 12, a frequency's name contains it: ``3of16``.

References
----------
Itakura, F. "Line spectrum representation of linear predictor coefficients of speech signals",
Journal of the Acoustical Society of America 57(S1), 1975.

Delsarte, P. and Genin, Y. "The split Levinson algorithm", IEEE Transactions on Acoustics, Speech,
and Signal Processing 34(3), 1986.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit.dsp.levinson import line_spectral_frequencies
from featkit.dsp.predictors import Predictors
from featkit.features._components import numbered
from featkit.features._prediction import (
    DEFAULT_ORDER,
    PredictionParameters,
    check_frames,
    decaying_pulses,
    order_from_names,
)
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase


def _descriptors(p: PredictionParameters) -> list[Descriptor]:
    frequency = Descriptor(
        name="lsf",
        unit="Hz",
        low=0.0,
        definition=f"line spectral frequency of linear prediction of order {p.order}: angle at"
        " which A(z) + z^-(p+1) A(1/z), or the difference, is 0; 25 ms in a Hamming window,"
        f" pre-emphasis {p.pre_emphasis:g}",
        reference="Itakura 1975; Delsarte and Genin 1986",
        undefined="in frames of digital silence, and in clips shorter than 25 ms",
        indices=numbered(range(1, p.order + 1), p.order, default=DEFAULT_ORDER),
    )
    return [frequency]


def _compute(p: PredictionParameters, *, predictors: Predictors, sr: float) -> OwnFrames:
    """Frequencies of each frame: ``(order, frames)``."""
    prediction = predictors(p.order, p.pre_emphasis)
    radians = line_spectral_frequencies(prediction.coefficients)
    return OwnFrames(radians * (sr / (2 * np.pi)), prediction.segments)


FAMILY = Family(
    name="lsf",
    parameters=PredictionParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=check_frames,
    from_indices=order_from_names,
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            name="a flat spectrum has evenly spaced frequencies",
            signal=signals.impulse,
            expected={f"lsf_{k}": k * 22050 / 26 for k in (1, 2, 12)},
            tolerance=0.1,
            parameters={"pre_emphasis": 0.0},
        ),
        ReferenceCase(
            name="of a pole at 0.5 and order 2, they are arccos(0.75) and arccos(-0.25)",
            signal=lambda sr: decaying_pulses(0.5, sr),
            expected={
                "lsf_1of2": 22050 * np.arccos(0.75) / (2 * np.pi),
                "lsf_2of2": 22050 * np.arccos(-0.25) / (2 * np.pi),
            },
            tolerance=10.0,
            parameters={"pre_emphasis": 0.0, "order": 2},
        ),
    ),
)
