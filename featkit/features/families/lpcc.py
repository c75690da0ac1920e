"""Linear prediction cepstral coefficients (LPCC).

The cepstrum of the spectrum that linear prediction models, ``error / |A|²``, by a recursion from
the coefficients of `lpc`. ``lpcc_0`` is the natural logarithm of the energy of the prediction
error, and depends on the level; the others do not. With another order than 12, a coefficient's name
contains it: ``3of16``.

References
----------
Rabiner, L. and Juang, B.-H. "Fundamentals of speech recognition", Prentice Hall 1993, 3.3.7.

Atal, B. S. "Effectiveness of linear prediction characteristics of the speech wave for automatic
speaker identification and verification", Journal of the Acoustical Society of America 55(6), 1974.
"""

from __future__ import annotations

from functools import partial

from featkit._utils.parameters import parameter
from featkit.dsp.levinson import prediction_cepstrum
from featkit.dsp.predictors import Predictors
from featkit.features._components import numbered
from featkit.features._prediction import (
    DEFAULT_ORDER,
    PredictionParameters,
    cepstrum_from_names,
    check_frames,
    decaying_pulses,
)
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase


class LpccParameters(PredictionParameters):
    """Order of linear prediction, and number of coefficients."""

    n_lpcc: int = parameter(
        13, "number of coefficients, including the level", at_least=1, at_most=512
    )


def _descriptors(p: LpccParameters) -> list[Descriptor]:
    coefficient = Descriptor(
        name="lpcc",
        unit="1",
        definition=f"cepstral coefficient of the spectrum of linear prediction of order {p.order}:"
        " ln(error / |A|²) is c[0] + 2 sum(c[n] cos(n w)); 25 ms in a Hamming window, pre-emphasis"
        f" {p.pre_emphasis:g}",
        reference="Rabiner and Juang 1993, 3.3.7; Atal 1974",
        undefined="in frames of digital silence, and in clips shorter than 25 ms",
        indices=numbered(range(p.n_lpcc), p.order, default=DEFAULT_ORDER),
    )
    return [coefficient]


def _compute(p: LpccParameters, *, predictors: Predictors) -> OwnFrames:
    """Coefficients of each frame: ``(n_lpcc, frames)``."""
    prediction = predictors(p.order, p.pre_emphasis)
    cepstrum = prediction_cepstrum(prediction.coefficients, prediction.error, p.n_lpcc)
    return OwnFrames(cepstrum, prediction.segments)


FAMILY = Family(
    name="lpcc",
    parameters=LpccParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=check_frames,
    from_indices=partial(cepstrum_from_names, "n_lpcc", LpccParameters.n_lpcc),
    own_frames=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a pole at 0.9 has the cepstrum 0.9^n / n",
            signal=lambda sr: decaying_pulses(0.9, sr),
            expected={f"lpcc_{n}": 0.9**n / n for n in (1, 2, 3, 6, 12)},
            tolerance=0.01,
            parameters={"pre_emphasis": 0.0},
        ),
    ),
)
