"""RASTA-PLP: perceptual linear prediction of bands that are filtered over time.

As `plp`, but the logarithm of each critical band is filtered by a band-pass from 0.3 Hz (at the
default pole) to 13 Hz before equal loudness and the cubic root. What is constant in a clip,
such as its level and the frequency response of microphone and line, has no effect; nor do changes
faster than those of speech. The filter is at rest in a clip's first frame. Power more than 80 dB
below the clip's loudest band counts as that. With another order than 12, a coefficient's name
contains it: ``3of8``.

References
----------
Hermansky, H. and Morgan, N. "RASTA processing of speech", IEEE Transactions on Speech and Audio
Processing 2(4), 1994.
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


class RastaPlpParameters(Parameters):
    """Order of the model, number of coefficients, and filter."""

    order: int = parameter(DEFAULT_ORDER, "number of poles of the model", at_least=1, at_most=64)
    n_rasta_plp: int = parameter(
        13, "number of coefficients, including the gain", at_least=1, at_most=256
    )
    pole: float = parameter(
        0.98,
        "pole of the filter over time: 0.98 in the paper, 0.94 in some programs",
        at_least=0,
        below=1,
    )


def _descriptors(p: RastaPlpParameters) -> list[Descriptor]:
    coefficient = Descriptor(
        name="rasta_plp",
        unit="1",
        definition=f"cepstral coefficient of the all-pole model of order {p.order} of the auditory"
        " spectrum whose critical bands are filtered over time: ln(power) by 0.1 (2 + z^-1 - z^-3"
        f" - 2 z^-4) / (1 - {p.pole:g} z^-1)",
        reference="Hermansky and Morgan 1994",
        undefined="in clips of silence (power below 1e-30), and in those shorter than 25 ms",
        indices=numbered(range(p.n_rasta_plp), p.order, default=DEFAULT_ORDER),
    )
    return [coefficient]


def _compute(p: RastaPlpParameters, *, critical_bands: CriticalBands) -> OwnFrames:
    """Coefficients of each frame: ``(n_rasta_plp, frames)``."""
    bands = critical_bands
    cepstrum = auditory_cepstrum(bands.rasta(p.pole), bands.sr, p.order, p.n_rasta_plp)
    return OwnFrames(cepstrum, bands.segments)


FAMILY = Family(
    name="rasta_plp",
    parameters=RastaPlpParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=check_critical_bands,
    from_indices=partial(cepstrum_from_names, "n_rasta_plp", RastaPlpParameters.n_rasta_plp),
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            # By a dense Fourier transform of the model of the equal loudness to the power 1/3.
            name="of a stationary sound, nothing but equal loudness is left",
            signal=signals.constant,
            expected={
                "rasta_plp_0": -0.60610,
                "rasta_plp_1": -0.39459,
                "rasta_plp_2": -0.17770,
                "rasta_plp_3": -0.12594,
            },
            tolerance=1e-4,
        ),
    ),
)
