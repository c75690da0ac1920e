"""Linear prediction coefficients (LPC), and the prediction gain.

A sample of speech is predicted from the `order` samples before it. The coefficients are those of
the error filter ``A(z) = 1 + a[1] z^-1 + ... + a[p] z^-p``, by the autocorrelation method, in
Hamming windows of 25 ms every 10 ms after pre-emphasis. 1 / A(z) models the resonances of the vocal
tract. The prediction gain is high in voiced and low in unvoiced speech. White noise of -90 dB is
added to each frame, so that the gain is at most 90 dB.

Coefficients of successive frames should not be averaged where a model must stay stable: `lsf` may
be. With another order than 12, a coefficient's name contains it: ``3of16``.

References
----------
Makhoul, J. "Linear prediction: a tutorial review", Proceedings of the IEEE 63(4), 1975.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
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
    undefined = "in frames of digital silence, and in clips shorter than 25 ms"
    frames = f"order {p.order}, 25 ms in a Hamming window, pre-emphasis {p.pre_emphasis:g}"
    coefficient = Descriptor(
        name="lpc",
        unit="1",
        definition="coefficient a[k] of the filter of the prediction error, x[n] + sum(a[k]"
        f" x[n - k]): {frames}",
        reference="Makhoul 1975 (autocorrelation method)",
        undefined=undefined,
        indices=numbered(range(1, p.order + 1), p.order, default=DEFAULT_ORDER),
    )
    gain = Descriptor(
        name="lpc_gain",
        unit="dB",
        low=0.0,
        high=90.0,
        definition=f"energy of the windowed frame over that of its prediction error: {frames}",
        reference="Makhoul 1975 (inverse of the normalised error)",
        undefined=undefined,
        indices=numbered([p.order], p.order, default=DEFAULT_ORDER),
    )
    return [coefficient, gain]


def _compute(p: PredictionParameters, *, predictors: Predictors) -> OwnFrames:
    """Coefficients and gain of each frame: ``(order + 1, frames)``."""
    prediction = predictors(p.order, p.pre_emphasis)
    gain = 10 * np.log10(prediction.energy / prediction.error)
    return OwnFrames(np.vstack([prediction.coefficients[1:], gain]), prediction.segments)


FAMILY = Family(
    name="lpc",
    parameters=PredictionParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=check_frames,
    from_indices=order_from_names,
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            name="samples that decay by a tenth are predicted by 0.9 times the one before",
            signal=lambda sr: decaying_pulses(0.9, sr),
            expected={"lpc_1": -0.9, "lpc_2": 0.0, "lpc_12": 0.0, "lpc_gain_12": 7.21},
            tolerance=0.05,
            parameters={"pre_emphasis": 0.0},
        ),
        ReferenceCase(
            name="an impulse cannot be predicted",
            signal=signals.impulse,
            expected={"lpc_1": 0.0, "lpc_12": 0.0, "lpc_gain_12": 0.0},
            tolerance=1e-6,
            parameters={"pre_emphasis": 0.0},
        ),
    ),
)
