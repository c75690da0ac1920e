"""Perceptual linear prediction (PLP) cepstral coefficients.

The power spectrum of 25 ms is summed in critical bands about a Bark apart, weighted by the equal
loudness of 40 dB, and compressed by a cubic root. The coefficients are the cepstrum of an all-pole
model of this auditory spectrum. ``plp_0`` is the natural logarithm of its squared gain, and depends
on the level; the others do not. Coefficients are not liftered. With another order than 12, a
coefficient's name contains it: ``3of8``.

References
----------
Hermansky, H. "Perceptual linear predictive (PLP) analysis of speech", Journal of the Acoustical
Society of America 87(4), 1990.
"""

from __future__ import annotations

from functools import partial

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit.dsp.critical_bands import CriticalBands, auditory_cepstrum
from featkit.features._components import numbered
from featkit.features._prediction import (
    DEFAULT_ORDER,
    cepstrum_from_names,
    check_critical_bands,
)
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase


class PlpParameters(Parameters):
    """Order of the model, and number of coefficients."""

    order: int = parameter(DEFAULT_ORDER, "number of poles of the model", at_least=1, at_most=64)
    n_plp: int = parameter(
        13, "number of coefficients, including the level", at_least=1, at_most=256
    )


def _descriptors(p: PlpParameters) -> list[Descriptor]:
    coefficient = Descriptor(
        name="plp",
        unit="1",
        definition=f"cepstral coefficient of the all-pole model of order {p.order} of the auditory"
        " spectrum: power in critical bands a Bark apart, times equal loudness, to the power 1/3",
        reference="Hermansky 1990",
        undefined="in frames of silence (power below 1e-30), and in clips shorter than 25 ms",
        indices=numbered(range(p.n_plp), p.order, default=DEFAULT_ORDER),
    )
    return [coefficient]


def _compute(p: PlpParameters, *, critical_bands: CriticalBands) -> OwnFrames:
    """Coefficients of each frame: ``(n_plp, frames)``."""
    bands = critical_bands
    cepstrum = auditory_cepstrum(bands.power, bands.sr, p.order, p.n_plp)
    return OwnFrames(cepstrum, bands.segments)


FAMILY = Family(
    name="plp",
    parameters=PlpParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=check_critical_bands,
    from_indices=partial(cepstrum_from_names, "n_plp", PlpParameters.n_plp),
    own_frames=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            # By integration of the curves, and a dense Fourier transform of the model.
            name="a flat spectrum has the tilt of the bands' widths and of equal loudness",
            signal=signals.impulse,
            expected={"plp_1": -0.6059, "plp_2": -0.1599, "plp_3": -0.1410, "plp_4": -0.0909},
            tolerance=0.005,
        ),
    ),
)
