"""Zero-crossing rate: how often the sound changes sign, a rough measure of its pitch and noise.

Samples within 1e-10 of zero count as zero, and zero as positive; the first sample of a frame
crosses nothing; beyond its ends the clip stays at its last value:
`librosa.feature.zero_crossing_rate`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.framing import Signal
from featkit.features.family import Descriptor, Family, NoParameters, Oracle

ZERO = np.float32(1e-10)


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    rate = Descriptor(
        name="zero_crossing_rate",
        unit="1",
        low=0.0,
        high=1.0,
        definition="changes of sign in the frame, over its number of samples",
        reference="Kedem 1986; librosa.feature.zero_crossing_rate",
        undefined="never: silence has no crossing, its rate is 0",
    )
    return [rate]


def compute(p: NoParameters, *, signal: Signal, n_fft: int) -> Array:
    """Crossings a sample: ``(1, frames)``."""
    negative = signal.y < -ZERO
    crossing = np.zeros(len(negative), dtype=bool)
    np.not_equal(negative[1:], negative[:-1], out=crossing[1:])
    for begin, end in zip(signal.begins, signal.ends, strict=True):
        crossing[max(0, begin - n_fft) : max(0, begin + 1)] = False
        crossing[max(0, end) : max(0, end + n_fft)] = False
    first = signal.hop_of_frame * signal.hop_length
    rate: Array = (signal.frame_counts(crossing) - crossing[first]) / n_fft
    return rate[None]


FAMILY = Family(
    name="zero_crossing_rate",
    descriptors=descriptors,
    compute=compute,
    oracles=(
        Oracle(
            name="a sine crosses zero twice a period",
            signal=lambda sr: signals.sine(1000.0, sr),
            expected={"zero_crossing_rate": 2000 / 22050},
            tolerance=1 / 2048,
            parameters={},
        ),
        Oracle(
            name="an offset that is never left crosses nothing",
            signal=lambda sr: signals.constant(sr, value=-0.5),
            expected={"zero_crossing_rate": 0.0},
            tolerance=0.0,
            parameters={},
        ),
    ),
)
