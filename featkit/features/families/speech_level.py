"""Speech level: the equivalent sound level of a clip relative to full scale.

The level of the mean square of all samples. `sound_level` has weighted and calibrated levels.

References
----------
Eyben, F. et al. "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
affective computing", IEEE Transactions on Affective Computing 7(2), 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

LEVEL = Descriptor(
    name="speech_level",
    unit="dBFS",
    definition="equivalent sound level: 10 log10 of the mean square; a square wave at full scale"
    " has 0 dB",
    reference="Eyben et al. 2016 (GeMAPS); IEC 61672-1 (equivalent level)",
    undefined="in digital silence",
)


def _compute(p: NoParameters, *, clips: Sequence[Clip]) -> Array:
    """Level of each clip: ``(1, clips)``."""
    power = np.array([_mean_square(clip) for clip in clips])
    power[power == 0] = np.nan
    return np.asarray(10 * np.log10(power))[None]


def _mean_square(clip: Clip) -> float:
    squares = (np.sum(np.square(piece, dtype=np.float64)) for piece in pieces(clip))
    return float(sum(squares)) / len(clip)


FAMILY = Family(
    name="speech_level",
    descriptors=lambda p: [LEVEL],
    compute=_compute,
    per="clip",
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a sine of amplitude 0.5 has a mean square of 1/8",
            signal=lambda sr: signals.sine(1000.0, sr, amplitude=0.5),
            expected={"speech_level": 10 * np.log10(1 / 8)},
            tolerance=0.01,
        ),
    ),
)
