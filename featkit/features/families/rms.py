"""Root mean square: the level of each frame.

It is computed from the samples, without a window: `librosa.feature.rms` of ``y``.

References
----------
IEC 61606-3, "Audio and audiovisual equipment - Digital audio parts".
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.framing import Signal
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

LEVEL = Descriptor(
    name="rms",
    unit="full scale",
    low=0.0,
    definition="root of the mean square of the frame's samples; 1 for a full-scale square wave",
    reference="IEC 61606-3 for the term; librosa.feature.rms",
    undefined="never: silence is 0",
)


def _compute(p: NoParameters, *, signal: Signal, n_fft: int) -> Array:
    """Level of each frame: ``(1, frames)``."""
    return np.sqrt(signal.frame_energy() / np.float32(n_fft))[None]


FAMILY = Family(
    name="rms",
    descriptors=lambda p: [LEVEL],
    compute=_compute,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a sine has its amplitude divided by sqrt(2)",
            signal=lambda sr: signals.sine(sr / 64, sr, amplitude=0.5),
            expected={"rms": 0.5 / np.sqrt(2)},
            tolerance=1e-5,
        ),
        ReferenceCase(
            name="a full-scale square wave has 1",
            signal=lambda sr: signals.square(100.0, sr),
            expected={"rms": 1.0},
            tolerance=1e-6,
        ),
    ),
)
