"""Jitter: how much the periods of a voice differ from one to the next.

Periods are the intervals between glottal pulses, which are found in the waveform around the pitch
of the family `voice_pitch`. Two neighbouring intervals are compared if both are within the limits
of a period and their ratio is at most `max_period_factor`. Jitter is meant for sustained vowels; in
running speech it contains intonation and the ends of voiced stretches, too. Values do not depend on
the level.

The definitions are those of Praat's "Voice report". RAP has three periods, PPQ5 five; DDP, the mean
difference of differences, is three times RAP.

References
----------
Boersma, P. and Weenink, D. "Praat: doing phonetics by computer", manual, "Voice 2. Jitter".

Baken, R. J. and Orlikoff, R. F. "Clinical measurement of speech and voice", second edition,
Singular, 2000.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.glottal_pulses import GlottalPulses
from featkit.dsp.perturbation import PeriodParameters, jitter
from featkit.features.family import Descriptor, Family, ReferenceCase

PRAAT = "Praat, Voice 2. Jitter"


def _descriptors(p: PeriodParameters) -> list[Descriptor]:
    compared = f"over neighbours whose ratio is at most {p.max_period_factor:g}"

    def descriptor(name: str, unit: str, definition: str, periods: int, high: float) -> Descriptor:
        return Descriptor(
            name=name,
            unit=unit,
            low=0.0,
            high=high,
            definition=definition,
            reference=PRAAT,
            undefined=f"without {periods} consecutive periods from {p.period_floor:g} to"
            f" {p.period_ceiling:g} s that can be compared, as in noise and silence",
        )

    factor = p.max_period_factor
    return [
        descriptor(
            "jitter_local",
            "1",
            f"mean of |T[i] - T[i-1]| {compared}, over the mean period T",
            2,
            factor - 1 if factor < 2 else np.inf,
        ),
        descriptor(
            "jitter_absolute",
            "s",
            f"mean of |T[i] - T[i-1]| of periods T, {compared}",
            2,
            p.period_ceiling,
        ),
        descriptor(
            "jitter_rap",
            "1",
            "relative average perturbation: mean distance of a period from the mean of it and its"
            " two neighbours, over the mean period",
            3,
            np.inf,
        ),
        descriptor(
            "jitter_ppq5",
            "1",
            "five-point period perturbation quotient: mean distance of a period from the mean of"
            " it and its four nearest neighbours, over the mean period",
            5,
            np.inf,
        ),
        descriptor(
            "jitter_ddp",
            "1",
            "mean of |(T[i+1] - T[i]) - (T[i] - T[i-1])| over the mean period: 3 jitter_rap",
            3,
            np.inf,
        ),
    ]


def _compute(p: PeriodParameters, *, sr: float, glottal_pulses: GlottalPulses) -> Array:
    """Descriptors of each clip: ``(5, clips)``."""
    limits = p.limits(1.0)
    values = np.stack([jitter(pulses / sr, limits) for pulses in glottal_pulses(p)], axis=1)
    return np.concatenate([values, 3 * values[2:3]])


def _alternating(share: float) -> ReferenceCase:
    """Periods that are alternately longer and shorter than their mean by a share."""
    return ReferenceCase(
        name=f"periods alternately {100 * share:g} % longer and shorter",
        signal=lambda sr: signals.pulses(
            0.008 * (1 + share * (-1.0) ** np.arange(200)), sr, width=5e-4
        ),
        expected={
            "jitter_local": 2 * share,
            "jitter_absolute": 0.008 * 2 * share,
            "jitter_rap": 4 / 3 * share,
            "jitter_ppq5": 4 / 5 * share,
            "jitter_ddp": 4 * share,
        },
        tolerance=0.02 * share,
    )


FAMILY = Family(
    name="jitter",
    parameters=PeriodParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        _alternating(0.01),
        _alternating(0.003),
        ReferenceCase(
            name="equal periods, which are not whole numbers of samples, have no jitter",
            signal=lambda sr: signals.pulses([1 / 123.4] * 200, sr),
            expected={"jitter_local": 0.0, "jitter_rap": 0.0, "jitter_ppq5": 0.0},
            tolerance=2e-4,
        ),
    ),
)
