"""Shimmer: how much the amplitudes of the periods of a voice differ from one to the next.

The amplitude of a glottal pulse is the root mean square around it, in a Hann window that reaches a
fifth of a period to either side. A pulse has an amplitude if the intervals before it and after it
can be compared, see the family `jitter`. Two neighbouring amplitudes are compared if their ratio is
at most `max_amplitude_factor`. Shimmer is meant for sustained vowels; in running speech it contains
the changes of level, too. Values do not depend on the level of the recording.

The definitions are those of Praat's "Voice report", except that the mean of the clip is subtracted
first, and that the mean amplitude, by which the measures are divided, is that of all amplitudes.
APQ3, APQ5 and APQ11 have three, five and eleven periods; DDA, the mean difference of differences,
is three times APQ3.

References
----------
Boersma, P. and Weenink, D. "Praat: doing phonetics by computer", manual, "Voice 3. Shimmer".

Baken, R. J. and Orlikoff, R. F. "Clinical measurement of speech and voice", second edition,
Singular, 2000.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.parameters import parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.glottal_pulses import GlottalPulses
from featkit.dsp.perturbation import PeriodParameters, pulse_amplitudes, shimmer
from featkit.features.family import Descriptor, Family, ReferenceCase


class ShimmerParameters(PeriodParameters):
    """Which periods and which amplitudes are compared."""

    max_amplitude_factor: float = parameter(
        1.6, "greatest ratio of neighbouring amplitudes that are compared", at_least=1
    )


def _descriptors(p: ShimmerParameters) -> list[Descriptor]:
    def descriptor(name: str, unit: str, amplitudes: int, definition: str) -> Descriptor:
        return Descriptor(
            name=name,
            unit=unit,
            low=0.0,
            definition=definition,
            reference="Praat, Voice 3. Shimmer",
            undefined=f"without {amplitudes} consecutive amplitudes that can be compared (ratio up"
            f" to {p.max_amplitude_factor:g}, of periods up to {p.max_period_factor:g}), as in"
            " noise and silence",
        )

    def quotient(points: int, words: str) -> Descriptor:
        definition = (
            f"{words} amplitude perturbation quotient: mean distance of an amplitude from the mean"
            f" of {points} amplitudes around it, over the mean amplitude"
        )
        return descriptor(f"shimmer_apq{points}", "1", points, definition)

    return [
        descriptor(
            "shimmer_local", "1", 2, "mean of |A[i] - A[i-1]| over the mean amplitude A of a period"
        ),
        descriptor("shimmer_db", "dB", 2, "mean of |20 log10(A[i] / A[i-1])|"),
        quotient(3, "three-point"),
        quotient(5, "five-point"),
        quotient(11, "eleven-point"),
        descriptor(
            "shimmer_dda",
            "1",
            3,
            "mean of |(A[i+1] - A[i]) - (A[i] - A[i-1])| over the mean amplitude: 3 shimmer_apq3",
        ),
    ]


def _compute(
    p: ShimmerParameters, *, clips: Sequence[Clip], sr: float, glottal_pulses: GlottalPulses
) -> Array:
    """Descriptors of each clip: ``(6, clips)``."""
    limits = p.limits(sr)
    columns = []
    for clip, pulses in zip(clips, glottal_pulses(p), strict=True):
        amplitudes = pulse_amplitudes(clip, pulses, limits)
        columns.append(shimmer(pulses, amplitudes, limits, p.max_amplitude_factor))
    values = np.stack(columns, axis=1)
    return np.concatenate([values, 3 * values[2:3]])


def _alternating(share: float) -> ReferenceCase:
    """Amplitudes that are alternately higher and lower than their mean by a share."""
    return ReferenceCase(
        name=f"amplitudes alternately {100 * share:g} % higher and lower",
        signal=lambda sr: signals.pulses(
            [0.0083] * 200, sr, 0.4 * (1 + share * (-1.0) ** np.arange(200))
        ),
        expected={
            "shimmer_local": 2 * share,
            "shimmer_apq3": 4 / 3 * share,
            "shimmer_apq5": 4 / 5 * share,
            "shimmer_apq11": 12 / 11 * share,
            "shimmer_dda": 4 * share,
        },
        tolerance=0.02 * share,
    )


FAMILY = Family(
    name="shimmer",
    parameters=ShimmerParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        _alternating(0.05),
        _alternating(0.01),
        ReferenceCase(
            name="amplitudes that differ by 1 dB",
            signal=lambda sr: signals.pulses(
                [0.0083] * 200, sr, 0.4 * 10 ** (np.arange(200) % 2 / 20)
            ),
            expected={"shimmer_db": 1.0},
            tolerance=0.01,
        ),
    ),
)
